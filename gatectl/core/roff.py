"""A manual page in the language of man: plain text in, roff out, and nothing in it is a command."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualOption:
    """An option, and what it is for."""

    names: str
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualVerb:
    """A verb, how it is typed, and its options."""

    name: str
    usage: str
    paragraphs: tuple[str, ...]
    """Lines of one that stay as they are are separated by line breaks."""
    options: tuple[ManualOption, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manual:
    """All that the page says."""

    program: str
    version: str
    line: str
    """What the program is for, in one line."""
    synopsis: str
    paragraphs: tuple[str, ...]
    options: tuple[ManualOption, ...]
    verbs: tuple[ManualVerb, ...]
    exit_codes: tuple[tuple[int, str], ...]
    variables: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]


def manual_text(manual: Manual) -> str:
    """Write the page."""
    return "\n".join(_lines(manual)) + "\n"


def _lines(manual: Manual) -> Iterator[str]:
    title = f"{manual.program} {manual.version}"
    yield f'.TH {manual.program.upper()} 1 "" "{_escaped(title)}" "User Commands"'
    yield ".SH NAME"
    yield f"{_escaped(manual.program)} \\- {_escaped(manual.line)}"
    yield ".SH SYNOPSIS"
    yield f".B {_escaped(manual.synopsis)}"
    yield ".SH DESCRIPTION"
    yield from _paragraphs(manual.paragraphs)
    yield ".SH OPTIONS"
    yield from _options(manual.options)
    yield ".SH VERBS"
    for verb in manual.verbs:
        yield f".SS {_escaped(verb.name)}"
        yield f".B {_escaped(verb.usage)}"
        yield from _paragraphs(verb.paragraphs)
        yield from _options(verb.options)
    yield ".SH EXIT STATUS"
    yield from _listed((str(code), meaning) for code, meaning in manual.exit_codes)
    yield ".SH ENVIRONMENT"
    yield from _listed(manual.variables)
    yield ".SH FILES"
    yield from _listed(manual.files)


def _paragraphs(paragraphs: Iterable[str]) -> Iterator[str]:
    for paragraph in paragraphs:
        yield ".PP"
        if "\n" in paragraph:
            yield ".nf"
            yield from (_escaped(line) for line in paragraph.split("\n"))
            yield ".fi"
        else:
            yield _escaped(paragraph)


def _options(options: Iterable[ManualOption]) -> Iterator[str]:
    yield from _listed((option.names, option.help) for option in options)


def _listed(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for term, words in pairs:
        yield ".TP"
        yield f".B {_escaped(term)}"
        yield _escaped(words) if words else "\\&"


def _escaped(text: str) -> str:
    """Make text plain for roff: no escape of its own, and no line that begins as a command."""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    return f"\\&{plain}" if plain[:1] in {".", "'"} else plain
