"""Which SSH algorithms may be agreed on, and what to do when a host offers only older ones."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import paramiko

from gatectl.errors import Untrusted

CIPHERS = (
    # One call a packet, where the counter mode takes three.
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
)
MACS = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
)
KEY_EXCHANGES = (
    "mlkem768x25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group14-sha256",
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group16-sha512",
)
HOST_KEYS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
LEGACY_CIPHERS = ("aes128-cbc", "aes256-cbc")
LEGACY_MACS = ("hmac-sha1",)
LEGACY_KEY_EXCHANGES = (
    "diffie-hellman-group14-sha1",
    "diffie-hellman-group-exchange-sha1",
    "diffie-hellman-group1-sha1",
)
LEGACY_HOST_KEYS = ("ssh-rsa",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a host offered in its first message."""

    key_exchanges: tuple[str, ...]
    host_keys: tuple[str, ...]
    ciphers: tuple[str, ...]
    macs: tuple[str, ...]


def restrict(
    client: paramiko.Transport, *, legacy: bool, host_keys: tuple[str, ...] | None = None
) -> None:
    """Leave a connection only the algorithms that may be agreed on, as far as paramiko has them."""
    options = client.get_security_options()
    options.ciphers = _known(CIPHERS + (LEGACY_CIPHERS if legacy else ()), options.ciphers)
    options.digests = _known(MACS + (LEGACY_MACS if legacy else ()), options.digests)
    options.kex = _known(KEY_EXCHANGES + (LEGACY_KEY_EXCHANGES if legacy else ()), options.kex)
    wanted = host_keys or HOST_KEYS + (LEGACY_HOST_KEYS if legacy else ())
    options.key_types = _known(wanted, options.key_types)


def _known(wanted: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    available = set(known)
    return tuple(name for name in wanted if name in available)


def nothing_in_common(host: str, offer: Offer | None, *, legacy: bool) -> Untrusted:
    """Make the error for a host that offers nothing which may be agreed on."""
    if offer is None:
        return Untrusted(f"{host} and this machine have no SSH algorithm in common")
    parts = (
        (field.name.replace("_", " "), getattr(offer, field.name), accepted)
        for field, accepted in zip(
            fields(Offer), (KEY_EXCHANGES, HOST_KEYS, CIPHERS, MACS), strict=True
        )
    )
    missing = "; ".join(
        f"{part}: {', '.join(_plain(name) for name in offered) or 'none'}"
        for part, offered, accepted in parts
        if not set(offered) & set(accepted)
    )
    return Untrusted(
        f"{host} offers only algorithms that are refused ({missing or 'in this combination'})",
        hint=_legacy_hint(legacy=legacy),
    )


def _legacy_hint(*, legacy: bool) -> str:
    given_up = (
        "Given up by that: host keys and key exchange then rest on SHA-1, and whoever is on the "
        "path may be able to pose as this host."
    )
    newer = int(paramiko.__version__.split(".", 1)[0]) > 4  # noqa: PLR2004 - the last with SHA-1
    install = "pip install 'paramiko<5', and " if newer else ""
    setting = "keep" if legacy else "set"
    if legacy and not newer:
        return f"Update the host's SSH server; no way is known to talk to it. {given_up}"
    return f"For an old appliance: {install}{setting} legacy_algorithms = true there. {given_up}"


def _plain(name: str) -> str:
    return "".join(character for character in name[:64] if character.isprintable())
