"""The words of one language: sentences, times, lengths and amounts."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Literal, assert_never

from gatectl.config.document import read_toml
from gatectl.core.answer import Free, Money, Private, Sentence, Term, Value
from gatectl.core.visible import visible

Code = Literal["nl", "en"]
LANGUAGES: tuple[Code, ...] = ("nl", "en")

TEXTS = Path(__file__).resolve().parent / "texts"
_SCHEME = re.compile(r"\b[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_DAY_MINUTES = 1440
_LONG_DAYS = 2
_FREE_CHARACTERS_MAX = 4000

Veil = Callable[[str], str]


def unveiled(text: str) -> str:
    """Leave a text as it is."""
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language, one time zone, and what may be told in it."""

    code: Code
    tables: Mapping[str, Mapping[str, Any]]
    zone: tzinfo | None = None
    """Without one, that of this machine."""
    public: bool = False
    veil: Veil = unveiled
    """Leaves out of a free text what may not be published."""
    free: Mapping[str, str] = field(default_factory=dict)
    """Translations of texts that somebody wrote, where there are some."""

    def label(self, name: str, **values: str) -> str:
        """Give one of the words around the answers."""
        return str(self.tables["label"][name]).format(**values)

    def term(self, term: Term) -> str:
        """Give a word of ours; one that a newer version wrote is shown as it stands."""
        table = self.tables[term.table]
        return str(table.get(term.name, table.get("other", term.name)))

    def sentence(self, sentence: Sentence) -> str:
        """Write a sentence out."""
        table = self.tables["sentence"]
        key = sentence.key
        numbers = [value for value in sentence.values.values() if type(value) is int]
        if numbers and numbers[0] == 1 and f"{key}-one" in table:
            key = f"{key}-one"
        words = {name: self.value(value) for name, value in sentence.values.items()}
        return str(table[key]).format(**words)

    def value(self, value: Value) -> str:
        """Write a value out."""
        match value:
            case datetime():
                return self.moment(value)
            case date():
                return self.day(value)
            case timedelta():
                return self.length(value)
            case Money(cents=cents):
                return str(self._own("money")).format(amount=self._number(f"{cents / 100:,.2f}"))
            case Term():
                return self.term(value)
            case Free(text=text):
                return self.text(text)
            case Private(text=text):
                return str(self._own("left_out")) if self.public else self.text(text)
            case int():
                return self._number(f"{value:,}")
            case float():
                return self._number(f"{value:,.2f}".rstrip("0").rstrip("."))
            case _ as never:
                assert_never(never)

    def text(self, text: str) -> str:
        """Show what somebody wrote: visible, without links, and veiled in public."""
        told = self._translated(text)
        plain = visible(_SCHEME.sub("", told), limit=_FREE_CHARACTERS_MAX)
        return self.veil(plain) if self.public else plain

    def _translated(self, text: str) -> str:
        """Translate a whole text, or a line of a comparison behind its sign."""
        if text in self.free:
            return self.free[text]
        if text[:1] in {"+", "-", " "} and text[1:] in self.free:
            return text[:1] + self.free[text[1:]]
        return text

    def local(self, moment: datetime) -> datetime:
        """Give a moment on the clock of the report's zone."""
        return moment.astimezone(self.zone)

    def moment(self, moment: datetime) -> str:
        """Write a moment out, to the minute."""
        local = self.local(moment)
        return str(self._own("moment")).format(
            **self._date_words(local), hour=f"{local:%H}", minute=f"{local:%M}"
        )

    def day(self, day: date) -> str:
        """Write a day out."""
        return str(self._own("day")).format(**self._date_words(day))

    def length(self, length: timedelta) -> str:
        """Write a length of time out, no more exact than it deserves."""
        minutes = round(length.total_seconds() / 60)
        days, rest = divmod(minutes, _DAY_MINUTES)
        hours, minutes_left = divmod(rest, 60)
        if days >= _LONG_DAYS:
            minutes_left = 0
        parts = [
            self._counted(name, count)
            for name, count in (("day", days), ("hour", hours), ("minute", minutes_left))
            if count
        ]
        return str(self._own("and")).join(parts) if parts else str(self._own("at_once"))

    def zone_name(self, moment: datetime) -> str:
        """Name the zone as it was then."""
        local = self.local(moment)
        return f"{local.tzname()} (UTC{local:%z})"

    def _date_words(self, day: date) -> dict[str, object]:
        months = self._own("months")
        return {"day": day.day, "month": months[day.month - 1], "year": day.year}

    def _counted(self, name: str, count: int) -> str:
        return str(self._own(f"{name}_{'one' if count == 1 else 'many'}")).format(n=count)

    def _number(self, text: str) -> str:
        swapped = {",": str(self._own("thousands")), ".": str(self._own("decimal"))}
        return "".join(swapped.get(character, character) for character in text)

    def _own(self, name: str) -> Any:
        return self.tables["language"][name]


def language(
    code: Code,
    *,
    zone: tzinfo | None = None,
    veil: Veil | None = None,
    more: Mapping[str, str] | None = None,
) -> Language:
    """Read a language; with a veil, for a public version."""
    tables = read_toml(TEXTS / f"{code}.toml")
    free = {**tables.get("free", {}), **(more or {})}
    return Language(
        code=code,
        tables=tables,
        zone=zone,
        public=veil is not None,
        veil=veil or unveiled,
        free=free,
    )


def translations(story: str, code: Code) -> Mapping[str, str]:
    """Give the translations of what people say in a story, where there are some."""
    path = TEXTS / f"{story}.{code}.toml"
    return read_toml(path)["free"] if path.exists() else {}
