"""The words that the verbs about a case share: which case, when, and by whom."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from gatectl.cli import suggestions
from gatectl.cli.desk import PEOPLE_FILE, Workplace, configuration_of, workplace
from gatectl.core.case import Case
from gatectl.core.casework import Person
from gatectl.dossier import Dossier, case_by_name
from gatectl.people import People

Verb = TypeVar("Verb", bound=Callable[..., Any])

_YEAR_MIN = 1990
"""A moment before that is a slip of the pen."""


def moment(_ctx: click.Context, _option: click.Parameter, given: str | None) -> datetime | None:
    """Read a moment, RFC 3339 or in local time, as `2020-01-18 19:30`."""
    if given is None:
        return None
    try:
        read = datetime.fromisoformat(given.strip()).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise click.BadParameter(f"{given!r} is not a moment such as 2020-01-18 19:30") from None
    if read.year < _YEAR_MIN:
        raise click.BadParameter(f"{given!r} is too long ago to be meant")
    return read


def of_case(verb: Verb) -> Verb:
    """Take `--case NAME` and `--gate GATE`; without them the only open case is meant."""
    named = click.option("--case", "case", metavar="NAME", help="The case; else the open one.")
    gate = click.option(
        "--gate",
        metavar="GATE",
        shell_complete=suggestions.gates,
        help="The gate, where several have a case.",
    )
    return named(gate(verb))


def by_whom(verb: Verb) -> Verb:
    """Take a role, and a name that is kept beside the journal and can be erased."""
    role = click.option("--by", "by", required=True, metavar="ROLE", help="By whom, as a role.")
    name = click.option(
        "--name", metavar="NAME", help="The person's name: kept beside the journal, erasable."
    )
    return role(name(verb))


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDesk:
    """What a verb about one case works with."""

    place: Workplace
    dossier: Dossier
    case: Case
    people: People

    def person(self, name: str | None) -> Person | None:
        """Enrol a person, if a name was given."""
        return self.people.enrol(name.strip()) if name and name.strip() else None


@contextmanager
def case_desk(
    ctx: click.Context, case: str | None, gate: str | None, *, or_last: bool = False
) -> Iterator[CaseDesk]:
    """Open the journal and find the case that is meant."""
    with dossiers(ctx, gate) as (place, all_of_them):
        dossier, found = case_by_name(all_of_them, case, or_last=or_last)
        yield CaseDesk(place=place, dossier=dossier, case=found, people=people_of(place))


@contextmanager
def dossiers(
    ctx: click.Context, gate: str | None
) -> Iterator[tuple[Workplace, tuple[Dossier, ...]]]:
    """Open the journal with the cases of one gate, or of all."""
    names = (gate,) if gate else tuple(configuration_of(ctx).gates)
    with workplace(ctx, names) as place:
        yield place, tuple(dossier_of(place, one.name) for one in place.gates)


def dossier_of(place: Workplace, gate: Any) -> Dossier:
    """Make the dossier of a gate from what lies on the desk."""
    return Dossier(journal=place.desk.journal, gate=gate, evidence=place.desk.evidence)


def people_of(place: Workplace) -> People:
    """Find the table of names, beside the journal."""
    return People(state_of(place) / PEOPLE_FILE)


def state_of(place: Workplace) -> Path:
    """Tell where journal, evidence and names lie."""
    return place.configuration.settings.state_dir
