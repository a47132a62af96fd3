"""Where the process begins and ends: the only place that exits."""

import atexit
import os
import sys
from typing import NoReturn

import click

from gatectl import __version__
from gatectl.cli.catalogue import HELP_WIDTH, VERBS
from gatectl.cli.verbgroup import Catalogue
from gatectl.errors import ExitCode, GatectlError

_EPILOG = """\b
Exit codes:
  0 proven   3 failed, gate shut   4 host not reached   5 THE GATE MAY BE OPEN
  2 invalid input   6 refused   7 changes pending   8 busy   9 records damaged
  1 unexpected error   130, 143 interrupted: `gatectl resume`
"""


@click.command(
    cls=Catalogue,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": HELP_WIDTH},
    epilog=_EPILOG,
)
@click.version_option(__version__, prog_name="gatectl", message="%(prog)s %(version)s")
@click.option(
    "--config",
    type=click.Path(dir_okay=False),
    envvar="GATECTL_CONFIG",
    help="Configuration file; otherwise the user's, then /etc/gatectl/config.toml.",
)
@click.option("-v", "--verbose", count=True, help="Tell more; twice tells all.")
@click.pass_context
def cli(ctx: click.Context, config: str | None, verbose: int) -> None:
    """Close remote access through a NetScaler gateway, patch it, prove it, and reopen it.

    \b
    gatectl rehearse                live through it all on a simulated pair
    gatectl close                   shut the gate; works whatever else is broken
    gatectl close -n                show the exact lines, send nothing that writes
    gatectl status                  open, shut or unknown, and since when
    gatectl patch --build 13.1-49.13 --image build.tgz --sha256 HEX
    gatectl reopen --confirm NAME   on proof only; `gatectl confirm` makes it last

    A gate is a gateway pair and the ways to look at it. `close` is fast and never refused;
    `reopen` rests on evidence, and ends by itself unless `confirm` follows.
    """  # noqa: D301 - the backslash is click's mark for lines that stay as they are
    ctx.obj = {"config": config, "verbose": verbose}


def main() -> NoReturn:
    """Run one command line; every error becomes one sentence, one next step and its code."""
    leave = _Leave()
    # First in, last out: threads have ended and everybody else has tidied up by then.
    atexit.register(leave)
    leave.code = run(sys.argv[1:])
    sys.exit(leave.code)


class _Leave:
    """Ends the process at once: to take the interpreter apart takes longer than to look at a node.

    Everything is closed by now, and nothing waits to be written but what is flushed here.
    """

    code: int | None = None
    """None until the command line has come to its end."""

    def __call__(self) -> None:
        if self.code is None:
            return
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError):
            # Whoever read our output went away: what was done is in the journal.
            os._exit(self.code or ExitCode.UNEXPECTED)
        os._exit(self.code)


def run(arguments: list[str]) -> int:
    """Run one command line and give its exit code."""
    try:
        code = cli.main(args=arguments, prog_name="gatectl", standalone_mode=False)
    except click.exceptions.Exit as exc:
        return exc.exit_code
    except click.Abort:
        return _told(arguments, "interrupted", "`gatectl status` tells where it stands.", 130)
    except click.exceptions.NoArgsIsHelpError as exc:
        click.echo(exc.format_message(), err=True)
        return ExitCode.INVALID
    except click.UsageError as exc:
        where = exc.ctx.command_path if exc.ctx else "gatectl"
        return _told(arguments, exc.format_message(), f"`{where} --help` shows how it is used.", 2)
    except click.ClickException as exc:
        return _told(arguments, exc.format_message(), "Correct it and run the command again.", 2)
    except GatectlError as exc:
        return _told(arguments, exc.sentence, exc.hint, exc.exit_code)
    except KeyboardInterrupt:
        hint = "`gatectl status` tells where it stands, `gatectl resume` goes on."
        return _told(arguments, "interrupted", hint, ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output went away: what was done is in the journal.
        sys.stderr.close()
        return ExitCode.UNEXPECTED
    except Exception as exc:  # noqa: BLE001 - the one edge: nothing leaves as a traceback
        return _unexpected(arguments, exc)
    return code if isinstance(code, int) else 0


def _told(arguments: list[str], sentence: str, hint: str, code: int) -> int:
    from gatectl.core.visible import visible  # noqa: PLC0415 - only errors need it

    if "--json" in arguments:
        from gatectl.cli.output import print_document  # noqa: PLC0415 - only errors need it

        # A program that reads stdout finds one document there, whatever happened.
        verb = next((word for word in arguments if word in VERBS), "")
        trouble = {"gates": [], "because": sentence, "hint": hint}
        print_document(verb, code, trouble)
    click.echo(f"gatectl: {visible(sentence, keep_newlines=True)}", err=True)
    if hint:
        click.echo(f"         {visible(hint, keep_newlines=True)}", err=True)
    return int(code)


def _unexpected(arguments: list[str], exc: Exception) -> int:
    from gatectl.log import cleared, record_crash  # noqa: PLC0415 - only a crash needs it

    where = record_crash(exc)
    hint = f"Please report it; what happened is in {where}. The journal has all that was done."
    sentence = cleared(f"unexpected error: {type(exc).__name__}: {exc}")
    return _told(arguments, sentence, hint, ExitCode.UNEXPECTED)
