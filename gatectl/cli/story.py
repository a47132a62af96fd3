"""A story of weeks, played on a simulated pair and a jumping clock, and told in reports."""

import socket
from dataclasses import replace
from pathlib import Path

import click

from gatectl.bundle import write_bundle
from gatectl.cli.bundle import bundle_of
from gatectl.cli.desk import PEOPLE_FILE, Workplace, workplace
from gatectl.cli.display import Display, display_on_stderr
from gatectl.cli.output import print_document
from gatectl.cli.winter import CASE, ZONE, Stage, at, chapters
from gatectl.clock import SystemClock
from gatectl.desk import Desk
from gatectl.dossier import Dossier
from gatectl.errors import ExitCode, GatectlError
from gatectl.journal.journal import Journal
from gatectl.operation import Operation
from gatectl.people import People
from gatectl.report.language import LANGUAGES, translations
from gatectl.reporting import Wish, written_report
from gatectl.simulator.rehearsal import GATE, SimulatedSite
from gatectl.storyclock import StoryClock

STORIES = ("almelo-2020",)
BUNDLE = f"{STORIES[0]}.tar"

_NAME = "almelo"
_TARGET = "12.1-55.18"


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
    written = sorted(str(path) for path in (*out.glob("report.*"), *out.glob(BUNDLE)))
    if as_json:
        print_document("rehearse", code, {"gates": [], "files": written})
    else:
        for path in written:
            click.echo(path)
    return code


def play(ctx: click.Context, site: SimulatedSite, out: Path, display: Display) -> int:
    """Play the story on a running site and write its reports into a folder."""
    # Paths in a configuration begin at its own folder, and not where somebody stood.
    out = out.resolve()
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
        stage = _stage(place, desk, site)
        code = _play(stage, clock, display)
        reports = write_reports(stage, out)
        made = bundle_of(
            place.configuration, CASE, reports={path.name: path.read_bytes() for path in reports}
        )
        bundle = out / BUNDLE
        # Played again into the same folder, the story replaces what it wrote before.
        bundle.unlink(missing_ok=True)
        write_bundle(made, bundle)
    return code


def write_reports(stage: Stage, out: Path) -> tuple[Path, ...]:
    """Write the report of the case in each language, as Markdown and as a page."""
    written: list[Path] = []
    for code in LANGUAGES:
        for form in ("md", "html"):
            wish = Wish(
                language=code,
                form=form,
                zone=ZONE,
                translations=translations(STORIES[0], code),
            )
            text = written_report(
                stage.desk, stage.gate, stage.dossier, stage.dossier.case(CASE), wish, names={}
            )
            path = out / f"report.{code}.{form}"
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return tuple(written)


def _stage(place: Workplace, desk: Desk, site: SimulatedSite) -> Stage:
    gate = place.gates[0]
    return Stage(
        desk=desk,
        gate=gate,
        operation=Operation(desk, gate),
        dossier=Dossier(journal=desk.journal, gate=gate.name, evidence=desk.evidence),
        people=People(place.configuration.settings.state_dir / PEOPLE_FILE),
        image=site.image(_TARGET),
        sign_in=lambda: site.workers(outside=3, inside=2),
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
