"""The device's words: what a reply is, which commands only read, which could cut our own path.

A command is judged by its parsed words against what is known to be harmless. Whatever is not
understood, an abbreviation included, counts as a write.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from gatectl.core.gate import Address
from gatectl.core.shell import grep_reads, shell_reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the device said to one command, without echo, prompt and terminator."""

    text: str
    error: str | None = None
    """The device's words after `ERROR:`; the command was refused."""
    warnings: tuple[str, ...] = ()
    elapsed_s: float = 0.0

    @property
    def all_said(self) -> str:
        """Text and error, as they are kept as evidence."""
        return self.text if self.error is None else f"{self.text}\nERROR: {self.error}"


_PARAMETER = re.compile(r"[A-Za-z0-9_.:/][A-Za-z0-9_.:/-]{0,126}")


def parameter_is_safe(text: str) -> bool:
    """Say whether a value can stand in a command and never be more than one plain word."""
    return _PARAMETER.fullmatch(text) is not None


class _NotUnderstood(Exception):
    """The command line is not in the small language that is read here."""


def split_command(command: str) -> tuple[tuple[str, ...], ...]:
    """Split a line in the words of each stage of its pipe; raise ValueError if it cannot be."""
    try:
        return _split(command)
    except _NotUnderstood as exc:
        raise ValueError(f"{command!r}: {exc}") from exc


_FORBIDDEN = frozenset(";<>&`\\")


def _split(command: str) -> tuple[tuple[str, ...], ...]:
    stages: list[tuple[str, ...]] = []
    words: list[str] = []
    word: str | None = None
    quote = ""
    for character in command:
        if character in _FORBIDDEN or not character.isprintable():
            raise _NotUnderstood(f"{character!r} is not allowed")
        if quote:
            if character == quote:
                quote = ""
            else:
                word = (word or "") + character
        elif character in "\"'":
            quote, word = character, word or ""
        elif character in " |":
            words, word = [*words, *([] if word is None else [word])], None
            if character == "|":
                stages, words = [*stages, tuple(words)], []
        else:
            word = (word or "") + character
    if quote:
        raise _NotUnderstood("a quote is not closed")
    stages.append((*words, *([] if word is None else [word])))
    if not all(stages):
        raise _NotUnderstood("a part of the line is empty")
    return tuple(stages)


_SUBJECTS = (
    "aaa acl acl6 acls appfw arp audit authentication authorization bridgetable cache channel"
    " cli cluster cmp configstatus cs db dns feature gslb ha hardware hostname info interface ip"
    " ipset lb license lsn mode node ns ntp policy protocol rdp responder rewrite rnat route"
    " route6 rpcnode runningconfig savedconfig server service servicegroup simpleacl smpp snmp"
    " spillover ssl sslvpn syslogaction system tcpparam tm transform tunnel variable version vlan"
    " vpn vserver vxlan"
)
SHOW_SUBJECTS = frozenset(_SUBJECTS.split())
"""First words after show or stat whose commands only read. `show techsupport` writes files."""

_STAT_OPTIONS = frozenset({"-detail", "-fullvalues"})


@lru_cache(maxsize=1024)
def is_read_only(command: str) -> bool:
    """Say whether a command is known to change nothing; what is not understood is a write."""
    verb, _, line = command.partition(" ")
    if verb.casefold() == "shell":
        return shell_reads(line)
    try:
        first, *filters = _split(command)
    except _NotUnderstood:
        return False
    return all(_is_filter(stage) for stage in filters) and _only_shows(first)


def _only_shows(command: tuple[str, ...]) -> bool:
    verb, *rest = (word.casefold() for word in command)
    options = {word for word in rest if word.startswith("-")}
    known = bool(rest) and rest[0] in SHOW_SUBJECTS
    match verb:
        case "show":
            # `show techsupport` writes an archive, under whatever group it is asked for.
            return known and not any(word.startswith("tech") for word in rest[:3])
        case "stat":
            return known and options <= _STAT_OPTIONS
        case "diff":
            return rest[:2] == ["ns", "config"]
        case _:
            return False


def _is_filter(words: tuple[str, ...]) -> bool:
    return words[0] == "grep" and len(words) > 1 and grep_reads(list(words[1:]))


# --- what could cut the path that gatectl itself comes in by


def hides_management(command: str, addresses: Iterable[Address]) -> bool:
    """Say whether a command could cut the way to one of these addresses; doubt says yes."""
    management = tuple(addresses)
    return any(_hides(line.replace('"', " ").split(), management) for line in command.split(";"))


def _hides(words: list[str], management: tuple[Address, ...]) -> bool:
    if not words:
        return False
    verb, rest = words[0], [word for word in words[1:] if word.casefold() != "ns"]
    subject = rest[0] if rest else ""
    if verb.casefold() == "shell":
        return any(tool in rest for tool in ("ifconfig", "ipfw", "pfctl", "route"))
    if _is(subject, "acl", "acl6", "simpleacl", "simpleacl6"):
        return _acl_hides(verb, rest[1:], management)
    if _is(subject, "ip", "ip6", "config") and _address_hides(verb, rest, management):
        return True
    return any(_is(verb, *verbs) and _is(subject, *subjects) for verbs, subjects in _ALWAYS_HIDES)


_ALWAYS_HIDES = (
    (("clear",), ("acls", "acls6", "config")),
    (("disable", "rm", "unbind"), ("interface", "vlan", "channel")),
    (("rm",), ("route", "route6")),
)


def _is(word: str, *keywords: str) -> bool:
    # The device takes abbreviations, so the guard must see through them.
    folded = word.casefold()
    return len(folded) > 1 and any(keyword.startswith(folded) for keyword in keywords)


def _acl_hides(verb: str, rest: list[str], management: tuple[Address, ...]) -> bool:
    folded = [word.casefold() for word in rest]
    destination = _destination(folded)
    if _is(verb, "unset"):
        return any(word.startswith("-dest") for word in folded)
    if not _is(verb, "add", "set"):
        return False
    if _is(verb, "add") and "deny" not in folded:
        return False
    if destination is None:
        # A rule that is only set keeps the destination that it has; a new one covers all.
        return _is(verb, "add") or "deny" in folded
    return any(_covers(destination, address) for address in management)


def _destination(words: list[str]) -> str | None:
    for index, word in enumerate(words):
        if word.startswith("-desti"):
            return " ".join(words[index + 1 : index + 3])
    return None


def _covers(destination: str, address: Address) -> bool:
    words = destination.split()
    negated = words[0] == "!="
    value = words[1] if words[0] in {"=", "!="} and len(words) > 1 else words[0]
    first, _, last = value.partition("-")
    try:
        low, high = ip_address(first), ip_address(last or first)
    except ValueError:
        # A data set or a form that is not known here may hold any address.
        return True
    if low.version != address.version or high.version != address.version:
        # A rule of one family never meets the other's packets.
        return False
    return (int(low) <= int(address) <= int(high)) != negated


def _address_hides(verb: str, rest: list[str], management: tuple[Address, ...]) -> bool:
    named = {word.split("/")[0].casefold() for word in rest}
    if _is(rest[0], "config"):
        return _is(verb, "set", "unset") and any(
            word.startswith(("-ip", "-nsvlan")) for word in named
        )
    if not named & {str(address) for address in management}:
        return False
    return _is(verb, "disable", "rm") or (_is(verb, "set") and "disabled" in named)
