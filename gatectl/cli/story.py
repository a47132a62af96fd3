"""The story that gatectl comes from, lived through on a simulated pair and a jumping clock.

Dates and order are those of a Dutch municipality in the winter of 2019 and 2020; the times of day,
the words of the advice and the amounts are made up, and say so in the report.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import click

from gatectl.cli.casework import PEOPLE_FILE
from gatectl.cli.desk import Workplace, workplace
from gatectl.cli.display import Display, display_on_stderr
from gatectl.cli.output import print_document
from gatectl.clock import SystemClock
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
from gatectl.errors import ExitCode, GatectlError
from gatectl.journal import Journal
from gatectl.operation import Operation
from gatectl.people import People
from gatectl.report.language import LANGUAGES, translations
from gatectl.reporting import Wish, written_report
from gatectl.simulator.rehearsal import GATE, Image, SimulatedSite
from gatectl.storyclock import StoryClock

STORIES = ("almelo-2020",)
CASE = CaseName("citrix-2020")

_ZONE = timezone(timedelta(hours=1), "CET")
_NAME = "almelo"
_BULLETIN = AdvisoryId("CTX267027")
_MITIGATION = "mitigate-cve-2019-19781"
_TARGET = "12.1-55.18"
_NOTICE = "CVE-2019-19781"
_RATE_CENTS = 6150


def at(day: str, hour: str) -> datetime:
    """Give a moment of the story, as people there had it on their clocks."""
    return datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=_ZONE)


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
        begin=datetime.fromisoformat(begin).replace(tzinfo=_ZONE),
        end=datetime.fromisoformat(end).replace(tzinfo=_ZONE),
        overtime=True,
        rate_cents=_RATE_CENTS,
        what=what,
    )


def configured(text: str) -> str:
    """Give a simulated site the story's name, its people, and time to confirm a reopening."""
    users = (
        '[{ group = "Home workers", count = 320, side = "outside" }, '
        '{ group = "Office locations", count = 540, side = "inside" }]'
    )
    return (
        text.replace(f"gates.{GATE}", f"gates.{_NAME}")
        .replace("[settings]\n", '[settings]\noperator = "operator"\n')
        .replace(
            "acl_priorities =", f"provisional_minutes = 240\nusers = {users}\nacl_priorities ="
        )
    )


def tell(ctx: click.Context, out: Path | None, *, seed: int, speed: float, as_json: bool) -> int:
    """Play the story on a site of its own, and print what was written."""
    if out is None:
        raise click.UsageError("--story needs --out DIR for its reports")
    site = SimulatedSite(seed=seed, speed=speed)
    display = display_on_stderr(quiet=as_json)
    with site, display.shown():
        code = play(ctx, site, out, display)
    written = sorted(str(path) for path in out.glob("report.*"))
    if as_json:
        print_document("rehearse", code, {"gates": [], "files": written})
    else:
        for path in written:
            click.echo(path)
    return code


def play(ctx: click.Context, site: SimulatedSite, out: Path, display: Display) -> int:
    """Play the story on a running site and write its reports into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    home = out / "site"
    config = home / "config.toml"
    text = configured(site.configuration(home))
    config.write_text(text, encoding="utf-8")
    ctx.obj["config"] = str(config)
    clock = StoryClock(SystemClock(), at("2019-12-23", "09:40"))
    state = home / "state"
    with (
        # Opened before the workplace opens it: the journal's own birth belongs to the story, too.
        Journal.open(
            state / "journal.db",
            clock=clock,
            actor="operator",
            origin=socket.gethostname(),
            unsafe_any_file_system=True,
        ) as journal,
        workplace(ctx, (), (display,), rehearsal=True) as place,
    ):
        desk = replace(place.desk, journal=journal, clock=clock)
        stage = _stage(place, desk, site.image(_TARGET))
        code = _play(stage, clock, display)
        write_reports(stage, out)
    return code


def write_reports(stage: Stage, out: Path) -> tuple[Path, ...]:
    """Write the report of the case in each language, as Markdown and as a page."""
    written: list[Path] = []
    for code in LANGUAGES:
        for form in ("md", "html"):
            wish = Wish(
                language=code,
                form=form,
                zone=_ZONE,
                translations=translations(STORIES[0], code),
            )
            text = written_report(
                stage.desk, stage.gate, stage.dossier, stage.dossier.case(CASE), wish, names={}
            )
            path = out / f"report.{code}.{form}"
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return tuple(written)


def _stage(place: Workplace, desk: Desk, image: Image) -> Stage:
    gate = place.gates[0]
    return Stage(
        desk=desk,
        gate=gate,
        operation=Operation(desk, gate),
        dossier=Dossier(journal=desk.journal, gate=gate.name, evidence=desk.evidence),
        people=People(place.configuration.settings.state_dir / PEOPLE_FILE),
        image=image,
    )


def _play(stage: Stage, clock: StoryClock, display: Display) -> ExitCode:
    """Do one chapter after the other, until one does not end as it did then."""
    for chapter in chapters():
        clock.jump_to(chapter.when)
        display.heading(f"{chapter.when:%d %b %Y %H:%M}. {chapter.title}")
        try:
            result = chapter.act(stage)
        except GatectlError as exc:
            display.note(exc.sentence)
            return exc.exit_code
        if result is not None:
            display.note(result.sentence)
        if result is not None and result.code is not ExitCode.PROVEN:
            for blocker in result.blockers:
                display.note(f"{blocker.interlock}: {blocker.verdict.because}")
            return result.code
    return ExitCode.PROVEN
