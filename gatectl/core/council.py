"""The council's questions about a case, each answered from the journal or told what is missing."""

from collections.abc import Iterator
from datetime import timedelta

from gatectl.core.answer import Answer, Answered, Free, Question, Sentence, Term, Value
from gatectl.core.case import Case, Entered, decided_at
from gatectl.core.casework import Decided, Remarked, Says
from gatectl.core.event import ActIntended, Recorded, RunStarted
from gatectl.core.following import Course, Following, followings, shut_outside
from gatectl.core.gate import Gate, Side
from gatectl.core.plan import DeviceTask, Plan
from gatectl.core.sidetime import Stretch, sessions_ended, stretches

_A_MOMENT = timedelta(minutes=1)
"""Two times that a report, which is exact to the minute, would not tell apart."""

_NOT_FOLLOWED = frozenset({Course.OTHERWISE, Course.OPEN})


def on_advice(case: Case) -> Answer:
    """Tell whether the advice was followed, when it came to whom, and what was decided when."""
    found = followings(case)
    if not found:
        gap = Sentence(key="advice-none", values={"case": Free(case.name)})
        return Answer(question=Question.ADVICE, answered=Answered.UNKNOWN, short=(), missing=(gap,))
    return Answer(
        question=Question.ADVICE,
        answered=_advice_followed(found),
        short=(
            _verdict_on(found),
            _first_received(found[0]),
            *_closing(found),
            *(_decided(one) for one in case.decisions),
        ),
        details=(
            *(sentence for one in found for sentence in _advice_details(one)),
            *(_decision(one) for one in case.decisions),
            *remarks_about(case, "advice"),
        ),
        missing=() if case.decisions else (Sentence(key="no-decision"),),
    )


def _advice_followed(found: tuple[Following, ...]) -> Answered:
    asked = [one for one in found if one.course is not Course.NOTHING_ASKED]
    kept = [one for one in asked if one.course not in _NOT_FOLLOWED]
    if len(kept) == len(asked):
        return Answered.YES if asked else Answered.NOT_APPLICABLE
    return Answered.PARTLY if kept else Answered.NO


def _verdict_on(found: tuple[Following, ...]) -> Sentence:
    asked = [one for one in found if one.course is not Course.NOTHING_ASKED]
    kept = [one for one in asked if one.course not in _NOT_FOLLOWED]
    return Sentence(
        key=f"advice-{_advice_followed(found)}",
        values={"asked": len(asked), "kept": len(kept)},
        cites=tuple(number for one in asked for number in one.cites),
    )


def _first_received(first: Following) -> Sentence:
    entry = first.advice.entry
    return Sentence(
        key="advice-first",
        values={
            "at": entry.received_at,
            "by": Free(entry.received_by),
            "source": Free(entry.source),
        },
        cites=(first.advice.sequence,),
        by_hand=True,
    )


def _closing(found: tuple[Following, ...]) -> Iterator[Sentence]:
    """Tell the one thing that everybody asks: what came of the advice to switch off."""
    for one in found:
        if one.advice.entry.says is Says.SWITCH_OFF and one.course is Course.FOLLOWED and one.at:
            received = one.advice.entry.received_at
            yield Sentence(
                key="advice-closed",
                values={"received": received, "at": one.at, "after": one.at - received},
                cites=one.cites,
            )


def _advice_details(one: Following) -> Iterator[Sentence]:
    entry = one.advice.entry
    yield Sentence(
        key="advice-detail",
        values={
            "at": entry.received_at,
            "by": Free(entry.received_by),
            "advice": Free(entry.key),
            "says": Term("says", entry.says),
        },
        cites=(one.advice.sequence,),
        by_hand=True,
    )
    yield _came_to(one)


def _came_to(one: Following) -> Sentence:
    received = one.advice.entry.received_at
    if one.decision is not None and one.course in {Course.OTHERWISE, Course.EXCEPTION}:
        decided = decided_at(one.decision)
        return Sentence(
            key=f"advice-{one.course}",
            values={"at": decided, "why": Free(one.decision.entry.why)},
            cites=one.cites,
            by_hand=True,
        )
    if one.at is None:
        return Sentence(key=f"advice-{one.course}", cites=one.cites)
    key = "advice-followed" if one.at > received else "advice-was-so"
    return Sentence(key=key, values={"at": one.at, "after": one.at - received}, cites=one.cites)


def _decided(one: Entered[Decided]) -> Sentence:
    entry = one.entry
    values: dict[str, Value] = {
        "at": decided_at(one),
        "by": Free(entry.by),
        "choice": Term("choice", entry.decision),
    }
    return Sentence(key="decided", values=values, cites=(one.sequence,), by_hand=True)


def _decision(one: Entered[Decided]) -> Sentence:
    entry = one.entry
    key = "decision-conditions" if entry.conditions else "decision"
    values: dict[str, Value] = {
        "at": decided_at(one),
        "by": Free(entry.by),
        "choice": Term("choice", entry.decision),
        "why": Free(entry.why),
    }
    if entry.conditions:
        values["conditions"] = Free(entry.conditions)
    return Sentence(key=key, values=values, cites=(one.sequence,), by_hand=True)


def on_consequences(case: Case, gate: Gate) -> Answer:
    """Tell what staff and residents noticed of it."""
    shut = shut_outside(case)
    residents = tuple(remarks_about(case, "residents"))
    looked = bool(stretches(case.records, Side.OUTSIDE))
    return Answer(
        question=Question.CONSEQUENCES,
        answered=Answered.TOLD if looked else Answered.UNKNOWN,
        short=(
            *(_shut(one) for one in shut),
            *([] if shut or not looked else [Sentence(key="never-shut")]),
            *_offices(case, shut),
            *_groups(gate),
            *_sessions(case),
            *residents,
        ),
        details=(
            *_restarts(case),
            *remarks_about(case, "staff"),
            *([Sentence(key="between-looks")] if looked else []),
        ),
        missing=(
            *([] if looked else [Sentence(key="no-looks")]),
            *([] if gate.users else [Sentence(key="no-groups")]),
            *([] if residents else [Sentence(key="no-residents")]),
        ),
    )


def _shut(one: Stretch) -> Sentence:
    if one.end is None:
        return Sentence(
            key="outside-still-shut",
            values={"begin": one.begin, "looks": one.looks},
            cites=(one.first, one.last),
        )
    return Sentence(
        key="outside-shut",
        values={
            "begin": one.begin,
            "end": one.end,
            "length": one.end - one.begin,
            "looks": one.looks,
        },
        cites=(one.first, one.last),
    )


def _offices(case: Case, shut: tuple[Stretch, ...]) -> Iterator[Sentence]:
    """Tell whether the offices could go on while outside was shut."""
    inside = [
        one for one in stretches(case.records, Side.INSIDE) if any(_meet(one, two) for two in shut)
    ]
    if not inside:
        return
    disturbed = [one for one in inside if one.seen == "shut"]
    unknown = [one for one in inside if one.seen == "unknown"]
    for one in disturbed:
        end = {"end": one.end} if one.end is not None else {}
        key = "inside-shut" if end else "inside-still-shut"
        yield Sentence(key=key, values={"begin": one.begin, **end}, cites=(one.first, one.last))
    if unknown:
        looks = sum(one.looks for one in unknown)
        cites = tuple(one.first for one in unknown)
        yield Sentence(key="inside-unknown", values={"looks": looks}, cites=cites)
    if not disturbed and not unknown:
        # Each look saw both sides.
        looks = sum(one.looks for one in shut)
        cites = (inside[0].first, inside[-1].last)
        yield Sentence(key="inside-open", values={"looks": looks}, cites=cites)


def _meet(one: Stretch, other: Stretch) -> bool:
    begins_before = other.end is None or one.begin < other.end
    return begins_before and (one.end is None or one.end > other.begin)


def _groups(gate: Gate) -> Iterator[Sentence]:
    for group in gate.users:
        yield Sentence(
            key=f"group-{group.side}",
            values={"group": Free(group.group), "count": group.count},
            by_hand=True,
        )


def _sessions(case: Case) -> Iterator[Sentence]:
    seen = sessions_ended(case.records)
    if not seen.looks:
        return
    key = "sessions" if seen.count else "sessions-none"
    cites = (seen.looks[0], seen.looks[-1])
    yield Sentence(key=key, values={"count": seen.count}, cites=cites)
    if seen.for_all:
        first = seen.for_all[0]
        yield Sentence(key="sessions-all", values={"at": first.at}, cites=(first.sequence,))


def _restarts(case: Case) -> Iterator[Sentence]:
    """Tell of the moments at which the appliances restarted or changed places."""
    cuts = list(_cuts(case))
    if cuts:
        same = cuts[-1].at - cuts[0].at < _A_MOMENT
        yield Sentence(
            key="restarts-at" if same else "restarts",
            values={"count": len(cuts), "begin": cuts[0].at, "end": cuts[-1].at},
            cites=tuple(one.sequence for one in cuts),
        )


def _cuts(case: Case) -> Iterator[Recorded]:
    plans: dict[object, Plan] = {}
    for recorded in case.records:
        event = recorded.event
        if isinstance(event, RunStarted):
            plans[recorded.run] = event.plan
        elif isinstance(event, ActIntended) and recorded.run in plans:
            tasks = {one.id: one.task for one in plans[recorded.run].steps}
            task = tasks.get(event.step)
            if isinstance(task, DeviceTask) and task.disconnects:
                yield recorded


def on_deviation(case: Case) -> Answer:
    """Tell why advice was not followed, and what was done instead."""
    found = followings(case)
    away = [one for one in found if one.course in _NOT_FOLLOWED]
    exceptions = [one for one in found if one.course is Course.EXCEPTION]
    short: list[Sentence] = [_came_to(one) for one in away if one.course is Course.OTHERWISE]
    if not away:
        short.append(Sentence(key="deviation-none" if found else "deviation-no-advice"))
    return Answer(
        question=Question.DEVIATION,
        answered=Answered.TOLD if away else Answered.NOT_APPLICABLE,
        short=tuple(short),
        details=tuple(_exception(one) for one in exceptions),
        missing=tuple(
            Sentence(
                key="deviation-open",
                values={"advice": Free(one.advice.entry.key)},
                cites=one.cites,
            )
            for one in away
            if one.course is Course.OPEN
        ),
    )


def _exception(one: Following) -> Sentence:
    decision = one.decision
    if decision is None:
        raise AssertionError("an exception rests on a decision")
    return Sentence(
        key="deviation-exception",
        values={
            "advice": Free(one.advice.entry.key),
            "at": decided_at(decision),
            "why": Free(decision.entry.why),
        },
        cites=one.cites,
        by_hand=True,
    )


def remarks_about(case: Case, about: str) -> Iterator[Sentence]:
    """Give what people told about a question."""
    for one in case.remarks:
        if one.entry.about == about:
            yield _remark(one)


def _remark(one: Entered[Remarked]) -> Sentence:
    return Sentence(
        key="remark" if one.entry.by else "remark-nobody",
        values={"text": Free(one.entry.text), "by": Free(one.entry.by)},
        cites=(one.sequence,),
        by_hand=True,
    )
