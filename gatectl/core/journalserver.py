"""The address of a database server in which a journal lies, and what it may say.

It stands in the configuration as PostgreSQL writes it, and never holds a password.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

from gatectl.core.gate import SecretRef

SCHEMES: Final = ("postgresql", "postgres")
SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
OPTIONS: Final = frozenset(
    {
        *("channel_binding", "dbname", "gssencmode", "host", "hostaddr"),
        *("krbsrvname", "passfile", "port", "require_auth", "service", "sslcert"),
        *("sslcertmode", "sslcrl", "sslcrldir", "sslkey", "sslmode", "sslnegotiation"),
        *("sslrootcert", "target_session_attrs", "user"),
    }
)
"""What may stand behind the question mark; the rest is for gatectl to say, or a secret."""

_SECRETS: Final = frozenset({"password", "sslpassword"})
_KEPT_ELSEWHERE: Final = (
    "must not hold a password; name the place of it with journal_login, PGPASSFILE or a service "
    "file, and if this was a real one, change it"
)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalServer:
    """A database of a PostgreSQL server, and who may write a journal there."""

    url: str
    login: SecretRef | None = None
    """Where the password is found; none where the server asks for none, or libpq knows it."""

    @property
    def shown(self) -> str:
        """The address without what stands behind the question mark."""
        return self.url.partition("?")[0]

    def encryption(self) -> str:
        """How the connection is protected: as it is written, else strictly; empty without a net."""
        given = dict(_options(urlsplit(self.url)))
        if "sslmode" in given:
            return given["sslmode"]
        hosts = _hosts(urlsplit(self.url))
        # Where no host is named, a service file or the environment may name one elsewhere.
        return "" if hosts and all(_stays_here(host) for host in hosts) else "verify-full"


def server_flaw(url: str) -> str:
    """Say what keeps an address from being used; the address itself is not repeated."""
    try:
        parts = urlsplit(url)
        options = _options(parts)
    except ValueError:
        return "is not an address of the form postgresql://user@host:port/database"
    if parts.scheme not in SCHEMES or not url.startswith(f"{parts.scheme}://") or parts.fragment:
        return "must be an address of the form postgresql://user@host:port/database"
    return next(_flaws(parts, options), "")


def _flaws(parts: SplitResult, options: list[tuple[str, str]]) -> Iterator[str]:
    names = [name for name, _ in options]
    if ":" in parts.netloc.rpartition("@")[0] or not _SECRETS.isdisjoint(names):
        yield _KEPT_ELSEWHERE
    for name in names:
        if name not in OPTIONS:
            yield f"has the option {name[:40]!r}, which is none that may stand here"
        if names.count(name) > 1:
            yield f"has the option {name} twice"
    mode = dict(options).get("sslmode", SSL_MODES[0])
    if mode not in SSL_MODES:
        yield f"must have one of {', '.join(SSL_MODES)} as sslmode"


def _options(parts: SplitResult) -> list[tuple[str, str]]:
    return parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))


def _hosts(parts: SplitResult) -> list[str]:
    named = dict(_options(parts))
    listed = named.get("hostaddr") or named.get("host")
    if listed is not None:
        return [host for host in listed.split(",") if host]
    place = parts.netloc.rpartition("@")[2]
    return [_without_port(one) for one in place.split(",") if one]


def _without_port(place: str) -> str:
    if place.startswith("["):
        return place[1:].partition("]")[0]
    return place.partition(":")[0]


def _stays_here(host: str) -> bool:
    return host in _LOOPBACK or host.startswith(("/", "@", "%2F", "%2f"))
