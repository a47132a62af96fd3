"""The words that several verbs share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from gatectl.cli import suggestions

Verb = TypeVar("Verb", bound=Callable[..., Any])


def gates(verb: Verb) -> Verb:
    """Take gates by name, by group, or all of them; `workplace` puts them together."""
    named = click.argument("gates", nargs=-1, metavar="[GATE]...", shell_complete=suggestions.gates)
    every = click.option(
        "--all",
        "every_gate",
        is_flag=True,
        expose_value=False,
        callback=_keep_every,
        help="All gates of the configuration.",
    )
    grouped = click.option(
        "--group",
        "groups",
        multiple=True,
        metavar="NAME",
        expose_value=False,
        callback=_keep_groups,
        shell_complete=suggestions.groups,
        help="The gates of a group, or with this tag; may be repeated.",
    )
    return named(every(grouped(verb)))


def _keep_every(ctx: click.Context, _option: click.Parameter, value: bool) -> None:
    if value:
        ctx.obj["every_gate"] = True


def _keep_groups(ctx: click.Context, _option: click.Parameter, value: tuple[str, ...]) -> None:
    if value:
        ctx.obj["groups"] = value


dry_run = click.option(
    "-n", "--dry-run", is_flag=True, help="Look, and show what would be sent; nothing is written."
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def overrides(verb: Verb) -> Verb:
    """Take `--override NAME` any number of times, and the reason for all of them."""
    named = click.option(
        "--override",
        "overrides",
        multiple=True,
        metavar="NAME",
        help="Go on although this precheck fails; needs --reason, and stands in the report.",
    )
    reasoned = click.option("--reason", metavar="TEXT", help="Why the overrides are right.")
    return named(reasoned(verb))


def overrides_of(names: tuple[str, ...], reason: str | None) -> dict[str, str]:
    """Join names and reason; an override without a reason, or a reason for nothing, is refused."""
    if names and not (reason and reason.strip()):
        raise click.UsageError("--override needs --reason TEXT")
    if reason and not names:
        raise click.UsageError("--reason belongs to --override NAME")
    return {name: (reason or "").strip() for name in names}


def parameters(verb: Verb) -> Verb:
    """Take `-p NAME=VALUE` any number of times."""
    return click.option(
        "-p",
        "--parameter",
        "parameters",
        multiple=True,
        metavar="NAME=VALUE",
        callback=_read_parameters,
        help="A parameter of the playbook; may be given several times.",
    )(verb)


def _read_parameters(
    _ctx: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    values: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise click.BadParameter(f"{text!r} is not of the form NAME=VALUE")
        if name.strip() in values:
            # Which of two builds is meant must not depend on the order of the words.
            raise click.BadParameter(f"{name.strip()} is given twice")
        values[name.strip()] = value.strip()
    return values
