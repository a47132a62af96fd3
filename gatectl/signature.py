"""The hash and the signature that lie beside a published document."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from gatectl.errors import InvalidInput

_HASHES = ("sha256", "sha512")
_HASH_FILE_BYTES_MAX = 4096
_GPG_TIMEOUT_S = 30.0


def checks_of(path: Path, content: bytes) -> Iterator[str]:
    """Say what the files beside a document prove; raises InvalidInput where they refute it."""
    present = [kind for kind in _HASHES if _beside(path, kind).is_file()]
    for kind in present:
        yield _check_hash(path, content, kind)
    if not present:
        yield "No hash lies beside the record."
    signature = _beside(path, "asc")
    if signature.is_file():
        yield _check_signature(path, signature)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(f"{path.name}.{suffix}")


def _check_hash(path: Path, content: bytes, kind: str) -> str:
    file = _beside(path, kind)
    try:
        with file.open("rb") as opened:
            text = opened.read(_HASH_FILE_BYTES_MAX).decode("ascii", "replace")
    except OSError as exc:
        raise InvalidInput(f"{file} cannot be read: {exc.strerror}") from exc
    digest = hashlib.new(kind, content).hexdigest()
    found = re.findall(rf"(?<![0-9a-fA-F])[0-9a-fA-F]{{{len(digest)}}}(?![0-9a-fA-F])", text)
    if len(found) != 1:
        raise InvalidInput(f"{file} does not hold one {kind} value")
    if found[0].lower() != digest:
        raise InvalidInput(
            f"{path} does not have the hash that {file.name} names",
            hint="Fetch both again from the publisher; do not use this file.",
        )
    return f"The {kind} beside the record is right: {digest}"


def _check_signature(path: Path, signature: Path) -> str:
    gpg = shutil.which("gpg")
    if gpg is None:
        return (
            f"A signature lies beside the record ({signature.name}); NOT CHECKED, for want of gpg."
        )
    try:
        done = subprocess.run(  # noqa: S603 - the system's gpg, and no word of the record
            [
                gpg,
                "--batch",
                "--no-tty",
                "--no-auto-key-retrieve",
                "--disable-dirmngr",
                "--status-fd=1",
                "--verify",
                "--",
                str(signature.resolve()),
                str(path.resolve()),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_GPG_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return f"A signature lies beside the record ({signature.name}); NOT CHECKED: gpg failed."
    status = done.stdout.decode("utf-8", "replace")
    if re.search(r"^\[GNUPG:\] BADSIG ", status, re.MULTILINE):
        raise InvalidInput(
            f"the signature {signature.name} is not that of {path}",
            hint="Fetch both again from the publisher; do not use this file.",
        )
    good = re.search(r"^\[GNUPG:\] GOODSIG ", status, re.MULTILINE)
    valid = re.search(r"^\[GNUPG:\] VALIDSIG ([0-9A-F]{40,64})", status, re.MULTILINE)
    if good is not None and valid is not None and done.returncode == 0:
        return f"The signature is good, by the key {valid[1]}; whose key that is, you must know."
    return (
        f"A signature lies beside the record ({signature.name}); NOT CHECKED: gpg has no valid "
        "key for it."
    )
