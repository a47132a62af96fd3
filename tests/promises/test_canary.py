"""P11: one password with everything in it that is hard to keep out, through verbs and a crash.

Everything that gatectl and the nodes left behind is searched for the value in all its forms.
"""

import base64
import json
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from gatectl.errors import ExitCode
from gatectl.secret import Secret
from gatectl.simulator.appliance import Appliance
from gatectl.simulator.rehearsal import SimulatedSite
from gatectl.transport.scrubbed import Scrubbed
from tests.cli.keyboard import FIXED_BUILD, Keyboard, clean_environment, command_line
from tests.promises.processes import (
    Moment,
    begin,
    descendants,
    ended,
    journal_of,
    kinds,
    seen_of_a_process,
    wait_for,
)
from tests.transport_stand_ins import PASSWORD, SshServer, appliance, connected

CANARY = "Kanarie %41 \"dubbel\" 'enkel' \\ \u20acuro-\u00fc & <x>"
SPEED = 600.0
LOUD = "-vv"
PIECE_BYTES = 2**18
"""As much of a file as is fetched at once."""
A_DEFECT = """
import paramiko

def broken(self, username, *rest, **named):
    held = rest or named
    raise RuntimeError("a defect, with {} in its words".format({}))

paramiko.Transport.auth_interactive = broken
paramiko.Transport.auth_interactive_dumb = broken
from gatectl.cli import main
main()
"""


def forms(value: str) -> dict[str, bytes]:
    """Give every form that a value may hide in."""
    data = value.encode()
    texts = {
        "plain": value,
        "reversed": value[::-1],
        "url": quote(value),
        "url in full": quote(value, safe=""),
        "url as a form": quote_plus(value),
        "hex": data.hex(),
        "hex in capitals": data.hex().upper(),
        "json": json.dumps(value)[1:-1],
        "json, readable": json.dumps(value, ensure_ascii=False)[1:-1],
        "python": repr(value)[1:-1],
        "python, ascii": ascii(value)[1:-1],
    }
    # Wherever it begins within three bytes, the same letters are in the midst of its base64.
    for lead in range(3):
        for name, encode in (("", base64.b64encode), ("url ", base64.urlsafe_b64encode)):
            inner = encode(b"\0" * lead + data).decode().rstrip("=")[4:-2]
            texts[f"{name}base64 {lead}"] = inner
    return {name: text.encode() for name, text in texts.items()}


FORMS = forms(CANARY)


@dataclass(slots=True, kw_only=True)
class Search:
    """Looks for the canary, and counts where it looked."""

    places: int = 0
    hits: list[str] = field(default_factory=list)

    def within(self, content: bytes, place: str) -> None:
        """Look at some bytes."""
        self.places += bool(content)
        self.hits += [f"{place}: {name}" for name, form in FORMS.items() if form in content]

    def within_folder(self, folder: Path) -> None:
        """Look at every file that is not the password's own."""
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.startswith("password"):
                self.within(path.read_bytes(), str(path.relative_to(folder)))

    def within_nodes(self, site: SimulatedSite) -> None:
        """Look at all that arrived at the nodes, and at every file that they hold."""
        for entry in site.history():
            self.within(f"{entry.command}\n{entry.reply}".encode(), f"{entry.node}'s history")
        for node in site.pair.nodes:
            for path in node_files(node):
                self.within(path[1], f"{node.name}:{path[0]}")

    def within_processes(self, process: subprocess.Popen[str]) -> None:
        """Look at what others see of a process and its children, until it ends."""
        while process.poll() is None:
            for number in descendants(process.pid):
                self.within(seen_of_a_process(number), "process")
            time.sleep(0.02)


def node_files(node: Appliance) -> Iterator[tuple[str, bytes]]:
    """Give every file of a simulated node; the logs of its shell are among them."""
    for path, entry in node.files.walk("/"):
        if not node.files.is_dir(path):
            yield path, bytes(entry.data())


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A desk whose password is the canary, and what every process showed so far."""

    keyboard: Keyboard
    search: Search
    home: Path

    def run(self, *words: str, config: Path | None = None) -> int:
        """Run a verb as a process, and search its words and what others see of it."""
        process = begin(self.keyboard, *words, config=config, HOME=str(self.home))
        return self.searched(process, words[-1])

    def searched(self, process: subprocess.Popen[str], name: str) -> int:
        """Search what a process shows until it ends; gives its exit code."""
        with ThreadPoolExecutor(1) as aside:
            aside.submit(self.search.within_processes, process)
            code, out, err = ended(process)
        self.search.within(out.encode(), f"stdout of {name}")
        self.search.within(err.encode(), f"stderr of {name}")
        return code

    def found(self) -> list[str]:
        """Search all that was left behind, too, and tell every hit."""
        self.search.within_folder(self.keyboard.folder)
        self.search.within_nodes(self.keyboard.site)
        return sorted(set(self.search.hits))


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    """Sit down where the password is the canary."""
    with monkeypatch.context() as patch:
        patch.setattr(secrets, "token_urlsafe", lambda _size: CANARY)
        site = SimulatedSite(speed=SPEED)
    assert site.password == CANARY
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    with site:
        yield Watched(keyboard=Keyboard.at(site, tmp_path), search=Search(), home=home)


def test_no_verb_leaves_the_password_anywhere(watched: Watched) -> None:
    """Close, status, a dry patch and a killed one, at the loudest: not one hit in any place."""
    keyboard = watched.keyboard
    image = keyboard.site.image(FIXED_BUILD)
    given = ("--build", image.build, "--image", str(image.path), "--sha256", image.sha256)
    assert watched.run(LOUD, "close") == ExitCode.PROVEN
    assert watched.run(LOUD, "status") == ExitCode.PROVEN
    assert watched.run(LOUD, "patch", *given, "-n") == ExitCode.DRIFT
    journal = journal_of(keyboard)
    before = len(kinds(journal))
    process = begin(keyboard, LOUD, "patch", *given, HOME=str(watched.home))
    moment = Moment(kind="act.intended", number=1)
    assert wait_for(process, journal, moment, before)
    process.kill()
    assert watched.searched(process, "killed patch") == -signal.SIGKILL
    assert watched.found() == []
    assert watched.search.places > 300


def test_a_file_of_a_node_that_holds_the_password_is_kept_without_it(watched: Watched) -> None:
    """In clear across two parts of the transfer, and encoded; the manifest tells how often."""
    node = watched.keyboard.site.pair.nodes[0]
    lead = b"x" * (PIECE_BYTES - 5)
    node.files.write("/var/tmp/notes", lead + FORMS["plain"] + b"\n" + FORMS["hex"] + b"\n")
    shown = watched.keyboard.type("collect", "--json")
    assert shown.code == ExitCode.PROVEN, shown.err
    (piece,) = [one for one in shown.gate["manifest"] if one["path"] == "/var/tmp/notes"]
    assert piece["hidden"] == 2
    kept = watched.keyboard.folder / "state" / "evidence" / piece["sha256"][:2] / piece["sha256"]
    assert kept.read_bytes() == lead + b"[secret]\n[secret]\n"
    assert "hidden in 1 of them" in shown.out
    watched.search.within(shown.out.encode(), "stdout")
    watched.search.within_folder(watched.keyboard.folder)
    assert watched.search.hits == []


def test_a_login_that_fails_does_not_tell_its_password(watched: Watched) -> None:
    """The wrong password is a secret as well: it is often the right one of somewhere else."""
    for node in watched.keyboard.site.pair.nodes:
        node.password = "another"
    assert watched.run(LOUD, "status") == ExitCode.UNREACHABLE
    assert watched.found() == []


def test_a_defect_with_the_password_in_its_words_does_not_tell_it(watched: Watched) -> None:
    """An exception of a library may hold anything: the terminal and the crash file hide it."""
    held = f"open({str(watched.keyboard.folder / 'password-ns-a')!r}).read().rstrip()"
    script = A_DEFECT.replace("format({})", f"format({held})")
    words = command_line("--config", str(watched.keyboard.config), LOUD, "status")
    process = subprocess.Popen(  # noqa: S603 - this very Python, and words of this test
        [words[0], "-c", script, *words[3:]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(clean_environment(HOME=str(watched.home))),
    )
    watched.searched(process, "defect")
    assert watched.found() == []


def test_a_device_that_repeats_the_password_is_not_quoted() -> None:
    """What comes back from a device is cleaned before anybody keeps it."""
    echo = appliance(lambda _command: f"\tpassword was {PASSWORD} indeed\r\n Done\r\n")
    with SshServer(echo) as server, connected(server.port) as transport:
        # As the command line puts one in front of every session that it makes.
        cleared = Scrubbed(transport, lambda: (Secret(PASSWORD),))
        assert PASSWORD not in cleared.send("show ns version", timeout_s=5).text


@pytest.mark.parametrize("form", FORMS)
def test_the_search_finds_each_form(form: str, tmp_path: Path) -> None:
    """One that finds nothing would be content with everything."""
    (tmp_path / "journal.db").write_bytes(b"\0\1" + FORMS[form] + b"\2")
    search = Search()
    search.within_folder(tmp_path)
    assert any(hit.endswith(form) for hit in search.hits)
