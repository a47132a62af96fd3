"""Every case of the fault world: where a fault strikes, what is done then, and what came of it.

Run as a program it takes cases on stdin, a line of JSON each, and writes a verdict for each;
without any it tells the acts of the undisturbed story. The chapters are lived through once; each
case is a fork of the world as it was at the beginning of its chapter.
"""

import hashlib
import itertools
import json
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from gatectl.core.event import Mode
from gatectl.core.gate import SHUT_STATES, GateState
from gatectl.desk import Result
from gatectl.errors import ExitCode, GatectlError
from gatectl.simulator.firmware import image_name, make_image
from tests.fault_clock import whole_process_at
from tests.fault_lookout import OUTSIDE
from tests.faultworld import FIXED_BUILD, Boundary, Fate, Fault, Killed, Strike, World

Chapter = Literal["mitigate", "close-vserver", "close", "patch", "reopen", "confirm"]

CHAPTERS: tuple[Chapter, ...] = (
    "mitigate",
    "close-vserver",
    "close",
    "patch",
    "reopen",
    "confirm",
)
ASIDE: frozenset[Chapter] = frozenset({"close-vserver"})
"""Chapters that the story could go on with instead, and does not."""
MITIGATION = "mitigate-cve-2019-19781"

FAULTS: tuple[Fault, ...] = ("kill", "power", "rst", "silence", "reboot")
FATES: tuple[Fate, ...] = ("not arrived", "applied", "answer lost", "late")
WITHOUT_FATE: tuple[Boundary, ...] = ("B0", "B1", "B2", "B6", "B7")
WITH_FATE: tuple[Boundary, ...] = ("B3", "B4", "B5")
LATE_S = (2.0, 64.0, 300.0)
"""While the run still looks, during the resume, and after it."""

_LEASE_ENDS_S = 61.0
_ALL_IS_UP_S = 900.0
_OPENING_ENDS_S = 1000.0
_RESUMES_MAX = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One fault in one chapter."""

    chapter: Chapter
    strike: Strike
    then: Strike | None = None
    """A second fault, once the first has struck: in the same run, or in what mends it."""

    def __str__(self) -> str:
        second = f"; then {_told(self.then)}" if self.then is not None else ""
        return f"{self.chapter} {_told(self.strike)}{second}"


def _told(strike: Strike) -> str:
    late = f" by {strike.late_s:g} s" if strike.fate == "late" else ""
    return f"{strike.step} {strike.boundary}, command {strike.fate}{late}, {strike.fault}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of a case."""

    case: str
    struck: bool
    violations: tuple[str, ...]
    end: str
    """Why this is no defined end; empty if it is one."""
    state: str
    told: tuple[str, ...]
    """What each verb came to."""

    @property
    def good(self) -> bool:
        """Whether nothing was unsafe, and it came to an end."""
        return self.struck and not self.violations and not self.end


def all_cases(acts: Mapping[Chapter, Sequence[str]]) -> tuple[Case, ...]:
    """List every boundary of every act, times fate, times fault."""
    return tuple(
        Case(
            chapter=chapter,
            strike=Strike(step=step, boundary=boundary, fate=fate, fault=fault, late_s=late_s),
        )
        for chapter, steps in acts.items()
        for step in steps
        for boundary, fate, late_s in _boundaries()
        for fault in FAULTS
    )


def double_cases(cases: Sequence[Case], seed: int, count: int) -> tuple[Case, ...]:
    """Draw pairs of faults of one chapter; the same seed draws the same ones."""
    chance = random.Random(seed)  # noqa: S311 - chance that can be repeated
    by_chapter: dict[Chapter, list[Case]] = {}
    for case in cases:
        by_chapter.setdefault(case.chapter, []).append(case)
    firsts = [chance.choice(cases) for _ in range(count)]
    return tuple(
        replace(first, then=chance.choice(by_chapter[first.chapter]).strike) for first in firsts
    )


def _boundaries() -> Iterator[tuple[Boundary, Fate, float]]:
    yield from ((boundary, "applied", 0.0) for boundary in WITHOUT_FATE)
    for boundary, fate in itertools.product(WITH_FATE, FATES):
        yield from ((boundary, fate, late_s) for late_s in (LATE_S if fate == "late" else (0.0,)))


class Story:
    """The story that is disturbed, chapter by chapter."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        image = folder / image_name(FIXED_BUILD)
        image.write_bytes(make_image(FIXED_BUILD))
        digest = hashlib.sha256(image.read_bytes()).hexdigest()
        self._patch = {"build": FIXED_BUILD, "image": str(image), "image_sha256": digest}
        self.told: list[str] = []

    def tell(self, chapter: Chapter) -> Result:
        """Live through one chapter."""
        operation = self.world.operation()
        match chapter:
            case "mitigate":
                # As somebody does who has just read the bulletin: look first.
                operation.status()
                return operation.run(MITIGATION, Mode.REAL)
            case "close-vserver":
                self.world.gate = replace(self.world.gate, close_methods=("close-vserver",))
                return self.world.operation().close(Mode.REAL)
            case "close":
                return operation.close(Mode.REAL)
            case "patch":
                patched = operation.run("patch", Mode.REAL, self._patch)
                if patched.state is GateState.CLOSED:
                    operation.run("scan", Mode.REAL)
                return patched
            case "reopen":
                return operation.reopen(Mode.REAL, agreed=lambda _name: True)
            case "confirm":
                return operation.confirm(Mode.REAL)

    def disturbed(self, case: Case) -> Verdict:
        """Live through a chapter with its fault, then without faults until it has an end."""
        world = self.world
        world.strike, world.then = case.strike, case.then
        self._attempt(case.chapter, lambda: self.tell(case.chapter))
        end = self._why_no_end()
        # Only the resumes after the last fault are counted; a second one may strike in a resume.
        resumes, strikes = 0, world.strikes
        for number in range(1, 2 * _RESUMES_MAX + 1):
            if resumes == _RESUMES_MAX:
                break
            world.settle(_LEASE_ENDS_S if number == 1 else _ALL_IS_UP_S)
            end = self._why_no_end()
            if not end:
                break
            self._attempt(f"resume {number}", lambda: world.operation().resume())
            resumes = resumes + 1 if world.strikes == strikes else 0
            strikes = world.strikes
            end = self._why_no_end()
        end = end or self._why_not_lasting()
        return Verdict(
            case=str(case),
            struck=world.strikes > 0,
            violations=tuple(world.checker.violations),
            end=end,
            state=world.standing().state.value,
            told=tuple(self.told),
        )

    def _attempt(self, what: str, verb: Callable[[], Result]) -> None:
        try:
            result = verb()
        except Killed:
            self.told.append(f"{what}: the process died")
            self.world.revive()
        except GatectlError as exc:
            self.told.append(f"{what}: {type(exc).__name__}: {exc.sentence}")
        else:
            self.told.append(f"{what}: {result.state}, {int(result.code)}, {result.sentence}")

    def _why_no_end(self) -> str:
        """Say why nobody could leave it like this."""
        standing = self.world.standing()
        if standing.unfinished is not None:
            return f"run {standing.unfinished.plan.playbook} is left over"
        reachable = self.world.reachable(OUTSIDE)
        if standing.state in SHUT_STATES:
            return "shut on record, and outside gets in" if reachable else ""
        if standing.state is GateState.OPEN:
            return "" if reachable else "open on record, and outside gets nothing"
        if standing.state is GateState.REOPENING:
            return ""
        return f"the gate is {standing.state}"

    def _why_not_lasting(self) -> str:
        """Let the provisional time pass: only a confirmed opening may be open after it."""
        self.world.settle(_OPENING_ENDS_S)
        state = self.world.standing().state
        if state is not GateState.OPEN and self.world.reachable(OUTSIDE):
            return f"the gate is {state}, and outside still gets in"
        return ""


def main() -> None:
    """Judge the cases that stand on stdin, or tell the acts of the story if there are none."""
    cases = [_case(line) for line in sys.stdin]
    acts: dict[str, tuple[str, ...]] = {}
    world = World()
    with tempfile.TemporaryDirectory(prefix="faultworld-") as folder, whole_process_at(world.clock):
        story = Story(world, Path(folder))
        for chapter in CHAPTERS:
            for case in cases:
                if case.chapter == chapter:
                    _in_a_fork(partial(_judged, story, case), str(case))
            if chapter not in ASIDE:
                acts = {**acts, **_acts_of(story, chapter)}
            elif not cases:
                _in_a_fork(partial(_acts_of, story, chapter), chapter)
    if not cases:
        sys.stdout.write(json.dumps(acts) + "\n")


def _judged(story: Story, case: Case) -> Mapping[str, object]:
    return asdict(story.disturbed(case))


def _acts_of(story: Story, chapter: Chapter) -> Mapping[str, tuple[str, ...]]:
    """Live through a chapter undisturbed, and name what it sends."""
    before = len(story.world.intended)
    result = story.tell(chapter)
    if result.code is not ExitCode.PROVEN:
        raise AssertionError(f"{chapter} fails undisturbed: {result.sentence}")
    return {chapter: tuple(dict.fromkeys(story.world.intended[before:]))}


def _case(line: str) -> Case:
    found = json.loads(line)
    then = Strike(**found["then"]) if found["then"] else None
    return Case(chapter=found["chapter"], strike=Strike(**found["strike"]), then=then)


def _in_a_fork(told: Callable[[], Mapping[str, object]], name: str) -> None:
    """Write what comes of something in a copy of this process, which has no other thread now."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        if status:
            sys.stdout.write(json.dumps({"case": name, "crashed": status}) + "\n")
        return
    code = 1
    try:
        sys.stdout.write(json.dumps(told()) + "\n")
        sys.stdout.flush()
        code = 0
    except BaseException as exc:
        sys.stdout.write(json.dumps({"case": name, "crashed": repr(exc)}) + "\n")
        sys.stdout.flush()
        raise
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
