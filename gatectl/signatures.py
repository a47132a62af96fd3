"""The door to `ssh-keygen -Y`: it signs, and it says whose a signature is and what it is worth.

Every answer is for this moment: a key that was revoked since, or whose time is over, no longer
counts, whatever was found when the signature came in.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from gatectl.core.approval import SignatureFacts
from gatectl.core.signers import (
    SIGNERS_CHARACTERS_MAX,
    Signer,
    SignersRefused,
    principals_of,
    read_signers,
)
from gatectl.core.sshsig import NotASignature, read_signature
from gatectl.errors import InvalidInput, Refused

_VERIFYING_S = 20.0
_SIGNING_S = 120.0
"""A key may ask for its passphrase, or to be touched."""
_CHILD_KNOWS = ("PATH", "HOME", "SSH_AUTH_SOCK", "SSH_ASKPASS", "DISPLAY", "TERM", "LANG")
_PRINCIPALS_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerList:
    """Who may sign, as it was read once; `ssh-keygen` is given the very same text."""

    text: str
    signers: tuple[Signer, ...]
    revoked: bytes | None = None
    """Keys that count no more, in a form of OpenSSH's."""


def read_signer_list(signers: Path, revoked: Path | None = None) -> SignerList:
    """Read who may sign; a list that lets anybody sign anything is refused."""
    text = _file(signers, "the list of signers").decode("utf-8", "replace")
    return SignerList(
        text=text,
        signers=understood(text, str(signers)),
        revoked=None if revoked is None else _file(revoked, "the list of revoked keys"),
    )


def understood(text: str, where: str) -> tuple[Signer, ...]:
    """Read a list's text; InvalidInput tells the line that is too generous."""
    try:
        return read_signers(text)
    except SignersRefused as exc:
        raise InvalidInput(
            f"{where}: {exc}",
            hint='Each line: one name, namespaces="..." with the purposes, one public key.',
        ) from exc


def sign(text: bytes, key: Path, namespace: str) -> str:
    """Sign with an SSH key; a public key's file makes the agent, or a security key, sign."""
    if not key.is_file():
        raise InvalidInput(f"there is no key {key}", hint="Name a private key, or a public one.")
    done = _ssh_keygen(("-Y", "sign", "-n", namespace, "-f", str(key)), text, _SIGNING_S)
    signature = done.stdout.decode("ascii", "replace")
    try:
        return read_signature(signature).armour
    except NotASignature as exc:
        raise Refused(
            f"{key} did not sign: {_reason(done)}",
            hint=f"Try the key alone: `ssh-keygen -Y sign -n {namespace} -f {key} FILE`.",
        ) from exc


def look_at(
    text: bytes, armour: str, signers: SignerList, namespace: str, at: datetime
) -> SignatureFacts:
    """Find out what a signature is worth at this moment; nothing about it is believed."""
    try:
        signature = read_signature(armour)
    except NotASignature as exc:
        return SignatureFacts(
            namespace="",
            fingerprint="",
            principal="",
            genuine=False,
            revoked=False,
            because=f"it is no signature: {exc}",
        )
    # (1) Whose key it is, by our own reading of the list. A key of two people proves neither.
    people = principals_of(signers.signers, signature.fingerprint, namespace)
    facts = SignatureFacts(
        namespace=signature.namespace,
        fingerprint=signature.fingerprint,
        principal=people[0] if len(people) == 1 else "",
        genuine=False,
        revoked=False,
        because="its key stands under several names" if people else "its key is unknown",
    )
    if not facts.principal:
        return facts
    with _laid_out(signature.armour, signers) as folder:
        check = _Check(
            folder=folder,
            namespace=namespace,
            principal=facts.principal,
            at=at,
            revocation=signers.revoked is not None,
        )
        return _verified(text, facts, check)


def openssh_version() -> str:
    """Tell which OpenSSH verifies, for the record."""
    done = _run(["ssh", "-V"], b"", _VERIFYING_S)
    lines = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
    return lines[0][:200] if lines else "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Check:
    """What `ssh-keygen` is asked with, and where the parts lie that it reads."""

    folder: Path
    namespace: str
    principal: str
    at: datetime
    revocation: bool

    def find(self) -> tuple[str, ...]:
        return ("-Y", "find-principals", *self._files())

    def verify(self) -> tuple[str, ...]:
        return ("-Y", "verify", "-n", self.namespace, "-I", self.principal, *self._files())

    def revoked(self) -> tuple[str, ...]:
        return ("-r", str(self.folder / "revoked")) if self.revocation else ()

    def _files(self) -> tuple[str, ...]:
        moment = f"-Overify-time={self.at.astimezone(UTC):%Y%m%d%H%M%SZ}"
        parts = ("-s", str(self.folder / "signature"), "-f", str(self.folder / "signers"))
        return (*parts, moment)


def _verified(text: bytes, facts: SignatureFacts, check: _Check) -> SignatureFacts:
    # (2) Whose key it is by OpenSSH's reading, which also knows when a key counts.
    found = _ssh_keygen(check.find(), b"", _VERIFYING_S)
    named = found.stdout.decode("utf-8", "replace").split()[:_PRINCIPALS_MAX]
    if found.returncode != 0 or check.principal not in named:
        return replace(facts, because=f"the key does not count today ({_reason(found)})")
    # (3) Whether it is of this very text, for this purpose.
    verified = _ssh_keygen(check.verify(), text, _VERIFYING_S)
    if verified.returncode != 0:
        return replace(facts, because=f"it is not of this text ({_reason(verified)})")
    # (4) The same again with the revoked keys: if that alone turns the answer, it is why.
    if check.revocation:
        again = _ssh_keygen((*check.verify(), *check.revoked()), text, _VERIFYING_S)
        if again.returncode != 0:
            return replace(facts, revoked=True, because="its key is revoked")
    return replace(facts, genuine=True, because="")


@contextmanager
def _laid_out(armour: str, signers: SignerList) -> Iterator[Path]:
    """Put the parts into a folder that nobody else can reach, so that none is swapped meanwhile."""
    with tempfile.TemporaryDirectory(prefix="gatectl-") as name:
        folder = Path(name)
        parts = {"signature": armour.encode("ascii"), "signers": signers.text.encode()}
        if signers.revoked is not None:
            parts["revoked"] = signers.revoked
        for part, content in parts.items():
            (folder / part).write_bytes(content)
        yield folder


def _ssh_keygen(
    words: tuple[str, ...], text: bytes, timeout_s: float
) -> "subprocess.CompletedProcess[bytes]":
    return _run(["ssh-keygen", *words], text, timeout_s)


def _run(words: list[str], text: bytes, timeout_s: float) -> "subprocess.CompletedProcess[bytes]":
    environment = {name: os.environ[name] for name in _CHILD_KNOWS if name in os.environ}
    try:
        return subprocess.run(  # noqa: S603 - our own words; a path or a name is one word of them
            words,
            input=text,
            capture_output=True,
            timeout=timeout_s,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired as exc:
        raise Refused(f"{words[0]} gave no answer in {timeout_s:g} s") from exc
    except OSError as exc:
        raise Refused(
            f"{words[0]} cannot be started: {exc.strerror}", hint="Install the OpenSSH client."
        ) from exc


def _reason(done: "subprocess.CompletedProcess[bytes]") -> str:
    # The paths of our own temporary folder say nothing to the reader.
    text = re.sub(r"\S*/gatectl-\S*?/", "", done.stderr.decode("utf-8", "replace"))
    lines = [line for line in text.strip().splitlines() if not line.startswith("Signing ")]
    return lines[0][:300] if lines else "no reason was given"


def _file(path: Path, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(SIGNERS_CHARACTERS_MAX + 1)
    except OSError as exc:
        raise InvalidInput(f"{what} {path} cannot be read: {exc.strerror}") from exc
    if len(content) > SIGNERS_CHARACTERS_MAX:
        raise InvalidInput(f"{what} {path} is larger than any such list")
    return content
