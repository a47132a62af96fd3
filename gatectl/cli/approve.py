"""The verbs by which people put their name under a reopening: approvals and attestations."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from gatectl.approving import current_request
from gatectl.cli import options
from gatectl.cli.desk import workplace
from gatectl.cli.display import console_on, display_on_stderr
from gatectl.cli.output import plain_table, print_document, print_line
from gatectl.consent import Consent
from gatectl.core.approvalrequest import (
    NAMESPACE,
    REQUEST_BYTES_MAX,
    ApprovalRequest,
    NotARequest,
    OverrideAsked,
    read_request,
    request_digest,
    request_text,
    words_of_request,
)
from gatectl.core.check import Verdict
from gatectl.core.sshsig import SIGNATURE_CHARACTERS_MAX
from gatectl.core.visible import visible
from gatectl.errors import ExitCode, GatectlError, InvalidInput, Refused
from gatectl.operation import Operation
from gatectl.signatures import sign

_FILE = click.Path(path_type=Path, dir_okay=False)
_ATTESTED_BYTES_MAX = 64 * 2**20


@click.command()
@click.argument("gate", required=False)
@click.option("--key", type=_FILE, help="Sign with this SSH key; a public key lets the agent sign.")
@click.option("--confirm", "typed", metavar="NAME", help="The gate's name, instead of typing it.")
@click.option("--export", "exported", type=_FILE, help="Write the request to a new file.")
@click.option(
    "--import", "imported", type=_FILE, multiple=True, help="Take in a signature of the request."
)
@click.option("--show", "shown", type=_FILE, help="Tell what a file asks for; nothing is needed.")
@click.option("--override", metavar="INTERLOCK", help="Agree to this override, and not to more.")
@click.option("--reason", metavar="TEXT", help="The override's reason, as at the reopening.")
@click.option("--new", "anew", is_flag=True, help="Verify the gate and ask anew.")
@options.as_json
@click.pass_context
def approve(
    ctx: click.Context,
    gate: str | None,
    key: Path | None,
    typed: str | None,
    exported: Path | None,
    imported: tuple[Path, ...],
    shown: Path | None,
    override: str | None,
    reason: str | None,
    anew: bool,
    as_json: bool,
) -> int:
    """Show what a reopening rests on, and agree to it by signing.

    \b
    gatectl approve almelo                       ask, or show what is asked
    gatectl approve almelo --key ~/.ssh/id       agree, here
    gatectl approve almelo --export request      or on another machine:
        gatectl approve --show request
        ssh-keygen -Y sign -n gatectl-approve@gatectl -f KEY request
    gatectl approve almelo --import request.sig  take the signature in

    The gate is verified before anybody is asked. An agreement is good for this opening, on this
    evidence, until it expires, and once. Where the configuration asks for a second signature for
    an override, --override INTERLOCK --reason TEXT asks for it, beside that of the opening.
    """  # noqa: D301 - the backslash is click's mark for lines that stay as they are
    if shown is not None:
        return _show(shown, as_json=as_json)
    asked = _override(override, reason)
    wish = _Wish(
        key=key, typed=typed, exported=exported, imported=imported, anew=anew, override=asked
    )
    display = display_on_stderr(quiet=as_json)
    with display.shown(), workplace(ctx, (gate,) if gate else (), (display,)) as place:
        (chosen,) = place.gates
        operation = Operation(place.desk, chosen)
        consent = Consent(desk=place.desk, gate=chosen)
        try:
            request = _carried_out(operation, consent, wish)
        except GatectlError as exc:
            operation.refuse("approve", exc)
            raise
        verdict = consent.given_to(request, consent.standing()) if request else None
    return _told(request, verdict, exported, as_json=as_json)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What the command line asks for."""

    key: Path | None
    typed: str | None
    exported: Path | None
    imported: tuple[Path, ...]
    anew: bool
    override: OverrideAsked | None


def _override(interlock: str | None, reason: str | None) -> OverrideAsked | None:
    if interlock is None and reason is None:
        return None
    if not interlock or not (reason or "").strip():
        raise click.UsageError("--override and --reason go together")
    return OverrideAsked(interlock=interlock, reason=str(reason).strip())


def _carried_out(operation: Operation, consent: Consent, wish: _Wish) -> ApprovalRequest | None:
    """Take in what was signed elsewhere, then show, export or sign the request that holds."""
    for path in wish.imported:
        consent.take(_text(path, SIGNATURE_CHARACTERS_MAX), consent.standing())
    if wish.imported and wish.key is None and wish.exported is None:
        return consent.pending(consent.standing(), wish.override)
    request = current_request(operation, consent, anew=wish.anew, override=wish.override)
    if wish.exported is not None:
        _export(request, wish.exported)
    if wish.key is not None:
        _print_request(request, None, on_stderr=True)
        _agreed(request.gate, wish.typed)
        signature = sign(request_text(request).encode("ascii"), wish.key, NAMESPACE)
        consent.take(signature, consent.standing())
    return request


@click.command()
@click.argument("gate")
@click.argument("name")
@click.option("--because", "says", required=True, metavar="TEXT", help="What was done, and when.")
@click.option("--file", "file", type=_FILE, help="What shows it; kept as evidence.")
@options.as_json
@click.pass_context
def attest(
    ctx: click.Context, gate: str, name: str, says: str, file: Path | None, as_json: bool
) -> int:
    """Give your word that something was done which gatectl cannot see.

    The configuration names what it asks for, such as certificates-rotated. It stands in the
    record and in the report as your word, not as a proof.
    """
    if not says.strip():
        raise InvalidInput("--because needs a text", hint="Say what was done, and when.")
    content = None if file is None else _content(file, _ATTESTED_BYTES_MAX)
    with workplace(ctx, (gate,)) as place:
        (chosen,) = place.gates
        given = Consent(desk=place.desk, gate=chosen).attest(name, says.strip(), content)
    if as_json:
        body = {"gate": gate, "name": name, "by": given.by, "says": says, "sha256": given.sha256}
        print_document("attest", ExitCode.PROVEN, body)
    else:
        print_line(f"{gate}: {name}, on the word of {given.by}")
    return ExitCode.PROVEN


def _show(path: Path, *, as_json: bool) -> int:
    try:
        request = read_request(_text(path, REQUEST_BYTES_MAX))
    except NotARequest as exc:
        raise InvalidInput(f"{path} is no approval request: {exc}") from exc
    if as_json:
        print_document("approve", ExitCode.PROVEN, {"request": _document(request, None)})
        return ExitCode.PROVEN
    _print_request(request, None)
    sign_it = f"ssh-keygen -Y sign -n {NAMESPACE} -f KEY {visible(str(path))}"
    click.echo(f"gatectl: if you agree: {sign_it}", err=True)
    return ExitCode.PROVEN


def _export(request: ApprovalRequest, path: Path) -> None:
    try:
        with path.open("x", encoding="ascii", newline="\n") as file:
            file.write(request_text(request))
    except OSError as exc:
        raise InvalidInput(
            f"the request cannot be written to {path}: {exc.strerror}",
            hint="Name a file that is not there yet.",
        ) from exc


def _agreed(gate: str, typed: str | None) -> None:
    """Have the gate's name typed after what it means was shown."""
    if typed is None:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise Refused(
                f"agreeing to reopen {gate} needs its name, and there is no terminal to type it on",
                hint=f"`--confirm {gate}` gives it on the command line.",
            )
        typed = click.prompt(f"Type {gate} to agree that it is reopened", err=True)
    if typed != gate:
        raise Refused(f"{typed!r} is not {gate}", hint="Nothing was signed.")


def _told(
    request: ApprovalRequest | None,
    verdict: Verdict | None,
    exported: Path | None,
    *,
    as_json: bool,
) -> int:
    if as_json:
        body = {"request": _document(request, verdict) if request else None}
        print_document("approve", ExitCode.PROVEN, body)
        return ExitCode.PROVEN
    if request is None or verdict is None:
        print_line("no request holds any more: ask anew with `gatectl approve`", "bold yellow")
        return ExitCode.PROVEN
    _print_request(request, verdict)
    if exported is not None:
        click.echo(f"gatectl: to agree elsewhere, sign {visible(str(exported))}:", err=True)
        words = f"ssh-keygen -Y sign -n {NAMESPACE} -f KEY {visible(exported.name)}"
        click.echo(f"         {words}", err=True)
    elif verdict.passed:
        hint = f"`gatectl reopen {request.gate}` before it expires opens the gate."
        click.echo(f"gatectl: {hint}", err=True)
    return ExitCode.PROVEN


def _print_request(
    request: ApprovalRequest, verdict: Verdict | None, *, on_stderr: bool = False
) -> None:
    table = plain_table("", "")
    for what, value in words_of_request(request):
        table.add_row(visible(what), visible(value))
    table.add_row("digest", request_digest(request_text(request)))
    if verdict is not None:
        table.add_row("so far", visible(verdict.because))
    console_on(sys.stderr if on_stderr else sys.stdout).print(table)


def _document(request: ApprovalRequest, verdict: Verdict | None) -> dict[str, Any]:
    return {
        "gate": request.gate,
        "nonce": request.nonce,
        "digest": request_digest(request_text(request)),
        "expires": request.expires.isoformat(),
        "text": request_text(request),
        "approved": None if verdict is None else verdict.passed,
        "because": None if verdict is None else verdict.because,
    }


def _text(path: Path, characters_max: int) -> str:
    return _content(path, characters_max).decode("utf-8", "replace")


def _content(path: Path, bytes_max: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(bytes_max + 1)
    except OSError as exc:
        raise InvalidInput(f"{path} cannot be read: {exc.strerror}") from exc
    if len(content) > bytes_max:
        raise InvalidInput(f"{path} is larger than {bytes_max} bytes")
    return content
