"""Which lines of the appliance's own shell only read: an allow-list of programs and their forms."""

import re
from collections.abc import Callable
from types import MappingProxyType

_MEANS_SOMETHING = frozenset(";<>&`\\$(){}!#")


def shell_reads(line: str) -> bool:
    """Say whether what stands after `shell` is known to change nothing.

    The command line takes its quotes off before the shell reads the rest, so quoting protects
    nothing here: a character that means something to a shell is refused wherever it stands.
    """
    if any(character in _MEANS_SOMETHING or not character.isprintable() for character in line):
        return False
    first, *filters = (stage.split() for stage in re.sub("[\"']", " ", line).split("|"))
    if not first or not all(stage[:1] == ["grep"] and grep_reads(stage[1:]) for stage in filters):
        return False
    reads = _PROGRAMS.get(first[0])
    return reads is not None and reads(first[1:])


def _options(pattern: str, *, operands: int = 99) -> Callable[[list[str]], bool]:
    """Accept options of this form, and at most so many other words."""
    form = re.compile(pattern)

    def reads(arguments: list[str]) -> bool:
        options = [word for word in arguments if word.startswith("-")]
        plain = len(arguments) - len(options)
        return plain <= operands and all(form.fullmatch(option) for option in options)

    return reads


_grep_options = _options(r"-[EFHachilnorvwx]+|-[ABCm]\d*|-e")


def grep_reads(arguments: list[str]) -> bool:
    """Say whether grep gets something to look for, and options that only select."""
    return bool(arguments) and _grep_options(arguments)


def _crontab_reads(arguments: list[str]) -> bool:
    # Anything but -l installs, edits or removes a table.
    match arguments:
        case ["-l"] | ["-l", "-u", _] | ["-u", _, "-l"]:
            return not any(word.startswith("-") for word in arguments if word not in {"-l", "-u"})
        case _:
            return False


def _sysctl_reads(arguments: list[str]) -> bool:
    match arguments:
        case ["-n", name]:
            return re.fullmatch(r"[a-z][a-z0-9_.]*", name) is not None
        case _:
            return False


def _date_reads(arguments: list[str]) -> bool:
    # Without -u and with a number, date sets the clock.
    match arguments:
        case ["-u"]:
            return True
        case ["-u", form]:
            return re.fullmatch(r"\+[%A-Za-z:_/-]+", form) is not None
        case _:
            return False


_PRIMARIES = (
    "-name -iname -path -newer -perm -type -mtime -mmin -ctime -cmin -size -user -group -nouser"
    " -nogroup -maxdepth -mindepth -print -ls -xdev -x -H -L -P -o -a -not -or -and"
)
_FIND_PRIMARIES = frozenset(_PRIMARIES.split())


def _find_reads(arguments: list[str]) -> bool:
    # A number such as -7 is the argument of -mtime or -perm.
    options = (word for word in arguments if word.startswith("-"))
    return all(word in _FIND_PRIMARIES or re.fullmatch(r"-\d+", word) for word in options)


_PROGRAMS = MappingProxyType(
    {
        "cat": _options(r"-[nbsv]+"),
        "zcat": _options(r"-f"),
        "head": _options(r"-[nc]|-[nc]?\d+"),
        "tail": _options(r"-[nc]|-[nc]?\d+"),
        "ls": _options(r"-[A-Za-z1]+"),
        "grep": grep_reads,
        "df": _options(r"-[hkmi]+"),
        "sha256": _options(r"-q"),
        "ps": _options(r"-[A-Za-z]+"),
        "crontab": _crontab_reads,
        "sysctl": _sysctl_reads,
        "date": _date_reads,
        "uptime": _options(r"(?!)", operands=0),
        "last": _options(r"-n|-\d+"),
        "find": _find_reads,
        "netstat": _options(r"-[A-Zabdghilmnprsu]+|-f"),
        "sockstat": _options(r"-[46clLpuU]+"),
        "w": _options(r"-[dhin]+", operands=0),
        "id": _options(r"-[Ggnru]+"),
    }
)
