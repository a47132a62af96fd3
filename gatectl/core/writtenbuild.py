"""Builds and ranges as public records write them, read only where there is one way to read them.

Records spell one build in a dozen ways, give half of it, or give a range that swallows other
trains. What could be read in two ways is refused with the reason; nothing is guessed.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from gatectl.core.advisory import Build, BuildError, Edition

_EDITION: Final = re.compile(r"(?i)[-\s]*\b(?:FIPS|NDcPP)\b")
_JOINING: Final = re.compile(r"(?i)\b(?:and|or)\b|[&/,]")
_RELEASE: Final = re.compile(r"\d{1,2}\.\d{1,2}", re.ASCII)
_HALF: Final = re.compile(r"\d{1,4}\.\d{1,5}", re.ASCII)
_WHOLE: Final = re.compile(
    r"(?P<release>\d{1,2}\.\d{1,2})(?:[-. ]| Build )(?P<half>\d{1,4}\.\d{1,5})", re.ASCII
)
_NO_BEGINNING: Final = frozenset({"", "0", "*", "-", "n/a", "unspecified", "unknown", "all"})
_RELEASES: Final = frozenset(
    {"9.3", "10.0", "10.1", "10.5", "11.0", "11.1", "12.0", "12.1", "13.0", "13.1", "14.1"}
)


class NotCertain(Exception):
    """A text that has no reading, or more than one."""


def plain(text: str) -> str:
    """Make odd blanks and letters plain, and leave no blank at either end."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def names_fips(text: str) -> bool:
    """Whether a text speaks of the FIPS or NDcPP edition."""
    return re.search(r"(?i)\b(?:FIPS|NDcPP)\b", plain(text)) is not None


def first_fixed(begin: str, end: str, *, fips: bool = False) -> Build:
    """Read the first fixed build from a range of affected ones; raises NotCertain.

    `begin` is a release, or says nothing; `end` is the first build that is not affected, whole or
    only its second half. `fips` says that the record names the edition elsewhere.
    """
    from_text, to_text = _bare(begin), _bare(end)
    release = _release_of(from_text)
    whole = _WHOLE.fullmatch(to_text)
    if whole is not None:
        if release and release != whole["release"]:
            raise NotCertain(f"it begins in {release} and ends in {whole['release']}")
        release, half = whole["release"], whole["half"]
    elif to_text in _RELEASES or _HALF.fullmatch(to_text) is None:
        raise NotCertain(f"{plain(end)!r} is not the end of a range of builds")
    elif not release:
        raise NotCertain(f"{plain(end)!r} is half a build, and nothing names its release")
    else:
        half = to_text
    stated = fips or names_fips(begin) or names_fips(end)
    return _in_its_edition(f"{release}-{half}", stated=stated)


def one_build(text: str, *, fips: bool = False) -> Build:
    """Read one whole build; raises NotCertain."""
    if _WHOLE.fullmatch(_bare(text)) is None:
        raise NotCertain(f"{plain(text)!r} is not a whole build")
    return first_fixed("", text, fips=fips)


def range_end(text: str) -> tuple[str, str]:
    """Split a range such as `<13.1-49.13` or `vers:x/>=13.1|<13.1-49.13`; raises NotCertain."""
    bounds = re.sub(r"^vers:[^/]*/", "", plain(text))
    parts = [part.strip() for part in re.split(r"[|,]|\s(?=[<>])", bounds) if part.strip()]
    begins = [part[2:] for part in parts if part.startswith(">=")]
    ends = [part[1:] for part in parts if re.match(r"<(?!=)", part)]
    if len(ends) != 1 or len(begins) > 1 or len(parts) != len(begins) + len(ends):
        raise NotCertain(f"{plain(text)!r} is not a range that ends before a first fixed build")
    return (begins[0] if begins else ""), ends[0]


def builds_in(text: str) -> tuple[str, ...]:
    """List the builds that a prose text names, for the person who reads it."""
    found = re.findall(r"(?<![\d.])\d{1,2}\.\d-\d{1,3}\.\d{1,5}(?![\d.]*\d)", plain(text))
    return tuple(dict.fromkeys(found))


def trains(builds: Iterable[Build]) -> frozenset[str]:
    """Name the trains of builds."""
    return frozenset(str(build.train) for build in builds)


def _bare(text: str) -> str:
    """Take away the words for the edition and what joins them."""
    without = _EDITION.sub(" ", plain(text))
    if without != plain(text):
        without = _JOINING.sub(" ", without)
    return plain(without).rstrip("-")


def _release_of(text: str) -> str:
    if text.casefold() in _NO_BEGINNING:
        return ""
    if _RELEASE.fullmatch(text):
        return text
    if _WHOLE.fullmatch(text):
        # The builds before it are older and are not said to be affected.
        raise NotCertain(f"it begins inside a train, at {text}")
    raise NotCertain(f"{text!r} is not a release")


def _in_its_edition(text: str, *, stated: bool) -> Build:
    try:
        build = Build.parse(text, fips=stated)
    except BuildError as exc:
        raise NotCertain(str(exc)) from exc
    is_fips = build.train.edition is Edition.FIPS
    if is_fips and not stated:
        raise NotCertain(f"{text} has the numbers of a FIPS build, and is not said to be one")
    if stated and not is_fips:
        raise NotCertain(f"{text} is said to be a FIPS build, and does not have such numbers")
    return build
