import base64
import io
import json
import logging
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote

import pytest
import structlog

from gatectl.core.check import failed
from gatectl.core.event import (
    ActIntended,
    Ending,
    Event,
    LookMade,
    Noted,
    Outcome,
    Recorded,
    Refusal,
    RunEnded,
    RunId,
    SidesSeen,
    Signalled,
    StepEnded,
    StepStarted,
)
from gatectl.core.gate import GateName, GateState, NodeName, Signal
from gatectl.core.plan import PlannedId
from gatectl.log import configure, let_go, step_record
from gatectl.secret import Secret

CANARIES = ('pa"ss word%41', "sécrèt-ünï", "nsroot-Kanarie#1", "0123456789abcdef")
SECRETS = tuple(Secret(value) for value in CANARIES)


class Terminal(io.StringIO):
    """A console that says that it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


class FullDisk(io.StringIO):
    """A console that takes nothing."""

    def write(self, _text: str) -> int:
        """Refuse."""
        raise OSError(28, "No space left on device")


@pytest.fixture(autouse=True)
def _log_is_set_back() -> Iterator[None]:
    """Leave the process's log as it was found."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    let_go()
    structlog.reset_defaults()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a place for a log file."""
    return tmp_path / "gatectl.log"


def set_up(console: io.StringIO | None, file: Path | None, *, colour: bool = False) -> Any:
    """Set the log up and give a logger."""
    configure(
        console=console, colour=colour, level=logging.DEBUG, file=file, secrets=lambda: SECRETS
    )
    return structlog.get_logger()


def lines(file: Path) -> list[dict[str, Any]]:
    """Read a log file back."""
    return [json.loads(line) for line in file.read_text(encoding="ascii").splitlines()]


def fail(words: str) -> NoReturn:
    """Fail with these words."""
    raise ValueError(words)


def test_a_record_has_its_time_first_and_its_fields_in_order(file: Path) -> None:
    """The known fields stand where the eye looks for them, the others follow by name."""
    set_up(None, file).info(
        "step.ended", zebra=1, apple=2, actor="alice", object="deny", action="look", result="pass"
    )
    (record,) = lines(file)
    assert list(record) == [
        *("timestamp", "level", "event", "action", "object", "result", "actor", "apple", "zebra")
    ]
    told = datetime.fromisoformat(record["timestamp"])
    assert record["timestamp"].endswith("Z")
    assert abs((datetime.now(tz=UTC) - told).total_seconds()) < 60


def test_a_terminal_gets_lines_for_people_and_everything_else_json() -> None:
    """Off a terminal a program reads along."""
    terminal, pipe = Terminal(), io.StringIO()
    set_up(terminal, None).warning("lease.lost", gate="almelo")
    set_up(pipe, None).warning("lease.lost", gate="almelo")
    assert "lease.lost" in terminal.getvalue()
    assert "gate=almelo" in terminal.getvalue()
    assert json.loads(pipe.getvalue())["gate"] == "almelo"


def test_colour_comes_only_from_us() -> None:
    """Without colour not one escape is written, with it only around our own words."""
    plain, coloured = Terminal(), Terminal()
    set_up(plain, None).error("step.ended", said="\x1b[31mred")
    set_up(coloured, None, colour=True).error("step.ended", said="\x1b[31mred")
    assert "\x1b" not in plain.getvalue()
    assert "\x1b[" in coloured.getvalue()
    assert r"\x1b[31mred" in coloured.getvalue()


def test_hostile_words_cannot_act_on_a_terminal_or_forge_a_line(file: Path) -> None:
    """Names, values, lists and an error's own words are shown with nothing hidden in them."""
    hostile = "x\r\n2026 [info] gate.closed\x1b]52;c;eA==\x07\u202e\x9b"
    console = Terminal()
    log = set_up(console, file)
    log.info(hostile, **{"na\x1bme\n": hostile, "list": [hostile], "pairs": {hostile: hostile}})
    try:
        fail(hostile)
    except ValueError:
        log.exception("run.broken")
    shown = console.getvalue()
    assert all(character == "\n" or character.isprintable() for character in shown)
    assert not any(line.startswith("2026 [info]") for line in shown.splitlines())
    assert len(lines(file)) == 2


def secrets_everywhere(log: Any) -> None:
    """Log every canary in every place that could carry it."""
    for canary in CANARIES:
        data = canary.encode()
        log.info(
            canary,
            password=canary,
            nested={"a": [canary, {canary: (canary,)}]},
            raw=data,
            base64=base64.b64encode(b"user:" + data).decode(),
            hexadecimal=data.hex(),
            url=f"https://h/?p={quote(canary)}",
            backwards=canary[::-1],
            thing=Path(canary),
            text=f"set ns password {canary} Done",
        )
        try:
            fail(f"refused {canary}")
        except ValueError:
            log.exception("login.refused")
        logging.getLogger("paramiko.transport").warning("sent %s", canary)


def test_no_secret_reaches_console_or_file(file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The canaries are in none of the outputs, in no form, and the records are still there."""
    terminal, pipe = Terminal(), io.StringIO()
    secrets_everywhere(set_up(terminal, file))
    secrets_everywhere(set_up(pipe, file))
    out, err = capfd.readouterr()
    written = file.read_text(encoding="ascii")
    everything = terminal.getvalue() + pipe.getvalue() + written + out + err
    for canary in CANARIES:
        data = canary.encode()
        for form in (
            canary,
            canary[::-1],
            data.hex(),
            quote(canary),
            json.dumps(canary)[1:-1],
            base64.b64encode(b"user:" + data).decode(),
        ):
            assert form not in everything
    assert len(written.splitlines()) == 3 * len(CANARIES) * 2


@pytest.mark.parametrize(
    ("secret", "console"), [("user=root7", Terminal()), ('user": "root7', None)]
)
def test_a_secret_that_a_name_and_its_value_make_is_hidden(
    secret: str, console: Terminal | None, file: Path
) -> None:
    """The whole line is looked through once more, as it will be read."""
    configure(
        console=console,
        colour=False,
        level=logging.DEBUG,
        file=file,
        secrets=lambda: [Secret(secret)],
    )
    structlog.get_logger().info("login.tried", user="root7")
    shown = console.getvalue() if console else file.read_text(encoding="ascii")
    assert "login.tried" in shown
    assert "root7" not in shown


def test_a_traceback_shows_no_local_variables(file: Path) -> None:
    """What a function held in its hands when it failed is not for the log."""
    held = "kept-in-a-local"
    console = Terminal()
    log = set_up(console, file)
    try:
        fail(f"{len(held)} characters")
    except ValueError:
        log.exception("run.broken")
    for output in (console.getvalue(), file.read_text(encoding="ascii")):
        assert "15 characters" in output
        assert "kept-in-a-local" not in output


def test_libraries_are_heard_from_warnings_on(file: Path) -> None:
    """Their packets are not, and a level that only they know does no harm."""
    set_up(None, file)
    library = logging.getLogger("paramiko.transport")
    library.debug("packet %r", b"\x00")
    library.warning("Oops, unhandled type %d", 3)
    library.log(35, "between the levels")
    # Straight to our handler: the one of the test runner would raise.
    broken = {"name": "paramiko", "levelno": 30, "msg": "broken %d", "args": ("format",)}
    logging.getLogger().handlers[-1].handle(logging.makeLogRecord(broken))
    records = lines(file)
    assert [one["message"] for one in records] == [
        "Oops, unhandled type 3",
        "between the levels",
        "broken %d",
    ]
    assert {one["event"] for one in records} == {"library.logged"}
    assert records[0]["library"] == "paramiko.transport"


def test_setting_up_twice_does_not_tell_twice(file: Path) -> None:
    """A second set-up replaces the first."""
    set_up(None, file)
    set_up(None, file)
    logging.getLogger("paramiko").warning("once")
    assert len(lines(file)) == 1


def test_the_log_file_is_for_its_owner_alone(file: Path) -> None:
    """It names people, machines and commands."""
    set_up(None, file).info("run.started")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_link_in_place_of_the_log_file_is_not_followed(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is appended to a file that somebody else has chosen."""
    target = file.with_name("target")
    target.touch()
    file.symlink_to(target)
    set_up(None, file).info("run.started")
    assert target.read_bytes() == b""
    assert "cannot be written" in capsys.readouterr().err


def test_a_log_that_fails_stops_nothing_and_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing folder and a full console cost one line each on stderr, not the run."""
    log = set_up(FullDisk(), tmp_path / "missing" / "gatectl.log")
    for _ in range(3):
        log.info("step.started", step="deny-outside")
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert any("No space left" in line for line in told)


class Unprintable:
    """A value whose text cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_a_value_that_cannot_be_printed_stops_nothing(file: Path) -> None:
    """Also one that holds itself, and one that is far too long."""
    circle: list[object] = []
    circle.append(circle)
    set_up(None, file).info("odd.values", bad=Unprintable(), circle=circle, long="x" * 10**6)
    (record,) = lines(file)
    assert "cannot be printed" in record["bad"]
    assert record["long"].endswith("characters more]")
    assert len(json.dumps(record)) < 100_000


def recorded(event: Event) -> Recorded:
    """Put an event in its frame."""
    return Recorded(
        sequence=7,
        at=datetime(2026, 1, 18, 20, 0, 0, 123_456, tzinfo=UTC),
        boot_time_ns=1,
        boot_id="boot-1",
        gate=GateName("almelo"),
        run=RunId("r1"),
        actor="alice",
        origin="desk-7",
        event=event,
    )


STEP = PlannedId("deny-outside@ns1")
NODE = NodeName("ns1")
TOLD: list[tuple[Event, str, str, str]] = [
    (StepStarted(step=STEP, title="t", node=NODE), "start step", STEP, "started"),
    (ActIntended(step=STEP, node=NODE, lines=("x",)), "act", STEP, "intended"),
    (
        LookMade(
            step=STEP,
            node=NODE,
            attempt=1,
            look="show",
            verdict=failed("no"),
            evidence=None,
            elapsed_s=1.0,
        ),
        "look",
        STEP,
        "fail",
    ),
    (
        StepEnded(
            step=STEP,
            title="t",
            node=NODE,
            outcome=Outcome.DONE,
            verdict=failed("no"),
            proves=None,
            elapsed_s=1.0,
        ),
        "end step",
        STEP,
        "done",
    ),
    (RunEnded(ending=Ending.PROVEN, because="b"), "end run", "almelo", "proven"),
    (
        SidesSeen(outside="shut", inside="open", because="b", looks=()),
        "look",
        "almelo",
        "outside shut, inside open",
    ),
    (
        Signalled(signal=Signal.DOUBT, before=GateState.OPEN, after=GateState.UNKNOWN, because="b"),
        "signal doubt",
        "almelo",
        "unknown",
    ),
    (
        Refusal(verb="reopen", sentence="no", hint="h", exit_code=6),
        "reopen",
        "almelo",
        "refused: no",
    ),
    (Noted(text="hello"), "note", "almelo", "hello"),
]


@pytest.mark.parametrize(("event", "action", "subject", "result"), TOLD)
def test_a_step_tells_who_did_what_with_which_result(
    event: Event, action: str, subject: str, result: str
) -> None:
    """Action, object, result, origin, actor and timestamp, under the journal's own word."""
    name, pairs = step_record(recorded(event))
    assert name == event.kind
    assert {key: pairs[key] for key in ("action", "object", "result")} == {
        "action": action,
        "object": subject,
        "result": result,
    }
    assert (pairs["origin"], pairs["actor"]) == ("desk-7", "alice")
    assert pairs["timestamp"] == "2026-01-18T20:00:00.123Z"


def test_a_step_record_keeps_the_journals_time(file: Path) -> None:
    """The log tells when it happened, not when it was logged."""
    name, pairs = step_record(recorded(Noted(text="hello")))
    set_up(None, file).info(name, **pairs)
    assert lines(file)[0]["timestamp"] == "2026-01-18T20:00:00.123Z"
