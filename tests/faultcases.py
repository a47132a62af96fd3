"""Every case of the fault world: where a fault strikes, what is done then, and what came of it.

Run as a program it takes cases on stdin, a line of JSON each, and writes a verdict for each;
without any it tells the acts of the undisturbed story. The chapters are lived through once; each
case is a fork of the world as it was at the beginning of its chapter.
"""

import hashlib
import itertools
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from gatectl.core.event import Mode
from gatectl.core.gate import SHUT_STATES, GateState
from gatectl.desk import Result
from gatectl.errors import ExitCode, GatectlError
from gatectl.simulator.firmware import image_name, make_image
from tests.fault_clock import whole_process_at
from tests.faultworld import FIXED_BUILD, OUTSIDE, Boundary, Fate, Fault, Killed, Strike, World

Chapter = Literal["close", "patch", "reopen", "confirm"]

CHAPTERS: tuple[Chapter, ...] = ("close", "patch", "reopen", "confirm")

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

    def __str__(self) -> str:
        strike = self.strike
        late = f" by {strike.late_s:g} s" if strike.fate == "late" else ""
        where = f"{self.chapter} {strike.step} {strike.boundary}"
        return f"{where}, command {strike.fate}{late}, {strike.fault}"


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
        world.strike = case.strike
        self._attempt(case.chapter, lambda: self.tell(case.chapter))
        end = self._why_no_end()
        for number in range(1, _RESUMES_MAX + 1):
            world.settle(_LEASE_ENDS_S if number == 1 else _ALL_IS_UP_S)
            end = self._why_no_end()
            if not end:
                break
            self._attempt(f"resume {number}", lambda: world.operation().resume())
            end = self._why_no_end()
        end = end or self._why_not_lasting()
        return Verdict(
            case=str(case),
            struck=world.struck,
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
    acts: dict[Chapter, tuple[str, ...]] = {}
    world = World()
    with tempfile.TemporaryDirectory(prefix="faultworld-") as folder, whole_process_at(world.clock):
        story = Story(world, Path(folder))
        for chapter in CHAPTERS:
            for case in cases:
                if case.chapter == chapter:
                    _in_a_fork(story, case)
            before = len(world.intended)
            result = story.tell(chapter)
            if result.code is not ExitCode.PROVEN:
                raise AssertionError(f"{chapter} fails undisturbed: {result.sentence}")
            acts[chapter] = tuple(dict.fromkeys(world.intended[before:]))
    if not cases:
        sys.stdout.write(json.dumps(acts) + "\n")


def _case(line: str) -> Case:
    found = json.loads(line)
    return Case(chapter=found["chapter"], strike=Strike(**found["strike"]))


def _in_a_fork(story: Story, case: Case) -> None:
    """Judge one case in a copy of this process, which has no other thread now."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        if status:
            sys.stdout.write(json.dumps({"case": str(case), "crashed": status}) + "\n")
        return
    code = 1
    try:
        sys.stdout.write(json.dumps(asdict(story.disturbed(case))) + "\n")
        sys.stdout.flush()
        code = 0
    except BaseException as exc:
        sys.stdout.write(json.dumps({"case": str(case), "crashed": repr(exc)}) + "\n")
        sys.stdout.flush()
        raise
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
