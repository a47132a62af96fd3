"""The device's words around an act: what fences others off, and what a refused line means."""

FENCE = "kill system session -all"
"""Ends every CLI session but the one that sends it."""

_PROPAGATED = frozenset(
    {"add", "apply", "bind", "disable", "enable", "rm", "save", "set", "unbind", "unset"}
)
"""Verbs of the configuration, which a primary passes on (netscaler.md 2.9)."""


def propagates(line: str) -> bool:
    """Say whether a primary tells its secondary this line, too."""
    return line.split(maxsplit=1)[0].casefold() in _PROPAGATED if line.strip() else False


_ADDED_BEFORE = ("already exists", "with the same name exists", "already bound")
_REMOVED_BEFORE = ("no such resource", "does not exist", "already been removed", "not bound")
_ADDING = frozenset({"add", "bind", "create"})
_REMOVING = frozenset({"rm", "unbind"})


def goes_on_after(line: str, error: str) -> bool:
    """Say whether the next line of an act may follow: the refused one had its effect before.

    The texts are those of netscaler.md 1.5.1 (codes 258, 273, 440, 864, 869, 870, 2097, 2641).
    """
    verb = line.split(maxsplit=1)[0].casefold() if line.strip() else ""
    words = error.casefold()
    if verb in _ADDING:
        return any(text in words for text in _ADDED_BEFORE)
    if verb in _REMOVING:
        return any(text in words for text in _REMOVED_BEFORE)
    return False
