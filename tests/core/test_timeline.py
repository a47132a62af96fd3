"""The course of a case on one axis."""

from datetime import timedelta

from gatectl.core.event import CompromiseJudged
from gatectl.core.exposedtime import ExposedTime, Period
from gatectl.core.gate import AdvisoryId
from gatectl.core.plan import Direction
from gatectl.core.playbook import Purpose
from gatectl.core.timeline import Lane, timeline_of
from tests.casefile import CaseFile, at, followed


def test_spans_and_marks_of_a_whole_case() -> None:
    """Outside was open, shut and open; advice and decisions are marks."""
    timeline = timeline_of(followed().case(), {}, at(28))
    outside = [one.what.name for one in timeline.spans if one.lane is Lane.OUTSIDE]
    assert outside == ["open", "shut", "open"]
    marks = [one.what.name for one in timeline.marks if one.lane is Lane.ADVICE]
    assert marks == ["mitigate", "switch-off", "patch"]
    assert timeline.begin == at(1)
    assert timeline.end == at(28)


def test_a_mitigation_lasts_until_it_is_taken_back() -> None:
    """A second run in between does not begin another one."""
    file = CaseFile()
    file.on(at(2)).run_for(Purpose.MITIGATE)
    file.on(at(4)).run_for(Purpose.MITIGATE)
    file.on(at(6)).run_for(Purpose.MITIGATE, direction=Direction.UNDO)
    timeline = timeline_of(file.case(), {}, at(9))
    (span,) = [one for one in timeline.spans if one.lane is Lane.MITIGATION]
    assert (span.begin.day, span.end.day) == (2, 6)


def test_exposed_time_is_shown_within_the_case() -> None:
    """What began before the case begins at its left edge, and what lasts ends at its right."""
    time = ExposedTime(
        periods=(Period(begin=at(1) - timedelta(days=30), end=None),),
        first_seen=None,
        length=timedelta(days=1),
        because="x",
    )
    timeline = timeline_of(CaseFile(at(3)).case(), {AdvisoryId("A"): time}, at(5))
    (span,) = [one for one in timeline.spans if one.lane is Lane.EXPOSED]
    assert (span.begin, span.end) == (timeline.begin, at(5))


def test_a_check_for_a_break_in_is_a_mark_with_its_answer() -> None:
    """The picture shows how it ended."""
    file = CaseFile()
    file.add(CompromiseJudged(answer="scanned", because="x", findings=()), run=None)
    (mark,) = timeline_of(file.case(), {}, at(9)).marks
    assert (mark.lane, mark.what.name) == (Lane.SCANS, "scanned")
