"""The council's questions that looks answer: whether the measures work, and who was in."""

from collections.abc import Iterator

from gatectl.core.answer import Answer, Answered, Free, Private, Question, Sentence, Term
from gatectl.core.case import Case
from gatectl.core.check import Answer as Judged
from gatectl.core.council import remarks_about
from gatectl.core.event import CompromiseJudged, Ending, EvidenceKept, Recorded
from gatectl.core.following import end_of, proven_runs
from gatectl.core.plan import Direction, RequestTask, SidesTask
from gatectl.core.playbook import Purpose
from gatectl.core.run import Run

_MEASURES = (Purpose.MITIGATE, Purpose.CLOSE, Purpose.PATCH)


def on_measures(case: Case) -> Answer:
    """Tell which measures were taken when, and whether it was checked that they work."""
    runs = [one for one in case.runs if one.plan.purpose in _MEASURES]
    if not runs:
        return Answer(
            question=Question.MEASURES,
            answered=Answered.NO,
            short=(Sentence(key="measures-none"),),
            details=tuple(remarks_about(case, "measures")),
        )
    worked = [_worked(run) for run in runs]
    short = [*_mitigation(case), *_closing(case), *_patch(case)]
    failed = [_failed(case, run) for run in runs if run.ending is not Ending.PROVEN]
    return Answer(
        question=Question.MEASURES,
        answered=_all_worked(worked),
        short=(*short, *failed),
        details=(
            *(sentence for run in runs for sentence in _checks(case, run)),
            *remarks_about(case, "measures"),
        ),
        missing=tuple(
            Sentence(key="no-effect-check", values={"title": Free(run.plan.title)})
            for run in runs
            if run.ending is Ending.PROVEN and not _worked(run) and not _undoing(run)
        ),
    )


def _all_worked(worked: list[bool]) -> Answered:
    if all(worked):
        return Answered.YES
    return Answered.PARTLY if any(worked) else Answered.UNKNOWN


def _undoing(run: Run) -> bool:
    return run.plan.direction is Direction.UNDO


def _worked(run: Run) -> bool:
    """Say whether a run was proven, by a look at the effect where it has one.

    A patch shows its effect in the build that runs after the restart; what is taken back has none.
    """
    if run.ending is not Ending.PROVEN:
        return False
    return run.plan.purpose is Purpose.PATCH or _undoing(run) or bool(_effects(run))


def _effects(run: Run) -> list[str]:
    """List the steps that looked at the gateway as a visitor does, and passed."""
    return [
        step.title
        for step in run.plan.steps
        if isinstance(step.task, RequestTask | SidesTask)
        and (verdict := run.record(step.id).verdict) is not None
        and verdict.answer is Judged.PASS
    ]


def _mitigation(case: Case) -> Iterator[Sentence]:
    done = proven_runs(case, Purpose.MITIGATE)
    if done and done[0].ended:
        first = done[0]
        key = "mitigated" if _effects(first) else "mitigated-unchecked"
        yield Sentence(
            key=key,
            values={"at": done[0].ended, "checks": len(_effects(first))},
            cites=(end_of(case, first),),
        )
    for run in done[1:]:
        if run.ended:
            yield Sentence(
                key="mitigated-again", values={"at": run.ended}, cites=(end_of(case, run),)
            )


def _closing(case: Case) -> Iterator[Sentence]:
    for run in proven_runs(case, Purpose.CLOSE):
        if run.ended:
            yield Sentence(key="closed", values={"at": run.ended}, cites=(end_of(case, run),))


def _patch(case: Case) -> Iterator[Sentence]:
    for run in proven_runs(case, Purpose.PATCH):
        if run.ended:
            build = run.plan.parameters.get("build", "")
            nodes = len(run.plan.facts.roles)
            yield Sentence(
                key="patched-nodes" if nodes > 1 else "patched-node",
                values={"at": run.ended, "build": Private(build), "nodes": nodes},
                cites=(end_of(case, run),),
            )
    checked = proven_runs(case, Purpose.VERIFY)
    patched = [run.ended for run in proven_runs(case, Purpose.PATCH) if run.ended]
    after = [run for run in checked if patched and run.ended and run.ended > patched[-1]]
    if after and after[0].ended:
        yield Sentence(
            key="verified", values={"at": after[0].ended}, cites=(end_of(case, after[0]),)
        )


def _failed(case: Case, run: Run) -> Sentence:
    return Sentence(
        key="measure-failed",
        values={
            "at": run.started,
            "title": Free(run.plan.title),
            "ending": Term("ending", run.ending or "unfinished"),
        },
        cites=(end_of(case, run),),
    )


def _checks(case: Case, run: Run) -> Iterator[Sentence]:
    if run.ended is None:
        return
    key = "run-undone" if _undoing(run) else "run-done"
    yield Sentence(
        key=key,
        values={
            "at": run.started,
            "title": Free(run.plan.title),
            "ending": Term("ending", run.ending or "unfinished"),
            "steps": len(run.steps),
        },
        cites=(end_of(case, run),),
    )
    for title in _effects(run):
        yield Sentence(key="effect", values={"title": Free(title)}, cites=(end_of(case, run),))


def on_compromise(case: Case) -> Answer:
    """Tell whether somebody was in, how that was tested, and what could not be tested."""
    judged = [one for one in case.records if isinstance(one.event, CompromiseJudged)]
    kept = [one for one in case.records if isinstance(one.event, EvidenceKept)]
    if not judged:
        gap = Sentence(key="no-compromise-check")
        return Answer(
            question=Question.COMPROMISE, answered=Answered.UNKNOWN, short=(), missing=(gap,)
        )
    return Answer(
        question=Question.COMPROMISE,
        answered=_was_in(judged),
        short=(*(_judged(one) for one in _last_and_worse(judged)), *_collected(kept)),
        details=(
            *(_judged(one) for one in judged),
            *_before_restart(case, kept),
            *remarks_about(case, "compromise"),
            Sentence(key="compromise-limits"),
        ),
        missing=tuple(_not_collected(kept)),
    )


def _answer(one: Recorded) -> str:
    return one.event.answer if isinstance(one.event, CompromiseJudged) else "inconclusive"


def _was_in(judged: list[Recorded]) -> Answered:
    """Take the worst: that somebody was in once is not undone by a later clean check."""
    answers = {_answer(one) for one in judged}
    if "compromised" in answers:
        return Answered.YES
    last = _answer(judged[-1])
    return Answered.NO if last in {"clean", "scanned"} else Answered.UNKNOWN


def _last_and_worse(judged: list[Recorded]) -> list[Recorded]:
    found = [one for one in judged if _answer(one) == "compromised"]
    return [*found[:1], *([judged[-1]] if judged[-1] not in found[:1] else [])]


def _judged(one: Recorded) -> Sentence:
    return Sentence(key=f"compromise-{_answer(one)}", values={"at": one.at}, cites=(one.sequence,))


def _collected(kept: list[Recorded]) -> Iterator[Sentence]:
    pieces = [one for one in kept if _is_there(one)]
    if pieces:
        nodes = {one.event.node for one in pieces if isinstance(one.event, EvidenceKept)}
        yield Sentence(
            key="collected",
            values={"pieces": len(pieces), "nodes": len(nodes), "at": pieces[0].at},
            cites=(pieces[0].sequence, pieces[-1].sequence),
        )


def _is_there(one: Recorded) -> bool:
    return isinstance(one.event, EvidenceKept) and one.event.what != "missing"


def _before_restart(case: Case, kept: list[Recorded]) -> Iterator[Sentence]:
    """Tell whether evidence was taken before the patch's restart could destroy it."""
    patches = [run for run in case.runs if run.plan.purpose is Purpose.PATCH]
    if not patches or not kept:
        return
    early = [one for one in kept if one.run == patches[0].id or one.at < patches[0].started]
    key = "collected-before" if early else "collected-after"
    cites = (early[0].sequence,) if early else (kept[0].sequence,)
    yield Sentence(key=key, cites=cites)


def _not_collected(kept: list[Recorded]) -> Iterator[Sentence]:
    absent = [one for one in kept if not _is_there(one)]
    if absent:
        yield Sentence(
            key="not-collected",
            values={"count": len(absent)},
            cites=tuple(one.sequence for one in absent[:3]),
        )
