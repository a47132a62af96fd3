"""A keyboard in front of a simulated site: what is typed, and what is seen after it."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from gatectl.cli.entry import run
from gatectl.simulator.history import HistoryEntry
from gatectl.simulator.rehearsal import GATE, INSIDE, OUTSIDE, Image, SimulatedSite

REPOSITORY = Path(__file__).resolve().parents[2]
FIXED_BUILD = "12.1-55.18"
PATIENCE_S = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a verb gave: its exit code, its words, and what arrived at the nodes meanwhile."""

    code: int
    out: str
    err: str
    arrived: tuple[HistoryEntry, ...] = ()

    @property
    def written(self) -> tuple[str, ...]:
        """Everything that arrived and could change a node, as `node: command`."""
        return tuple(f"{one.node}: {one.command}" for one in self.arrived if one.writes)

    @property
    def prompted(self) -> list[str]:
        """What writes and was typed at a node's prompt, as `node: command`."""
        return [
            f"{one.node}: {one.command}"
            for one in self.arrived
            if one.writes and one.origin == "cli"
        ]

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        return cast("dict[str, Any]", json.loads(self.out))

    @property
    def gate(self) -> dict[str, Any]:
        """The one gate in the JSON document on stdout."""
        (gate,) = self.document["gates"]
        return cast("dict[str, Any]", gate)

    def one_sentence_and_a_hint(self) -> str:
        """Check the form of every refusal, and give its words."""
        assert "Traceback" not in self.err
        assert "gatectl: " in self.err, f"nothing was said on stderr: {self.err}"
        # A run that was refused half-way told its steps before.
        sentence = self.err[self.err.index("gatectl: ") :]
        assert len(sentence.splitlines()) > 1, f"there is no hint: {self.err}"
        assert sentence.splitlines()[-1].startswith("         "), self.err
        return sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyboard:
    """Types command lines at one site, in this process."""

    site: SimulatedSite
    folder: Path

    @classmethod
    def at(cls, site: SimulatedSite, folder: Path) -> "Keyboard":
        """Write the site's configuration into a folder and sit down."""
        keyboard = cls(site=site, folder=folder)
        keyboard.config.write_text(site.configuration(folder), encoding="utf-8")
        return keyboard

    @property
    def config(self) -> Path:
        """The configuration of this site."""
        return self.folder / "config.toml"

    def open_for_long(self) -> None:
        """Give a reopening four of the site's quick hours before it ends by itself."""
        changed = self.changed(("acl_priorities", "provisional_minutes = 240\nacl_priorities"))
        changed.replace(self.config)

    def type(self, *words: str, config: Path | None = None) -> Shown:
        """Run one command line and see what comes of it."""
        before = len(self.site.history())
        shown = type_in("--config", str(config or self.config), *words)
        arrived = tuple(self.site.history()[before:])
        return Shown(code=shown.code, out=shown.out, err=shown.err, arrived=arrived)

    def patch(self, image: Image, *words: str) -> Shown:
        """Patch to an image."""
        given = ("--build", image.build, "--image", str(image.path), "--sha256", image.sha256)
        return self.type("patch", *given, *words)

    def changed(self, *pairs: tuple[str, str], name: str = "changed.toml") -> Path:
        """Write the configuration once more, with some texts replaced."""
        text = self.config.read_text(encoding="utf-8")
        for old, new in pairs:
            assert old in text, f"{old!r} is not in the configuration"
            text = text.replace(old, new)
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def events(self, config: Path | None = None) -> list[dict[str, Any]]:
        """Read all that is on record, as `gatectl log` gives it."""
        shown = self.type("log", GATE, "--json", "--limit", "5000", config=config)
        return [one["event"] for one in shown.gate["events"]]

    def refusals(self, config: Path | None = None) -> list[str]:
        """Read the sentences of all refusals on record."""
        events = self.events(config)
        return [event["sentence"] for event in events if event["kind"] == "verb.refused"]

    def curl(self, source: str) -> tuple[int, str]:
        """Visit the gateway with the real curl; gives curl's exit code and the page."""
        return curl(source, f"https://127.0.0.1:{self.site.port}/")

    def visits(self) -> tuple[bool, bool]:
        """Say whether outside and inside get the sign-on page, by the real curl."""
        return self._gets_page(OUTSIDE), self._gets_page(INSIDE)

    def _gets_page(self, source: str) -> bool:
        code, page = self.curl(source)
        return code == 0 and "<title>" in page


def type_in(*words: str) -> Shown:
    """Run one command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(list(words))
    return Shown(code=code, out=out.getvalue(), err=err.getvalue())


def curl(source: str, url: str) -> tuple[int, str]:
    """Ask for a page from a source address with curl, redirections followed."""
    command = ["curl", "-k", "-s", "-L", "--max-time", "8", "--interface", source, url]
    done = subprocess.run(  # noqa: S603 - a fixed program with words of this test
        command, capture_output=True, text=True, timeout=30, check=False
    )
    return done.returncode, done.stdout


def command_line(*words: str) -> list[str]:
    """Give the words that start gatectl as a process of its own."""
    return [sys.executable, "-c", "from gatectl.cli import main; main()", *words]


def clean_environment(**more: str) -> Mapping[str, str]:
    """Give an environment without what a developer's own shell may have set."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONPATH": str(REPOSITORY), "HOME": "/nonexistent", **more}


def start(*words: str, timeout_s: float = PATIENCE_S, **environment: str) -> Shown:
    """Run gatectl as a process of its own, to its end."""
    done = subprocess.run(  # noqa: S603 - this very Python, and words of this test
        command_line(*words),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        stdin=subprocess.DEVNULL,
        env=clean_environment(**environment),
    )
    return Shown(code=done.returncode, out=done.stdout, err=done.stderr)
