"""Windows, known drift and messages in the configuration: read, resolved by gate, and refused."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from gatectl.config.configuration import Configuration, read_configuration
from gatectl.core.gate import GateName, SecretRef
from gatectl.core.notice import Occasion
from gatectl.core.playbook import Purpose
from gatectl.core.window import HELD_BACK
from gatectl.errors import ConfigInvalid
from tests.test_config import GOOD

ALMELO = GateName("almelo")
WINDOW = """
[[windows]]
kind = "allow"
schedule = "0 22 * * 5"
duration = "6h"
time_zone = "Europe/Amsterdam"
"""
MESSAGE = """
[[messages]]
events = ["held", "may-be-open"]
command = "/usr/local/bin/page"
"""
KNOWN = """
[[gates.almelo.known_drift]]
name = "saved"
node = "ns-b"
reason = "change 4711"
until = "2026-12-31"
"""


def read(folder: Path, *parts: str) -> Configuration:
    """Read the good configuration with more in it."""
    path = folder / "config.toml"
    path.write_text("".join((GOOD, *parts)), encoding="utf-8")
    path.chmod(0o600)
    return read_configuration(path)


def test_a_window_is_read_for_every_gate_that_it_names(tmp_path: Path) -> None:
    """By default all gates, and all that may wait."""
    (window,) = read(tmp_path, WINDOW).windows[ALMELO]
    assert (window.kind, window.schedule, window.duration) == (
        "allow",
        "0 22 * * 5",
        timedelta(hours=6),
    )
    assert window.verbs == HELD_BACK
    assert window.open_until(datetime(2026, 1, 16, 21, 30, tzinfo=UTC)) is not None


def test_a_window_may_be_about_some_gates_and_some_verbs(tmp_path: Path) -> None:
    """A star stands for any letters."""
    configuration = read(tmp_path, WINDOW, 'gates = ["alm*"]\nverbs = ["patch"]\n')
    (window,) = configuration.windows[ALMELO]
    assert window.verbs == {Purpose.PATCH}


def test_known_drift_belongs_to_its_gate(tmp_path: Path) -> None:
    """Name, node, reason and last day."""
    (known,) = read(tmp_path, KNOWN).known_drift[ALMELO]
    assert (known.name, known.node, known.reason) == ("saved", "ns-b", "change 4711")
    assert known.until == date(2026, 12, 31)


def test_a_message_refers_to_its_addresses_and_never_has_them(tmp_path: Path) -> None:
    """A command as it is, a file from the folder of the configuration, a credential by name."""
    parts = (
        MESSAGE,
        MESSAGE.replace('command = "/usr/local/bin/page"', 'url_file = "on-call.urls"'),
        MESSAGE.replace('command = "/usr/local/bin/page"', 'credential = "on-call"'),
    )
    command, file, credential = read(tmp_path, *parts).messages
    assert command.command == "/usr/local/bin/page"
    assert command.events == {Occasion.HELD, Occasion.MAY_BE_OPEN}
    assert command.gates == {ALMELO}
    path = str(tmp_path / "on-call.urls")
    assert file.addresses == SecretRef(kind="password_file", target=path)
    assert credential.addresses == SecretRef(kind="credential", target="on-call")


@pytest.mark.parametrize(
    ("part", "old", "new", "told"),
    [
        (WINDOW, '"allow"', '"maybe"', "windows[0].kind"),
        (WINDOW, "0 22 * * 5", "0 22 * *", "five fields"),
        (WINDOW, "0 22 * * 5", "0 25 * * 5", "not a schedule"),
        (WINDOW, '"6h"', '"six hours"', "a length of time"),
        (WINDOW, '"6h"', '""', "a length of time"),
        (WINDOW, '"6h"', '"0m"', "more than nothing"),
        (WINDOW, '"6h"', '"63d"', "at most 62d"),
        (WINDOW, "Europe/Amsterdam", "Europe/Almelo", "not a time zone"),
        (WINDOW, "Europe/Amsterdam", "../../etc/passwd", "not a time zone"),
        (WINDOW, 'kind = "allow"', 'kind = "allow"\ngates = ["zwolle"]', "no gate of this file"),
        (WINDOW, 'kind = "allow"', 'kind = "allow"\nverbs = ["close"]', "never refused"),
        (WINDOW, 'kind = "allow"', 'kind = "allow"\nverbs = ["dance"]', "windows[0].verbs[0]"),
        (WINDOW, 'kind = "allow"', 'kind = "allow"\nsince = 3', "not a key"),
        (MESSAGE, '"held"', '"hold"', "did you mean held"),
        (MESSAGE, "command", "credential = 'x'\ncommand", "exactly one of"),
        (MESSAGE, 'command = "/usr/local/bin/page"', "", "exactly one of"),
        (MESSAGE, "command", "token = 'x'\ncommand", "no secret may stand in this file"),
        (KNOWN, '"ns-b"', '"ns-c"', "no node of this gate"),
        (KNOWN, '"2026-12-31"', '"some day"', "must be a date"),
        (KNOWN, '"2026-12-31"', "2026-12-31", "put it in quotes"),
        (KNOWN, 'reason = "change 4711"\n', "", "is missing"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(
    tmp_path: Path, part: str, old: str, new: str, told: str
) -> None:
    """A night that never comes, or a message to nobody, is found when the file is read."""
    assert old in part
    with pytest.raises(ConfigInvalid) as caught:
        read(tmp_path, part.replace(old, new, 1))
    assert told in caught.value.sentence
    assert f"{tmp_path / 'config.toml'}:" in caught.value.sentence
