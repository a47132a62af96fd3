"""What is wrong in a file, in words that a person understands, all at once."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from gatectl.config.document import Document, Key, key_spans, line_of
from gatectl.errors import ConfigInvalid, InvalidInput

Flaw = tuple[Key, str]
"""A key and what is wrong with it, before the line is looked up."""

SHOWN_LIMIT = 50
"""Problems that are told at once; somebody who has more gave the wrong file."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]+")
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong in a file, and where."""

    path: Path
    line: int
    key: str
    """As `gates.almelo.nodes[1].host_keys`; empty for the file as a whole."""
    sentence: str

    def __str__(self) -> str:
        """Write it as compilers do, so that editors find the place."""
        where = f"{self.key}: " if self.key else ""
        return f"{self.path}:{self.line}: {where}{self.sentence}"


def key_path(key: Key) -> str:
    """Write a key as a person would say it; odd names are quoted and escaped."""
    text = ""
    for piece in key:
        if isinstance(piece, int):
            text += f"[{piece}]"
        else:
            name = piece if _PLAIN_NAME.fullmatch(piece) else json.dumps(piece[:60])
            text += f".{name}" if text else name
    return text


def located(document: Document, flaws: Iterable[Flaw]) -> tuple[Problem, ...]:
    """Give each flaw its line, in the order of the file, several on one key as one."""
    sentences: dict[Key, list[str]] = {}
    for key, sentence in flaws:
        told = sentences.setdefault(key, [])
        if sentence not in told:
            told.append(sentence)
    spans = key_spans(document.text) if sentences else {}
    problems = [
        Problem(
            path=document.path,
            line=line_of(key, spans),
            key=key_path(key),
            sentence="; ".join(told),
        )
        for key, told in sentences.items()
    ]
    return tuple(sorted(problems, key=lambda problem: problem.line))


def refuse(problems: tuple[Problem, ...], *, error: type[InvalidInput] = ConfigInvalid) -> None:
    """Raise `error` with a line for each problem, if there is one."""
    if not problems:
        return
    lines = [str(problem) for problem in problems[:SHOWN_LIMIT]]
    if len(problems) > SHOWN_LIMIT:
        lines.append(f"... and {len(problems) - SHOWN_LIMIT} more")
    raise error("\n".join(lines))


def near(name: str, known: Iterable[str]) -> str:
    """Suggest what may have been meant, as the end of a sentence."""
    names = sorted(known)
    close = get_close_matches(name[:100], [one for one in names if one != name], n=2)
    if close:
        return f"; did you mean {' or '.join(close)}?"
    return f"; known here: {', '.join(names[:20])}" if names else ""


def shown(value: object) -> str:
    """Quote a value for a sentence: short, and nothing in it can steer a terminal."""
    text = json.dumps(value, default=str)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
