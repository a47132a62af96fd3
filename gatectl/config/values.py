"""From the values of a file to a type: strictly, and with every objection in our own words."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, time
from ipaddress import ip_interface
from math import isfinite
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from gatectl.config.document import Key
from gatectl.config.problem import Flaw, near, shown

T = TypeVar("T")

_DEPTH_LIMIT = 16
_ENTRIES_LIMIT = 1000
_ERRORS_LIMIT = 500
_WHOLE_NUMBER_BITS = 63
_SECRET_WORDS = frozenset(
    {"password", "passwd", "passphrase", "pass", "secret", "token", "apikey", "credentials"}
)
_REFERENCE_KEYS = frozenset({"password_file"})


def monstrous(data: Mapping[str, Any]) -> list[Flaw]:
    """Find what is too deep, too long or too large to go on with; look at the rest only without."""
    return list(_monsters(data, ()))


def _monsters(value: Any, key: Key) -> Iterator[Flaw]:
    if isinstance(value, int) and value.bit_length() > _WHOLE_NUMBER_BITS:
        yield key, "is too large a number"
    elif isinstance(value, dict | list):
        if len(key) >= _DEPTH_LIMIT:
            yield key, "is nested too deep to belong here"
        elif len(value) > _ENTRIES_LIMIT:
            yield key, f"has {len(value)} entries; more than {_ENTRIES_LIMIT} cannot be meant"
        else:
            for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
                yield from _monsters(inner, (*key, name))


def value_flaws(data: Mapping[str, Any], *, names_free_at: Key = ("",)) -> list[Flaw]:
    """Find secrets in clear, and values that no key that a person writes can have.

    The names of the tables in `names_free_at` are a person's own and may be any word.
    """
    return list(_walk(data, (), names_free_at))


def _walk(value: Any, key: Key, names_free_at: Key) -> Iterator[Flaw]:
    match value:
        case dict():
            for name, inner in value.items():
                if _is_secret(name) and key != names_free_at:
                    yield (*key, name), _NO_SECRETS
                else:
                    yield from _walk(inner, (*key, name), names_free_at)
        case list():
            for position, inner in enumerate(value):
                yield from _walk(inner, (*key, position), names_free_at)
        case date() | time():
            yield key, "must not be a date or time; put it in quotes if it is meant as text"
        case float() if not isfinite(value):
            yield key, "must be a finite number"
        case _:
            return


_NO_SECRETS = (
    "no secret may stand in this file; refer to it with key_file, password_file, command, "
    "credential or prompt, and if this was a real one, change it"
)


def _is_secret(name: str) -> bool:
    words = set(re.split(r"[^a-z0-9]+", name.lower()))
    return name not in _REFERENCE_KEYS and not words.isdisjoint(_SECRET_WORDS)


def typed(adapter: TypeAdapter[T], data: Mapping[str, Any]) -> T | list[Flaw]:
    """Turn values into a type, or say all that keeps them from it.

    Give only data in which nothing is monstrous, or that came with gatectl.
    """
    # As JSON, because only there "strict" still allows text for an address or a choice. Strict,
    # because otherwise the port "22" and the port true would be taken without a word.
    text = json.dumps(data, default=str)
    try:
        return adapter.validate_json(text, strict=True)
    except ValidationError as exc:
        errors = exc.errors(include_url=False)[:_ERRORS_LIMIT]
    sentences: dict[Key, list[str]] = {}
    for key, sentence in _told(errors, data, adapter):
        told = sentences.setdefault(key, [])
        if sentence not in told:
            told.append(sentence)
    # Several on one key are the several ways in which it could have been written.
    return [(key, ", or ".join(told)) for key, told in sentences.items()]


def _told(
    errors: list[ErrorDetails], data: Mapping[str, Any], adapter: TypeAdapter[Any]
) -> Iterator[Flaw]:
    strange = any(error["type"] == _STRANGE for error in errors)
    schema = adapter.json_schema() if strange else {}
    flaws = [(_key(error, data), error) for error in errors]
    for key, error in flaws:
        inner = any(other[: len(key)] == key and other != key for other, _ in flaws)
        if inner and error["type"] not in _KEEPS_WITH_INNER:
            # The other way to write this key; what is told of the entries says more.
            continue
        if error["type"] == _STRANGE:
            known = known_keys(schema, key[:-1], data)
            yield key, "is not a key that belongs here" + near(str(key[-1]), known)
        else:
            yield key, _sentence(error)


_STRANGE = "unexpected_keyword_argument"
_KEEPS_WITH_INNER = frozenset({"too_long", "value_error"})


def _key(error: ErrorDetails, data: Mapping[str, Any]) -> Key:
    """Keep of pydantic's location what stands in the file, without its names for alternatives."""
    key: list[str | int] = []
    here: Any = data
    for piece in error["loc"]:
        named = isinstance(here, dict) and piece in here
        if named or (isinstance(here, list) and isinstance(piece, int) and piece < len(here)):
            key.append(piece)
            here = here[piece]
    if error["type"] == "missing":
        key.append(error["loc"][-1])
    return tuple(key)


def _sentence(error: ErrorDetails) -> str:
    kind, facts = error["type"], error.get("ctx", {})
    if any("ip_v" in str(piece) for piece in error["loc"]):
        return _address_sentence(error)
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in _WITH_FACTS:
        return _WITH_FACTS[kind](facts, error["input"])
    if kind == "value_error":
        return str(facts["error"])
    return error["msg"][:1].lower() + error["msg"][1:]


_PLAIN: Mapping[str, str] = {
    "missing": "is missing",
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number, without quotes",
    "int_from_float": "must be a whole number, without quotes",
    "float_type": "must be a number, without quotes",
    "bool_type": "must be true or false, without quotes",
    "tuple_type": "must be a list, in [ ]",
    "list_type": "must be a list, in [ ]",
    "dict_type": "must be a table",
    "mapping_type": "must be a table",
    "dataclass_type": "must be a table",
    "date_type": "must be a date, as 2019-12-17",
    "date_parsing": "must be a date, as 2019-12-17",
    "date_from_datetime_parsing": "must be a date, as 2019-12-17",
    "datetime_from_date_parsing": "must be a date and time, as 2020-01-18T19:00:00Z",
}


def _entries(count: int) -> str:
    return "one entry" if count == 1 else f"{count} entries"


_WITH_FACTS: Mapping[str, Callable[[Mapping[str, Any], object], str]] = {
    "literal_error": lambda facts, value: _choice(facts["expected"], value),
    "enum": lambda facts, value: _choice(facts["expected"], value),
    "union_tag_invalid": lambda facts, _: f"its kind must be one of {facts['expected_tags']}",
    "greater_than_equal": lambda facts, value: f"must be at least {facts['ge']}, not {value}",
    "less_than_equal": lambda facts, value: f"must be at most {facts['le']}, not {value}",
    "too_short": lambda facts, _: f"needs at least {_entries(facts['min_length'])}",
    "too_long": lambda facts, _: f"may have at most {_entries(facts['max_length'])}",
    "string_too_short": lambda _, __: "must not be empty",
    "string_too_long": lambda facts, _: f"may have at most {facts['max_length']} characters",
    "string_pattern_mismatch": lambda facts, _: f"must match {facts['pattern']}",
}


def _choice(expected: str, value: object) -> str:
    choices = expected.replace("'", '"').replace("True", "true")
    close = near(value, re.findall(r'"([^"]*)"', choices)) if isinstance(value, str) else ""
    hint = close if "did you mean" in close else ""
    return f"must be {choices}, not {shown(value)}{hint}"


def _address_sentence(error: ErrorDetails) -> str:
    value = error["input"]
    if error["type"] == "string_type" or not isinstance(value, str):
        return "must be text in quotes"
    if not any("_network" in str(piece) for piece in error["loc"]):
        return f"{shown(value)} is not an IP address"
    try:
        network = ip_interface(value).network
    except ValueError:
        return f"{shown(value)} is not a network, as 10.0.0.0/8"
    return f"{shown(value)} is a host in a network; did you mean {network}?"


def known_keys(schema: Mapping[str, Any], key: Key, data: Mapping[str, Any]) -> set[str]:
    """List the keys that a table may have, for the advice on one that it may not have."""
    places: list[Any] = [schema]
    here: Any = data
    for piece in key:
        places = [
            inner
            for place in _alternatives(places, schema, here)
            for inner in _step_into(place, piece)
        ]
        here = here[piece]
    return {
        name
        for place in _alternatives(places, schema, here)
        for name in place.get("properties", {})
    }


def _alternatives(
    places: list[Any], schema: Mapping[str, Any], here: Any
) -> Iterator[Mapping[str, Any]]:
    for place in places:
        if "$ref" in place:
            name = place["$ref"].rpartition("/")[2]
            yield from _alternatives([schema["$defs"][name]], schema, here)
        elif "oneOf" in place or "anyOf" in place:
            yield from _alternatives(place.get("oneOf", place.get("anyOf")), schema, here)
        elif _is_kind(place, here):
            yield place


def _is_kind(place: Mapping[str, Any], here: Any) -> bool:
    kind = place.get("properties", {}).get("kind", {})
    if not isinstance(here, dict) or "const" not in kind:
        return True
    return bool(kind["const"] == here.get("kind", kind.get("default")))


def _step_into(place: Mapping[str, Any], piece: str | int) -> Iterator[Any]:
    if isinstance(piece, int):
        if "items" in place:
            yield place["items"]
        return
    if piece in place.get("properties", {}):
        yield place["properties"][piece]
        return
    yield from place.get("patternProperties", {}).values()
    if isinstance(place.get("additionalProperties"), dict):
        yield place["additionalProperties"]
