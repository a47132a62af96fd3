"""The words that several verbs share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

Verb = TypeVar("Verb", bound=Callable[..., Any])

gates = click.argument("gates", nargs=-1, metavar="[GATE]...")
dry_run = click.option(
    "-n", "--dry-run", is_flag=True, help="Look, and show what would be sent; nothing is written."
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


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
        values[name.strip()] = value.strip()
    return values
