"""The winter of 2019 and 2020, chapter by chapter: what happened when, and who decided what.

Dates and order are those of a Dutch municipality; the times of day, the words of the advice, the
people and the amounts are made up, and the report says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from gatectl.core.casework import (
    AdviceKey,
    AdviceReceived,
    CaseEntry,
    CaseName,
    Choice,
    Decided,
    HoursSpent,
    Remarked,
    Says,
)
from gatectl.core.event import Mode
from gatectl.core.gate import AdvisoryId, Gate
from gatectl.core.plan import Direction
from gatectl.desk import Desk, Result
from gatectl.dossier import Dossier
from gatectl.operation import Operation
from gatectl.people import People
from gatectl.simulator.rehearsal import Image

CASE = CaseName("citrix-2020")

ZONE = timezone(timedelta(hours=1), "CET")
_BULLETIN = AdvisoryId("CTX267027")
_MITIGATION = "mitigate-cve-2019-19781"
_NOTICE = "CVE-2019-19781"
_RATE_CENTS = 6150


def at(day: str, hour: str) -> datetime:
    """Give a moment of the story, as people there had it on their clocks."""
    return datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=ZONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """What happened at one moment of the story."""

    when: datetime
    title: str
    act: Callable[["Stage"], Result | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the story is played with."""

    desk: Desk
    gate: Gate
    operation: Operation
    dossier: Dossier
    people: People
    image: Image
    sign_in: Callable[[], object]
    """Lets people begin their work, outside and in the offices."""

    def enter(self, *entries: CaseEntry) -> None:
        """Put what people tell on record."""
        for entry in entries:
            self.dossier.enter(entry)

    def hear(self, revision: str, received: datetime, says: Says, text: str) -> None:
        """Take in a revision of the advice, with its text."""
        content = text.encode()
        advice = AdviceReceived(
            case=CASE,
            source="NCSC",
            identifier=_NOTICE,
            revision=revision,
            received_at=received,
            received_by="information security officer",
            says=says,
            advisories=(_BULLETIN,),
            evidence=self.desk.evidence.keep(content),
            person=self.people.enrol("S. de Boer (made up)"),
        )
        self.dossier.receive(advice, content)

    def run(self, playbook: str, direction: Direction = Direction.DO) -> Result:
        """Carry out a playbook."""
        image = self.image
        given = {"build": image.build, "image": str(image.path), "image_sha256": image.sha256}
        parameters = given if playbook == "patch" else {}
        return self.operation.run(playbook, Mode.REAL, parameters, direction)

    def look(self) -> None:
        """Look from outside and inside, as a timer does."""
        self.operation.status()


_TEXTS = {
    "2019-12-23": (
        "A flaw in Citrix ADC and Gateway lets outsiders run programs.\n"
        "There is no fixed build yet.\n"
        "Apply the vendor's mitigation now, and check that it works.\n"
    ),
    "2020-01-16": (
        "A flaw in Citrix ADC and Gateway lets outsiders run programs.\n"
        "There is no fixed build yet. The flaw is being used on a large scale.\n"
        "Apply the vendor's mitigation now, and check that it works: some builds ignore it.\n"
    ),
    "2020-01-17": (
        "A flaw in Citrix ADC and Gateway lets outsiders run programs.\n"
        "There is no fixed build yet. The flaw is being used on a large scale.\n"
        "Switch the systems off, unless the mitigation is shown to work and you accept the rest.\n"
    ),
    "2020-01-18": (
        "A flaw in Citrix ADC and Gateway lets outsiders run programs.\n"
        "There is no fixed build yet. No mitigation can be relied upon any more.\n"
        "Switch off access from outside until a fixed build is installed.\n"
    ),
    "2020-01-24": (
        "A flaw in Citrix ADC and Gateway lets outsiders run programs.\n"
        "Fixed builds are there for all releases.\n"
        "Install the fixed build, and test whether the system was broken into.\n"
    ),
    "2020-01-27": (
        "Who has installed the fixed build and found no traces of a break-in may go on.\n"
    ),
}
"""What the advice said, in words of the rehearsal's own."""


def _key(revision: str) -> AdviceKey:
    return AdviceKey(f"NCSC {_NOTICE} {revision}")


def _hear(revision: str, hour: str, says: Says) -> Chapter:
    when = at(revision, hour)

    def act(stage: Stage) -> None:
        stage.hear(revision, when, says, _TEXTS[revision])

    return Chapter(when=when, title=f"Advice: {says}", act=act)


def _decide(when: datetime, choice: Choice, revision: str, why: str, **more: object) -> Chapter:
    by = "municipal secretary" if choice in {Choice.CLOSE, Choice.REOPEN} else "crisis team"
    entry = Decided(
        case=CASE,
        decision=choice,
        by=by,
        why=why,
        rests_on=(_key(revision),),
        decided_at=when,
        **more,  # type: ignore[arg-type]  # conditions and review_by, as the calls below name them
    )
    return Chapter(when=when, title=f"Decision: {choice}", act=lambda stage: stage.enter(entry))


def _looks(*days: str) -> tuple[Chapter, ...]:
    return tuple(
        Chapter(when=at(day, "08:30"), title="Look from both sides", act=lambda stage: stage.look())
        for day in days
    )


def chapters() -> tuple[Chapter, ...]:
    """Tell the story in its order."""
    return (*_december(), *_january(), *_closed(), *_reopened())


def _december() -> tuple[Chapter, ...]:
    return (
        Chapter(
            when=at("2019-12-23", "09:40"),
            title="The case is opened",
            act=_opened,
        ),
        replace(_hear("2019-12-23", "09:15", Says.MITIGATE), when=at("2019-12-23", "09:45")),
        Chapter(
            when=at("2019-12-24", "10:00"),
            title="Mitigate, and see that it works",
            act=lambda stage: stage.run(_MITIGATION),
        ),
        _decide(
            at("2019-12-24", "11:00"),
            Choice.KEEP_OPEN,
            "2019-12-23",
            "The mitigation is in place and was seen to stop the attack's request.",
            conditions="The mitigation is checked again when the advice changes.",
            review_by=at("2020-01-17", "17:00"),
        ),
    )


def _january() -> tuple[Chapter, ...]:
    return (
        _hear("2020-01-16", "18:20", Says.MITIGATE),
        Chapter(
            when=at("2020-01-16", "19:00"),
            title="Check the mitigation again",
            act=lambda stage: stage.run(_MITIGATION),
        ),
        _hear("2020-01-17", "16:10", Says.SWITCH_OFF_UNLESS),
        _decide(
            at("2020-01-17", "16:45"),
            Choice.KEEP_OPEN,
            "2020-01-17",
            "The build heeds the mitigation, and its effect was checked on 24 December and again "
            "on 16 January.",
            conditions="The advice is read again every day.",
            review_by=at("2020-01-18", "18:00"),
        ),
        _hear("2020-01-18", "15:30", Says.SWITCH_OFF),
        _decide(
            at("2020-01-18", "17:30"),
            Choice.CLOSE,
            "2020-01-18",
            "The advice of today does not rely on the mitigation any more. The offices go on "
            "working.",
            review_by=at("2020-01-27", "18:00"),
        ),
    )


def _closed() -> tuple[Chapter, ...]:
    return (
        Chapter(
            when=at("2020-01-18", "19:50"),
            title="Three people outside and two in an office are at work",
            act=_at_work,
        ),
        Chapter(
            when=at("2020-01-18", "20:00"),
            title="Close from outside; the offices stay in",
            act=lambda stage: stage.operation.close(Mode.REAL),
        ),
        *_looks("2020-01-19", "2020-01-20", "2020-01-21", "2020-01-22", "2020-01-23"),
        _hear("2020-01-24", "09:00", Says.PATCH),
        Chapter(
            when=at("2020-01-24", "18:00"),
            title="Keep evidence, then install the fixed build on both nodes",
            act=lambda stage: stage.run("patch"),
        ),
        Chapter(
            when=at("2020-01-24", "20:00"),
            title="Take the mitigation back",
            act=lambda stage: stage.run(_MITIGATION, Direction.UNDO),
        ),
        Chapter(
            when=at("2020-01-24", "20:30"), title="Verify", act=lambda stage: stage.run("verify")
        ),
        Chapter(
            when=at("2020-01-24", "21:00"),
            title="Test whether somebody was in",
            act=lambda stage: stage.run("scan"),
        ),
        *_looks("2020-01-25", "2020-01-26"),
    )


def _reopened() -> tuple[Chapter, ...]:
    return (
        _hear("2020-01-27", "07:45", Says.LIFTED),
        _decide(
            at("2020-01-27", "08:15"),
            Choice.REOPEN,
            "2020-01-27",
            "Both nodes run the fixed build, and the test found no traces of a break-in.",
        ),
        Chapter(
            when=at("2020-01-27", "08:30"),
            title="Test once more whether somebody was in",
            act=lambda stage: stage.run("scan"),
        ),
        Chapter(
            when=at("2020-01-27", "08:45"),
            title="Reopen, provisionally",
            act=lambda stage: stage.operation.reopen(Mode.REAL, agreed=lambda _name: True),
        ),
        Chapter(
            when=at("2020-01-27", "09:00"),
            title="Confirm",
            act=lambda stage: stage.operation.confirm(Mode.REAL),
        ),
        Chapter(
            when=at("2020-01-27", "12:00"),
            title="Look from both sides",
            act=lambda stage: stage.look(),
        ),
        Chapter(when=at("2020-02-03", "10:00"), title="Hours and effects", act=_wrap_up),
    )


def _opened(stage: Stage) -> None:
    stage.dossier.open(CASE, "Citrix: CVE-2019-19781 (a rehearsal)")
    stage.look()


def _at_work(stage: Stage) -> None:
    stage.sign_in()


def _wrap_up(stage: Stage) -> None:
    stage.enter(
        _overtime("network engineer", "2020-01-16T18:45", "2020-01-16T19:45", "second check"),
        _overtime("network engineer", "2020-01-18T19:00", "2020-01-18T22:00", "closing"),
        _overtime("information security officer", "2020-01-18T16:00", "2020-01-18T21:00", "crisis"),
        _overtime("network engineer", "2020-01-19T08:15", "2020-01-19T09:15", "watch"),
        _overtime("network engineer", "2020-01-24T18:00", "2020-01-24T22:00", "patch and test"),
        Remarked(
            case=CASE,
            about="residents",
            by="communications",
            text="Counters, telephone and website were open as usual; no complaint is known.",
        ),
        Remarked(
            case=CASE,
            about="staff",
            by="human resources",
            text="Who works from home came to an office or put work off until 27 January.",
        ),
    )
    stage.enter(
        Remarked(
            case=CASE,
            about="other",
            text="The times of day, the words of the advice, the people and the amounts are made "
            "up; dates and order are those of the winter of 2019 and 2020.",
        )
    )
    stage.dossier.close(CASE, "Reopened, and the questions are answered.")


def _overtime(who: str, begin: str, end: str, what: str) -> HoursSpent:
    return HoursSpent(
        case=CASE,
        who=who,
        begin=datetime.fromisoformat(begin).replace(tzinfo=ZONE),
        end=datetime.fromisoformat(end).replace(tzinfo=ZONE),
        overtime=True,
        rate_cents=_RATE_CENTS,
        what=what,
    )
