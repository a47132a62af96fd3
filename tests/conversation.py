"""A conversation with nodes as data: what must be sent, in order, and what comes back."""

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from gatectl.clock import HandClock
from gatectl.core.check import Expectation, Verdict, passed
from gatectl.core.event import Event, Outcome, Recorded
from gatectl.core.gate import NodeName, Side
from gatectl.core.netscaler import Reply
from gatectl.core.plan import CollectTask, Plan, PlannedStep
from gatectl.core.playbook import Purpose
from gatectl.core.reach import VantageReport
from gatectl.core.run import Run
from gatectl.errors import ConversationCut, GateBusy, GatectlError, Interrupted, Unreachable
from gatectl.journal.evidence import EvidenceStore
from gatectl.ports import Keeper, Recorder, RequestSeen
from gatectl.runner import Runner
from gatectl.transport.contract import Progress, RemoteFile, Stream
from tests.builders import Chronicle, device_task, plan_of, planned

Answer = Reply | Exception | None
"""None is a session that ended before an answer, where that was expected."""
Script = Sequence[tuple[str, Answer]]

_CONFIG = (
    "\tNetScaler IP: 10.0.0.1  (mask: 255.255.255.0)\n\tConfig Changed since Last Saved Config: "
)
SAVED = Reply(text=f"{_CONFIG}FALSE")
UNSAVED = Reply(text=f"{_CONFIG}TRUE")
GARBLED = Reply(text="\tNetSca")
DONE = Reply(text="")


class ScriptedNode:
    """A transport that expects exactly these commands and gives exactly these answers."""

    def __init__(self, script: Script, history: list[str]) -> None:
        self.left = deque(script)
        self._history = history

    def send(self, command: str, *, timeout_s: float) -> Reply:
        """Answer one command."""
        assert timeout_s > 0
        answer = self._answer(f"send {command}", command)
        assert answer is not None, f"{command} has no answer in the script"
        return answer

    def send_expecting_disconnect(self, command: str, *, timeout_s: float) -> Reply | None:
        """Answer a command that ends the session."""
        assert timeout_s > 0
        return self._answer(f"send {command}", command)

    def put(
        self,
        source: Path,
        target: str,
        *,
        sha256: str,
        timeout_s: float,
        progress: Progress | None = None,
    ) -> None:
        """Take a file."""
        del sha256, timeout_s, progress
        self._answer(f"put {target}", f"put {source} {target}")

    def get(
        self, path: str, sink: BinaryIO, *, limit: int, progress: Progress | None = None
    ) -> RemoteFile:
        """Refuse: nothing is fetched in these conversations."""
        del sink, limit, progress
        raise AssertionError(f"{path} is not to be fetched")

    def walk(self, path: str, *, limit: int) -> Iterator[RemoteFile]:
        """Refuse: nothing is listed in these conversations."""
        del limit
        raise AssertionError(f"{path} is not to be listed")

    def dial(self, host: str, port: int, *, timeout_s: float) -> Stream:
        """Refuse: nobody looks through a node."""
        del timeout_s
        raise AssertionError(f"{host}:{port} is not to be dialled")

    def close(self) -> None:
        """Do nothing: the script lives longer than a session."""

    def _answer(self, noted: str, command: str) -> Reply | None:
        self._history.append(noted)
        assert self.left, f"{command!r} was sent after the end of the script"
        expected, answer = self.left.popleft()
        assert command == expected
        if isinstance(answer, Exception):
            raise answer
        return answer


class ScriptedNodes:
    """The sessions with nodes that each have a script."""

    def __init__(self, history: list[str], **scripts: Script) -> None:
        self._history = history
        self.nodes = {
            name.replace("_", "-"): ScriptedNode(script, history)
            for name, script in scripts.items()
        }

    def transport(self, node: NodeName) -> ScriptedNode:
        """Give the session of a node."""
        return self.nodes[node]

    def forget(self, node: NodeName) -> None:
        """Note that a session was dropped."""
        self._history.append(f"forget {node}")

    def left(self) -> list[tuple[str, Answer]]:
        """List what was expected and never sent."""
        return [line for node in self.nodes.values() for line in node.left]


class NotingRecorder:
    """Writes events to a list, and notes their order; one kind of them it may refuse."""

    def __init__(
        self,
        chronicle: Chronicle,
        history: list[str],
        *,
        refuses: type | None = None,
        refusal: GatectlError | None = None,
        loses_its_gate: str = "",
    ) -> None:
        self.chronicle = chronicle
        self._history = history
        self._refuses = refuses
        self._refusal = refusal or GateBusy("another run holds the gate")
        self._loses_its_gate = loses_its_gate

    def record(self, event: Event) -> Recorded:
        """Write an event down."""
        if self._refuses is not None and isinstance(event, self._refuses):
            raise self._refusal
        self._history.append(f"record {event.kind}")
        return self.chronicle.add(event)

    def still_held(self) -> None:
        """Hold the gate for as long as the test lasts, or until that stands in the history."""
        if self._loses_its_gate in self._history:
            raise GateBusy("the lease was lost")


class StopAt:
    """Wants the run to end at the n-th time that it is asked; never, if that does not come."""

    def __init__(self, turn: int = -1) -> None:
        self._turn = turn
        self.asked = 0

    def check(self) -> None:
        """Raise at the chosen time, and every time after it."""
        self.asked += 1
        if 0 <= self._turn < self.asked:
            raise Interrupted("stopped by the test")


class ScriptedLookout:
    """Gives these surveys and answers, one after the other."""

    def __init__(
        self, *surveys: tuple[VantageReport, ...], requests: Sequence[RequestSeen] = ()
    ) -> None:
        self.surveys = deque(surveys)
        self.requests = deque(requests)
        self.asked: list[str] = []

    def hold(self) -> None:
        """Open nothing: who is in already is no part of these stories."""

    def survey(self) -> tuple[VantageReport, ...]:
        """Give the next survey."""
        return self.surveys.popleft()

    def request(self, side: Side, method: str, path: str) -> RequestSeen:
        """Give the next answer."""
        self.asked.append(f"{method} {path} from {side}")
        return self.requests.popleft()

    def close(self) -> None:
        """Do nothing: there is no host to let go of."""


class OneVerdictCollector:
    """Collects nothing and judges everything with one verdict, or cannot."""

    def __init__(self, verdict: Verdict | Exception | None = None) -> None:
        self._verdict = verdict or passed("collected")

    def collect(self, step: PlannedStep, task: CollectTask, recorder: Recorder) -> Verdict:
        """Give the verdict."""
        del step, task, recorder
        return self._give()

    def judge(self, recorder: Recorder) -> Verdict:
        """Give the verdict."""
        del recorder
        return self._give()

    def _give(self) -> Verdict:
        if isinstance(self._verdict, Exception):
            raise self._verdict
        return self._verdict


class Stage:
    """A runner with everything around it scripted, and one history of all that happens."""

    def __init__(
        self,
        folder: Path,
        *,
        stop: StopAt | None = None,
        lookout: ScriptedLookout | None = None,
        collector: OneVerdictCollector | None = None,
        refuses: type | None = None,
        refusal: GatectlError | None = None,
        loses_its_gate: str = "",
        keeper: Keeper | None = None,
        **scripts: Script,
    ) -> None:
        self.history: list[str] = []
        self.chronicle = Chronicle()
        self.nodes = ScriptedNodes(self.history, **scripts)
        self.stop = stop or StopAt()
        self.evidence = EvidenceStore(folder, reserve_bytes=0)
        self.clock = HandClock()
        self.runner = Runner(
            recorder=NotingRecorder(
                self.chronicle,
                self.history,
                refuses=refuses,
                refusal=refusal,
                loses_its_gate=loses_its_gate,
            ),
            nodes=self.nodes,
            lookout=lookout or ScriptedLookout(),
            collector=collector or OneVerdictCollector(),
            evidence=keeper or self.evidence,
            clock=self.clock,
            stop=self.stop,
        )

    def carry_out(self, plan: Plan, **how: object) -> Run:
        """Start the plan and carry it out; what was done must be what the journal tells."""
        if not self.chronicle.records:
            self.chronicle.begin(plan, **how)  # type: ignore[arg-type]  # only `mode` is given
        ended = self.runner.carry_out(self.chronicle.run())
        assert ended == self.chronicle.run()
        return ended

    def sent(self) -> list[str]:
        """List the commands that left, in order."""
        return [line.removeprefix("send ") for line in self.history if line.startswith("send ")]

    def events(self, kind: type[Event]) -> list[Event]:
        """List the events of one kind."""
        return [record.event for record in self.chronicle.records if isinstance(record.event, kind)]


LOOK, ACT = "show ns config", "save ns config"
CUT = ConversationCut("the session ended in mid-answer")
DOWN = Unreachable("ns-a does not answer")
STEP = planned("saved@ns-a")
PLAN = plan_of(STEP)
CLOSE = plan_of(STEP, purpose=Purpose.CLOSE, playbook="close-acl")
TWO_LINES = planned(
    "deny@ns-a",
    device_task(
        look="show ns acl X",
        holds=(Expectation(field="applied", equals="APPLIED"),),
        act=("add ns acl X DENY", "apply ns acls"),
    ),
)
NO_RULE = Reply(text="", error="No such resource")
RULE = Reply(
    text="1)\tName: X\n\tAction: DENY                          Hits: 0\n"
    "\tActive Status: ENABLED                 Applied Status: APPLIED"
)


def outcome(run: Run, step: PlannedStep = STEP) -> Outcome | None:
    """Tell how a step ended."""
    return run.record(step.id).outcome
