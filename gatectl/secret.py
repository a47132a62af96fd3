"""Secrets: found at the moment of use, never shown, and taken out of whatever is kept.

A reference in the configuration says where a secret is; `resolve` fetches it. The value lives in
an object that has no text of its own, so that a log line or a traceback cannot print it.
"""

import base64
import hashlib
import json
import os
import re
import shlex
import stat
import subprocess
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn, assert_never
from urllib.parse import quote, quote_plus

from gatectl.core.gate import SecretRef
from gatectl.errors import LoginRefused

HIDDEN = "[secret]"
"""What stands where a secret was."""

_COMMAND_TIMEOUT_S = 30
_SECRET_LENGTH_MAX = 4096
_ENCODED_LENGTH_MIN = 4
"""Shorter values are hidden as they are, but their encodings occur everywhere."""
_BEGIN_LENGTH = 4


class Secret:
    """A value that only `reveal` gives away."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """Return the value, for the one call that needs it."""
        return self.__value

    def __repr__(self) -> str:
        return HIDDEN

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, spec: str) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        # A comparison is an oracle, and its operands end up in test reports.
        raise TypeError("secrets are not compared")

    # What cannot be compared cannot be a key.
    __hash__ = None  # type: ignore[assignment]

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("secrets are not stored")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFile:
    """A private key in a file; the SSH library reads it."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """The keys of the running SSH agent."""


Credential = Secret | KeyFile | Agent

Ask = Callable[[str], str]
"""Asks the operator for a secret without showing it; there is none where there is no terminal."""


def resolve(ref: SecretRef, *, ask: Ask | None) -> Credential:
    """Fetch what a reference points to; raises LoginRefused, since one host is concerned."""
    match ref.kind:
        case "agent":
            return Agent()
        case "key_file":
            path = Path(ref.target).expanduser()
            _check_private(path)
            return KeyFile(path=path)
        case "password_file":
            return _read_file(Path(ref.target).expanduser())
        case "command":
            return _run(ref.target)
        case "credential":
            return _read_credential(ref.target)
        case "prompt":
            if ask is None:
                raise LoginRefused(
                    "a password must be asked for, but there is no terminal to ask on",
                    hint="Use an agent, a key or a password file for runs without a terminal.",
                )
            return Secret(ask(ref.target or "Password: "))
        case _ as never:
            assert_never(never)


def _check_private(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as exc:
        raise LoginRefused(f"{path} cannot be read: {exc.strerror}") from exc
    if not stat.S_ISREG(mode):
        raise LoginRefused(f"{path} is not a file")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise LoginRefused(
            f"{path} can be reached by other users of this machine",
            hint=f"chmod 600 {path}, and change the secret if somebody could have read it.",
        )


def _read_file(path: Path) -> Secret:
    _check_private(path)
    return _secret_of(_read_limited(path), str(path))


def _read_credential(name: str) -> Secret:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise LoginRefused(
            f"credential {name}: CREDENTIALS_DIRECTORY is not set",
            hint="Give the systemd unit a LoadCredential= line of this name.",
        )
    if Path(name).name != name:
        raise LoginRefused(f"credential {name!r} is not a plain name")
    # systemd has set who may read it.
    return _secret_of(_read_limited(Path(folder, name)), f"credential {name}")


def _read_limited(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_SECRET_LENGTH_MAX + 1)
    except OSError as exc:
        raise LoginRefused(f"{path} cannot be read: {exc.strerror}") from exc


def _run(command_line: str) -> Secret:
    try:
        words = shlex.split(command_line)
    except ValueError as exc:
        raise LoginRefused(f"the password command cannot be split in words: {exc}") from exc
    if not words:
        raise LoginRefused("the password command is empty")
    name = words[0]
    try:
        done = subprocess.run(  # noqa: S603 - the owner of the configuration chose the program
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_COMMAND_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        # The exception itself holds what the program printed so far.
        exc.output = None
        raise LoginRefused(f"{name} gave no password in {_COMMAND_TIMEOUT_S} s") from None
    except OSError as exc:
        raise LoginRefused(f"{name} cannot be started: {exc.strerror}") from exc
    if done.returncode != 0:
        raise LoginRefused(f"{name} ended with status {done.returncode} and gave no password")
    return _secret_of(done.stdout, name)


def _secret_of(data: bytes, source: str) -> Secret:
    if len(data) > _SECRET_LENGTH_MAX:
        raise LoginRefused(f"{source} holds more than {_SECRET_LENGTH_MAX} bytes")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        # The exception would hold the bytes.
        raise LoginRefused(f"{source} is not UTF-8 text") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise LoginRefused(f"{source} is empty")
    return Secret(text)


class KnownSecrets(Collection[Secret]):
    """Secrets that come up one by one, with all their forms ready to be looked for in texts.

    A fleet has a password a gate: looking for each form of each in every text would cost more
    than all the rest. So a text is gone through once, and only what begins like a form is compared.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._secrets: tuple[Secret, ...] = ()
        self._begins: dict[str, tuple[str, ...]] = {}
        """Forms by their first characters."""
        self._short: tuple[str, ...] = ()
        self._adding = threading.Lock()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: Secret) -> None:
        """Take a secret in; whoever scrubs meanwhile finds it from now on."""
        with self._adding:
            if any(secret.reveal() == known.reveal() for known in self._secrets):
                return
            for form in _forms(secret.reveal()):
                begin = form[:_BEGIN_LENGTH]
                if len(form) >= _BEGIN_LENGTH:
                    self._begins[begin] = (*self._begins.get(begin, ()), form)
                elif form:
                    self._short = (*self._short, form)
            self._secrets = (*self._secrets, secret)

    def found_in(self, text: str) -> set[str]:
        """Give the forms that stand in a text."""
        found = {form for form in self._short if form in text}
        if self._begins:
            for place in range(len(text) - _BEGIN_LENGTH + 1):
                for form in self._begins.get(text[place : place + _BEGIN_LENGTH], ()):
                    if text.startswith(form, place):
                        found.add(form)
        return found

    def __len__(self) -> int:
        return len(self._secrets)

    def __iter__(self) -> Iterator[Secret]:
        return iter(self._secrets)

    def __contains__(self, secret: object) -> bool:
        return any(secret is known for known in self._secrets)


def scrub(text: str, secrets: Iterable[Secret]) -> str:
    """Hide every secret in a text, also where it stands encoded or backwards."""
    if not secrets:
        return text
    known = secrets if isinstance(secrets, KnownSecrets) else KnownSecrets(secrets)
    found = known.found_in(text)
    if not found:
        return text
    # The longest first, so that no rest of a longer form stays behind.
    pattern = "|".join(re.escape(form) for form in sorted(found, key=len, reverse=True))
    return re.sub(pattern, HIDDEN, text)


class HidingSink:
    """Takes a file part by part, and hides secrets on the way to another sink.

    A secret that lies across two parts is found: the end of a part is held back until it is known
    that none begins there.
    """

    def __init__(self, sink: BinaryIO, secrets: Iterable[Secret]) -> None:
        forms = {form.encode() for one in secrets for form in _forms(one.reveal()) if form}
        longest_first = sorted(forms, key=len, reverse=True)
        self._sink = sink
        self._pattern = re.compile(b"|".join(map(re.escape, longest_first))) if forms else None
        self._reach = max(map(len, forms), default=0)
        self._held = b""
        self._digest = hashlib.sha256()
        self.hidden = 0
        """In so many places something was hidden."""

    @property
    def sha256(self) -> str:
        """The hash of all that was passed on."""
        return self._digest.hexdigest()

    def write(self, part: bytes) -> int:
        """Take the next part."""
        self._held += part
        self._pass_on(len(self._held) - self._reach + 1)
        return len(part)

    def finish(self) -> None:
        """Pass on what was held back; nothing follows."""
        self._pass_on(len(self._held))

    def _pass_on(self, up_to: int) -> None:
        """Pass on what lies before a place, and a secret that begins before it as a whole."""
        told: list[bytes] = []
        begin = 0
        while self._pattern is not None and (found := self._pattern.search(self._held, begin)):
            if found.start() >= up_to:
                break
            told += (self._held[begin : found.start()], HIDDEN.encode())
            begin = found.end()
            self.hidden += 1
        end = max(begin, up_to, 0)
        told.append(self._held[begin:end])
        self._held = self._held[end:]
        clean = b"".join(told)
        self._digest.update(clean)
        self._sink.write(clean)


def _forms(value: str) -> set[str]:
    if len(value) < _ENCODED_LENGTH_MIN:
        return {value}
    data = value.encode()
    forms = {value, value[::-1], quote(value), quote(value, safe=""), quote_plus(value)}
    forms |= {data.hex(), data.hex().upper(), data.hex(":"), repr(value)[1:-1]}
    forms |= {json.dumps(value)[1:-1], ascii(value)[1:-1]}
    forms |= {encode(data).decode().rstrip("=") for encode in _BASE64}
    for lead in range(3):
        forms |= {_base64_inside(data, lead, encode) for encode in _BASE64}
    return forms


_BASE64 = (base64.b64encode, base64.urlsafe_b64encode)


def _base64_inside(data: bytes, lead: int, encode: Callable[[bytes], bytes]) -> str:
    """Return what stays the same of a value's base64, whatever stands in front and behind."""
    encoded = encode(b"\0" * lead + data).decode().rstrip("=")
    begin = (lead * 8 + 5) // 6
    end = (lead + len(data)) * 8 // 6
    return encoded[begin:end]
