"""Who may sign what: the lines of an OpenSSH allowed_signers file, read strictly.

OpenSSH lets a line leave out the purpose, match many people by one pattern, or trust whoever an
authority names. Here each line names one person, one key and the purposes, or the list is refused.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gatectl.core.sshsig import fingerprint_of

SIGNERS_CHARACTERS_MAX: Final = 1_048_576

_KEY_TYPE: Final = re.compile(r"(sk-)?(ssh|ecdsa)-[A-Za-z0-9@.-]+")
_OPTION: Final = re.compile(r'(?P<name>[A-Za-z-]+)(?:="(?P<value>[^"]*)")?')
_KNOWN: Final = frozenset({"namespaces", "valid-after", "valid-before"})


class SignersRefused(ValueError):
    """A list that says less than it must; the sentence names the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """One line: a person, a key, and what it may sign."""

    principal: str
    fingerprint: str
    namespaces: tuple[str, ...]


def read_signers(text: str) -> tuple[Signer, ...]:
    """Read a whole list; raises SignersRefused at the first line that is too generous."""
    if len(text) > SIGNERS_CHARACTERS_MAX:
        raise SignersRefused("the list is longer than any list of signers")
    return tuple(_signers(text))


def principals_of(signers: tuple[Signer, ...], fingerprint: str, namespace: str) -> tuple[str, ...]:
    """Name everybody to whom a key belongs that may sign for this purpose."""
    found = {
        signer.principal
        for signer in signers
        if signer.fingerprint == fingerprint and namespace in signer.namespaces
    }
    return tuple(sorted(found))


def _signers(text: str) -> Iterator[Signer]:
    for number, line in enumerate(text.splitlines(), 1):
        told = line.strip()
        if told and not told.startswith("#"):
            yield _signer(f"line {number}", told)


def _signer(where: str, line: str) -> Signer:
    principal, _, rest = line.partition(" ")
    if re.search(r'[*?!,"]', principal):
        raise SignersRefused(f"{where}: {principal!r} is not the name of one person")
    options, rest = _options(where, rest.strip())
    if "namespaces" not in options:
        raise SignersRefused(
            f"{where}: {principal} may sign anything; it needs namespaces=, the purposes"
        )
    namespaces = tuple(options["namespaces"].split(","))
    if any(not name or re.search(r"[*?!\s]", name) for name in namespaces):
        raise SignersRefused(f"{where}: the purposes of {principal} must be named one by one")
    words = rest.split()
    if len(words) < 2 or not _KEY_TYPE.fullmatch(words[0]):  # noqa: PLR2004 - type and key
        raise SignersRefused(f"{where}: {principal} has no public key")
    return Signer(
        principal=principal, fingerprint=_fingerprint(where, words[1]), namespaces=namespaces
    )


def _options(where: str, text: str) -> tuple[dict[str, str], str]:
    """Take the options off the front, if there are any."""
    options: dict[str, str] = {}
    if _KEY_TYPE.fullmatch(text.partition(" ")[0]):
        return options, text
    while match := _OPTION.match(text):
        name = match["name"].lower()
        if name not in _KNOWN:
            raise SignersRefused(f"{where}: {name} has no place in a list of people")
        if name in options:
            raise SignersRefused(f"{where}: {name} is given twice")
        options[name] = match["value"] or ""
        text = text[match.end() :]
        if not text.startswith(","):
            break
        text = text[1:]
    return options, text.strip()


def _fingerprint(where: str, key: str) -> str:
    try:
        return fingerprint_of(base64.b64decode(key, validate=True))
    except (binascii.Error, ValueError) as exc:
        raise SignersRefused(f"{where}: its public key is no base64") from exc
