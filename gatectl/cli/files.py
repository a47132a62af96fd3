"""The verbs about files: configuration and playbooks, before anything is contacted."""

import json
import os
from pathlib import Path

import click

from gatectl.cli import options, suggestions
from gatectl.cli.output import print_document
from gatectl.config.configuration import (
    Configuration,
    configuration_schema,
    example_configuration,
    find_configuration,
    read_configuration,
)
from gatectl.config.playbooks import (
    find_playbook,
    lint_playbook,
    list_playbooks,
    playbook_folders,
    playbook_schema,
    read_playbook,
)
from gatectl.core.gate import Gate
from gatectl.core.visible import visible
from gatectl.errors import ConfigInvalid, ExitCode, GatectlError, InvalidInput


@click.command()
@click.argument(
    "playbooks", nargs=-1, metavar="[PLAYBOOK]...", shell_complete=suggestions.playbooks
)
@click.option(
    "--sarif",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the problems as SARIF, for code scanning.",
)
@options.as_json
@click.pass_context
def lint(ctx: click.Context, playbooks: tuple[str, ...], sarif: Path | None, as_json: bool) -> int:
    """Check configuration and playbooks without contacting anything.

    Without names, the configuration (if there is one) and all playbooks are checked; a site's own
    bulletins are checked with the configuration that names their folder.
    """
    configuration, problems = _configuration(ctx)
    folders = playbook_folders(configuration.settings if configuration else None)
    names = playbooks or tuple(list_playbooks(folders))
    gates = tuple(configuration.gates.values()) if configuration else ()
    for name in names:
        problems += _problems_of(name, folders, gates)
    code = ExitCode.INVALID if problems else ExitCode.PROVEN
    if sarif is not None:
        _write_sarif(problems, sarif)
    if as_json:
        print_document("lint", code, {"checked": list(names), "problems": problems})
        return code
    for problem in problems:
        click.echo(f"{problem['where']}: {visible(problem['sentence'], keep_newlines=True)}")
    click.echo(f"{len(names)} playbooks checked, {len(problems)} problems")
    return code


def _write_sarif(problems: list[dict[str, str]], path: Path) -> None:
    from gatectl.exporters.sarif import locate, sarif_text  # noqa: PLC0415 - only where wanted

    located = [one for problem in problems for one in locate(problem["where"], problem["sentence"])]
    try:
        path.write_text(sarif_text(located, Path.cwd()), encoding="utf-8")
    except OSError as exc:
        raise InvalidInput(f"{path} cannot be written: {exc.strerror}") from exc


def _configuration(ctx: click.Context) -> tuple[Configuration | None, list[dict[str, str]]]:
    given = ctx.obj["config"]
    try:
        path = find_configuration(Path(given) if given else None, os.environ)
    except ConfigInvalid:
        # No configuration is fine for somebody who writes a playbook.
        return None, []
    try:
        return read_configuration(path), []
    except ConfigInvalid as exc:
        return None, [{"where": str(path), "sentence": exc.sentence}]


def _problems_of(
    name: str, folders: tuple[Path, ...], gates: tuple[Gate, ...]
) -> list[dict[str, str]]:
    try:
        playbook = read_playbook(name, folders)
        path = find_playbook(name, folders)
    except GatectlError as exc:
        return [{"where": name, "sentence": exc.sentence}]
    return [
        {"where": f"{problem.path}:{problem.line}: {problem.key}", "sentence": problem.sentence}
        for problem in lint_playbook(playbook, path, gates)
    ]


@click.command()
@click.argument("what", type=click.Choice(["playbook", "configuration"]), default="playbook")
def schema(what: str) -> int:
    """Print the JSON Schema of playbooks or configuration, for editors."""
    document = playbook_schema() if what == "playbook" else configuration_schema()
    click.echo(json.dumps(document, indent=2))
    return ExitCode.PROVEN


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default="config.toml")
def init(file: Path) -> int:
    """Write a commented configuration to start from; an existing file is left alone."""
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(example_configuration())
    except FileExistsError as exc:
        raise InvalidInput(
            f"{file} exists", hint="Name another file; nothing is overwritten."
        ) from exc
    except OSError as exc:
        raise InvalidInput(f"{file} cannot be written: {exc.strerror}") from exc
    file.chmod(0o600)
    click.echo(f"{file} is written. Next: edit it, then `gatectl --config {file} hostkeys`.")
    return ExitCode.PROVEN
