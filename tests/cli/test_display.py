"""What a person sees of a run as it happens: two lines a step, and a spinner where it can move."""

import io
import time
from dataclasses import replace

import pytest
from rich.console import Console

from gatectl.cli.display import MARKS, Display, console_on, display_on_stderr, duration
from gatectl.clock import HandClock
from gatectl.core.check import failed, passed, unknown
from gatectl.core.event import (
    ActAnswered,
    ActIntended,
    CompromiseJudged,
    Ending,
    Event,
    LookMade,
    Mode,
    Outcome,
    RunEnded,
    RunId,
    RunResumed,
    RunStarted,
    Signalled,
)
from gatectl.core.gate import GateState, Signal
from gatectl.journal.journal import Journal
from tests.builders import NS_A, Chronicle, ended, plan_of, planned, started
from tests.cli.conftest import Story

STEP = planned("saved@ns-a")
LONG_LINE = "add ns acl GATECTL_DENY_TLS DENY -destIP = 203.0.113.10 -destPort = 443 -priority 97"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say yes."""
        return True


def look(because: str = "saved is yes") -> LookMade:
    """Make a look that holds."""
    return LookMade(
        step=STEP.id,
        node=NS_A,
        attempt=1,
        look="show ns config",
        verdict=passed(because),
        evidence=None,
        elapsed_s=0.1,
    )


def show(*events: Event, width: int = 80, terminal: bool = False) -> list[str]:
    """Show events on a narrow screen, and give its lines."""
    stream = Terminal() if terminal else io.StringIO()
    console = Console(file=stream, width=width, color_system=None, soft_wrap=not terminal)
    display = Display(console, animated=False)
    chronicle = Chronicle()
    with display.shown():
        for event in events:
            display(chronicle.add(event))
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_a_step_is_two_lines_with_claim_time_and_what_was_seen() -> None:
    """First mark, node, claim and time, then what was seen."""
    assert show(started(STEP), look(), ended(STEP, verdict=passed("saved is yes"))) == [
        " done ns-a: the step saved@ns-a  0.1 s",
        "      ns-a > saved is yes",
    ]


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_a_mark_of_its_own(outcome: Outcome) -> None:
    """The mark alone tells how a step ended, without any colour."""
    verdict = unknown("ns-a is silent") if outcome is Outcome.UNKNOWN else failed("saved is no")
    first, second = show(started(STEP), look(), ended(STEP, outcome, verdict))
    assert first.split()[0] == MARKS[outcome][0]
    assert second == f"      ns-a > {verdict.because}"
    assert len({mark for mark, _ in MARKS.values()}) == len(Outcome)


def test_what_is_sent_stands_before_it_is_answered() -> None:
    """Each line that writes is shown to the letter, with the node that gets it."""
    lines = show(ActIntended(step=STEP.id, node=NS_A, lines=("save ns config", "apply ns acls")))
    assert lines == ["      ns-a < save ns config", "      ns-a < apply ns acls"]


@pytest.mark.parametrize(("answer", "shown"), [("done", 0), ("error", 1), ("cut", 1)])
def test_an_answer_is_shown_when_it_is_trouble(answer: str, shown: int) -> None:
    """A Done proves nothing and is not worth a line; an error is."""
    answered = ActAnswered(
        step=STEP.id,
        node=NS_A,
        line="save ns config",
        answer=answer,  # type: ignore[arg-type]  # one of the three words
        text="ERROR: No such resource",
        elapsed_s=0.1,
    )
    assert len(show(answered)) == shown


def test_a_long_line_hangs_below_its_own_beginning() -> None:
    """A narrow terminal folds a command behind the node's name, and nothing of it is lost."""
    intended = ActIntended(step=STEP.id, node=NS_A, lines=(LONG_LINE,))
    lines = show(intended, width=60, terminal=True)
    assert len(lines) == 2
    assert lines[1].startswith(" " * len("      ns-a < "))
    assert max(len(line) for line in lines) <= 60
    assert "".join(line[len("      ns-a < ") :] for line in lines).replace(
        " ", ""
    ) == LONG_LINE.replace(" ", "")


def test_off_a_terminal_a_long_line_stays_whole() -> None:
    """What goes into a file or a mail can be searched and copied."""
    lines = show(ActIntended(step=STEP.id, node=NS_A, lines=(LONG_LINE,)), width=60)
    assert lines == [f"      ns-a < {LONG_LINE}"]


def test_the_words_of_a_device_cannot_move_the_cursor() -> None:
    """Control characters in an answer are written out."""
    shown = "\n".join(show(started(STEP), look(), ended(STEP, verdict=passed("\x1b[2Jgone\x07"))))
    assert "\x1b" not in shown
    assert "\\x1b[2Jgone\\x07" in shown


def test_the_words_of_a_device_are_no_markup() -> None:
    """Brackets stay brackets."""
    shown = show(started(STEP), look(), ended(STEP, verdict=passed("[red]count[/red] is 0")))
    assert "[red]count[/red] is 0" in shown[1]


def test_the_course_of_the_gate_is_told() -> None:
    """A change of state and an answer of the compromise check have a line; no change has none."""
    moved = Signalled(
        signal=Signal.CLOSE_STARTED, before=GateState.OPEN, after=GateState.CLOSING, because="x"
    )
    stayed = Signalled(
        signal=Signal.CLOSE_STARTED, before=GateState.CLOSING, after=GateState.CLOSING, because="x"
    )
    judged = CompromiseJudged(answer="compromised", because="a webshell was found", findings=())
    assert show(moved, stayed, judged) == [
        "      gate: open -> closing",
        "      compromise check: compromised - a webshell was found",
    ]


@pytest.mark.parametrize(
    ("ending", "because", "shown"),
    [
        (Ending.PROVEN, "all 21 steps hold", "proven - all 21 steps hold"),
        (Ending.FAILED, "failed: deny@ns-a", "failed - deny@ns-a"),
        (
            Ending.PENDING,
            "would act: deny@ns-a, deny@ns-b",
            "this was a dry run, and nothing that writes was sent",
        ),
    ],
)
def test_the_end_of_a_run_is_one_line(ending: Ending, because: str, shown: str) -> None:
    """Nothing is said twice, and a dry run does not list every step again."""
    assert show(RunEnded(ending=ending, because=because)) == [f"almelo: {shown}"]


def test_a_run_begins_with_its_title_and_whether_it_is_real() -> None:
    """Nobody watches a dry run in the belief that it is real."""
    chronicle = Chronicle()
    stream = io.StringIO()
    display = Display(Console(file=stream, width=80, color_system=None), animated=False)
    display(chronicle.begin(plan_of(STEP), mode=Mode.DRY))
    display(chronicle.add(RunResumed(digest=plan_of(STEP).digest)))
    display.heading("1. Close")
    display.note("two at work")
    text = stream.getvalue()
    assert "almelo: the playbook upkeep (dry-run)" in text
    assert "almelo: going on where the run stopped" in text
    assert "\n1. Close\n      two at work\n" in text


def test_a_spinner_moves_only_while_a_step_is_under_way() -> None:
    """It is there between the start of a step and its end, and is gone however the end comes."""
    stream = Terminal()
    console = Console(file=stream, width=60, force_terminal=True, color_system=None)
    display = Display(console, animated=True)
    chronicle = Chronicle()
    with display.shown():
        display(chronicle.add(started(STEP)))
        display(chronicle.add(look()))
        display(chronicle.add(look("saved is no")))
        time.sleep(0.15)
    # Hidden while it spins, and shown again when it is over: a terminal without it is broken.
    assert stream.getvalue().count("\x1b[?25l") == stream.getvalue().count("\x1b[?25h") == 1
    assert "look 2: saved is no" in stream.getvalue()


@pytest.mark.parametrize(("no_color", "coloured"), [("1", False), ("", True)])
def test_no_color_leaves_no_escape_code(
    monkeypatch: pytest.MonkeyPatch, no_color: str, coloured: bool
) -> None:
    """With NO_COLOR even bold is gone; an empty NO_COLOR means nothing, as its authors say."""
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("COLORTERM", raising=False)
    stream = Terminal()
    console_on(stream).print("text", style="bold red")
    assert ("\x1b" in stream.getvalue()) is coloured


def test_a_stream_that_is_no_terminal_gets_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file never gets a colour, whatever the environment forces on others."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = io.StringIO()
    console_on(stream).print("text", style="bold red")
    assert stream.getvalue() == "text\n"


def test_a_quiet_display_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json nothing of the show reaches the terminal."""
    display = display_on_stderr(quiet=True)
    display(Chronicle().add(RunEnded(ending=Ending.PROVEN, because="x")))
    assert capsys.readouterr() == ("", "")


def test_every_step_of_the_story_has_its_time(story: Story) -> None:
    """In a real run each mark is followed by claim and seconds."""
    marks = [line for line in story["close"].err.splitlines() if line[:6].strip() in {"done", "ok"}]
    assert len(marks) >= 21
    assert all(line.endswith(" s") for line in marks)


def test_a_run_that_was_made_before_says_how_long_the_rest_takes() -> None:
    """Earlier runs in the journal teach it; the first run of all gives no figure."""
    clock = HandClock()
    stream = Terminal()
    console = Console(file=stream, width=80, force_terminal=True, color_system=None)
    with Journal.in_memory(clock=clock, actor="a", origin="o") as journal:
        run, plan = RunId("r1"), plan_of(STEP)
        for event in (
            RunStarted(plan=plan, digest=plan.digest, mode=Mode.REAL),
            replace(ended(STEP), elapsed_s=130.0),
        ):
            journal.append(event, gate=plan.gate, run=run)
        display = Display(console, animated=True)
        display.learn(journal)
    chronicle = Chronicle()
    with display.shown():
        display(chronicle.begin(plan))
        display(chronicle.add(started(STEP)))
        time.sleep(0.15)
    assert "the step saved@ns-a (about 2 min left)" in stream.getvalue()


@pytest.mark.parametrize(("seconds", "told"), [(0.2, "1 s"), (59, "59 s"), (90.1, "2 min")])
def test_a_time_is_told_in_the_words_of_people(seconds: float, told: str) -> None:
    """Nobody counts two hundred seconds."""
    assert duration(seconds) == f"about {told}"
