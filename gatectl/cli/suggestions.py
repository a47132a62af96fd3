"""The names that a shell may complete: gates, groups and playbooks of the configuration.

What is wrong with a configuration is told by the verb; while somebody types, there is just nothing
to suggest. The configuration is imported late, for each verb's own start would pay for it.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatectl.errors import GatectlError

if TYPE_CHECKING:
    from gatectl.config.configuration import Configuration


def gates(ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Name the gates that begin like this and are not on the line yet."""
    configuration = _configuration(ctx)
    named = ctx.params.get("gates") or ()
    known = configuration.gates if configuration else {}
    return _beginning(begun, (name for name in known if name not in named))


def groups(ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Name the groups and tags that begin like this."""
    configuration = _configuration(ctx)
    return _beginning(begun, configuration.groups if configuration else ())


def playbooks(ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Name the playbooks that begin like this; a path is the shell's own business."""
    from gatectl.config.playbooks import list_playbooks, playbook_folders  # noqa: PLC0415 - late

    configuration = _configuration(ctx)
    folders = playbook_folders(configuration.settings if configuration else None)
    try:
        return _beginning(begun, list_playbooks(folders))
    except GatectlError:
        return []


def _beginning(begun: str, names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if name.startswith(begun))


def _configuration(ctx: click.Context) -> "Configuration | None":
    from gatectl.config.configuration import (  # noqa: PLC0415 - late, see above
        find_configuration,
        read_configuration,
    )

    given = ctx.find_root().params.get("config")
    try:
        path = find_configuration(Path(given) if given else None, os.environ)
        return read_configuration(path, unpinned=True)
    except GatectlError:
        return None
