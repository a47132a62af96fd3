"""What a gateway says over HTTP: a pure function of the request and of what the appliance is.

The request's path is taken as it was sent and never normalised before the decision: the difference
between `/vpn/../vpns/` and `/vpns/` is the vulnerability itself.
"""

import gzip
import io
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Final, Literal
from urllib.parse import unquote

from gatectl.simulator.builds import numbers, release
from gatectl.simulator.fingerprints import file_time, rdx_stamp, version_hash

SIGN_ON_PATHS: Final = frozenset({"/", "/vpn/index.html", "/logon/LogonPoint/index.html"})
SIGN_IN_PATH: Final = "/cgi/login"
ICA_PATH: Final = "/ica-session"
RDX_PATH: Final = "/vpn/js/rdx/core/lang/rdx_en.json.gz"

SMB_CONF: Final = (
    b"[global]\r\n\tencrypt passwords = yes\r\n\tname resolve order = lmhosts wins host bcast\r\n"
)

_FIXED_2019_19781: Final[Mapping[tuple[int, int], tuple[int, int]]] = {
    (10, 5): (70, 12),
    (11, 1): (63, 15),
    (12, 0): (63, 13),
    (12, 1): (55, 18),
    (13, 0): (47, 24),
}
_OLDEST_EXPLOITABLE: Final = (10, 5)
_NEWEST_EXPLOITABLE: Final = (13, 0)
_AAA_PREFIXES: Final = ("/cgi/login", "/logon/", "/nf/auth/", "/p/u/")

_EXPIRED: Final = "expires=Wednesday, 09-Nov-1999 23:12:40 GMT"
_COOKIES: Final = (
    "NSC_AAAC=xyz;Path=/;{};Secure",
    "NSC_EPAC=xyz;Path=/;{};Secure",
    "NSC_USER=xyz;Path=/;{};Secure",
    "NSC_TEMP=xyz;Path=/;{};Secure",
    "NSC_PERS=xyz;Path=/;{};Secure",
    "NSC_BASEURL=xyz;Path=/;{};Secure",
    "CsrfToken=xyz;Path=/;{};Secure",
    "CtxsAuthId=xyz;Path=/;{};Secure",
    "ASP.NET_SessionId=xyz;Path=/;{};Secure",
    "NSC_TMAA=xyz;Path=/;{};Secure",
    "NSC_TMAS=xyz;Path=/;{};Secure",
    "NSC_TEMP=xyz;Path=/;{}",
    "NSC_PERS=xyz;Path=/;{}",
)

_STATIC_FILES: Final[Mapping[str, tuple[bytes, str]]] = {
    "/vpn/js/gateway_login_view.js": (
        b"function ns_showpage() { document.body.hidden = false; }\n",
        "application/javascript",
    ),
    "/vpn/images/AccessGateway.ico": (b"\0\0\1\0\0\0", "image/x-icon"),
}

UnknownPath = Literal["404", "403", "drop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request as it came in; header names are lower case."""

    method: str
    target: str
    """The request target byte for byte, query included."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query, still encoded."""
        return self.target.partition("?")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """What the answering appliance is, as far as a visitor can notice."""

    build: str
    fixed_build_answer: UnknownPath = "404"
    """What a build with the fix says to a traversal; the literal answer of a device is unknown."""
    unavailable: bool = False
    """Answer each request with NetScaler's own 503 page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer; the connection ends after it when `close` is set."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    close: bool = False

    def to_bytes(self, *, head_only: bool = False) -> bytes:
        """Write the answer for the wire; a HEAD request gets the same lines without the body."""
        lines = [f"HTTP/1.1 {self.status} {self.reason}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines.append(f"Content-Length: {len(self.body)}")
        if self.close:
            lines.append("Connection: close")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        return head if head_only else head + self.body


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer at all: the connection is dropped."""


def is_sign_in_traffic(path: str) -> bool:
    """Tell whether a path belongs to the sign-in pages, which newer builds treat as AAA traffic."""
    return path in SIGN_ON_PATHS or path.startswith(_AAA_PREFIXES)


def exploitable_by_traversal(build: str) -> bool:
    """Tell whether a build lets `/vpn/../vpns/` through (CVE-2019-19781)."""
    first, second, *number = numbers(build)
    if not _OLDEST_EXPLOITABLE <= (first, second) <= _NEWEST_EXPLOITABLE:
        return False
    fixed = _FIXED_2019_19781.get((first, second))
    # Release 11.0 lies between the affected ones and never got a fixed build.
    return fixed is None or tuple(number) < fixed


def sign_on_path(build: str) -> str:
    """Give the address that the front door of a build redirects to."""
    if release(build) > _NEWEST_EXPLOITABLE:
        return "/logon/LogonPoint/index.html"
    return "/vpn/index.html"


def answer(request: Request, appearance: Appearance) -> Answer | Silence:
    """Answer one request of a visitor without a session."""
    if appearance.unavailable:
        return _service_unavailable()
    if request.method not in ("GET", "HEAD"):
        return _apache_error(
            405, "Method Not Allowed", f"The method {request.method} is not allowed for this URL."
        )
    decoded = unquote(request.path)
    resolved = posixpath.normpath(decoded) if decoded.startswith("/") else decoded
    if _climbs_into_vpns(decoded, resolved):
        return _traversal(decoded, resolved, appearance)
    return _plain(request.path, resolved, appearance.build)


def redirect(location: str, *, cookies: tuple[str, ...] = ()) -> Answer:
    """Redirect as the packet engine does it: without a `Server` header."""
    headers = [("Location", location)]
    headers += [("Set-Cookie", cookie) for cookie in cookies]
    headers += [
        ("Cache-Control", "no-cache, no-store"),
        ("Pragma", "no-cache"),
        ("Content-Type", "text/html"),
    ]
    body = b"<html><head><title>Object moved</title></head><body></body></html>\r\n"
    return Answer(status=302, reason="Object Moved", headers=tuple(headers), body=body)


def _climbs_into_vpns(decoded: str, resolved: str) -> bool:
    entered_as_visitor = decoded.startswith("/vpn/")
    return entered_as_visitor and (resolved == "/vpns" or resolved.startswith("/vpns/"))


def _traversal(decoded: str, resolved: str, appearance: Appearance) -> Answer | Silence:
    build = appearance.build
    if not exploitable_by_traversal(build):
        match appearance.fixed_build_answer:
            case "404":
                return _not_found(decoded)
            case "403":
                return Answer(status=403, reason="Forbidden")
            case "drop":
                return Silence()
    if resolved == "/vpns/cfg/smb.conf":
        return _file(SMB_CONF, "text/plain; charset=UTF-8", build)
    if resolved == "/vpns":
        return _apache_error(
            403, "Forbidden", "You don't have permission to access /vpns/ on this server."
        )
    return _not_found(resolved)


def _plain(path: str, resolved: str, build: str) -> Answer:
    if path == "/":
        cookies = tuple(cookie.format(_EXPIRED) for cookie in _COOKIES)
        return redirect(sign_on_path(build), cookies=cookies)
    content = _static_content(path, build)
    if content is not None:
        return _file(*content, build)
    if resolved == "/vpns" or resolved.startswith("/vpns/"):
        # Without a session the portal's own area sends a visitor to the front door.
        return redirect("/vpn/index.html")
    return _not_found(resolved)


def _static_content(path: str, build: str) -> tuple[bytes, str] | None:
    if path in ("/vpn/index.html", sign_on_path(build)):
        return _sign_on_page(build), "text/html; charset=UTF-8"
    if path == RDX_PATH:
        return _language_file(build), "application/x-gzip"
    return _STATIC_FILES.get(path)


def _sign_on_page(build: str) -> bytes:
    rebranded = release(build) >= (12, 1)
    title = "Citrix Gateway" if rebranded else "NetScaler Gateway"
    known = version_hash(build)
    suffix = f"?v={known}" if known else ""
    return (
        "<!DOCTYPE html>\n<html>\n<head>\n"
        f"<title>{title}</title>\n"
        f'<link rel="SHORTCUT ICON" href="/vpn/images/AccessGateway.ico{suffix}">\n'
        '<style id="frame-busting">body { display: none; }</style>\n'
        f'<script src="/vpn/js/gateway_login_view.js{suffix}"></script>\n'
        f'<script src="/vpn/js/rdx/core/rdx.js{suffix}"></script>\n'
        "</head>\n<body>\n"
        f'<form method="post" action="{SIGN_IN_PATH}" name="vpnForm">\n'
        '<input type="text" name="login"><input type="password" name="passwd">\n'
        '<input type="submit" value="Log On">\n</form>\n</body>\n</html>\n'
    ).encode()


def _language_file(build: str) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile("rdx_en.json", "wb", fileobj=packed, mtime=rdx_stamp(build)) as stream:
        stream.write(b'{"rdx": {"language": "en"}}\n')
    return packed.getvalue()


def _file(body: bytes, content_type: str, build: str) -> Answer:
    modified = file_time(build)
    headers = (
        ("Server", "Apache"),
        ("X-Frame-Options", "SAMEORIGIN"),
        ("Last-Modified", formatdate(modified, usegmt=True)),
        ("ETag", f'"{len(body):x}-{modified * 1_000_000:x}"'),
        ("Accept-Ranges", "bytes"),
        ("X-XSS-Protection", "1; mode=block"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Type", content_type),
    )
    return Answer(status=200, reason="OK", headers=headers, body=body)


def _not_found(path: str) -> Answer:
    shown = path.replace("&", "&amp;").replace("<", "&lt;")
    return _apache_error(
        404, "Not Found", f"The requested URL {shown} was not found on this server."
    )


def _apache_error(status: int, reason: str, sentence: str) -> Answer:
    body = (
        '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n'
        f"<html><head>\n<title>{status} {reason}</title>\n</head><body>\n"
        f"<h1>{reason}</h1>\n<p>{sentence}</p>\n</body></html>\n"
    ).encode()
    headers = (("Server", "Apache"), ("Content-Type", "text/html; charset=iso-8859-1"))
    return Answer(status=status, reason=reason, headers=headers, body=body)


def _service_unavailable() -> Answer:
    headers = (("Cache-Control", "no-cache,no-store"), ("Pragma", "no-cache"))
    body = b"<html><body><b>Http/1.1 Service Unavailable</b></body> </html>"
    return Answer(status=503, reason="Service Unavailable", headers=headers, body=body, close=True)
