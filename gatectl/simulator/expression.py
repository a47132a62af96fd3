"""Policy expressions: the few that close or mitigate a gateway."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

EXPRESSION_LIMIT = 8191


class ExpressionError(ValueError):
    """An expression that cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What an expression can ask about."""

    path: str
    source: str
    has_vpn_session: bool = False


Rule = Callable[[Request], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<and>&&)|(?P<or>\|\|)|(?P<not>!)"""
    r"""|(?P<open>\()|(?P<close>\))|(?P<plus>\+)"""
    r"""|(?P<word>[A-Za-z_][\w.]*)|(?P<value>[\d:.a-fA-F]+(?:/\d+)?))"""
)
_ESCAPES = {"r": "\r", "n": "\n", "t": "\t"}


def parse_rule(text: str) -> Rule:
    """Turn an expression into a question about a request."""
    parser = _Parser(_tokens(text))
    rule = parser.either()
    parser.finish()
    return rule


def parse_text(text: str) -> str:
    """Work out a text expression: literals, joined by plus signs."""
    tokens = _tokens(text)
    parts: list[str] = []
    for number, (kind, value) in enumerate(tokens):
        wanted = "plus" if number % 2 else "string"
        if kind != wanted:
            raise ExpressionError(f"expected a {wanted}")
        if kind == "string":
            parts.append(_unescape(value))
    if len(tokens) % 2 == 0:
        raise ExpressionError("text is missing")
    return "".join(parts)


def _tokens(text: str) -> list[tuple[str, str]]:
    if len(text) > EXPRESSION_LIMIT:
        raise ExpressionError("too long")
    found: list[tuple[str, str]] = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise ExpressionError(f"offset {position}")
        found.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


def _unescape(literal: str) -> str:
    return re.sub(
        r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), literal[1:-1], flags=re.DOTALL
    )


class _Parser:
    """Reads `||` over `&&` over `!`, and calls at the leaves."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._next = 0

    def _peek(self) -> str:
        return self._tokens[self._next][0] if self._next < len(self._tokens) else "end"

    def _take(self, *kinds: str) -> str:
        if self._peek() not in kinds:
            raise ExpressionError(f"expected {' or '.join(kinds)}")
        self._next += 1
        return self._tokens[self._next - 1][1]

    def finish(self) -> None:
        """Refuse what is left over."""
        if self._peek() != "end":
            raise ExpressionError("trailing text")

    def either(self) -> Rule:
        """Read alternatives."""
        parts = [self._both()]
        while self._peek() == "or":
            self._take("or")
            parts.append(self._both())
        return lambda request: any(part(request) for part in parts)

    def _both(self) -> Rule:
        parts = [self._one()]
        while self._peek() == "and":
            self._take("and")
            parts.append(self._one())
        return lambda request: all(part(request) for part in parts)

    def _one(self) -> Rule:
        if self._peek() == "not":
            self._take("not")
            inner = self._one()
            return lambda request: not inner(request)
        if self._peek() == "open":
            self._take("open")
            inner = self.either()
            self._take("close")
            return inner
        return self._call()

    def _call(self) -> Rule:
        word = self._take("word").upper()
        if word in ("TRUE", "FALSE"):
            return lambda _request: word == "TRUE"
        if word == "CLIENT.SSLVPN.IS_SSLVPN":
            return lambda request: request.has_vpn_session
        self._take("open")
        value = self._take("string", "value")
        self._take("close")
        return _leaf(word, value)


def _leaf(word: str, value: str) -> Rule:
    subject, _, test = word.rpartition(".")
    if subject == "CLIENT.IP.SRC":
        return _address_rule(test, value)
    if subject not in ("HTTP.REQ.URL", "HTTP.REQ.URL.DECODE_USING_TEXT_MODE"):
        raise ExpressionError(f"unknown expression {word}")
    decode = subject.endswith("DECODE_USING_TEXT_MODE")
    wanted = _unescape(value)

    def url(request: Request) -> str:
        return unquote(request.path) if decode else request.path

    tests: dict[str, Rule] = {
        "CONTAINS": lambda request: wanted in url(request),
        "STARTSWITH": lambda request: url(request).startswith(wanted),
        "ENDSWITH": lambda request: url(request).endswith(wanted),
        "EQ": lambda request: url(request) == wanted,
    }
    if test not in tests:
        raise ExpressionError(f"unknown test {test}")
    return tests[test]


def _address_rule(test: str, value: str) -> Rule:
    if test not in ("IN_SUBNET", "EQ"):
        raise ExpressionError(f"unknown test {test}")
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError as error:
        raise ExpressionError(f"not an address: {value}") from error
    return lambda request: ipaddress.ip_address(request.source) in network
