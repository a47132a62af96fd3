"""What a person sees of many gates: trouble first, totals always, and 80 columns are enough."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from gatectl.cli.fleetdisplay import FleetDisplay, fleet_display_on_stderr
from gatectl.core.event import Event
from gatectl.core.gate import GateName, GateState
from gatectl.desk import Result
from gatectl.errors import ExitCode
from tests.builders import Chronicle, ended, plan_of, planned, started

STEPS = tuple(planned(f"step-{number}@ns-a") for number in range(4))
PLAN = plan_of(*STEPS)
GATES = [f"gate-{number:03}" for number in range(200)]


def came_to(gate: str, code: ExitCode = ExitCode.PROVEN) -> Result:
    """Make the result of a gate that is shut, or of one that is seen open."""
    well = code is ExitCode.PROVEN
    return Result(
        gate=gate,
        state=GateState.CLOSED if well else GateState.UNKNOWN,
        code=code,
        sentence="all is shut" if well else "ns-a: no SSH handshake in time \x1b[2J" + "x" * 200,
        outside="shut" if well else "open",
    )


class Screen:
    """A display, and the lines that it draws."""

    def __init__(self, *, height: int = 24, animated: bool = True) -> None:
        self.stream = io.StringIO()
        console = Console(file=self.stream, width=80, height=height, color_system=None)
        self._console = console
        self.display = FleetDisplay(console, animated=animated)

    def hear(self, gate: str, *events: Event) -> None:
        """Let a gate's run begin, and more of it happen."""
        chronicle = Chronicle()
        for recorded in (chronicle.begin(PLAN), *(chronicle.add(event) for event in events)):
            self.display(replace(recorded, gate=GateName(gate)))

    def lines(self) -> list[str]:
        """Draw once."""
        with self._console.capture() as capture:
            self._console.print(self.display.picture())
        return [line.rstrip() for line in capture.get().splitlines()]


def test_trouble_comes_first_and_totals_are_always_there() -> None:
    """Two hundred gates on 24 lines of 80 columns: what went wrong, what is at work, the counts."""
    screen = Screen()
    with screen.display.shown(GATES):
        for gate in GATES[:100]:
            screen.hear(gate)
        for gate in GATES[:60]:
            screen.display.tell(came_to(gate))
        for gate in GATES[60:63]:
            screen.display.tell(came_to(gate, ExitCode.MAYBE_OPEN))
        lines = screen.lines()
    assert len(lines) <= 24
    assert max(len(line) for line in lines) <= 80
    assert [line.split()[:2] for line in lines[:4]] == [
        ["gate-060", "open"],
        ["gate-061", "open"],
        ["gate-062", "open"],
        ["gate-063", "at"],
    ]
    told = " ".join(lines)
    assert "and 20 more" in told
    assert "63 of 200 gates: 60 shut, 3 open, 0 unknown; 37 at work, 100 waiting" in told
    assert " left" in told
    assert "\x1b" not in told


def test_a_gate_at_work_says_how_far_it_is() -> None:
    """The step that is under way, and how many there are."""
    screen = Screen()
    with screen.display.shown(GATES[:1]):
        screen.hear(GATES[0], started(STEPS[0]), ended(STEPS[0]), started(STEPS[1]))
        (line, _) = screen.lines()
    assert line.split(maxsplit=3)[3] == "2 of 4: the step step-1@ns-a"


def test_off_a_terminal_each_gate_has_one_line_when_it_is_through() -> None:
    """A mail or a log gets what can be searched, and nothing moves."""
    screen = Screen(animated=False)
    with screen.display.shown(GATES[:2]):
        screen.hear(GATES[0], started(STEPS[0]))
        screen.display.tell(came_to(GATES[0]))
        screen.display.tell(came_to(GATES[1], ExitCode.MAYBE_OPEN))
    first, *rest = screen.stream.getvalue().splitlines()
    assert first == "[1/2] gate-000: shut - all is shut"
    assert rest[0].startswith("[2/2] gate-001: open - ns-a: no SSH handshake")
    assert "\x1b" not in screen.stream.getvalue()


def test_a_quiet_display_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json nothing of the show reaches the terminal."""
    display = fleet_display_on_stderr(quiet=True)
    with display.shown(GATES[:1]):
        display.tell(came_to(GATES[0]))
    assert capsys.readouterr() == ("", "")
