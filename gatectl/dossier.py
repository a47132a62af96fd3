"""The cases of one gate, in the journal: opened, added to, looked up and closed."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, takewhile

from gatectl.core.advice import changes, previous
from gatectl.core.case import Case, cases_of
from gatectl.core.casework import (
    CASE_KINDS,
    AdviceKey,
    AdviceReceived,
    CaseClosed,
    CaseEntry,
    CaseName,
    CaseOpened,
    Decided,
    HoursSpent,
)
from gatectl.core.event import EvidenceId, Recorded
from gatectl.core.gate import GateName
from gatectl.errors import GatectlError, InvalidInput, JournalDamaged, Refused
from gatectl.ports import GateJournal, Keeper

HOURS_MAX = 24.0
"""Nobody works longer without a break; more is a slip of the pen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """One gate's cases."""

    journal: GateJournal
    gate: GateName
    evidence: Keeper

    def cases(self) -> dict[CaseName, Case]:
        """Fold the gate's cases, oldest first, from what people entered; `whole` adds the rest."""
        return cases_of(self.journal.events(gate=self.gate, kinds=CASE_KINDS))

    def whole(self, case: Case) -> Case:
        """Add what was recorded while a case was open; of a long journal nothing else is read."""
        last = sys.maxsize if case.closed_at is None else case.closed_at
        open_meanwhile = takewhile(
            lambda recorded: recorded.sequence <= last,
            self.journal.events(gate=self.gate, after=case.opened_at - 1),
        )
        added_later = (one for one in case.records if one.sequence > last)
        return cases_of(chain(open_meanwhile, added_later))[case.name]

    def case(self, name: str | None) -> Case:
        """Find a case; without a name the open one, else the newest."""
        return self.whole(self._named(name))

    def _named(self, name: str | None) -> Case:
        cases = self.cases()
        if name is not None:
            if name in cases:
                return cases[CaseName(name)]
            known = ", ".join(cases) or "none"
            raise InvalidInput(
                f"{self.gate} has no case {name[:100]!r}; it has: {known}",
                hint="`gatectl case list` shows all.",
            )
        if not cases:
            raise InvalidInput(
                f"{self.gate} has no case",
                hint=f"`gatectl case open NAME --gate {self.gate}` opens one.",
            )
        return next((one for one in cases.values() if one.is_open), [*cases.values()][-1])

    def open(self, name: CaseName, title: str) -> Case:
        """Open a case; a gate has one open case at the most, so that nothing counts twice."""
        cases = self.cases()
        if name in cases:
            raise Refused(f"{self.gate} has a case {name} already", hint="Choose another name.")
        standing = [one.name for one in cases.values() if one.is_open]
        if standing:
            raise Refused(
                f"the case {standing[0]} of {self.gate} is still open",
                hint=f"`gatectl case close {standing[0]}` closes it.",
            )
        self._put(CaseOpened(case=name, title=title))
        return self.case(name)

    def close(self, name: str | None, why: str) -> Case:
        """Close a case; what happens to the gate from now on does not belong to it."""
        case = self.case(name)
        if not case.is_open:
            raise Refused(f"the case {case.name} is closed already", hint="Nothing is to be done.")
        self._put(CaseClosed(case=case.name, why=why))
        return self.case(case.name)

    def enter(self, entry: CaseEntry) -> Recorded:
        """Put what somebody tells on record."""
        if isinstance(entry, HoursSpent) and not 0 < entry.hours <= HOURS_MAX:
            raise InvalidInput(f"{entry.hours:.2f} hours are not a stretch of work")
        if isinstance(entry, Decided):
            self._refuse_unknown(entry.case, entry.rests_on)
        return self._put(entry)

    def receive(self, advice: AdviceReceived, text: bytes | None) -> tuple[Case, tuple[str, ...]]:
        """Put advice on record with its text, and tell what it changes of the revision before."""
        case = self.case(advice.case)
        if advice.key in {one.entry.key for one in case.advice}:
            raise InvalidInput(
                f"{advice.key} is on record already", hint="A change of it has another revision."
            )
        recorded = self._put(advice)
        case = self.case(advice.case)
        entered = next(one for one in case.advice if one.sequence == recorded.sequence)
        before = previous(case, entered)
        if before is None:
            return case, ()
        old = self.text_of(before.entry)
        new = "" if text is None else text.decode("utf-8", "replace")
        # Fields can be compared without a text; a missing one is not taken for an emptied one.
        return case, changes(before.entry, advice, old if text is not None else "", new)

    def text_of(self, advice: AdviceReceived) -> str:
        """Read the kept text of a piece of advice; nothing, if none was kept."""
        if advice.evidence is None:
            return ""
        try:
            return self.evidence.read(EvidenceId(advice.evidence)).decode("utf-8", "replace")
        except JournalDamaged as exc:
            return f"[{exc.sentence}]"

    def _refuse_unknown(self, name: CaseName, grounds: Iterable[AdviceKey]) -> None:
        known = {one.entry.key for one in self.case(name).advice}
        for ground in grounds:
            if ground not in known:
                raise InvalidInput(
                    f"no advice {ground[:200]!r} is on record; there is: "
                    f"{'; '.join(sorted(known)) or 'none'}",
                    hint="`gatectl advice list` shows what a decision can rest on.",
                )

    def _put(self, entry: CaseEntry) -> Recorded:
        return self.journal.append(entry, gate=self.gate)


def case_by_name(
    dossiers: Iterable[Dossier], name: str | None, *, or_last: bool = False
) -> tuple[Dossier, Case]:
    """Find a case among several gates; without a name, the only open one.

    To read in, the last one that was closed will do where none is open.
    """
    dossiers = tuple(dossiers)
    found = [
        (dossier, case)
        for dossier in dossiers
        for case in dossier.cases().values()
        if (case.name == name if name is not None else case.is_open)
    ]
    if or_last and name is None and not found:
        closed = [(one, case) for one in dossiers for case in one.cases().values()]
        found = [max(closed, key=lambda pair: pair[1].opened)] if closed else []
    if len(found) != 1:
        raise _no_single(found, name)
    dossier, case = found[0]
    return dossier, dossier.whole(case)


def _no_single(found: list[tuple[Dossier, Case]], name: str | None) -> GatectlError:
    if found:
        names = ", ".join(f"{case.name} of {dossier.gate}" for dossier, case in found)
        return InvalidInput(f"several cases are meant: {names}", hint="Say which one, or --gate.")
    what = f"case {name[:100]!r}" if name is not None else "open case"
    return InvalidInput(f"there is no {what}", hint="`gatectl case list` shows all.")
