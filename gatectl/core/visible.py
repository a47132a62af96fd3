"""Text from outside, made safe to show: nothing in it moves a cursor, hides or runs backwards."""

import unicodedata

_COMBINING_MAX = 2
"""More marks on one letter than any living language needs would cover the lines around it."""

_BLANK_LETTERS = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u034f")
"""Printable by the book and yet not to be seen."""

_SELECTORS = ((0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
"""Variation selectors: invisible marks in which a text can be smuggled."""


def visible(text: str, *, limit: int = 4096, keep_newlines: bool = False) -> str:
    r"""Keep what can be seen and write all else as `\xNN` or `\uNNNN`; say what is left out.

    With `keep_newlines` the text stays in lines, and tabs become blanks.
    """
    if keep_newlines:
        # Only so much can be shown, however long the text is.
        head, rest = text[: limit + 1], text[limit + 1 :]
        text = head.replace("\r\n", "\n").expandtabs(4) + rest
    shown: list[str] = []
    length = 0
    # A mark at the beginning would land on the last letter of our own text.
    marks = _COMBINING_MAX
    for position, character in enumerate(text):
        plain = _is_plain(character)
        if unicodedata.category(character) == "Mn":
            marks += 1
        else:
            marks = 0 if plain else _COMBINING_MAX
        kept = (plain and marks <= _COMBINING_MAX) or (keep_newlines and character == "\n")
        piece = character if kept else _escaped(character)
        length += len(piece)
        if length > limit:
            return "".join(shown) + f"...[{len(text) - position} characters more]"
        shown.append(piece)
    return "".join(shown)


def _is_plain(character: str) -> bool:
    code = ord(character)
    return (
        character.isprintable()
        and unicodedata.category(character) != "Me"
        and character not in _BLANK_LETTERS
        and not any(first <= code <= last for first, last in _SELECTORS)
    )


def _escaped(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:  # noqa: PLR2004 - what two hex digits can say
        return f"\\x{code:02x}"
    if code <= 0xFFFF:  # noqa: PLR2004 - what four hex digits can say
        return f"\\u{code:04x}"
    return f"\\U{code:08x}"
