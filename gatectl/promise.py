"""A file on this machine that must have a promised content before it goes anywhere."""

import hashlib
from pathlib import Path

from gatectl.errors import ImageInvalid

_CHUNK_BYTES = 1_048_576


def check_promise(file: Path, sha256: str) -> None:
    """Raise ImageInvalid unless the file is there and has this SHA-256."""
    try:
        with file.open("rb") as opened:
            found = hashlib.sha256()
            while chunk := opened.read(_CHUNK_BYTES):
                found.update(chunk)
    except OSError as exc:
        raise ImageInvalid(
            f"{file} cannot be read: {exc.strerror}",
            hint="Name the firmware file as it lies on this machine; nothing was sent.",
        ) from exc
    if found.hexdigest() != sha256.casefold():
        raise ImageInvalid(f"{file} has the SHA-256 {found.hexdigest()}, promised is {sha256}")
