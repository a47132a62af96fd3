"""Messages: they arrive, they keep secrets, and what fails in them fails nothing else."""

import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatectl.config.upkeep import MessageWay
from gatectl.core.event import Noted, Signalled
from gatectl.core.gate import GateState, SecretRef, Signal
from gatectl.core.notice import Notice, Occasion, notice_of
from gatectl.messages import Messenger, send
from tests.builders import ALMELO, Chronicle

HELD = Signalled(
    signal=Signal.STEP_FAILED,
    before=GateState.PATCHING,
    after=GateState.HELD,
    because="no room on /var",
)
CANARY = "canary-4f9d1c"
OLD_LIBRARIES = pytest.mark.filterwarnings("ignore::DeprecationWarning")
"""What apprise imports is its own affair."""


def way(**changes: object) -> MessageWay:
    """Make a way to somebody."""
    given: dict[str, object] = {
        "events": frozenset(Occasion),
        "gates": frozenset({ALMELO}),
        "command": "",
        "addresses": None,
        **changes,
    }
    return MessageWay(**given)  # type: ignore[arg-type]  # typed at the callers


def held() -> Notice:
    """Make the message that a run was held."""
    notice = notice_of(Chronicle().add(HELD))
    assert notice is not None
    return notice


def test_a_command_is_told_what_happened(tmp_path: Path) -> None:
    """Event, gate, title and reason stand in its environment."""
    out = tmp_path / "told"
    script = tmp_path / "page"
    script.write_text(f"#!/bin/sh\nenv | grep ^GATECTL_ > {out}\n", encoding="utf-8")
    script.chmod(0o700)
    assert send(way(command=str(script)), held()) == ""
    told = out.read_text(encoding="utf-8")
    assert "GATECTL_EVENT=held" in told
    assert "GATECTL_TITLE=almelo: held, and shut" in told
    assert "GATECTL_BECAUSE=no room on /var" in told


def test_only_who_wants_it_is_told(tmp_path: Path) -> None:
    """By event and by gate, and nobody for what is no news."""
    out = tmp_path / "count"
    script = tmp_path / "page"
    script.write_text(f"#!/bin/sh\necho x >> {out}\n", encoding="utf-8")
    script.chmod(0o700)
    command = str(script)
    troubles: list[str] = []
    messenger = Messenger(
        (
            way(command=command),
            way(command=command, events=frozenset({Occasion.REOPENED})),
            way(command=command, gates=frozenset()),
        ),
        troubles.append,
    )
    chronicle = Chronicle()
    messenger(chronicle.add(Noted(text="nothing")))
    messenger(chronicle.add(HELD))
    messenger.close()
    assert out.read_text(encoding="utf-8") == "x\n"
    assert troubles == []


def test_a_message_that_fails_is_told_and_stops_nothing(tmp_path: Path) -> None:
    """The trouble goes to whoever runs gatectl, and the next message goes out."""
    out = tmp_path / "count"
    script = tmp_path / "page"
    script.write_text(f"#!/bin/sh\necho x >> {out}\n", encoding="utf-8")
    script.chmod(0o700)
    troubles: list[str] = []
    ways = (way(command="/nonexistent/page"), way(command=str(script)))
    messenger = Messenger(ways, troubles.append)
    messenger(Chronicle().add(HELD))
    messenger.close()
    assert len(troubles) == 1
    assert out.exists()


def test_nobody_waits_for_a_slow_message(tmp_path: Path) -> None:
    """A closing goes on while the telephone exchange thinks."""
    release = tmp_path / "release"
    script = tmp_path / "page"
    script.write_text(
        f"#!/bin/sh\nfor i in $(seq 200); do [ -e {release} ] && exit 0; sleep 0.05; done\n",
        encoding="utf-8",
    )
    script.chmod(0o700)
    messenger = Messenger((way(command=str(script)),), lambda _text: None)
    began = time.monotonic()
    messenger(Chronicle().add(HELD))
    waited_s = time.monotonic() - began
    release.touch()
    messenger.close()
    assert waited_s < 2.0


class Mailbox(http.server.BaseHTTPRequestHandler):
    """Takes what is posted and remembers it."""

    taken: list[bytes]
    status = 200

    def do_POST(self) -> None:
        """Take one message."""
        length = int(self.headers.get("Content-Length", "0"))
        self.taken.append(self.rfile.read(length))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@pytest.fixture
def mailbox() -> Iterator[tuple[int, type[Mailbox]]]:
    """Open a mailbox on loopback."""

    class Fresh(Mailbox):
        """One for this test."""

        taken: list[bytes] = []  # noqa: RUF012 - one list a test, on purpose

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Fresh) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1], Fresh
        server.shutdown()
        thread.join(timeout=10)


def addresses(folder: Path, *lines: str) -> SecretRef:
    """Keep addresses in a private file."""
    path = folder / "on-call.urls"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    path.chmod(0o600)
    return SecretRef(kind="password_file", target=str(path))


@OLD_LIBRARIES
def test_apprise_brings_it_to_the_addresses(
    tmp_path: Path, mailbox: tuple[int, type[Mailbox]]
) -> None:
    """Each line of the file is an address; comments are none."""
    pytest.importorskip("apprise")
    port, box = mailbox
    ref = addresses(tmp_path, "# on call", "", f"json://127.0.0.1:{port}/{CANARY}")
    assert send(way(addresses=ref), held()) == ""
    (message,) = box.taken
    assert b"almelo: held, and shut" in message
    assert b"no room on /var" in message


@OLD_LIBRARIES
def test_no_trouble_of_apprise_tells_an_address(
    tmp_path: Path, mailbox: tuple[int, type[Mailbox]], capfd: pytest.CaptureFixture[str]
) -> None:
    """An address holds a secret more often than not."""
    pytest.importorskip("apprise")
    port, box = mailbox
    box.status = 500
    ref = addresses(tmp_path, f"json://127.0.0.1:{port}/{CANARY}", f"nosuch://{CANARY}")
    trouble = send(way(addresses=ref), held())
    assert trouble
    assert CANARY not in trouble
    shown = capfd.readouterr()
    assert CANARY not in shown.out + shown.err


def test_addresses_that_others_can_read_are_not_used(tmp_path: Path) -> None:
    """As with every secret."""
    ref = addresses(tmp_path, f"json://127.0.0.1:1/{CANARY}")
    Path(ref.target).chmod(0o644)
    assert "other users" in send(way(addresses=ref), held())
