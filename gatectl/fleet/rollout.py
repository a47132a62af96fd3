"""Many gates: which go first, how many at once, and when no more are begun."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass

from gatectl.core.gate import Gate, GateState
from gatectl.desk import Result
from gatectl.errors import ExitCode
from gatectl.operation import Operation

AT_ONCE_MAX = 100
"""Threads in one process; more of them make all of them slower."""

THREADS = "threads"
PROCESSES = "processes"
"""The places on this machine where gates are worked on."""

Verb = Callable[[Operation], Result]
Work = Callable[[Gate], Result]
Told = Callable[[Result], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """How a verb is spread over gates."""

    canary: int = 0
    """So many gates go first; one of them that fails ends it, however many failures are allowed."""
    batch: int = 1
    """So many at the same time after that."""
    failures_max: int | None = None
    """More failures than this, of all gates together, and no further gate is begun."""

    def batches(self, gates: Sequence[Gate]) -> Iterator[Sequence[Gate]]:
        """Put gates in the order in which they are begun."""
        if self.canary:
            yield gates[: self.canary]
        for begin in range(self.canary, len(gates), self.batch):
            yield gates[begin : begin + self.batch]


def at_once(count: int) -> int:
    """Tell how many gates are worked on at the same time."""
    return max(1, min(count, AT_ONCE_MAX))


def carry_out_on_all(
    gates: Sequence[Gate], work: Work, rollout: Rollout, executor: Executor, told: Told
) -> list[Result]:
    """Do the work on all gates, in batches, and give the results in the order of the gates.

    `told` hears of each gate as soon as it is through, one at a time. A gate that is not begun
    because of others is a result as well: nobody is to wonder what became of it.
    """
    results: dict[str, Result] = {}
    failures: list[int] = []
    for batch in rollout.batches(gates):
        stop = _enough(failures, rollout)
        if stop:
            results |= {gate.name: _not_begun(gate, stop) for gate in batch}
            continue
        futures: list[Future[Result]] = [executor.submit(work, gate) for gate in batch]
        failures.append(0)
        for future in as_completed(futures):
            result = future.result()
            results[result.gate] = result
            failures[-1] += result.code not in {ExitCode.PROVEN, ExitCode.DRIFT}
            told(result)
    return [results[gate.name] for gate in gates]


def _enough(failures: Sequence[int], rollout: Rollout) -> str:
    """Say why no further gate is begun, from how many failed in each batch so far."""
    if rollout.canary and failures and failures[0]:
        return f"{failures[0]} of the gates that went first failed"
    if rollout.failures_max is not None and sum(failures) > rollout.failures_max:
        return f"{sum(failures)} gates failed, and at most {rollout.failures_max} may"
    return ""


def _not_begun(gate: Gate, because: str) -> Result:
    return Result(
        gate=gate.name,
        state=GateState.UNKNOWN,
        code=ExitCode.REFUSED,
        sentence=f"not begun: {because}",
        hint="See to the gates that failed, then name the others.",
    )
