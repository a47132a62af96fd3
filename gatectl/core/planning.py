"""From a playbook and what was seen of a gate to a plan: words filled in, steps placed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, assert_never

from gatectl.core.advisory import Advisory
from gatectl.core.check import Expectation
from gatectl.core.exposure import BUILD_LOOK
from gatectl.core.fitness import applies, nodes_for, unfit
from gatectl.core.gate import AdvisoryId, Gate, NodeName, Side
from gatectl.core.parameter import (
    PlanError,
    check_parameters,
    fill_in,
    front_words,
    gate_words,
    office6_words,
    office_words,
    persistence_words,
    setting_words,
)
from gatectl.core.plan import (
    CollectTask,
    DeviceTask,
    Direction,
    GateFacts,
    Guard,
    JudgeTask,
    Plan,
    PlannedId,
    PlannedStep,
    RequestTask,
    ScannerTask,
    SidesTask,
    Task,
    UploadTask,
)
from gatectl.core.playbook import (
    CollectStep,
    DeviceStep,
    ForEach,
    Holds,
    JudgeStep,
    Playbook,
    Purpose,
    RequestStep,
    ScannerStep,
    SidesStep,
    Step,
    UploadStep,
)
from gatectl.core.sighting import BOOT_FIELD, BOOT_LOOK
from gatectl.core.traffic import Traffic

_HTTP_PORT = 80
_SCANNER_FOLDER = "/var/tmp/gatectl-scanner-"  # noqa: S108 - the appliance's, by a hash, removed
_OPENS = frozenset({Purpose.REOPEN, Purpose.CONFIRM})
_OPENS_OR_SHUTS = frozenset({Purpose.CLOSE, *_OPENS})


def build_plan(
    playbook: Playbook,
    gate: Gate,
    facts: GateFacts,
    *,
    parameters: Mapping[str, str],
    advisories: Mapping[AdvisoryId, Advisory],
    direction: Direction = Direction.DO,
    overrides: Mapping[str, str] = MappingProxyType({}),
) -> Plan:
    """Fill in a playbook for a gate; raises PlanError with all that is missing."""
    if direction is Direction.UNDO and playbook.purpose in _OPENS_OR_SHUTS:
        # To take a closing back is to open the gate, which goes by the interlocks or not at all.
        raise PlanError(
            f"{playbook.name} cannot be taken back: a gate is opened by `gatectl reopen` and shut "
            "by `gatectl close`"
        )
    given = check_parameters(playbook.parameters, parameters)
    words = {**gate_words(gate), **given}
    steps: list[PlannedStep] = []
    for step in _in_direction(playbook.step, direction):
        if applies(step.only_if, gate, facts, given):
            filler = _Filler(
                gate=gate,
                facts=facts,
                purpose=playbook.purpose,
                words=words,
                advisories=advisories,
            )
            steps.extend(filler.plan(step, direction))
    if playbook.purpose is Purpose.CLOSE:
        steps = _silent_last(steps, facts)
    if not steps:
        raise PlanError(f"{playbook.name} has no step that applies to {gate.name} as it is now")
    return Plan(
        gate=gate.name,
        playbook=playbook.name,
        title=playbook.title,
        purpose=playbook.purpose,
        direction=direction,
        needs_shut=playbook.needs_shut,
        parameters=given,
        facts=facts,
        advisory=AdvisoryId(playbook.advisory) if playbook.advisory else None,
        overrides=dict(overrides),
        stops=playbook.stops,
        unfit=tuple(unfit(playbook.unfit, gate, facts)),
        steps=tuple(steps),
    )


def _silent_last(steps: list[PlannedStep], facts: GateFacts) -> list[PlannedStep]:
    """Let a node that did not answer just now keep no other one waiting.

    The looks that are about no node stay behind all that are.
    """
    waits = {True: 0, False: 1}
    return sorted(
        steps, key=lambda step: 2 if step.node is None else waits[step.node in facts.roles]
    )


def promised_files(
    playbook: Playbook, gate: Gate, parameters: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """List each file that the playbook brings, with its SHA-256; raises PlanError.

    This needs no look at any node, so that a wrong file is found before anything is contacted.
    """
    words = {**gate_words(gate), **check_parameters(playbook.parameters, parameters)}
    return tuple(
        (fill_in(step.file, words, step.id), fill_in(step.sha256, words, step.id))
        for step in playbook.step
        if isinstance(step, UploadStep | ScannerStep)
    )


def _in_direction(steps: tuple[Step, ...], direction: Direction) -> Iterator[Step]:
    if direction is Direction.DO:
        yield from steps
        return
    undoable = [step for step in steps if isinstance(step, DeviceStep) and step.undo]
    yield from reversed(undoable)
    yield from (step for step in steps if isinstance(step, DeviceStep) and step.also_on_undo)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filler:
    """Turns steps into planned steps with the words of one gate."""

    gate: Gate
    facts: GateFacts
    purpose: Purpose
    words: Mapping[str, str]
    advisories: Mapping[AdvisoryId, Advisory]

    def plan(self, step: Step, direction: Direction) -> Iterator[PlannedStep]:
        match step:
            case DeviceStep():
                yield from self._device(step, direction)
            case UploadStep() | ScannerStep() | CollectStep():
                for node in nodes_for(step.on, self.gate, self.facts):
                    yield self._planned(step, self._transfer(step, node), step.id, node)
            case SidesStep():
                task = SidesTask(outside=step.outside, inside=step.inside)
                yield self._planned(step, task, step.id)
            case RequestStep():
                yield self._planned(step, self._request(step), step.id)
            case JudgeStep():
                yield self._planned(step, JudgeTask(), step.id)
            case _ as never:
                assert_never(never)

    def _transfer(self, step: UploadStep | ScannerStep | CollectStep, node: NodeName) -> Task:
        fill = self._filling(self.words, step.id)
        if isinstance(step, ScannerStep):
            return _scanner(step, node, fill)
        if isinstance(step, CollectStep):
            return CollectTask(
                node=node,
                looks=tuple(fill(look) for look in step.looks),
                paths=tuple(fill(path) for path in step.paths),
                listed=tuple(fill(path) for path in step.listed),
                size_limit=step.size_limit,
            )
        return UploadTask(
            node=node,
            file=fill(step.file),
            to=fill(step.to),
            sha256=fill(step.sha256),
            act_timeout_s=step.act_timeout_s,
        )

    def _device(self, step: DeviceStep, direction: Direction) -> Iterator[PlannedStep]:
        for item, words in self._items(step):
            for node in nodes_for(step.on, self.gate, self.facts):
                fill = self._filling(words, step.id)
                undone = direction is Direction.UNDO and not step.also_on_undo
                act = step.undo if undone else step.act
                task = DeviceTask(
                    node=node,
                    look=fill(step.look.strip()),
                    holds=tuple(self._expectation(one, fill) for one in step.holds),
                    undone=undone,
                    act=tuple(fill(line) for line in (act or "").splitlines() if line.strip()),
                    idle=fill(step.idle.strip()) if step.idle else None,
                    again_after_changes=step.again_after_changes,
                    disconnects=step.disconnects,
                    changes=fill(step.changes.strip()) if step.changes else None,
                    guards=self._guards(node),
                    act_timeout_s=step.act_timeout_s,
                )
                planned = self._planned(step, task, f"{step.id}{item}", node)
                yield replace(planned, title=fill(step.title))

    def _guards(self, node: NodeName) -> tuple[Guard, ...]:
        """Let nothing be opened on another build, or in another boot, than was verified."""
        if self.purpose not in _OPENS:
            return ()
        asked = (
            (BUILD_LOOK, "build", self.facts.builds.get(node, "")),
            (BOOT_LOOK, BOOT_FIELD, self.facts.boots.get(node, "")),
        )
        return tuple(
            # What was not known when it was planned is equal to nothing.
            Guard(look=look, holds=(Expectation(field=name, equals=value),))
            for look, name, value in asked
        )

    def _items(self, step: DeviceStep) -> Iterator[tuple[str, Mapping[str, str]]]:
        if step.for_each is None:
            yield "", self.words
            return
        for number, item in enumerate(self._each(step.for_each), start=1):
            yield f"-{number}", {**self.words, **item}

    def _each(self, things: ForEach) -> Iterator[dict[str, str]]:
        match things:
            case "office":
                return office_words(self.gate)
            case "office6":
                return office6_words(self.gate)
            case "front":
                return front_words(self.gate)
            case "persistence":
                return persistence_words(self.gate)
            case "required-setting":
                return setting_words(in_force(self.gate, self.advisories))
            case _ as never:
                assert_never(never)

    def _request(self, step: RequestStep) -> RequestTask:
        fill = self._filling(self.words, step.id)
        here = Side.INSIDE if self.facts.shut else Side.OUTSIDE
        return RequestTask(
            side=here if step.side == "open-side" else step.side,
            method=step.method,
            path=fill(step.path),
            holds=tuple(self._expectation(one, fill) for one in step.holds),
        )

    @staticmethod
    def _planned(step: Step, task: Task, claim: str, node: NodeName | None = None) -> PlannedStep:
        return PlannedStep(
            id=PlannedId(f"{claim}@{node}" if node else claim),
            claim=claim,
            title=step.title,
            task=task,
            retry=step.retry,
            on_fail=step.on_fail,
            proves=step.proves,
            precheck=step.precheck,
        )

    @staticmethod
    def _filling(words: Mapping[str, str], step: str) -> Callable[[str], str]:
        def fill(text: str) -> str:
            return fill_in(text, words, step)

        return fill

    def _expectation(self, written: Holds, fill: Callable[[str], str]) -> Expectation:
        def filled(value: str | None) -> str | None:
            return None if value is None else fill(value)

        def filled_map(words: Mapping[str, str] | None) -> Mapping[str, str] | None:
            return None if words is None else {key: fill(value) for key, value in words.items()}

        between = written.not_between
        return Expectation(
            field=fill(written.field),
            where=filled_map(written.where),
            apart_from=filled_map(written.apart_from),
            lets_in=self._outsiders(written.lets_in),
            equals=filled(written.equals),
            differs=filled(written.differs),
            contains=filled(written.contains),
            matches=filled(written.matches),
            one_of=tuple(fill(one) for one in written.one_of) if written.one_of else None,
            at_least=written.at_least,
            at_most=written.at_most,
            at_least_build=filled(written.at_least_build),
            fixed_for=self._advisories(written.fixed_for),
            fips=self.gate.fips,
            within=self.gate.office_networks if written.within else None,
            not_between=(int(fill(between[0])), int(fill(between[1]))) if between else None,
            above=None if written.above is None else int(fill(written.above)),
            not_here=written.not_here,
        )

    def _outsiders(self, family: Literal["outsiders", "outsiders6"] | None) -> Traffic | None:
        vserver = self.gate.vserver
        address = vserver.ipv6 if family == "outsiders6" else vserver.ipv4
        if family is None or address is None:
            return None
        return Traffic(
            destination=address,
            ports=(vserver.port, _HTTP_PORT),
            insiders=self.gate.office_networks,
        )

    def _advisories(
        self, wanted: Literal["every-advisory"] | tuple[str, ...] | None
    ) -> tuple[Advisory, ...] | None:
        if wanted is None:
            return None
        if wanted == "every-advisory":
            return in_force(self.gate, self.advisories)
        return _named(wanted, self.advisories)


def _scanner(step: ScannerStep, node: NodeName, fill: Callable[[str], str]) -> ScannerTask:
    sha256 = fill(step.sha256)
    # By the hash, so that nothing of another script's can lie there.
    folder = f"{_SCANNER_FOLDER}{sha256[:12].lower()}"
    script = f"{folder}/scanner"
    words = " ".join(filter(None, (step.interpreter, script, fill(step.arguments).strip())))
    return ScannerTask(
        node=node,
        file=fill(step.file),
        sha256=sha256,
        folder=folder,
        script=script,
        run=f"shell {words}",
        words=step.says,
        act_timeout_s=step.act_timeout_s,
    )


def in_force(gate: Gate, advisories: Mapping[AdvisoryId, Advisory]) -> tuple[Advisory, ...]:
    """Give the bulletins that count for a gate; raises PlanError for one that is not known."""
    if gate.advisories == "all":
        return tuple(advisories.values())
    return _named(gate.advisories, advisories)


def _named(
    names: tuple[str, ...], advisories: Mapping[AdvisoryId, Advisory]
) -> tuple[Advisory, ...]:
    missing = [name for name in names if AdvisoryId(name) not in advisories]
    if missing:
        raise PlanError(f"no bulletin is known as {', '.join(missing)}")
    return tuple(advisories[AdvisoryId(name)] for name in names)
