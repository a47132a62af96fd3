"""The verbs that carry something out."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from gatectl.cli import options, suggestions
from gatectl.cli.desk import workplace
from gatectl.cli.display import display_on_stderr
from gatectl.cli.fleet import (
    executor_of,
    more_than_one,
    on_many,
    on_one,
    print_fleet,
    rollout_of,
    spread,
)
from gatectl.cli.fleetdisplay import fleet_display_on_stderr
from gatectl.cli.output import finish
from gatectl.cli.planfile import read_kept, run_kept
from gatectl.core.event import Mode
from gatectl.core.plan import Direction
from gatectl.errors import InvalidInput, Refused
from gatectl.fleet.rollout import Verb
from gatectl.operation import Operation


def carry_out(
    ctx: click.Context,
    command: str,
    gates: Sequence[str],
    verb: Verb,
    *,
    as_json: bool,
    closing: bool = False,
) -> int:
    """Do a verb on each gate and print what it came to; with several gates, in a table."""
    if more_than_one(ctx, gates):
        return _carry_out_on_many(ctx, command, gates, verb, as_json=as_json, closing=closing)
    display = display_on_stderr(quiet=as_json)
    with display.shown(), workplace(ctx, gates, (display,), closing=closing) as place:
        display.learn(place.desk.journal)
        results = [on_one(place, command, gate, verb) for gate in place.gates]
        return finish(command, results, as_json=as_json, terminated=place.stop.terminated)


def _carry_out_on_many(
    ctx: click.Context,
    command: str,
    gates: Sequence[str],
    verb: Verb,
    *,
    as_json: bool,
    closing: bool,
) -> int:
    display = fleet_display_on_stderr(quiet=as_json)
    with workplace(ctx, gates, (display,), closing=closing) as place:
        rollout = rollout_of(ctx, len(place.gates), closing=command == "close")
        where = executor_of(ctx, rollout, verb)
        results = on_many(place, command, verb, rollout, display, where)
        # A dry run is there to show its lines, gate by gate.
        dry = any(run.mode is Mode.DRY for result in results for run in result.runs)
        if not as_json and not dry:
            print_fleet(results)
        return finish(
            command, results, as_json=as_json, terminated=place.stop.terminated, told=not dry
        )


def mode_of(dry_run: bool) -> Mode:
    """Turn the option into the word that runs and records use."""
    return Mode.DRY if dry_run else Mode.REAL


@click.command()
@options.gates
@spread
@options.overrides
@options.dry_run
@options.as_json
@click.pass_context
def close(
    ctx: click.Context,
    gates: tuple[str, ...],
    overrides: tuple[str, ...],
    reason: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Shut a gate from outside; asks nothing, never refused.

    The gate's close methods are tried in the order of the configuration until one works. The
    closure is saved on every node, open sessions from outside are ended, and both sides are
    looked at. Doing it twice sends nothing the second time. Only who comes in through the gate
    itself is stopped, and may go on with --override own-connection.
    """
    verb = partial(
        Operation.close,
        mode=mode_of(dry_run),
        overrides=options.overrides_of(overrides, reason),
    )
    return carry_out(ctx, "close", gates, verb, as_json=as_json, closing=not dry_run)


@click.command()
@options.gates
@spread
@click.option(
    "--playbook",
    default="mitigate-cve-2019-19781",
    show_default=True,
    help="The mitigation to apply.",
)
@click.option("--undo", is_flag=True, help="Take the mitigation back, after the patch.")
@options.overrides
@options.dry_run
@options.as_json
@click.pass_context
def mitigate(
    ctx: click.Context,
    gates: tuple[str, ...],
    playbook: str,
    undo: bool,
    overrides: tuple[str, ...],
    reason: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Apply a mitigation and show that it works.

    A request that must be blocked and one that must pass are sent afterwards. Refused on builds
    that are known to accept the mitigation and to ignore it.
    """
    verb = partial(
        Operation.run,
        playbook=playbook,
        mode=mode_of(dry_run),
        direction=Direction.UNDO if undo else Direction.DO,
        overrides=options.overrides_of(overrides, reason),
    )
    return carry_out(ctx, "mitigate", gates, verb, as_json=as_json)


@click.command()
@options.gates
@spread
@click.option("--build", help="The build to install, as 13.1-49.13.")
@click.option("--image", help="The firmware file on this machine.")
@click.option("--sha256", help="Its SHA-256, from the vendor's download page.")
@click.option("--fail-back", is_flag=True, help="Give the first primary its role back at the end.")
@options.overrides
@options.dry_run
@options.as_json
@click.pass_context
def patch(
    ctx: click.Context,
    gates: tuple[str, ...],
    build: str | None,
    image: str | None,
    sha256: str | None,
    fail_back: bool,
    overrides: tuple[str, ...],
    reason: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Install a fixed build on every node of a shut gate.

    Evidence is kept and a backup made before the first change. The secondary is patched first and
    takes over, then the other node; the closure is looked at after each restart. Build, image and
    SHA-256 default to the gate's `target` in the configuration.
    """
    given = {
        "build": build,
        "image": image,
        "image_sha256": sha256,
        "fail_back": "yes" if fail_back else None,
    }
    parameters = {name: value for name, value in given.items() if value is not None}
    verb = partial(
        Operation.run,
        playbook="patch",
        mode=mode_of(dry_run),
        parameters=parameters,
        overrides=options.overrides_of(overrides, reason),
    )
    return carry_out(ctx, "patch", gates, verb, as_json=as_json)


@click.command()
@options.gates
@spread
@options.as_json
@click.pass_context
def verify(ctx: click.Context, gates: tuple[str, ...], as_json: bool) -> int:
    """Look whether all is so that a gate may be reopened; nothing is written."""
    verb = partial(Operation.run, playbook="verify", mode=Mode.REAL)
    return carry_out(ctx, "verify", gates, verb, as_json=as_json)


@click.command()
@options.gates
@spread
@click.option(
    "--image",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Judge a mounted image or an unpacked bundle; nothing is contacted.",
)
@click.option(
    "--exposed-since",
    type=click.DateTime(["%Y-%m-%d"]),
    help="With --image: the logs must go back to this day (UTC).",
)
@click.option(
    "--expected-user",
    "expected_users",
    multiple=True,
    metavar="NAME",
    help="With --image: a user that the appliance should have; any other one is a sign.",
)
@options.as_json
@click.pass_context
def scan(
    ctx: click.Context,
    gates: tuple[str, ...],
    image: Path | None,
    exposed_since: datetime | None,
    expected_users: tuple[str, ...],
    as_json: bool,
) -> int:
    """Collect evidence and check it for a compromise; nothing on a node is changed.

    The answer is clean, scanned, compromised or inconclusive. Evidence that was kept since the
    gate was last open counts, too. With --image a folder is judged by the same indicators,
    without a configuration: exit code 0 for clean and scanned, 5 for the other two.
    """
    if image is not None:
        from gatectl.cli.judged_image import scan_image  # noqa: PLC0415 - only an image needs it

        if gates:
            raise InvalidInput("an image is no gate", hint="Name a gate, or --image, not both.")
        since = exposed_since.replace(tzinfo=UTC) if exposed_since else None
        expected = frozenset(expected_users) if expected_users else None
        return scan_image(image, exposed_since=since, expected_users=expected, as_json=as_json)
    if exposed_since is not None:
        raise InvalidInput("--exposed-since is for --image; a gate's own journal tells it")
    if expected_users:
        raise InvalidInput("--expected-user is for --image; `expected_users` is a gate's own key")
    verb = partial(Operation.run, playbook="scan", mode=Mode.REAL)
    return carry_out(ctx, "scan", gates, verb, as_json=as_json)


@click.command()
@options.gates
@spread
@click.option("--confirm", "typed", metavar="NAME", help="The gate's name, instead of typing it.")
@options.overrides
@options.dry_run
@options.as_json
@click.pass_context
def reopen(
    ctx: click.Context,
    gates: tuple[str, ...],
    typed: str | None,
    overrides: tuple[str, ...],
    reason: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Let everybody in again, provisionally and on proof only.

    Every interlock is judged anew, and all that blocks is listed at once. The opening is not
    saved and ends by itself after the gate's `provisional_minutes`, unless `gatectl confirm`
    comes first.
    """
    verb = partial(
        Operation.reopen,
        mode=mode_of(dry_run),
        agreed=lambda gate: dry_run or _agreed(gate, typed),
        overrides=options.overrides_of(overrides, reason),
    )
    return carry_out(ctx, "reopen", gates, verb, as_json=as_json)


def _agreed(gate: str, typed: str | None) -> bool:
    """Have the operator type the gate's name: a finger that slips must not open anything."""
    if typed is None:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise Refused(
                f"reopening {gate} needs its name, and there is no terminal to type it on",
                hint=f"`gatectl reopen {gate} --confirm {gate}` gives it on the command line.",
            )
        typed = click.prompt(f"Type {gate} to reopen it", err=True)
    if typed != gate:
        raise Refused(f"{typed!r} is not {gate}", hint="Nothing was opened.")
    return True


@click.command()
@options.gates
@spread
@options.dry_run
@options.as_json
@click.pass_context
def confirm(ctx: click.Context, gates: tuple[str, ...], dry_run: bool, as_json: bool) -> int:
    """Make a provisional reopening last: see it open, remove gatectl's rules, save."""
    verb = partial(Operation.confirm, mode=mode_of(dry_run))
    return carry_out(ctx, "confirm", gates, verb, as_json=as_json)


@click.command(name="run")
@click.argument("playbook", required=False, shell_complete=suggestions.playbooks)
@options.gates
@spread
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Exactly the plan that `gatectl plan -o FILE` kept, or nothing.",
)
@options.parameters
@click.option("--undo", is_flag=True, help="Take back what the playbook does.")
@options.overrides
@options.dry_run
@options.as_json
@click.pass_context
def run_playbook(
    ctx: click.Context,
    playbook: str | None,
    gates: tuple[str, ...],
    plan_file: Path | None,
    parameters: dict[str, str],
    undo: bool,
    overrides: tuple[str, ...],
    reason: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Carry out any playbook, by its name or its file.

    With --plan, the words behind it are gates, and the plan is carried out only if nothing has
    changed since it was made: playbook, configuration, roles, builds or the state of the gate.
    """
    if plan_file is not None:
        if parameters or undo or overrides or reason:
            raise click.UsageError("a kept plan has its parameters and overrides already")
        names = (playbook, *gates) if playbook is not None else gates
        kept = read_kept(plan_file)
        verb = partial(run_kept, kept, mode=mode_of(dry_run))
        return carry_out(ctx, "run", names or kept.gates, verb, as_json=as_json)
    if playbook is None:
        raise click.UsageError("a playbook is missing, or --plan FILE")
    verb = partial(
        Operation.run,
        playbook=playbook,
        mode=mode_of(dry_run),
        parameters=parameters,
        direction=Direction.UNDO if undo else Direction.DO,
        overrides=options.overrides_of(overrides, reason),
    )
    return carry_out(ctx, "run", gates, verb, as_json=as_json)


@click.command()
@options.gates
@spread
@click.option("--adopt", metavar="PLAYBOOK", help="Go on although this playbook has changed.")
@click.option(
    "--override",
    "overrides",
    multiple=True,
    metavar="NAME",
    help="Go on although this stands in the way, such as a window; needs --reason.",
)
@click.option("--reason", metavar="TEXT", default="", help="Why the change or override is right.")
@options.as_json
@click.pass_context
def resume(
    ctx: click.Context,
    gates: tuple[str, ...],
    adopt: str | None,
    overrides: tuple[str, ...],
    reason: str,
    as_json: bool,
) -> int:
    """Go on with a run that was cut off or held.

    A step whose outcome is not on record is looked at before anything is sent. A reopening that
    was interrupted is not gone on with: the gate is closed.
    """
    named = options.overrides_of(overrides, reason) if overrides else {}
    verb = partial(Operation.resume, adopt=adopt, reason=reason, overrides=named)
    return carry_out(ctx, "resume", gates, verb, as_json=as_json)
