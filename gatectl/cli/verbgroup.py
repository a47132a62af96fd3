"""The group of all verbs, each of which is imported when it is called and not before."""

import gc
import importlib

import click

from gatectl.cli.catalogue import VERBS

_OBJECTS_BEFORE_A_LOOK = 20_000


class Catalogue(click.Group):
    """A group of verbs that are imported one by one, when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Give the verbs in the order of an incident, not of the alphabet."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a verb; none if there is no such verb."""
        if cmd_name not in VERBS:
            return None
        module, name = VERBS[cmd_name][0].split(":")
        command = getattr(importlib.import_module(f"gatectl.cli.{module}"), name)
        # What was imported stays: only what is made from now on is ever looked at for rings.
        gc.freeze()
        gc.set_threshold(_OBJECTS_BEFORE_A_LOOK)
        gc.enable()
        if not isinstance(command, click.Command):
            raise TypeError(f"{cmd_name} is not a click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the verbs without importing them."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, line) for name, (_, line) in VERBS.items()])
