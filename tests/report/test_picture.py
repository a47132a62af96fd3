"""The timeline as a picture."""

import pytest

from gatectl.core.answer import Term
from gatectl.core.timeline import Lane, Mark, Span, Timeline
from gatectl.report.language import language
from gatectl.report.picture import Dot, numbered, picture
from tests.casefile import at
from tests.report.pages import CET

WORDS = language("en", zone=CET)
CROWD = Timeline(
    begin=at(1),
    end=at(28),
    spans=(
        Span(lane=Lane.OUTSIDE, what=Term("span", "open"), begin=at(1), end=at(18)),
        Span(lane=Lane.OUTSIDE, what=Term("span", "shut"), begin=at(18), end=at(18, 12, 1)),
        Span(lane=Lane.PATCHES, what=Term("span", "patched"), begin=at(27, 23), end=at(28)),
    ),
    marks=tuple(
        Mark(lane=Lane.ADVICE, what=Term("says", "patch"), at=at(17, hour)) for hour in range(12)
    ),
)


@pytest.mark.parametrize("width", [330.0, 1000.0])
def test_nothing_leaves_the_frame(width: float) -> None:
    """Bars, marks and days stay within the picture at any width."""
    drawn = picture(CROWD, WORDS, width=width)
    for row in drawn.rows:
        assert row.y + row.height <= drawn.height
        for bar in row.bars:
            assert bar.x >= drawn.left - 0.1
            assert bar.x + bar.width <= drawn.right + 0.1
        for dot in row.dots:
            assert drawn.left <= dot.x <= drawn.right
            assert row.y <= dot.y <= row.y + row.height
    for tick in drawn.ticks:
        assert drawn.left <= tick.x <= drawn.right


def test_marks_do_not_cover_each_other() -> None:
    """Twelve on one day are put below one another."""
    dots: tuple[Dot, ...] = picture(CROWD, WORDS, width=330.0).rows[0].dots
    for one in dots:
        for other in dots:
            if one is not other:
                assert abs(one.x - other.x) >= 16 or abs(one.y - other.y) >= 16


def test_a_moment_is_wide_enough_to_be_seen() -> None:
    """A minute of weeks is not left out of the picture."""
    outside = next(
        row for row in picture(CROWD, WORDS, width=330.0).rows if row.label == "From outside"
    )
    assert min(bar.width for bar in outside.bars) >= 2


def test_words_stand_in_a_bar_only_where_there_is_room() -> None:
    """Otherwise they would run over the next one."""
    outside = next(
        row for row in picture(CROWD, WORDS, width=1000.0).rows if row.label == "From outside"
    )
    assert [bar.text for bar in outside.bars] == ["open", ""]


def test_marks_are_numbered_by_time() -> None:
    """The list below the picture has the same numbers."""
    later = Mark(lane=Lane.ADVICE, what=Term("says", "patch"), at=at(9))
    sooner = Mark(lane=Lane.SCANS, what=Term("scan", "clean"), at=at(3))
    timeline = Timeline(begin=at(1), end=at(10), spans=(), marks=(later, sooner))
    assert numbered(timeline) == ((1, sooner), (2, later))


def test_a_case_of_one_moment_can_be_drawn() -> None:
    """Its report may be asked for as soon as it is opened."""
    timeline = Timeline(begin=at(1), end=at(1), spans=(), marks=())
    assert picture(timeline, WORDS, width=330.0).height > 0
