"""The grammar of the CLI: words, abbreviations, options. Knows no command by itself."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from gatectl.simulator.texts import Refused

GROUPED = 2
"""A command of more words than this has a group between its verb and its noun."""
ESCAPABLE = '"\\'


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a command line and where it starts."""

    text: str
    column: int
    was_quoted: bool = False


class Shape(Protocol):
    """What the grammar must know of a command."""

    @property
    def words(self) -> tuple[str, ...]:
        """The command's own words."""

    @property
    def operands(self) -> str:
        """Declared operands, as `name:type` with `?` or `*` after the name."""

    @property
    def options(self) -> str:
        """Declared options, as `name:type`."""


ShapeType = TypeVar("ShapeType", bound=Shape)


def split_line(line: str, separator: str) -> list[tuple[int, str]]:
    """Cut a line at a separator that stands outside quotes; give each part's column."""
    parts: list[tuple[int, str]] = []
    start = 0
    for position, letter, inside in _letters(line):
        if letter == separator and not inside:
            parts.append((start, line[start:position]))
            start = position + 1
    parts.append((start, line[start:]))
    return parts


def _letters(line: str) -> list[tuple[int, str, bool]]:
    """Give each letter with whether it stands inside quotes or is escaped."""
    found: list[tuple[int, str, bool]] = []
    quote = ""
    escaped = False
    for position, letter in enumerate(line):
        found.append((position, letter, bool(quote) or escaped))
        if escaped:
            escaped = False
        elif letter == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
    return found


def tokenise(line: str, *, column: int = 0) -> list[Word]:
    r"""Cut a command into words; quotes group, and a backslash saves a quote from that.

    Other backslashes stay where they are: `\r` inside quotes is for the expression to read.
    """
    words: list[Word] = []
    position = 0
    while position < len(line):
        if line[position].isspace():
            position += 1
            continue
        start = position
        text, position, was_quoted = _one_word(line, position)
        words.append(Word(text, column + start, was_quoted))
    return words


def _one_word(line: str, position: int) -> tuple[str, int, bool]:
    letters: list[str] = []
    quote = ""
    was_quoted = False
    while position < len(line) and (quote or not line[position].isspace()):
        letter = line[position]
        following = line[position + 1 : position + 2]
        if letter == "\\" and quote != "'" and following and following in ESCAPABLE:
            letters.append(following)
            position += 1
        elif quote and letter == quote:
            quote = ""
        elif not quote and letter in "\"'":
            quote, was_quoted = letter, True
        else:
            letters.append(letter)
        position += 1
    if quote:
        raise Refused(1115)
    return "".join(letters), position, was_quoted


def resolve(words: Sequence[Word], commands: Sequence[ShapeType]) -> tuple[ShapeType, list[Word]]:
    """Find the command that the words mean; give it and the words that are left."""
    found: list[tuple[tuple[int, ...], ShapeType, int]] = []
    started = 0
    given = [(command, command.words) for command in commands]
    groups = {own[1].lower() for _, own in given if len(own) > GROUPED}
    names_group = len(words) > 1 and words[1].text.lower() in groups
    verb = words[0].text.lower() if words else ""
    for command, own in given:
        if not own[0].lower().startswith(verb):
            # Most commands are of another verb, and a line is looked up in all of them.
            continue
        for pattern in _patterns(own):
            # Otherwise `show ns acls` would be `show ns.conf` with something behind it.
            if names_group and len(pattern) < len(own):
                continue
            matched = _matched(words, pattern)
            started = max(started, len(matched))
            if len(matched) == len(pattern):
                rank = (len(pattern), *matched, len(pattern) == len(own))
                found.append((rank, command, len(pattern)))
    if not found:
        if started == len(words) and words:
            raise Refused(1128, column=words[-1].column)
        raise Refused(1088, column=words[started].column if started < len(words) else 0)
    best = max(rank for rank, _, _ in found)
    winners = [entry for entry in found if entry[0] == best]
    if len({id(command) for _, command, _ in winners}) > 1:
        raise Refused(1089, column=words[0].column)
    _, command, used = winners[0]
    return command, list(words[used:])


def _patterns(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Give the full form, and the one without the group (`show acl` for `show ns acl`)."""
    short = (words[0], *words[2:])
    return [words, short] if len(words) > GROUPED else [words]


def _matched(words: Sequence[Word], pattern: tuple[str, ...]) -> list[int]:
    """Say for each matching word whether it is complete (1) or abbreviated (0)."""
    found: list[int] = []
    if len(pattern) == 1 and words and words[0].text.lower() != pattern[0].lower():
        # Otherwise `sh` would be the shell, and not the beginning of `show`.
        return found
    for word, wanted in zip(words, pattern, strict=False):
        text = word.text.lower()
        full = wanted.lower()
        if not text or word.was_quoted or not full.startswith(text):
            break
        found.append(int(text == full))
    return found


@dataclass(frozen=True, slots=True)
class Arguments:
    """What stood behind a command's own words."""

    operands: dict[str, str]
    lists: dict[str, list[str]]
    options: dict[str, str]


def parse_arguments(words: Sequence[Word], shape: Shape) -> Arguments:
    """Sort the words behind a command into operands and options."""
    declared = [_declaration(text) for text in shape.operands.split()]
    known = dict(text.split(":", 1) for text in shape.options.split())
    operands: dict[str, str] = {}
    lists: dict[str, list[str]] = {}
    options: dict[str, str] = {}
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if word.text.startswith("-") and len(word.text) > 1 and not word.was_quoted:
            name = _option_name(word, known)
            options[name] = _option_value(word, known[name], queue)
            continue
        if not declared:
            raise Refused(1090 if not shape.operands else 1098, column=word.column)
        name, kind, repeat, _ = declared[0]
        value = check_value(word.text, kind, column=word.column)
        if repeat:
            lists.setdefault(name, []).append(value)
        else:
            operands[name] = value
            declared.pop(0)
    for name, _, repeat, optional in declared:
        if not optional and not (repeat and name in lists):
            raise Refused(1095, detail=f" [{name}]")
    return Arguments(operands, lists, options)


def _declaration(text: str) -> tuple[str, str, bool, bool]:
    name, _, kind = text.partition(":")
    return name.rstrip("?*+"), kind or "word", name[-1] in "*+", name[-1] in "?*"


def _option_name(word: Word, known: dict[str, str]) -> str:
    wanted = word.text[1:].lower()
    exact = [name for name in known if name.lower() == wanted]
    found = exact or [name for name in known if name.lower().startswith(wanted)]
    if not found:
        raise Refused(1090, column=word.column)
    if len(found) > 1:
        raise Refused(1099, column=word.column)
    return found[0]


def _option_value(word: Word, kind: str, queue: list[Word]) -> str:
    if kind == "flag":
        return "YES"
    operator = "="
    if kind == "range" and queue and queue[0].text in ("=", "!=", "==", "<>"):
        operator = "!=" if queue.pop(0).text in ("!=", "<>") else "="
    if not queue:
        raise Refused(1091, detail=f" [{word.text[1:]}]", column=word.column)
    value = queue.pop(0)
    if kind == "range":
        return f"{operator} {value.text}"
    return check_value(value.text, kind, column=value.column)


def check_value(text: str, kind: str, *, column: int) -> str:
    """Check a value against its declared type; complete what was abbreviated."""
    if kind == "word":
        return text
    bounds = re.fullmatch(r"(\d+)\.\.(\d+)", kind)
    if bounds:
        if not text.isdigit():
            raise Refused(1097, detail=f" [{text}]", column=column)
        if int(text) > int(bounds[2]):
            raise Refused(1108, column=column)
        if int(text) < int(bounds[1]):
            raise Refused(1109, column=column)
        return text
    choices = kind.split("|")
    exact = [choice for choice in choices if choice.lower() == text.lower()]
    found = exact or [choice for choice in choices if choice.lower().startswith(text.lower())]
    if not found:
        raise Refused(1097, detail=f" [{text}]", column=column)
    if len(found) > 1:
        raise Refused(1105, detail=f" [{text}]", column=column)
    return found[0]
