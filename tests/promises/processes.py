"""gatectl as real processes in front of a simulated site, watched from outside by the truth."""

import contextlib
import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gatectl.simulator.rehearsal import OUTSIDE, SimulatedSite
from tests.cli.keyboard import Keyboard, clean_environment, command_line

PATIENCE_S = 90.0
_LOOK_EVERY_S = 0.002


def begin(
    keyboard: Keyboard,
    *words: str,
    config: Path | None = None,
    before: Sequence[str] = (),
    **environment: str,
) -> subprocess.Popen[str]:
    """Start gatectl as a process of its own, and come back at once."""
    given = ("--config", str(config or keyboard.config), *words)
    return subprocess.Popen(  # noqa: S603 - this very Python, and words of a test
        [*before, *command_line(*given)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(clean_environment(**environment)),
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for a process; gives its exit code, its stdout and its stderr."""
    try:
        out, err = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    return process.returncode, out, err


def journal_of(keyboard: Keyboard) -> Path:
    """Say where the journal of a keyboard's site lies."""
    return keyboard.folder / "state" / "journal.db"


def kinds(journal: Path, after: int = 0) -> list[str]:
    """Read the kinds of all newer events, as another process that cannot write."""
    if not journal.exists():
        return []
    with contextlib.closing(
        sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=1.0)
    ) as reader:
        try:
            rows = reader.execute("SELECT kind FROM event WHERE sequence > ?", (after,)).fetchall()
        except sqlite3.Error:
            # In mid-commit the file belongs to the writer; the next look finds what it wrote.
            return []
    return [str(kind) for (kind,) in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A place in a run: the n-th event of a kind, some events after it, and a short while."""

    kind: str
    number: int
    events_later: int = 0
    wait_s: float = 0.0

    def reached(self, seen: Sequence[str]) -> bool:
        """Whether the journal has come so far."""
        places = [place for place, kind in enumerate(seen) if kind == self.kind]
        if len(places) < self.number:
            return False
        return len(seen) > places[self.number - 1] + self.events_later


def wait_for(process: subprocess.Popen[str], journal: Path, moment: Moment, after: int) -> bool:
    """Come back when a run is there; no, if the process ended before."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if moment.reached(kinds(journal, after)):
            time.sleep(moment.wait_s)
            return process.poll() is None
        if process.poll() is not None:
            return False
        time.sleep(_LOOK_EVERY_S)
    raise AssertionError(f"{moment} was never reached")


@dataclass(slots=True)
class Sentry:
    """Looks all the time whether anybody outside gets in, by the simulator's own word."""

    site: SimulatedSite
    let_in: int = 0
    looks: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def on_duty(self) -> Iterator["Sentry"]:
        """Look again and again while the block runs."""

        def walk() -> None:
            while not self._over.wait(0.01):
                self.let_in += self.site.reachable(OUTSIDE)
                self.looks += 1

        thread = threading.Thread(target=walk, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join(5.0)


def descendants(process: int) -> list[int]:
    """List a process and all that it started and that still runs."""
    found = [process]
    for parent in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += [int(word) for word in (task / "children").read_text().split()]
    return found


def seen_of_a_process(process: int) -> bytes:
    """Read what any user may see of a process: its command line, and its environment."""
    parts = []
    for name in ("cmdline", "environ"):
        with contextlib.suppress(OSError):
            parts.append(Path(f"/proc/{process}/{name}").read_bytes())
    return b"\0".join(parts)


def is_root() -> bool:
    """Whether this test may make file systems of its own."""
    return os.geteuid() == 0
