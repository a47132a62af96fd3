"""The front door: what needs no library is answered here, and all else is handed on.

`--version` and `--help` are asked for often, by people and by completion, and must work where a
dependency is broken. The help is laid out here as click does it; a test compares the two.
"""

import gc
import os
import sys

from gatectl import __version__
from gatectl.cli.catalogue import HELP_WIDTH, VERBS

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Importing typing takes as long as all else here.
    from collections.abc import Iterator
    from typing import NoReturn

_HEAD = """\
Usage: gatectl [OPTIONS] COMMAND [ARGS]...

  Close remote access through a NetScaler gateway, patch it, prove it, and
  reopen it.

  gatectl rehearse                live through it all on a simulated pair
  gatectl close                   shut the gate; works whatever else is broken
  gatectl close -n                show the exact lines, send nothing that writes
  gatectl status                  open, shut or unknown, and since when
  gatectl patch --build 13.1-49.13 --image build.tgz --sha256 HEX
  gatectl reopen --confirm NAME   on proof only; `gatectl confirm` makes it last

  A gate is a gateway pair and the ways to look at it. `close` is fast and
  never refused; `reopen` rests on evidence, and ends by itself unless
  `confirm` follows.

Options:
  --version      Show the version and exit.
  --config FILE  Configuration file; otherwise the user's, then
                 /etc/gatectl/config.toml.
  -v, --verbose  Tell more; twice tells all.
  -h, --help     Show this message and exit.

Verbs:
"""
_FOOT = """
  Exit codes:
    0 proven   3 failed, gate shut   4 host not reached   5 THE GATE MAY BE OPEN
    2 invalid input   6 refused   7 changes pending   8 busy   9 records damaged
    1 unexpected error   130, 143 interrupted: `gatectl resume`
"""


def main() -> "NoReturn":
    """Run one command line."""
    text = answer(sys.argv[1:])
    # For a narrower terminal it is click that lays out.
    if text is not None and _columns() >= HELP_WIDTH:
        sys.stdout.write(text)
        sys.exit(0)
    _leave_out_what_is_not_used()
    from gatectl.cli.entry import main as parse  # noqa: PLC0415 - click is not needed above

    parse()


def answer(arguments: list[str]) -> str | None:
    """Give the text that was asked for, if it is one of the two that need no parsing."""
    match arguments:
        case ["--version"]:
            return f"gatectl {__version__}\n"
        case ["--help" | "-h"]:
            return help_text()
        case _:
            return None


def help_text() -> str:
    """Give the help of `gatectl` itself."""
    return f"{_HEAD}{''.join(_verb_lines())}{_FOOT}"


def _verb_lines() -> "Iterator[str]":
    indent = max(len(name) for name in VERBS) + 4
    for name, (_, line) in VERBS.items():
        first, *others = _folded(line, HELP_WIDTH - 2 - indent)
        yield f"  {name:<{indent - 2}}{first}\n"
        yield from (f"{'':{indent}}{other}\n" for other in others)


def _folded(line: str, width: int) -> list[str]:
    lines = [""]
    for word in line.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _columns() -> int:
    """Tell the width of the terminal as `shutil.get_terminal_size` does, without importing it."""
    try:
        return int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        pass
    try:
        return os.get_terminal_size(1).columns or HELP_WIDTH
    except OSError:
        return HELP_WIDTH


def _leave_out_what_is_not_used() -> None:
    """Let the libraries start without what gatectl never uses of them; it is much of their start.

    paramiko needs `invoke` for `Match exec` alone, and structlog would show tracebacks by
    `rich.traceback`, local variables and all: `None` in `sys.modules` is the language's own word
    for "not to be found". pydantic would look through every package for plugins of its own.
    """
    for name in ("invoke", "rich.traceback"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # not in the stub, but in the reference
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # A start makes many objects and drops few: to look for rings among them is a fifth of it.
    # It is begun again when the verb is there.
    gc.disable()
