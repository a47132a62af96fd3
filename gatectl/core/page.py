"""An HTTP answer taken from bytes, and what kind of page it is: the gateway's own or another's."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from gatectl.core.visible import visible

ANSWER_BYTES_MAX: Final = 65_536
"""How much of one answer is read; every mark of the pages below stands in its first part."""

_STATUS_LINE: Final = re.compile(rb"HTTP/\d\.\d (\d{3})(?: ([^\r\n]*))?")
_BODYLESS: Final = frozenset({204, 304})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_SIGN_ON_ADDRESSES: Final = ("/vpn/index.html", "/vpn/tmindex.html", "/logon/logonpoint/")
_SIGN_ON_TITLE: Final = re.compile(
    rb"<title>\s*(?:citrix|netscaler) (?:gateway|aaa)\s*</title>", re.IGNORECASE
)
_SIGN_ON_MARKS: Final = (
    b"accessgateway.ico",
    b"frame-busting",
    b"gateway_login_view.js",
    b'name="vpnform"',
    b"/logon/logonpoint/",
    b"/vpn/js/",
)
_SIGN_ON_MARKS_NEEDED: Final = 2
_CLOSED_WORDS: Final = b"Remote access is closed (gatectl)"
"""What close-responder answers; by a fault of the gateway itself nobody gets these words."""


class Page(StrEnum):
    """What an answer shows."""

    SIGN_ON = "sign-on"
    REDIRECT = "redirect-to-sign-on"
    MAINTENANCE = "maintenance"
    """503 Service Unavailable, the gateway's own."""
    CLOSED = "closed"
    """503 in the words of gatectl's own closing rule."""
    APACHE_403 = "apache-403"
    """Refused by the web server behind the packet engine: the request did get that far."""
    EMPTY = "empty"
    OTHER = "other"
    """Not a page of the gateway that we know; perhaps somebody else's."""


class End(StrEnum):
    """Why no more bytes come."""

    CLOSED = "the connection was closed"
    RESET = "the connection was reset"
    DEADLINE = "it did not end in time"
    LIMIT = "it is longer than what is read"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """One HTTP answer; header names are lower case."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    raw: bytes
    """All bytes as they came, from the status line on."""
    cut: str = ""
    """Why the body is not whole; empty for a whole body, or for one longer than what is read."""

    def header(self, name: str) -> str:
        """Give the first header of this name, or an empty text."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key == wanted), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotHttp:
    """Bytes that are no HTTP answer."""

    because: str


@dataclass(frozen=True, slots=True)
class Incomplete:
    """More bytes are needed to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Body:
    content: bytes
    whole: bool


def read_answer(
    raw: bytes, *, end: End | None = None, head_only: bool = False
) -> HttpAnswer | NotHttp | Incomplete:
    """Read an answer from the bytes so far; with `end` no more will come."""
    head, blank, rest = raw.partition(b"\r\n\r\n")
    found = _STATUS_LINE.match(head)
    if not raw.startswith(b"HTTP/"[: len(raw)]) or (blank and found is None):
        return NotHttp(because=f"the answer begins with {visible(raw[:40].decode('latin-1'))!r}")
    if found is None or not blank:
        return Incomplete() if end is None else NotHttp(because=f"no whole header came: {end}")
    status = int(found[1])
    if status // 100 == 1:
        # An interim answer; the real one follows.
        return read_answer(rest, end=end, head_only=head_only)
    headers = _headers(head)
    body = _body(rest, status=status, headers=headers, end=end, head_only=head_only)
    if not body.whole and end is None:
        return Incomplete()
    return HttpAnswer(
        status=status,
        reason=(found[2] or b"").decode("latin-1"),
        headers=headers,
        body=body.content,
        raw=raw,
        cut="" if body.whole or end in {None, End.LIMIT} else str(end),
    )


def page_of(answer: HttpAnswer) -> Page:
    """Tell what an answer shows, by its own marks and never by its status alone."""
    if is_redirect(answer) and is_sign_on_address(answer.header("location")):
        return Page.REDIRECT
    if answer.status == 503:  # noqa: PLR2004 - the status code is its own best name
        return Page.CLOSED if _CLOSED_WORDS in answer.body else Page.MAINTENANCE
    if answer.status == 200 and _has_sign_on_marks(answer.body):  # noqa: PLR2004 - same
        return Page.SIGN_ON
    if answer.status == 403 and _is_from_apache(answer):  # noqa: PLR2004 - same
        return Page.APACHE_403
    return Page.OTHER if answer.body.strip() else Page.EMPTY


def is_redirect(answer: HttpAnswer) -> bool:
    """Tell whether the answer sends the visitor elsewhere."""
    return answer.status in _REDIRECTS and bool(answer.header("location"))


def is_sign_on_address(location: str) -> bool:
    """Tell whether a redirect leads to the sign-on page, under whatever host name."""
    return _split(location)[1].lower().startswith(_SIGN_ON_ADDRESSES)


def same_host_path(location: str, names: frozenset[str]) -> str:
    """Give the path and query of a redirect that stays on one of these hosts, else nothing."""
    host, path = _split(location)
    stays = not host or host in names or is_sign_on_address(location)
    if not stays or not path.startswith("/") or not path.isascii() or " " in path:
        return ""
    return path


def _split(location: str) -> tuple[str, str]:
    try:
        parts = urlsplit(location.strip())
        host = parts.hostname or ""
    except ValueError:
        # A malformed address of a hostile server leads nowhere.
        return "malformed", ""
    return host, parts.path + (f"?{parts.query}" if parts.query else "")


def _headers(head: bytes) -> tuple[tuple[str, str], ...]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines)
    return tuple((name.strip().lower(), value.strip()) for name, colon, value in pairs if colon)


def _body(
    rest: bytes,
    *,
    status: int,
    headers: tuple[tuple[str, str], ...],
    end: End | None,
    head_only: bool,
) -> _Body:
    if head_only or status in _BODYLESS:
        return _Body(content=b"", whole=True)
    named = dict(headers)
    if "chunked" in named.get("transfer-encoding", "").lower():
        return _chunked(rest)
    length = named.get("content-length", "")
    if length.isascii() and length.isdigit():
        return _Body(content=rest[: int(length)], whole=len(rest) >= int(length))
    # Without a length the end of the connection ends the body. A responder's answer has neither
    # length nor body, and may keep the connection: silence after its header is an empty body.
    empty_and_quiet = end is End.DEADLINE and not rest
    return _Body(content=rest, whole=end is End.CLOSED or empty_and_quiet)


def _chunked(rest: bytes) -> _Body:
    content = b""
    while True:
        size_line, newline, after = rest.partition(b"\r\n")
        size_text = size_line.partition(b";")[0].strip()
        if not newline or re.fullmatch(rb"[0-9A-Fa-f]{1,8}", size_text) is None:
            return _Body(content=content, whole=False)
        size = int(size_text, 16)
        if size == 0:
            return _Body(content=content, whole=True)
        content += after[:size]
        if len(after) < size + 2:
            return _Body(content=content, whole=False)
        rest = after[size + 2 :]


def _has_sign_on_marks(body: bytes) -> bool:
    if _SIGN_ON_TITLE.search(body):
        return True
    folded = body.lower()
    # One mark alone also stands in pages that only link to a gateway.
    return sum(mark in folded for mark in _SIGN_ON_MARKS) >= _SIGN_ON_MARKS_NEEDED


def _is_from_apache(answer: HttpAnswer) -> bool:
    named = answer.header("server").lower().startswith("apache")
    return named or b"have permission to access" in answer.body
