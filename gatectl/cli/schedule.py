"""The verb that writes timers: units for systemd, and lines for cron."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from gatectl.cli import options, suggestions
from gatectl.cli.desk import chosen, configuration_of
from gatectl.cli.output import print_document
from gatectl.config.configuration import Configuration
from gatectl.core.gate import Gate
from gatectl.core.unit import (
    Credential,
    NotTranslated,
    Schedule,
    calendar_of,
    cron_line,
    service_unit,
    timer_unit,
)
from gatectl.core.window import schedule_flaw
from gatectl.errors import ExitCode, InvalidInput
from gatectl.schedule import install_units, user_units

_EVERY_MORNING = "0 6 * * *"
_DELAY_S = {"audit": 900, "maintain": 60}
_CREDENTIALS = "/etc/gatectl/credentials"


@click.command()
@click.argument("what", type=click.Choice(["audit", "maintain"]))
@click.argument(
    "playbooks", nargs=-1, metavar="[PLAYBOOK]...", shell_complete=suggestions.playbooks
)
@click.option(
    "--gate",
    "gates",
    multiple=True,
    metavar="GATE",
    shell_complete=suggestions.gates,
    help="Only this gate; repeatable.",
)
@click.option("--cron", metavar="EXPR", help="When, as in crontab; otherwise the gates' window.")
@click.option("--at", metavar="CALENDAR", help="When, as systemd's OnCalendar writes it.")
@click.option("--time-zone", default="", metavar="ZONE", help="Of --cron; otherwise the system's.")
@click.option("--start-before", default="", metavar="TIME", help="As `gatectl maintain` takes it.")
@click.option(
    "--prometheus", type=click.Path(path_type=Path), metavar="FILE", help="As `gatectl audit`."
)
@click.option("--system-user", default="gatectl", show_default=True, help="Account of the service.")
@click.option("--user", "own", is_flag=True, help="Units of your own, not of the system.")
@click.option("--install", is_flag=True, help="With --user: write the units, not only print them.")
@options.as_json
@click.pass_context
def schedule(
    ctx: click.Context,
    what: str,
    playbooks: tuple[str, ...],
    gates: tuple[str, ...],
    cron: str | None,
    at: str | None,
    time_zone: str,
    start_before: str,
    prometheus: Path | None,
    system_user: str,
    own: bool,
    install: bool,
    as_json: bool,
) -> int:
    """Print timers for systemd and cron that run audits or maintenance.

    The service runs once, in a sandbox, with its secrets handed over by systemd. A missed audit is
    made up for; missed work is not, for it must never begin late. --install --user writes the
    units to your own folder; a unit of the system is for root to write.
    """
    _check(what, playbooks, start_before, install=install, own=own)
    configuration = configuration_of(ctx)
    all_of_them = what == "audit" and not gates
    named = (*configuration.gates.values(),) if all_of_them else chosen(configuration, gates)
    when, zone = _when(what, configuration, named, cron, time_zone)
    made = Schedule(
        name="-".join(["gatectl", what, *(Path(one).stem for one in playbooks), *gates]),
        title=" ".join(["gatectl", what, *playbooks, *gates]),
        command=_command(what, playbooks, gates, start_before, prometheus),
        calendar=at or _calendar(when, zone),
        persistent=what == "audit",
        delay_s=_DELAY_S[what],
        user="" if own else system_user,
        credentials=_credentials(configuration),
        config=str(configuration.path.absolute()),
        writable=_writable(configuration, prometheus, own=own),
    )
    units = {
        f"{made.name}.service": service_unit(made),
        f"{made.name}.timer": timer_unit(made),
    }
    line = f"GATECTL_CONFIG={made.config}\n{cron_line(made, when)}" if at is None else ""
    written = install_units(units, user_units(os.environ)) if install else ()
    if as_json:
        body = {"units": units, "cron": line, "written": [str(path) for path in written]}
        print_document("schedule", ExitCode.PROVEN, body)
    elif written:
        _tell_written(written, made)
    else:
        _print_units(units, line, own=own)
    return ExitCode.PROVEN


def _check(
    what: str, playbooks: tuple[str, ...], start_before: str, *, install: bool, own: bool
) -> None:
    if what == "maintain" and not playbooks:
        raise click.UsageError("maintenance needs at least one playbook")
    if what == "audit" and (playbooks or start_before):
        raise click.UsageError("an audit has no playbooks and may begin late")
    if install and not own:
        raise InvalidInput(
            "only units of your own are installed from here",
            hint="Add --user, or have root write what is printed to /etc/systemd/system.",
        )


def _when(
    what: str,
    configuration: Configuration,
    gates: Sequence[Gate],
    cron: str | None,
    time_zone: str,
) -> tuple[str, str]:
    if cron is not None:
        flaw = schedule_flaw(cron)
        if flaw:
            raise click.BadParameter(f"--cron {flaw}")
        return cron, time_zone
    if what == "audit":
        return _EVERY_MORNING, time_zone
    windows = [
        window
        for gate in gates
        for window in configuration.windows.get(gate.name, ())
        if window.kind == "allow"
    ]
    times = {(window.schedule, str(window.zone)) for window in windows}
    if len(times) != 1:
        how = "no allow window" if not times else "several allow windows"
        raise click.UsageError(f"these gates have {how}, so say when with --cron or --at")
    return times.pop()


def _calendar(when: str, zone: str) -> str:
    try:
        return calendar_of(when, zone).strip()
    except NotTranslated as exc:
        raise click.UsageError(f"{exc}: give --at as well, for systemd") from exc


def _command(
    what: str,
    playbooks: tuple[str, ...],
    gates: tuple[str, ...],
    start_before: str,
    prometheus: Path | None,
) -> tuple[str, ...]:
    program = shutil.which("gatectl") or str(Path(sys.executable).with_name("gatectl"))
    if what == "audit":
        metrics = ("--prometheus", str(prometheus.absolute())) if prometheus else ()
        return (program, "audit", *gates, *metrics)
    limit = ("--start-before", start_before) if start_before else ()
    named = [word for gate in gates for word in ("--gate", gate)]
    return (program, "maintain", *playbooks, *named, *limit)


def _credentials(configuration: Configuration) -> tuple[Credential, ...]:
    """List the secrets that systemd is to hand over, each once."""
    refs = [node.host.secret for gate in configuration.gates.values() for node in gate.nodes]
    refs += [
        vantage.via.secret
        for gate in configuration.gates.values()
        for vantage in gate.vantages
        if vantage.via is not None
    ]
    refs += [way.addresses for way in configuration.messages if way.addresses is not None]
    names = dict.fromkeys(ref.target for ref in refs if ref.kind == "credential")
    return tuple(Credential(name=name, path=f"{_CREDENTIALS}/{name}") for name in names)


def _writable(
    configuration: Configuration, prometheus: Path | None, *, own: bool
) -> tuple[str, ...]:
    if own:
        return ()
    folders = [configuration.settings.state_dir]
    folders += [prometheus.absolute().parent] if prometheus is not None else []
    # The folder that systemd makes by itself is writable anyway; a minus allows for one that is
    # not there yet.
    return tuple(f"-{folder}" for folder in folders)


def _print_units(units: dict[str, str], line: str, *, own: bool) -> None:
    folder = "~/.config/systemd/user" if own else "/etc/systemd/system"
    for name, text in units.items():
        click.echo(f"# {folder}/{name}")
        click.echo(text)
    if line:
        click.echo("# or, where there is no systemd, for a file in /etc/cron.d:")
        click.echo("\n".join(f"# {part}" for part in line.splitlines()))


def _tell_written(written: Sequence[Path], made: Schedule) -> None:
    for path in written:
        click.echo(str(path))
    click.echo(
        f"gatectl: next: systemctl --user daemon-reload && "
        f"systemctl --user enable --now {made.name}.timer",
        err=True,
    )
