"""A draft written out as a bulletin file, with all that was left out as comments at its head."""

import json
import textwrap
from collections.abc import Iterable, Mapping
from datetime import date

from gatectl.core.draft import Draft
from gatectl.core.visible import visible

_WIDTH = 98
_TITLE = "A draft: compare it with the vendor's bulletin before it is used."


def draft_text(draft: Draft, *, checks: Iterable[str] = ()) -> str:
    """Write a bulletin file; `checks` say what was found out about the record itself."""
    advisory = draft.advisory
    lines = [*_comment(_TITLE), *(line for check in checks for line in _comment(check))]
    if draft.left_out:
        lines += ["#", "# Left out, or to be reviewed:"]
        lines += [line for one in draft.left_out for line in _comment(one, bullet="- ")]
    pairs: dict[str, str | date | tuple[str, ...] | None] = {
        "id": advisory.id,
        "title": advisory.title,
        "published": advisory.published,
        "cves": advisory.cves,
        "source": advisory.source,
        "known_exploited": advisory.known_exploited,
        "exploited_cves": advisory.exploited_cves or None,
        "kev": advisory.kev,
    }
    lines += [f"{key} = {_value(value)}" for key, value in pairs.items() if value is not None]
    lines += _table("fixed", advisory.fixed)
    if advisory.sources:
        lines += _table("sources", advisory.sources)
    return "\n".join(lines) + "\n"


def _table(name: str, pairs: Mapping[str, str]) -> list[str]:
    return ["", f"[{name}]", *(f"{_key(key)} = {_value(text)}" for key, text in pairs.items())]


def _key(key: str) -> str:
    plain = key.replace("_", "").isalnum() and key.isascii()
    return key if plain else _value(key)


def _value(value: str | date | tuple[str, ...]) -> str:
    match value:
        case str():
            # What cannot be seen is escaped first, so that JSON's quoting is TOML's.
            return json.dumps(visible(value), ensure_ascii=False)
        case date():
            return value.isoformat()
        case _:
            return f"[{', '.join(_value(one) for one in value)}]"


def _comment(text: str, *, bullet: str = "") -> list[str]:
    return textwrap.wrap(
        visible(text),
        width=_WIDTH,
        initial_indent=f"# {bullet}",
        subsequent_indent="# " + " " * len(bullet),
        break_on_hyphens=False,
    )
