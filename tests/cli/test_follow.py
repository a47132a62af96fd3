"""`gatectl log --follow`: new events as they come, until somebody stops it."""

import json
import signal
import subprocess
import threading

from tests.cli.keyboard import Keyboard, clean_environment, command_line

NEWS = "verb.refused"


def followed(keyboard: Keyboard, *words: str) -> tuple[int, str]:
    """Follow the log in another process while a verb works here; give its code and words."""
    process = subprocess.Popen(  # noqa: S603 - this very Python, and words of this test
        command_line("--config", str(keyboard.config), "log", "--follow", *words),
        stdout=subprocess.PIPE,
        text=True,
        env=dict(clean_environment()),
    )
    lines: list[str] = []
    told = threading.Event()

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if NEWS in line:
                told.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        for _ in range(60):
            # Again and again, for nobody knows when the other process begins to listen.
            keyboard.type("maintain", "confirm")
            if told.wait(timeout=1.0):
                break
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=20)
        listener.join(timeout=10)
    return code, "".join(lines)


def test_new_events_are_shown_and_ctrl_c_ends_it(bystander: Keyboard) -> None:
    """Each as a line with its kind."""
    code, words = followed(bystander)
    assert code == 130
    assert NEWS in words


def test_with_json_each_event_is_one_line(bystander: Keyboard) -> None:
    """For programs that read along."""
    code, words = followed(bystander, "--json")
    assert code == 130
    events = [json.loads(line) for line in words.splitlines()]
    assert events
    assert {"sequence", "at", "event"} <= set(events[0])
    numbers = [event["sequence"] for event in events]
    assert numbers == sorted(set(numbers))
