"""The verbs on one gate: look, plan, judge, carry out, and say what it came to."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from gatectl.core.course import failed_code, only_inside_unseen
from gatectl.core.event import Examined, Mode, Refusal
from gatectl.core.gate import Gate, GateName, GateState, Signal
from gatectl.core.interlock import Blocker, Interlock, standing_blockers
from gatectl.core.plan import Direction, Plan, plan_changes
from gatectl.core.playbook import Purpose
from gatectl.core.run import Run
from gatectl.core.standing import Standing
from gatectl.desk import Admission, Desk, Result
from gatectl.errors import (
    ExitCode,
    GatectlError,
    InvalidInput,
    JournalDamaged,
    JournalUnavailable,
    LeaseLost,
    Refused,
)
from gatectl.execution import (
    QUIET_STATES,
    READS_ONLY,
    RESTS_ON_BOOTS,
    Execution,
    Resumption,
    interlocks_judged,
)
from gatectl.facts import FactsSeen, see_facts
from gatectl.journal.history import GateHistory
from gatectl.journal.recorder import holder_gone, take_from_the_dead
from gatectl.overrides import refuse_strange_overrides
from gatectl.planner import Planner

if TYPE_CHECKING:
    from gatectl.consent import Consent

VERIFY = "verify"
REOPEN = "reopen"
CONFIRM = "confirm"
NOTHING: Mapping[str, str] = MappingProxyType({})

_RETURN_LOOKS = 180
_RETURN_WAIT_S = 5.0
"""A restart takes 900 s at the most (reliability.md (f)10), then the run is refused."""


class Operation:
    """The verbs on one gate. A verb that only looks gets sessions that cannot write."""

    def __init__(self, desk: Desk, gate: Gate) -> None:
        self._desk = desk
        self._gate = gate
        self._execution = Execution(desk, gate)
        self._planner = Planner(desk, gate)

    @property
    def gate_name(self) -> GateName:
        """The gate that this is about."""
        return self._gate.name

    def standing(self) -> Standing:
        """Fold what the journal knows of this gate."""
        return self._execution.standing()

    def close(self, mode: Mode, overrides: Mapping[str, str] = NOTHING) -> Result:
        """Shut the gate by the first of its methods that works; never refused, never waits.

        When the journal fails on the way, it begins again without one: what holds is not redone.
        """
        try:
            return self._close(mode, overrides)
        except (JournalUnavailable, JournalDamaged) as exc:
            if mode is Mode.DRY:
                raise
            operation = Operation(self._desk.emergency(exc), self._gate)
            return operation._close(mode, overrides)

    def _close(self, mode: Mode, overrides: Mapping[str, str]) -> Result:
        results: list[Result] = []
        in_force = self.standing().closed_by
        # What holds the gate shut already is looked at first: another method would promise the
        # offices something else.
        with self._execution.holding(mode):
            for method in sorted(self._gate.close_methods, key=lambda name: name not in in_force):
                results.append(self._carry_out(method, mode=mode, overrides=overrides))
                works = results[-1].code not in {ExitCode.MAYBE_OPEN, ExitCode.REFUSED}
                # Shut and not saved: another method would add nothing, and be saved no better.
                works |= results[-1].state is GateState.CLOSED_UNSAVED
                works |= self._only_inside_unseen(results[-1])
                if works or mode is Mode.DRY:
                    break
        last = results[-1]
        runs = tuple(run for result in results for run in result.runs)
        if last.code is ExitCode.REFUSED and mode is Mode.REAL:
            # No method could begin. Whether that matters is for a look from outside to say.
            last = replace(last, code=failed_code(self._execution.look_from_outside()))
        return replace(last, runs=runs)

    def _only_inside_unseen(self, result: Result) -> bool:
        if not result.runs:
            return False
        run = result.runs[-1]
        seen = GateHistory(self._desk.journal, self._gate.name).sides_seen(run.id)
        return seen is not None and only_inside_unseen(run, seen)

    def run(
        self,
        playbook: str,
        mode: Mode,
        parameters: Mapping[str, str] = NOTHING,
        direction: Direction = Direction.DO,
        overrides: Mapping[str, str] = NOTHING,
    ) -> Result:
        """Carry out any playbook; the way for a mitigation, a patch and whatever a site adds."""
        purpose = self._planner.playbook(playbook).purpose
        _refuse_opening(playbook, purpose, self._gate.name, mode)
        return self._carry_out(
            playbook, mode=mode, parameters=parameters, direction=direction, overrides=overrides
        )

    def run_planned(self, kept: Plan, mode: Mode) -> Result:
        """Carry out exactly the plan that was kept, or nothing if the facts have changed."""
        _refuse_opening(kept.playbook, kept.purpose, self._gate.name, mode)
        book = self._planner.playbook(kept.playbook)
        self._planner.with_target(book, kept.parameters)
        if mode is Mode.REAL and kept.purpose is not Purpose.CLOSE:
            self.notice_crash()
        read_only = mode is Mode.DRY or kept.purpose in READS_ONLY
        with self._execution.sessions(read_only=read_only) as nodes:
            seen = see_facts(self._gate, nodes, boots=kept.purpose in RESTS_ON_BOOTS)
            seen.refuse_trouble()
            self._planner.refuse_stale(kept, self.standing(), seen)
            return self._execution.start(kept, nodes, mode=mode)

    def plan(
        self,
        playbook: str,
        parameters: Mapping[str, str] = NOTHING,
        direction: Direction = Direction.DO,
        overrides: Mapping[str, str] = NOTHING,
    ) -> Plan:
        """Make the plan from what is seen now; nothing is written, on no device."""
        book = self._planner.playbook(playbook)
        given = self._planner.with_target(book, parameters)
        with self._execution.sessions(read_only=True) as nodes:
            seen = see_facts(self._gate, nodes, boots=book.purpose in RESTS_ON_BOOTS)
        seen.refuse_trouble()
        return self._planner.plan(
            book, self.standing(), seen, given, direction=direction, overrides=overrides
        )

    def reopen(
        self,
        mode: Mode,
        agreed: Callable[[str], bool],
        overrides: Mapping[str, str] = NOTHING,
    ) -> Result:
        """Open provisionally, if every interlock is proven now; all blockers are told at once.

        `agreed` is asked last, with the gate's name, and raises Refused when nobody agrees.
        """
        refuse_strange_overrides(overrides)
        consent = self._consent()
        standing = self.standing()
        if standing.state is GateState.OPEN and not standing.wanted_shut:
            return self._open_as_it_is(standing, consent)
        if standing.state is GateState.REOPENING:
            seen = self._execution.look_from_outside()
            if self.standing().state is GateState.REOPENING:
                return self._already_reopened(seen)
            # It has ended by itself meanwhile: the gate is shut, and all is judged anew.
        verified = self._carry_out(VERIFY, mode=Mode.REAL).runs
        standing, plan = self.standing(), self._plan_to_approve()
        blockers = (
            *consent.judge(standing, plan),
            *consent.judge_overrides(standing, plan, overrides),
            *self._execution.window_blockers(Purpose.REOPEN),
        )
        if standing_blockers(blockers, overrides):
            return self._refused("reopening", blockers, verified, overrides)
        if blockers and mode is Mode.REAL:
            self._execution.recorder(None).record(interlocks_judged(blockers, overrides))
        agreed(self._gate.name)
        admit = partial(consent.admit, overrides=overrides) if mode is Mode.REAL else None
        result = self._carry_out(REOPEN, mode=mode, admit=admit)
        if mode is Mode.REAL and result.code not in {ExitCode.PROVEN, ExitCode.REFUSED}:
            return self._closed_again(result)
        told = "; ".join(filter(None, (result.sentence, consent.nobody_else())))
        return replace(result, sentence=told, runs=(*verified, *result.runs))

    def _consent(self) -> "Consent":
        from gatectl.consent import Consent  # noqa: PLC0415 - only an opening needs it

        return Consent(desk=self._desk, gate=self._gate)

    def _plan_to_approve(self) -> Plan | None:
        """Make the plan that others have agreed to, if any was asked and the gate is ready."""
        asked = self._gate.approval.needed > 0 or self._gate.approval.overrides
        return self.plan(REOPEN) if asked and self.standing().state is GateState.VERIFIED else None

    def confirm(self, mode: Mode) -> Result:
        """Make a provisional reopening last."""
        standing = self.standing()
        if standing.state is GateState.OPEN and not standing.wanted_shut:
            return self._already_open(standing)
        if standing.state is not GateState.REOPENING:
            raise Refused(
                f"{self._gate.name} is {standing.state}: there is no reopening to confirm",
                hint=f"`gatectl reopen {self._gate.name}` opens it provisionally first.",
            )
        verified = self._carry_out(VERIFY, mode=Mode.REAL).runs
        consent = self._consent()
        blockers, overridden = consent.judge_again(self.standing())
        if standing_blockers(blockers, overridden):
            return self._refused("confirming", blockers, verified, overridden)
        result = self._carry_out(CONFIRM, mode=mode)
        if mode is Mode.REAL and result.code is ExitCode.REFUSED:
            # What was to stay shut in the saved configuration does not: nobody knows who opened.
            return self._closed_again(result)
        return replace(result, runs=(*verified, *result.runs))

    def resume(
        self, adopt: str | None = None, reason: str = "", overrides: Mapping[str, str] = NOTHING
    ) -> Result:
        """Go on with the newest unfinished run, or shut a gate that was left half open.

        When playbook or configuration have changed since, the run stops here until somebody names
        the playbook in `adopt` and says why.
        """
        take_from_the_dead(self._desk.journal, self._gate.name)
        standing = self.notice_crash()
        run = standing.unfinished
        if run is None:
            nothing, code = "no run is unfinished; there is nothing to resume", ExitCode.PROVEN
            return Result(gate=self._gate.name, state=standing.state, code=code, sentence=nothing)
        if run.plan.purpose in {Purpose.REOPEN, Purpose.CONFIRM}:
            shut = self.close(Mode.REAL)
            return replace(
                shut,
                sentence=f"the reopening was interrupted, so the gate was closed: {shut.sentence}",
                hint=f"Start again with `gatectl reopen {self._gate.name}`.",
            )
        adopted = self._adopted(run, adopt, reason)
        if overrides:
            plan = adopted or run.plan
            adopted = replace(plan, overrides={**plan.overrides, **overrides})
        if run.plan.needs_shut:
            self._see_shut_again(standing)
        with self._execution.sessions(read_only=False) as nodes:
            if run.ending is None or run.in_doubt:
                self._execution.fence(nodes)
            again = Resumption(run=run, adopted=adopted, reason=reason)
            return self._execution.start(adopted or run.plan, nodes, resumed=again)

    def _adopted(self, run: Run, adopt: str | None, reason: str) -> Plan | None:
        """Make the plan anew on the facts of then; give it only if it differs and is adopted."""
        now = self._planner.built(
            self._planner.playbook(run.plan.playbook),
            run.plan.facts,
            run.plan.parameters,
            run.plan.direction,
            run.plan.overrides,
        )
        changes = plan_changes(run.plan, now)
        if not changes:
            return None
        if adopt != run.plan.playbook or not reason.strip():
            raise Refused(
                f"playbook or configuration have changed since run {run.id} began: "
                + "; ".join(changes),
                hint=f"`gatectl resume --adopt {run.plan.playbook} --reason TEXT` goes on by the "
                "changed plan; putting the files back goes on by the old one.",
            )
        return now

    def examined(self, report: Path, by: str, finding: Literal["clean", "compromised"]) -> Result:
        """Take in the report of an examination off the box, and who gives his word for it."""
        try:
            content = report.read_bytes()
        except OSError as exc:
            raise InvalidInput(f"{report} cannot be read: {exc.strerror}") from exc
        if not content.strip():
            raise InvalidInput(f"{report} is empty: there is nothing to give one's word for")
        evidence = self._desk.evidence.keep(content)
        attested = Examined(by=by, finding=finding, file=report.name, evidence=evidence)
        self._execution.recorder(None).record(attested)
        sentence = f"the examination ({finding}) by {by} is on record as evidence {evidence}"
        hint = f"`gatectl scan {self._gate.name}` judges again, with it."
        state, code = self.standing().state, ExitCode.PROVEN
        return Result(gate=self._gate.name, state=state, code=code, sentence=sentence, hint=hint)

    def status(self) -> tuple[Standing, FactsSeen]:
        """Look at both sides and at the nodes now, and fold it into what is known."""
        self.notice_crash()
        with self._execution.sessions(read_only=True) as nodes:
            seen = see_facts(self._gate, nodes)
        self._execution.look_from_outside()
        return self.standing(), seen

    def notice_crash(self) -> Standing:
        """Put a run that ended without a word on record as doubt."""
        standing = self.standing()
        run = standing.unfinished
        if run is None or run.ending is not None or standing.state in QUIET_STATES:
            return standing
        lease = self._desk.journal.leases.show(self._gate.name)
        if lease is not None and lease.alive and not holder_gone(lease):
            return standing
        doubt = f"run {run.id} ({run.plan.playbook}) was cut off {run.whereabouts()}"
        self._execution.signal(self._execution.recorder(run.id), Signal.DOUBT, doubt)
        return self.standing()

    def refuse(self, verb: str, error: GatectlError) -> Result:
        """Put on record that a verb was refused or could not begin, if there is a record."""
        refusal = Refusal(
            verb=verb, sentence=error.sentence, hint=error.hint, exit_code=error.exit_code.value
        )
        state = GateState.UNKNOWN
        # A journal that failed is what the error tells; failing again would hide it.
        with contextlib.suppress(JournalUnavailable, JournalDamaged):
            if not isinstance(error, LeaseLost):
                # That a run lost its gate is on record as its end, and it may have sent something.
                self._execution.recorder(None).record(refusal)
            state = self.standing().state
        return Result(
            gate=self._gate.name,
            state=state,
            code=error.exit_code,
            sentence=error.sentence,
            hint=error.hint,
        )

    def _carry_out(
        self,
        playbook: str,
        *,
        mode: Mode,
        parameters: Mapping[str, str] = NOTHING,
        direction: Direction = Direction.DO,
        overrides: Mapping[str, str] = NOTHING,
        admit: Admission | None = None,
    ) -> Result:
        book = self._planner.playbook(playbook)
        given = self._planner.with_target(book, parameters)
        closing = book.purpose is Purpose.CLOSE
        read_only = mode is Mode.DRY or book.purpose in READS_ONLY
        if mode is Mode.REAL and not closing:
            self.notice_crash()
        with self._execution.sessions(read_only=read_only, impatient=closing) as nodes:
            seen = see_facts(self._gate, nodes, boots=book.purpose in RESTS_ON_BOOTS)
            if not closing:
                seen.refuse_trouble()
            plan = self._planner.plan(
                book, self.standing(), seen, given, direction=direction, overrides=overrides
            )
            return self._execution.start(plan, nodes, mode=mode, admit=admit)

    def _closed_again(self, result: Result) -> Result:
        """Shut a gate that was half opened: that is worse than shut, and needs nobody's leave."""
        shut = self.close(Mode.REAL)
        sentence = f"{result.sentence}; closed again: {shut.sentence}"
        code = ExitCode.FAILED_SHUT if shut.code is ExitCode.PROVEN else shut.code
        return replace(shut, code=code, sentence=sentence, runs=(*result.runs, *shut.runs))

    def _refused(
        self,
        what: str,
        blockers: tuple[Blocker, ...],
        runs: tuple[Run, ...],
        overrides: Mapping[str, str] = NOTHING,
    ) -> Result:
        self._execution.recorder(None).record(interlocks_judged(blockers, overrides))
        stopping = standing_blockers(blockers, overrides)
        return Result(
            gate=self._gate.name,
            state=self.standing().state,
            code=ExitCode.REFUSED,
            sentence=f"{what} is refused: {len(stopping)} interlocks are not proven",
            hint="Clear the blockers, each by the command beside it; nothing was sent.",
            runs=runs,
            blockers=stopping,
        )

    def _already_reopened(self, seen: str) -> Result:
        return Result(
            gate=self._gate.name,
            state=GateState.REOPENING,
            code=ExitCode.PROVEN if seen == "open" else ExitCode.MAYBE_OPEN,
            sentence=f"it is reopened provisionally already; seen from outside: {seen}",
            hint=f"`gatectl confirm {self._gate.name}` makes it last.",
        )

    def _open_as_it_is(self, standing: Standing, consent: "Consent") -> Result:
        """Say that an open gate is open; one that nobody would reopen gets all the reasons."""
        verified = self._carry_out(VERIFY, mode=Mode.REAL).runs
        blockers = consent.judge(self.standing(), None)
        if any(blocker.interlock == Interlock.NODES_FIXED for blocker in blockers):
            return self._refused("it is open, and reopening", blockers, verified)
        return self._already_open(standing)

    def _already_open(self, standing: Standing) -> Result:
        seen = self._execution.look_from_outside()
        return Result(
            gate=self._gate.name,
            state=self.standing().state,
            code=ExitCode.PROVEN if seen == "open" else ExitCode.MAYBE_OPEN,
            sentence=f"{self._gate.name} is {standing.state} already; seen from outside: {seen}",
        )

    def _see_shut_again(self, standing: Standing) -> None:
        """After doubt: see the gate shut before a run that needs that goes on.

        A node that is just restarting serves nobody, which proves nothing: that is waited for.
        """
        outside = self._execution.look_from_outside()
        for _ in range(_RETURN_LOOKS):
            if outside != "unknown":
                break
            self._desk.stop.check()
            self._desk.clock.sleep(_RETURN_WAIT_S)
            outside = self._execution.look_from_outside()
        if outside != "shut":
            raise Refused(
                f"{self._gate.name} is seen {outside} from outside, and this run needs it shut",
                hint=f"`gatectl close {self._gate.name}`, then `gatectl resume` again.",
            )
        if standing.state is GateState.UNKNOWN:
            seen = "outside is shut and inside as promised; the run goes on and looks at each node"
            self._execution.signal(self._execution.recorder(None), Signal.SEEN_SHUT, seen)


def _refuse_opening(playbook: str, purpose: Purpose, gate: str, mode: Mode) -> None:
    """Refuse to open a gate by any other way than that which judges the interlocks."""
    if purpose in {Purpose.REOPEN, Purpose.CONFIRM} and mode is Mode.REAL:
        raise Refused(
            f"{playbook} opens a gate, and only its own verb does that",
            hint=f"`gatectl {purpose} {gate}` judges the interlocks first.",
        )
