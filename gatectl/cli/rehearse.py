"""The verbs that need no gateway: a rehearsal of the whole story, and a pair left running."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

from gatectl.cli import options
from gatectl.cli.chapters import (
    METHODS,
    Chapter,
    HurriedClock,
    chapters,
    defect,
    setting_for,
    told_in,
)
from gatectl.cli.desk import Workplace, workplace
from gatectl.cli.display import Display, display_on_stderr
from gatectl.cli.output import (
    print_blockers,
    print_document,
    print_timeline,
    print_verdicts,
    result_document,
)
from gatectl.cli.story import STORIES, tell
from gatectl.core.advisory import Build, BuildError
from gatectl.desk import Result
from gatectl.errors import ExitCode, GatectlError, InvalidInput, worst
from gatectl.operation import Operation
from gatectl.simulator.fleet import GATES_MAX, Troubles, serve_fleet
from gatectl.simulator.rehearsal import INSIDE, OUTSIDE, SimulatedSite, fault_sentences, serve

_Verb = TypeVar("_Verb", bound=Callable[..., Any])


def _read_build(_ctx: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    try:
        Build.parse(text or "0.0-0.0")
    except BuildError as exc:
        raise click.BadParameter(str(exc)) from exc
    return text


def _build(*names: str, default: str | None, says: str) -> Callable[[_Verb], _Verb]:
    """Take a build; what is none is refused before anything is started."""
    return click.option(*names, default=default, show_default=True, callback=_read_build, help=says)


@click.command()
@click.option("--standalone", is_flag=True, help="One appliance instead of a pair.")
@_build("--build", default="12.1-55.13", says="The build to begin with.")
@_build("--to", "target", default=None, says="The build to patch to, if not the usual one.")
@click.option(
    "--method", type=click.Choice(list(METHODS)), help="Close by this method and no other."
)
@click.option("--compromised", is_flag=True, help="Plant the traces of a break-in first.")
@click.option("--fault", metavar="NAME", help="Let something go wrong; `list` names the faults.")
@click.option("--seed", default=0, show_default=True, help="Repeats what chance decides.")
@click.option("--speed", default=60.0, show_default=True, help="How much faster a node's time is.")
@click.option("--dir", "folder", type=click.Path(file_okay=False, path_type=Path), help="Keep it.")
@click.option("--story", type=click.Choice(STORIES), help="Play a case of weeks, dates and all.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the reports of the story go.",
)
@options.as_json
@click.pass_context
def rehearse(
    ctx: click.Context,
    standalone: bool,
    build: str,
    target: str | None,
    method: str | None,
    compromised: bool,
    fault: str | None,
    seed: int,
    speed: float,
    folder: Path | None,
    story: str | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """Live through the whole story on a simulated pair; nothing else is contacted.

    An exploitable pair is started on this machine, and then mitigated, closed, patched, verified,
    checked for a compromise and reopened: over real SSH, with real sessions from an office and
    from outside. The build to begin with decides which bulletin it is about; without one it is
    CVE-2019-19781. After each chapter the simulation is asked whether outside gets in, and if it
    does while gatectl says shut, the exit code is 1.
    """
    if fault == "list":
        for name, sentence in fault_sentences().items():
            click.echo(f"{name:28} {sentence}")
        return ExitCode.PROVEN
    if fault is not None and fault not in fault_sentences():
        raise InvalidInput(f"no fault is called {fault!r}", hint="`--fault list` names them.")
    if story is not None:
        return tell(ctx, out, seed=seed, speed=speed, as_json=as_json)
    setting = setting_for(build, target)
    site = SimulatedSite(
        nodes=1 if standalone else 2,
        build=build,
        seed=seed,
        speed=speed,
        faults=(fault,) if fault else (),
    )
    display = display_on_stderr(quiet=as_json)
    with _kept(folder) as home, site, display.shown():
        if compromised:
            site.compromise()
        config = home / "config.toml"
        text = told_in(site.configuration(home), setting, method)
        config.write_text(text, encoding="utf-8")
        ctx.obj["config"] = str(config)
        with workplace(ctx, (), (display,), rehearsal=True) as place:
            course = chapters(site.image(setting.target), setting)
            desk = replace(place.desk, clock=HurriedClock(speed))
            results = play(Operation(desk, place.gates[0]), site, display, course)
            return _told(place, results, as_json=as_json)


def play(
    gate: Operation, site: SimulatedSite, display: Display, story: Iterator[Chapter]
) -> list[Result]:
    """Do one chapter after the other, until one does not end as it should."""
    gate.status()
    people = site.workers(outside=2, inside=2)
    results: list[Result] = []
    for number, chapter in enumerate(story, start=1):
        display.heading(f"{number}. {chapter.title}")
        began = time.monotonic()
        result = _lived_through(gate, chapter)
        results.append(result)
        working = dict.fromkeys((INSIDE, OUTSIDE), 0)
        for person in people:
            working[person.source] += person.alive
        display.note(
            f"{result.state} after {time.monotonic() - began:.1f} s; at work: "
            f"{working[INSIDE]} in the office, {working[OUTSIDE]} outside"
        )
        wrong = defect(result.state, outside_gets_in=site.reachable(OUTSIDE))
        if wrong:
            results[-1] = replace(result, code=ExitCode.UNEXPECTED, sentence=wrong, hint=_REPORT)
        if wrong or chapter.is_the_end(result):
            break
    return results


def _lived_through(gate: Operation, chapter: Chapter) -> Result:
    """Do what a chapter is about; what stops it is on record, as it is for every verb."""
    try:
        return chapter.act(gate)
    except GatectlError as exc:
        return gate.refuse(chapter.title, exc)


_REPORT = "Please report it, with the seed and the folder of this rehearsal."


def _told(place: Workplace, results: list[Result], *, as_json: bool) -> int:
    code = worst(result.code for result in results)
    if results[-1].code is ExitCode.REFUSED:
        # The interlocks had the last word: what they met is among the blockers.
        code = ExitCode.REFUSED
    gate = place.gates[0].name
    runs = tuple(run for result in results for run in result.runs)
    if as_json:
        last = replace(results[-1], code=code, runs=runs)
        print_document("rehearse", code, {"gates": [result_document(last)]})
        return code
    print_timeline(place.desk.journal.events(gate=gate))
    click.echo()
    if results[-1].blockers:
        print_blockers(results[-1])
        click.echo()
    print_verdicts(runs)
    return code


@contextmanager
def _kept(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="gatectl-rehearsal-") as temporary:
        yield Path(temporary)


def _of_fleet(name: str, says: str) -> Callable[[_Verb], _Verb]:
    return click.option(name, type=click.IntRange(min=0), default=0, metavar="N", help=says)


def _refuse_strange_fleet(
    gates: int,
    troubles: Troubles,
    config_out: Path | None,
    faults: tuple[str, ...],
    files: Path | None,
) -> None:
    if config_out is None:
        raise InvalidInput("a fleet needs its configuration written", hint="Add --config-out FILE.")
    if faults or files:
        raise InvalidInput("--fault and --files are for a pair", hint="Leave them out, or --gates.")
    if len(troubles.kinds()) > gates:
        raise InvalidInput(f"more gates in trouble than the {gates} that there are")


@click.command()
@click.option("--pair/--single", default=True, show_default=True, help="Two nodes, or one.")
@_build("--build", default="12.1-55.13", says="The build they run.")
@click.option("--seed", default=0, show_default=True, help="Repeats what chance decides.")
@click.option("--speed", default=60.0, show_default=True, help="How much faster a node's time is.")
@click.option(
    "--files",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder to lay over the appliances' file system, from /.",
)
@click.option(
    "--config-out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a configuration for this pair; `gatectl --config FILE status` works at once.",
)
@click.option(
    "--to",
    "target",
    default="12.1-55.18",
    show_default=True,
    help="The build that the configuration names as the one to patch to.",
)
@click.option("--fault", "faults", multiple=True, metavar="NAME", help="Let something go wrong.")
@click.option(
    "--deny",
    type=click.Choice(["reset", "drop"]),
    default="reset",
    show_default=True,
    help="What a refusing packet rule does; a real appliance drops, and a client then waits.",
)
@click.option(
    "--gates",
    type=click.IntRange(1, GATES_MAX),
    metavar="N",
    help="A fleet: so many single gates, all in the configuration of --config-out.",
)
@_of_fleet("--unreachable", "Of a fleet, so many gates whose nodes nobody reaches.")
@_of_fleet("--refusing", "Of a fleet, so many gates whose nodes refuse every login.")
@_of_fleet("--hanging", "Of a fleet, so many gates whose nodes fall silent, before or after login.")
def simulate(
    pair: bool,
    build: str,
    seed: int,
    speed: float,
    files: Path | None,
    config_out: Path | None,
    target: str,
    faults: tuple[str, ...],
    deny: Literal["reset", "drop"],
    gates: int | None,
    unreachable: int,
    refusing: int,
    hanging: int,
) -> int:
    """Start a simulated pair, or a fleet of single gates, and leave it running.

    It serves until SIGINT or SIGTERM. One line of JSON says how to reach it: nodes, virtual
    server, the loopback addresses that count as office and as internet, and the configuration.
    """
    troubles = Troubles(unreachable=unreachable, refusing=refusing, hanging=hanging)
    if gates is not None:
        _refuse_strange_fleet(gates, troubles, config_out, faults, files)
        serve_fleet(
            gates,
            config_out=config_out or Path(),
            troubles=troubles,
            build=build,
            seed=seed,
            speed=speed,
        )
        return ExitCode.PROVEN
    if troubles.kinds():
        raise InvalidInput(
            "--unreachable, --refusing and --hanging are for a fleet",
            hint="Say how large it is: --gates N; for a pair there is --fault NAME.",
        )
    unknown = [name for name in faults if name not in fault_sentences()]
    if unknown:
        names = ", ".join(fault_sentences())
        raise InvalidInput(f"no fault is called {unknown[0]!r}", hint=f"Known are {names}.")
    serve(
        nodes=2 if pair else 1,
        build=build,
        seed=seed,
        speed=speed,
        deny=deny,
        files=files,
        faults=faults,
        config_out=config_out,
        target=target,
    )
    return ExitCode.PROVEN
