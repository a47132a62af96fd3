"""One HTTP request over a dialled stream, and its answer, or how far it came."""

import contextlib
import errno
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, assert_never

from gatectl.core.certificate import CertificateUnreadable, public_key_pin
from gatectl.core.gate import Vantage
from gatectl.core.page import (
    ANSWER_BYTES_MAX,
    End,
    HttpAnswer,
    Incomplete,
    NotHttp,
    read_answer,
)
from gatectl.core.reach import Look, LookKind, Wire
from gatectl.core.visible import visible
from gatectl.errors import GatectlError, InvalidInput
from gatectl.probe.stream import (
    Deadline,
    Dialler,
    PlainStream,
    Stream,
    Target,
    TlsStream,
    speaks_tls,
)
from gatectl.probe.trust import Trust, key_words

_NO_ROUTE: Final = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN})
LOOK_TIMEOUT_S: Final = 3.0
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """A request that got no HTTP answer, and how far it came."""

    kind: LookKind
    because: str
    certificate_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A request that got its answer."""

    answer: HttpAnswer
    certificate_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request and the way to it."""

    dial: Dialler
    target: Target
    server_name: str
    tls: bool
    trust: Trust
    deadline: Deadline
    method: str = "GET"
    path: str = "/"
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def host(self) -> str:
        """The host as a visitor writes it."""
        host, port = self.target
        name = self.server_name or (f"[{host}]" if ":" in host else host)
        default = _DEFAULT_PORTS["https" if self.tls else "http"]
        return name if port == default else f"{name}:{port}"

    def to_bytes(self) -> bytes:
        """Write the request; the path goes out byte for byte, dots and percent signs included."""
        own = {name.lower() for name, _ in self.headers}
        usual = (("Host", self.host), ("User-Agent", "gatectl"), ("Accept", "*/*"))
        headers = tuple(pair for pair in usual if pair[0].lower() not in own) + self.headers
        lines = [f"{self.method} {self.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers]
        if "connection" not in own:
            lines.append("Connection: close")
        if any(sign in line for line in lines for sign in "\r\n\0"):
            raise InvalidInput("a request's path or header holds a line break")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


def exchange(ask: Ask) -> Answered | NoAnswer:
    """Dial, ask once, hang up."""
    message = ask.to_bytes()
    stream = open_stream(ask.dial, ask.target, ask.deadline)
    if isinstance(stream, NoAnswer):
        return stream
    try:
        plain = PlainStream(stream, ask.deadline)
        if not ask.tls:
            return _converse(ask, message, plain, heard=plain)
        agreed = agree(plain, trust=ask.trust, server_name=ask.server_name or ask.target[0])
        if isinstance(agreed, NoAnswer):
            return _with_key(ask, agreed)
        return _converse(ask, message, agreed, heard=None)
    finally:
        stream.close()


def open_stream(dial: Dialler, target: Target, deadline: Deadline) -> Stream | NoAnswer:
    """Dial, and tell the ways of failing apart."""
    try:
        return dial(target[0], target[1], deadline.left_s())
    except GatectlError as exc:
        return NoAnswer(kind=LookKind.NOT_LOOKED, because=visible(exc.sentence))
    except OSError as exc:
        return NoAnswer(kind=kind_of_refusal(exc), because=_words(exc))


def kind_of_refusal(trouble: OSError) -> LookKind:
    """Name what a failed connect says of the other end, or that it says nothing."""
    match trouble:
        case ConnectionRefusedError():
            return LookKind.REFUSED
        case ConnectionResetError():
            return LookKind.RESET
        case TimeoutError():
            return LookKind.DROPPED
        case _ if trouble.errno in _NO_ROUTE:
            return LookKind.UNREACHABLE
        case _:
            # A source address that is not ours, a name that does not resolve, no descriptors
            # left: our own trouble, and no word of the gate.
            return LookKind.NOT_LOOKED


def blank_look(vantage: Vantage, target: Target, wire: Wire) -> Look:
    """Begin a look that has not been made yet."""
    return Look(
        vantage=vantage.name,
        side=vantage.side,
        target=target[0],
        port=target[1],
        wire=wire,
        kind=LookKind.NOT_LOOKED,
    )


def agree(plain: PlainStream, *, trust: Trust, server_name: str) -> TlsStream | NoAnswer:
    """Agree on a TLS session with an accepted certificate."""
    tls = TlsStream(plain, trust.context(), server_name)
    try:
        tls.handshake()
    except ssl.SSLCertVerificationError as exc:
        because = visible(exc.verify_message) or "no accepted authority has signed it"
        return NoAnswer(kind=LookKind.WRONG_CERTIFICATE, because=because)
    except OSError as exc:
        return _no_session(plain.first_bytes, exc)
    shown = tls.certificate_sha256()
    refusal = trust.refusal(tls.certificate())
    if refusal:
        return NoAnswer(kind=LookKind.WRONG_CERTIFICATE, because=refusal, certificate_sha256=shown)
    return tls


def _with_key(ask: Ask, refused: NoAnswer) -> NoAnswer:
    """Name the key of a certificate that no authority vouches for: TLS ends before it is shown."""
    if refused.kind is not LookKind.WRONG_CERTIFICATE or refused.certificate_sha256:
        return refused
    try:
        stream = open_stream(ask.dial, ask.target, ask.deadline)
        if isinstance(stream, NoAnswer):
            return refused
        with contextlib.closing(stream):
            name = ask.server_name or ask.target[0]
            shown = agree(PlainStream(stream, ask.deadline), trust=Trust(), server_name=name)
            if isinstance(shown, NoAnswer):
                return refused
            pin = public_key_pin(shown.certificate())
    except CertificateUnreadable:
        return refused
    return replace(
        refused,
        because=f"{refused.because}; {key_words(pin)}",
        certificate_sha256=shown.certificate_sha256(),
    )


def _no_session(first_bytes: bytes, trouble: OSError) -> NoAnswer:
    if not first_bytes:
        return _nothing_said(trouble)
    if speaks_tls(first_bytes):
        return NoAnswer(kind=LookKind.TLS_FAILED, because=_words(trouble))
    begins = visible(first_bytes.decode("latin-1"))
    return NoAnswer(kind=LookKind.NOT_TLS, because=f"the answer begins with {begins!r}")


def _nothing_said(trouble: OSError | None) -> NoAnswer:
    if isinstance(trouble, TimeoutError):
        because = "the connection was taken, and then nothing was said"
        return NoAnswer(kind=LookKind.SILENT, because=because)
    because = "the connection was taken and ended before any byte"
    return NoAnswer(kind=LookKind.RESET, because=because)


def _converse(
    ask: Ask, message: bytes, stream: PlainStream | TlsStream, *, heard: PlainStream | None
) -> Answered | NoAnswer:
    certificate = stream.certificate_sha256() if isinstance(stream, TlsStream) else ""
    raw, end, trouble = _hear(ask, message, stream.send_all, stream.recv)
    if not raw and heard is not None:
        return _nothing_said(trouble)
    read = read_answer(raw, end=end, head_only=ask.method == "HEAD")
    match read:
        case HttpAnswer():
            return Answered(answer=read, certificate_sha256=certificate)
        case NotHttp(because=because):
            return NoAnswer(kind=LookKind.NOT_HTTP, because=because, certificate_sha256=certificate)
        case Incomplete():
            raise AssertionError("an answer that has ended cannot be incomplete")
        case _ as never:
            assert_never(never)


def hear(ask: Ask, stream: TlsStream) -> HttpAnswer | None:
    """Ask over a connection that stands already, and leave it standing; none without an answer."""
    raw, end, _ = _hear(ask, ask.to_bytes(), stream.send_all, stream.recv)
    read = read_answer(raw, end=end, head_only=ask.method == "HEAD")
    return read if isinstance(read, HttpAnswer) else None


def _hear(
    ask: Ask, message: bytes, send_all: Callable[[bytes], None], recv: Callable[[], bytes]
) -> tuple[bytes, End, OSError | None]:
    raw = b""
    try:
        send_all(message)
        while len(raw) < ANSWER_BYTES_MAX:
            data = recv()
            if not data:
                return raw, End.CLOSED, None
            raw += data
            read = read_answer(raw, head_only=ask.method == "HEAD")
            if not isinstance(read, Incomplete):
                return raw, End.CLOSED, None
    except TimeoutError as exc:
        return raw, End.DEADLINE, exc
    except OSError as exc:
        return raw, End.RESET, exc
    return raw[:ANSWER_BYTES_MAX], End.LIMIT, None


def _words(trouble: OSError) -> str:
    if isinstance(trouble, ssl.SSLError):
        return visible(trouble.reason or str(trouble), limit=120)
    return visible(trouble.strerror or str(trouble) or type(trouble).__name__, limit=120)
