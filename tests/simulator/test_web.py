import gzip
import io
import struct

import pytest

from gatectl.simulator.web import (
    RDX_PATH,
    Answer,
    Appearance,
    Request,
    Silence,
    UnknownPath,
    answer,
    exploitable_by_traversal,
    is_sign_in_traffic,
    sign_on_path,
)

EXPLOITABLE = "12.1-55.13"
FIXED = "12.1-55.18"

SMB_CONF_PATHS = [
    "/vpn/../vpns/cfg/smb.conf",
    "/vpn/%2e%2e/vpns/cfg/smb.conf",
    "/vpn/..%2fvpns/cfg/smb.conf",
    "/vpn/js/%2e./.%2e/%76pns/cfg/smb.conf",
    "/vpn/../vpns/cfg/smb.conf?x=1",
]


def look(target: str, build: str = EXPLOITABLE, *, method: str = "GET") -> Answer:
    """Ask for a path and insist on an answer."""
    given = answer(Request(method=method, target=target), Appearance(build=build))
    assert isinstance(given, Answer)
    return given


def header(given: Answer, name: str) -> str:
    """Give a header's only value."""
    (value,) = [value for key, value in given.headers if key == name]
    return value


@pytest.mark.parametrize("target", SMB_CONF_PATHS)
def test_an_exploitable_build_gives_away_smb_conf(target: str) -> None:
    """The traversal reads the file, however it is encoded."""
    given = look(target)
    assert given.status == 200
    assert len(given.body) == 83
    for word in (b"[global]", b"encrypt passwords", b"name resolve order"):
        assert word in given.body


@pytest.mark.parametrize("target", SMB_CONF_PATHS)
def test_a_fixed_build_knows_no_such_path(target: str) -> None:
    """After the patch the traversal finds nothing."""
    given = look(target, FIXED)
    assert given.status == 404
    assert b"[global]" not in given.body


def test_the_portal_folder_of_an_exploitable_build_is_refused_by_apache() -> None:
    """The folder itself answers with Apache's page, not with a bare 403."""
    given = look("/vpn/../vpns/")
    assert given.status == 403
    assert header(given, "Server") == "Apache"
    assert b"You don't have permission to access /vpns/ on this server." in given.body


def test_the_path_is_not_normalised_before_the_decision() -> None:
    """Without the way through /vpn/ nothing is given away on any build."""
    for build in (EXPLOITABLE, FIXED):
        given = look("/vpns/cfg/smb.conf", build)
        assert given.status == 302
        assert b"[global]" not in given.body
    assert look("/vpn/%252e%252e/vpns/cfg/smb.conf").status == 404


@pytest.mark.parametrize(("choice", "status"), [("404", 404), ("403", 403), ("drop", None)])
def test_what_a_fixed_build_says_can_be_chosen(choice: UnknownPath, status: int | None) -> None:
    """The literal answer of a fixed device is unknown, so each one can be tried."""
    given = answer(
        Request(method="GET", target="/vpn/../vpns/"),
        Appearance(build=FIXED, fixed_build_answer=choice),
    )
    assert (given.status if isinstance(given, Answer) else None) == status
    assert isinstance(given, Silence) == (choice == "drop")


@pytest.mark.parametrize(
    ("build", "exploitable"),
    [
        ("10.1-130.1", False),
        ("10.5-70.11", True),
        ("10.5-70.12", False),
        ("11.0-72.18", True),
        ("11.1-63.9", True),
        ("11.1-63.15", False),
        ("12.0-63.12", True),
        ("12.0-63.13", False),
        ("12.1-9.99", True),
        ("12.1-55.13", True),
        ("12.1-55.18", False),
        ("13.0-47.22", True),
        ("13.0-47.24", False),
        ("13.1-4.43", False),
    ],
)
def test_builds_below_the_fixed_one_of_their_release_are_exploitable(
    build: str, exploitable: bool
) -> None:
    """The fixed builds are those of the bulletin, compared as numbers."""
    assert exploitable_by_traversal(build) is exploitable


def test_head_gets_the_head_alone() -> None:
    """A HEAD request has the length of the body and not the body."""
    given = look("/vpn/../vpns/cfg/smb.conf", method="HEAD")
    wire = given.to_bytes(head_only=True)
    assert b"Content-Length: 83" in wire
    assert wire.endswith(b"\r\n\r\n")


def test_the_front_door_redirects_and_expires_the_old_cookies() -> None:
    """The root sends to the sign-on page with thirteen expired cookies and no server name."""
    given = look("/")
    assert (given.status, given.reason) == (302, "Object Moved")
    assert header(given, "Location") == "/vpn/index.html"
    cookies = [value for name, value in given.headers if name == "Set-Cookie"]
    assert len(cookies) == 13
    assert cookies[0] == ("NSC_AAAC=xyz;Path=/;expires=Wednesday, 09-Nov-1999 23:12:40 GMT;Secure")
    assert "Server" not in dict(given.headers)


@pytest.mark.parametrize(
    ("build", "path", "title"),
    [
        ("11.1-63.15", "/vpn/index.html", b"NetScaler Gateway"),
        ("12.1-55.13", "/vpn/index.html", b"Citrix Gateway"),
        ("13.1-49.15", "/logon/LogonPoint/index.html", b"Citrix Gateway"),
    ],
)
def test_the_sign_on_page_follows_the_release(build: str, path: str, title: bytes) -> None:
    """Each release redirects to the page that it has, and the page names the product."""
    assert sign_on_path(build) == path
    given = look(path, build)
    assert given.status == 200
    for word in (b"<title>" + title + b"</title>", b"AccessGateway.ico", b"frame-busting"):
        assert word in given.body


def test_an_old_release_has_no_new_sign_on_page() -> None:
    """The newer theme's page does not exist on a release that does not redirect to it."""
    assert look("/logon/LogonPoint/index.html").status == 404


def test_the_sign_on_page_carries_the_hash_only_where_one_is_published() -> None:
    """Script addresses of 12.1-55.13 end in its hash, those of newer builds in none."""
    assert b"?v=8c62b39f7068ea2f3d3f7d40860c0cd4" in look("/vpn/index.html").body
    assert b"?v=" not in look("/vpn/index.html", "14.1-47.46").body


@pytest.mark.parametrize(("build", "stamp"), [(EXPLOITABLE, 1572931127), (FIXED, 1579524387)])
def test_the_language_file_is_stamped_with_the_build(build: str, stamp: int) -> None:
    """The gzip header holds the published time and the file's name, and the rest unpacks."""
    packed = look(RDX_PATH, build).body
    assert struct.unpack("<I", packed[4:8]) == (stamp,)
    assert packed[3] & 8
    assert packed[10:22] == b"rdx_en.json\0"
    assert gzip.GzipFile(fileobj=io.BytesIO(packed)).read().startswith(b"{")


def test_file_headers_are_those_of_a_recorded_device() -> None:
    """The file of 13.0-47.22 has the Last-Modified and ETag that were recorded."""
    given = look("/vpn/../vpns/cfg/smb.conf", "13.0-47.22")
    assert header(given, "Last-Modified") == "Thu, 28 Nov 2019 20:19:22 GMT"
    assert header(given, "ETag") == '"53-5986dd42b0680"'
    assert header(given, "Content-Type") == "text/plain; charset=UTF-8"


def test_the_own_503_page_comes_before_everything() -> None:
    """An unavailable gateway answers each path with NetScaler's own page and hangs up."""
    request = Request(method="GET", target="/vpn/../vpns/cfg/smb.conf")
    given = answer(request, Appearance(build=EXPLOITABLE, unavailable=True))
    assert isinstance(given, Answer)
    assert given.to_bytes() == (
        b"HTTP/1.1 503 Service Unavailable\r\n"
        b"Cache-Control: no-cache,no-store\r\nPragma: no-cache\r\n"
        b"Content-Length: 62\r\nConnection: close\r\n\r\n"
        b"<html><body><b>Http/1.1 Service Unavailable</b></body> </html>"
    )


def test_only_reading_methods_are_answered() -> None:
    """A POST to a page is refused."""
    assert look("/vpn/index.html", method="POST").status == 405


@pytest.mark.parametrize(
    ("path", "sign_in"),
    [
        ("/", True),
        ("/vpn/index.html", True),
        ("/cgi/login", True),
        ("/p/u/doAuthentication.do", True),
        ("/vpn/../vpns/cfg/smb.conf", False),
        ("/vpn/js/gateway_login_view.js", False),
    ],
)
def test_sign_in_traffic_is_told_from_the_rest(path: str, sign_in: bool) -> None:
    """Only the sign-in pages count as AAA traffic."""
    assert is_sign_in_traffic(path) is sign_in
