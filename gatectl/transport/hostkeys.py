"""The host keys that a host shows, asked for by type, without logging in."""

import paramiko

from gatectl.errors import Unreachable
from gatectl.transport.algorithms import HOST_KEYS, LEGACY_HOST_KEYS, Offer, nothing_in_common
from gatectl.transport.connection import Failures, fingerprint, make_client, open_socket, plain
from gatectl.transport.contract import Timeouts
from gatectl.watchdog import Watchdog

_FAMILIES = (
    HOST_KEYS[:1],
    HOST_KEYS[1:4],
    (*HOST_KEYS[4:], *LEGACY_HOST_KEYS),
)
"""One question a type of key: a host answers each with the one key that it has of it."""


def fetch_host_keys(address: str, port: int, timeout_s: float) -> tuple[str, ...]:
    """Return the fingerprints that a host shows, to be compared with its console by a person."""
    watchdog = Watchdog()
    end = watchdog.now() + timeout_s
    found: list[str] = []
    offer: Offer | None = None
    for family in _FAMILIES:
        left_s = max(0.1, end - watchdog.now())
        try:
            found.append(_fetch(address, port, family, watchdog, left_s))
        except _NotOffered as exc:
            offer = exc.offer
    if not found:
        raise nothing_in_common(f"{address} port {port}", offer, legacy=True)
    return tuple(found)


class _NotOffered(Exception):
    """The host has no key of this type, or nothing else in common with us."""

    def __init__(self, offer: Offer | None) -> None:
        super().__init__("not offered")
        self.offer = offer


def _fetch(
    address: str, port: int, family: tuple[str, ...], watchdog: Watchdog, timeout_s: float
) -> str:
    door = open_socket(address, port, Timeouts(connect_s=timeout_s))
    client = make_client(door, legacy=True, host_keys=family)
    with watchdog.guard(timeout_s, client.close) as guard:
        try:
            client.start_client()
            return fingerprint(client.get_remote_server_key().asbytes())
        except paramiko.ssh_exception.IncompatiblePeer as exc:
            raise _NotOffered(client.offer) from exc
        except Failures as exc:
            why = "no host key in time" if guard.expired else plain(exc) or "it ended"
            raise Unreachable(f"{address} port {port}: {why}") from exc
        finally:
            client.close()
            door.close()
