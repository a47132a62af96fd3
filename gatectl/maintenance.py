"""Scheduled work on one gate: nobody is asked, nothing begins late, nothing is left half open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo

from gatectl.config.playbooks import read_playbook
from gatectl.core.course import failed_code
from gatectl.core.event import Mode
from gatectl.core.gate import Gate
from gatectl.core.pace import learn
from gatectl.core.playbook import Purpose
from gatectl.core.startlimit import StartLimitInvalid, start_limit
from gatectl.core.upkeep import MaintenanceSkipped
from gatectl.core.window import INTERLOCK as WINDOW
from gatectl.core.window import Window, judge_window, work_must_end
from gatectl.desk import Desk, Result
from gatectl.errors import ExitCode, InvalidInput, Refused
from gatectl.execution import Execution
from gatectl.operation import Operation
from gatectl.pace import WindowPace


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be done, and the limits of its time."""

    playbooks: tuple[str, ...]
    start_before: str = ""
    """A time of day or minutes, as `gatectl maintain --start-before` takes it."""
    zone: tzinfo
    parameters: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, str] = field(default_factory=dict)
    mode: Mode = Mode.REAL


def maintain_gate(desk: Desk, gate: Gate, job: Job) -> tuple[Result, ...]:
    """Carry the playbooks out, one after the other, until one does not come to its end."""
    results: list[Result] = []
    for name in job.playbooks:
        results.append(_one(desk, gate, job, name))
        if results[-1].code not in {ExitCode.PROVEN, ExitCode.DRIFT}:
            break
    return tuple(results)


def _one(desk: Desk, gate: Gate, job: Job, name: str) -> Result:
    purpose = read_playbook(name, desk.playbook_folders).purpose
    windows = desk.windows.get(gate.name, ())
    late = _too_late(desk, job, windows, purpose)
    if late is not None:
        return _skipped(desk, gate, name, late)
    if job.mode is Mode.DRY or WINDOW in job.overrides:
        return _carry_out(Operation(desk, gate), gate, job, name, purpose)
    verdict = judge_window(windows, purpose, desk.clock.now())
    if not verdict.passed:
        return _skipped(desk, gate, name, _Late(because=verdict.because, latest=None))
    ends = work_must_end(windows, purpose, desk.clock.now())
    if ends is None:
        return _carry_out(Operation(desk, gate), gate, job, name, purpose)
    history = desk.journal.events(gate=gate.name, kinds=("run.started", "step.ended"))
    pace = WindowPace(desk.stop, desk.clock, ends, learn(history), "its window closes")
    paced = replace(desk, stop=pace, listeners=(pace, *desk.listeners))
    result = _carry_out(Operation(paced, gate), gate, job, name, purpose)
    if not pace.stopped_before:
        return result
    return _left_shut(desk, gate, name, pace.stopped_before, result)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Late:
    because: str
    latest: datetime | None


def _too_late(desk: Desk, job: Job, windows: Sequence[Window], purpose: Purpose) -> _Late | None:
    """Say why work may not begin any more; closing is never too late."""
    if not job.start_before or purpose is Purpose.CLOSE:
        return None
    now = desk.clock.now()
    try:
        latest = start_limit(job.start_before, now, job.zone, windows, purpose)
    except StartLimitInvalid as exc:
        if not windows:
            raise InvalidInput(str(exc)) from exc
        return _Late(because=str(exc), latest=None)
    if now <= latest:
        return None
    shown = f"{latest.astimezone(job.zone):%Y-%m-%d %H:%M}"
    return _Late(
        because=f"it should have begun before {shown}, and never begins late", latest=latest
    )


def _skipped(desk: Desk, gate: Gate, name: str, late: _Late) -> Result:
    execution = Execution(desk, gate)
    event = MaintenanceSkipped(playbook=name, because=late.because, latest=late.latest)
    execution.recorder(None).record(event)
    return Result(
        gate=gate.name,
        state=execution.standing().state,
        code=ExitCode.REFUSED,
        sentence=f"{name} was skipped: {late.because}",
        hint="Nothing was sent; the next scheduled time comes by itself.",
    )


def _carry_out(operation: Operation, gate: Gate, job: Job, name: str, purpose: Purpose) -> Result:
    match purpose:
        case Purpose.CLOSE:
            return operation.close(job.mode, job.overrides)
        case Purpose.REOPEN:
            _refuse_without_others(gate)
            return operation.reopen(job.mode, _agreed_by_signature, job.overrides)
        case Purpose.CONFIRM:
            raise Refused(
                "a reopening is confirmed by somebody who sees that it is well",
                hint=f"`gatectl confirm {gate.name}`; nobody's confirmation ends it by itself.",
            )
        case _:
            return operation.run(name, job.mode, parameters=job.parameters, overrides=job.overrides)


def _refuse_without_others(gate: Gate) -> None:
    if gate.approval.needed < 1:
        raise Refused(
            f"{gate.name} may not be reopened unattended: nobody's approval is asked for it",
            hint="Configure an [approval] of the gate, and collect it with `gatectl approve`.",
        )


def _agreed_by_signature(_gate: str) -> bool:
    """Agree for nobody at the keyboard: the signatures of others are judged by the interlocks."""
    return True


def _left_shut(desk: Desk, gate: Gate, name: str, step: str, result: Result) -> Result:
    """Say how the gate was left when the time was over; what should be shut is shut again."""
    code: ExitCode
    execution = Execution(desk, gate)
    told = f"{name} was stopped before {step!r}, for its window closes"
    if execution.standing().wanted_shut:
        shut = Operation(desk, gate).close(Mode.REAL)
        code = shut.code if shut.code is not ExitCode.PROVEN else ExitCode.FAILED_SHUT
        word = "left shut" if shut.code is ExitCode.PROVEN else "it may not be shut"
        sentence = f"{told}; {word}: {shut.sentence}"
        state, runs = shut.state, (*result.runs, *shut.runs)
    else:
        outside = execution.look_from_outside()
        code = ExitCode(failed_code(outside))
        sentence = f"{told}; the gate was open before, and outside is {outside}"
        state, runs = execution.standing().state, result.runs
    return replace(
        result,
        code=code,
        sentence=sentence,
        state=state,
        runs=runs,
        hint=f"`gatectl resume {gate.name}` goes on in the next window.",
    )
