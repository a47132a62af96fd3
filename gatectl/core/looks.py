"""From what a look showed to records: which parser reads which command, and when nothing is said.

A definite "not there" is an empty list of records. Any other error, and any text that the grammar
of the command does not know, is unreadable: nothing is guessed.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from gatectl.core import accessshows, shellshows, shows, usershows
from gatectl.core.check import Observation, Record, Seen, Unreadable
from gatectl.core.layout import NotUnderstood, read_lines
from gatectl.core.netscaler import Reply, split_command

_NOT_THERE = re.compile(r"(No such resource|No such Vserver|ACL rule does not exist)\b.*")
_FEATURE_OFF = re.compile(r"Feature\(s\) not (enabled|licensed)\b.*", re.IGNORECASE)
_SESSIONS = frozenset({"icaconnection", "pcoipconnection", "connections", "session"})
_PROGRAM_FAILED = re.compile(r"External program failed\b.*")

Parser = Callable[[list[str]], tuple[Record, ...]]
"""Reads the lines of an answer; raises NotUnderstood for what it does not know."""


def read_look(command: str, reply: Reply) -> Observation:
    """Turn the answer to a look in records, or say why it cannot be used."""
    try:
        first, *filters = split_command(command)
    except ValueError as exc:
        return Unreadable(because=str(exc))
    words = tuple(word.casefold() for word in first)
    lines = [line for line in reply.text.split("\n") if line.strip()]
    if reply.error is not None:
        return _read_error(words, command, reply.error, lines, filtered=bool(filters))
    parser = read_lines if filters else _parser(words)
    try:
        return Seen(records=parser(lines))
    except NotUnderstood as exc:
        return Unreadable(because=f"the answer to `{command}` is not understood: {exc}")


def _read_error(
    words: tuple[str, ...], command: str, error: str, lines: list[str], *, filtered: bool
) -> Observation:
    if words[0] != "shell" and _NOT_THERE.fullmatch(error):
        return Seen(records=())
    if words[0] == "show" and words[-1] in _SESSIONS and _FEATURE_OFF.fullmatch(error):
        # What is switched off has no sessions.
        return Seen(records=())
    greps = words[:2] == ("shell", "grep") or (words[0] == "shell" and filtered)
    if greps and _PROGRAM_FAILED.fullmatch(error):
        # grep fails when nothing matches; with -c it also prints a nought.
        if not lines:
            return Seen(records=())
        if [line.strip() for line in lines] == ["0"]:
            return Seen(records=({"line": "0"},))
    if words[:2] == ("shell", "crontab") and len(lines) == 1 and "no crontab for" in lines[0]:
        return Seen(records=())
    said = f" ({lines[-1].strip()})" if lines else ""
    return Unreadable(because=f"`{command}` was refused: {error}{said}")


def _parser(words: tuple[str, ...]) -> Parser:
    if words[0] == "shell":
        return _SHELL.get(words[1], read_lines) if words[1:] else read_lines
    if words[0] != "show":
        return read_lines
    subject = words[2:] if words[1:2] == ("ns",) else words[1:]
    for length in (2, 1):
        parser = _SHOWS.get(" ".join(subject[:length]))
        if parser is not None:
            return parser
    return read_lines


_SHELL: Mapping[str, Parser] = MappingProxyType(
    {
        "sha256": shellshows.read_sha256,
        "df": shellshows.read_df,
        "sysctl": shellshows.read_sysctl,
        "date": shellshows.read_date,
        "grep": shellshows.read_grep,
    }
)

_SHOWS: Mapping[str, Parser] = MappingProxyType(
    {
        "version": shows.read_version,
        "hostname": shows.read_hostname,
        "hardware": shows.read_hardware,
        "config": shows.read_config,
        "ip": shows.read_ip,
        "feature": shows.read_feature,
        "license": shows.read_license,
        "tcpparam": shows.read_tcpparam,
        "variable": shows.read_variable,
        "acl": accessshows.read_acl,
        "acl6": accessshows.read_acl,
        "ha node": shows.read_ha_node,
        "node": shows.read_ha_node,
        "vpn vserver": accessshows.read_vserver,
        "lb vserver": accessshows.read_vserver,
        "cs vserver": accessshows.read_vserver,
        "authentication vserver": accessshows.read_vserver,
        "responder policy": accessshows.read_responder_policy,
        "responder action": accessshows.read_responder_action,
        "responder global": accessshows.read_responder_global,
        "vpn icaconnection": usershows.read_ica,
        "vpn pcoipconnection": usershows.read_user_connection,
        "rdp connections": usershows.read_user_connection,
        "aaa session": usershows.read_aaa,
        "system backup": shows.read_backup,
    }
)
