import pytest

from gatectl.simulator.expression import ExpressionError, Request, parse_rule, parse_text

MITIGATION = (
    'HTTP.REQ.URL.DECODE_USING_TEXT_MODE.CONTAINS("/vpns/") && (!CLIENT.SSLVPN.IS_SSLVPN || '
    'HTTP.REQ.URL.DECODE_USING_TEXT_MODE.CONTAINS("/../"))'
)


@pytest.mark.parametrize(
    ("path", "session", "expected"),
    [
        ("/vpn/../vpns/cfg/smb.conf", False, True),
        ("/vpn/js/%2e./.%2e/%76pns/cfg/smb.conf", False, True),
        ("/vpn/../vpns/x", True, True),
        ("/vpns/portal", True, False),
        ("/vpn/index.html", False, False),
    ],
)
def test_the_mitigation_covers_the_attack_and_leaves_the_users(
    path: str, *, session: bool, expected: bool
) -> None:
    """The published rule is true for each way to write the attack."""
    request = Request(path=path, source="198.51.100.1", has_vpn_session=session)
    assert parse_rule(MITIGATION)(request) is expected


def test_a_source_outside_a_network_is_found() -> None:
    """The closing rule of the vendor is true for strangers only."""
    closed = parse_rule("!CLIENT.IP.SRC.IN_SUBNET(10.0.0.0/8)")
    assert closed(Request(path="/", source="198.51.100.1"))
    assert not closed(Request(path="/", source="10.9.9.9"))


@pytest.mark.parametrize("text", ["", "(", "true &&", "HTTP.REQ.BODY(10)", 'true "x"', "!"])
def test_what_is_no_expression_is_refused(text: str) -> None:
    """Half an expression is no expression."""
    with pytest.raises(ExpressionError):
        parse_rule(text)


def test_and_binds_more_than_or() -> None:
    """`a || b && c` is true when a is."""
    request = Request(path="/", source="10.0.0.1")
    assert parse_rule("true || true && false")(request)
    assert not parse_rule("(true || true) && false")(request)


def test_a_text_is_joined_and_its_escapes_are_read() -> None:
    """Line ends inside a literal become real ones."""
    assert parse_text(r'"HTTP/1.1 403\r\n" + "\r\n"') == "HTTP/1.1 403\r\n\r\n"
    with pytest.raises(ExpressionError):
        parse_text('"a" "b"')
