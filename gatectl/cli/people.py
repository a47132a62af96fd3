"""The verbs that help people with gatectl itself: completion, the manual page, the crisis guide."""

import os

import click
from click.shell_completion import get_completion_class

from gatectl import __version__
from gatectl.cli.catalogue import VERBS
from gatectl.core.crisis import GUIDES, language_of
from gatectl.core.roff import Manual, ManualOption, ManualVerb, manual_text
from gatectl.errors import MEANINGS, ExitCode

_LOCALES = ("LC_ALL", "LC_MESSAGES", "LANG")


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print what makes a shell complete gatectl's words.

    \b
    bash: eval "$(gatectl completion bash)"   in ~/.bashrc
    zsh:  gatectl completion zsh > a file _gatectl in a folder of $fpath
    fish: gatectl completion fish > ~/.config/fish/completions/gatectl.fish
    """  # noqa: D301 - the backslash is click's mark for lines that stay as they are
    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"click knows no {shell}")
    root = click.get_current_context().find_root().command
    click.echo(made(root, {}, "gatectl", "_GATECTL_COMPLETE").source())
    return ExitCode.PROVEN


@click.command(name="help")
@click.argument("topic", type=click.Choice(["crisis"]))
@click.option("--language", type=click.Choice(["en", "nl"]), help="Otherwise that of the system.")
def help_(topic: str, language: str | None) -> int:
    """Show the guide for the night itself, on one screen.

    \b
    gatectl help crisis                 in the language of the system
    gatectl help crisis --language nl   in Dutch
    """  # noqa: D301 - the backslash is click's mark for lines that stay as they are
    del topic  # there is one so far
    locale = next((os.environ[name] for name in _LOCALES if os.environ.get(name)), "")
    click.echo(GUIDES[language_of(language or locale)], nl=False)
    return ExitCode.PROVEN


@click.command()
@click.pass_context
def man(ctx: click.Context) -> int:
    """Print the manual page, made of what the verbs say of themselves.

    \b
    gatectl man | man -l -
    gatectl man > ~/.local/share/man/man1/gatectl.1
    """  # noqa: D301 - the backslash is click's mark for lines that stay as they are
    root = ctx.find_root()
    click.echo(manual_text(_manual(root)), nl=False)
    return ExitCode.PROVEN


def _manual(root: click.Context) -> Manual:
    first, *paragraphs = _paragraphs(root.command.help or "")
    return Manual(
        program="gatectl",
        version=__version__,
        line=first.rstrip("."),
        synopsis="gatectl [OPTIONS] VERB [ARGS]...",
        paragraphs=tuple(paragraphs),
        options=_options(root.command),
        verbs=tuple(_verbs(root)),
        exit_codes=tuple((int(code), meaning) for code, meaning in MEANINGS.items()),
        variables=(
            ("GATECTL_CONFIG", "The configuration file."),
            ("NO_COLOR", "Set to anything: no colour."),
            ("XDG_CONFIG_HOME, XDG_STATE_HOME", "Where configuration and journal lie."),
        ),
        files=(
            ("~/.config/gatectl/config.toml", "The user's configuration."),
            ("/etc/gatectl/config.toml", "The system's configuration."),
            ("~/.local/state/gatectl", "Journal, evidence and log."),
        ),
    )


def _verbs(root: click.Context) -> list[ManualVerb]:
    group = root.command
    if not isinstance(group, click.Group):
        raise TypeError("the root command is no group")
    found: list[ManualVerb] = []
    for name in VERBS:
        command = group.get_command(root, name)
        if command is not None:
            found += _leaves(command, f"gatectl {name}")
    return found


def _leaves(command: click.Command, path: str) -> list[ManualVerb]:
    if isinstance(command, click.Group):
        return [
            leaf
            for name, inner in command.commands.items()
            for leaf in _leaves(inner, f"{path} {name}")
        ]
    context = click.Context(command, info_name=path)
    words = " ".join(command.collect_usage_pieces(context))
    return [
        ManualVerb(
            name=path.removeprefix("gatectl "),
            usage=f"{path} {words}",
            paragraphs=tuple(_paragraphs(command.help or "")),
            options=_options(command),
        )
    ]


def _options(command: click.Command) -> tuple[ManualOption, ...]:
    context = click.Context(command, info_name="gatectl")
    records = (
        one.get_help_record(context) for one in command.params if isinstance(one, click.Option)
    )
    return tuple(ManualOption(names=record[0], help=record[1]) for record in records if record)


def _paragraphs(text: str) -> list[str]:
    """Give the paragraphs of a help text; those that click leaves as they are keep their lines."""
    found: list[str] = []
    for block in text.split("\n\n"):
        lines = [line.strip("\n") for line in block.split("\n")]
        if lines and lines[0].strip() == "\b":
            found.append("\n".join(line.strip() for line in lines[1:]))
        else:
            found.append(" ".join(block.split()))
    return [one for one in found if one]
