"""P23: a disk that is full, or a file that may not grow: closing works, patching stops, all stays.

The full disk is a small file system of its own, which only root can make, in a mount namespace
that ends with the process. Everywhere else the limit on the size of a file stands in for it.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gatectl.errors import ExitCode
from gatectl.simulator.rehearsal import SimulatedSite
from tests.cli.keyboard import FIXED_BUILD, Keyboard, clean_environment, command_line
from tests.promises.processes import PATIENCE_S, begin, ended, is_root, journal_of, kinds

SPEED = 600.0
DISK_BYTES = 160_000_000
MOUNTED = """
set -e
mount -o loop "$1" "$2"
chmod 700 "$2"
fill() {
  dd if=/dev/zero of="$1/filler" bs=1M 2>/dev/null || true
  dd if=/dev/zero of="$1/filler" bs=1024 oflag=append conv=notrunc 2>/dev/null || true
}
intents() { grep -ao act.intended "$1/journal.db" | wc -l; }
fill_behind_the_next_intent() {
  before=$(intents "$1")
  for _ in $(seq 1200); do
    if [ "$(intents "$1")" -gt "$before" ]; then fill "$1"; return; fi
    sleep 0.02
  done
}
if [ "$3" = full ]; then fill "$2"; fi
if [ "$3" = filling ]; then fill_behind_the_next_intent "$2" & fi
if [ "$3" = free ]; then rm -f "$2/filler"; fi
shift 3
exec "$@"
"""


@pytest.fixture
def keyboard(tmp_path: Path) -> Iterator[Keyboard]:
    """Sit down in front of a fresh site."""
    with SimulatedSite(speed=SPEED) as site:
        yield Keyboard.at(site, tmp_path)


def patch_words(keyboard: Keyboard) -> tuple[str, ...]:
    """Give the words that patch to the fixed build."""
    image = keyboard.site.image(FIXED_BUILD)
    return ("patch", "--build", image.build, "--image", str(image.path), "--sha256", image.sha256)


def with_files_up_to(size: int, keyboard: Keyboard, *words: str) -> tuple[int, str]:
    """Run a verb that may write no file longer than this; gives its exit code and its talk."""
    done = subprocess.run(  # noqa: S603 - this very Python, and words of this test
        [*("prlimit", f"--fsize={size}"), *command_line("--config", str(keyboard.config), *words)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        stdin=subprocess.DEVNULL,
        # Python itself would leave half of a compiled module behind, and find it the next time.
        env=dict(clean_environment(PYTHONDONTWRITEBYTECODE="1")),
    )
    return done.returncode, done.stderr


def test_close_works_when_no_file_may_grow(keyboard: Keyboard) -> None:
    """The journal cannot take one record more: the gate is shut all the same, and proven."""
    assert keyboard.type("status").code == ExitCode.PROVEN
    full = journal_of(keyboard).stat().st_size
    code, told = with_files_up_to(full, keyboard, "close")
    assert code == ExitCode.PROVEN, told
    assert "without the journal" in told
    assert keyboard.visits() == (False, True)


@pytest.mark.long
def test_a_patch_stops_before_its_next_act_when_the_journal_is_full(keyboard: Keyboard) -> None:
    """What cannot be intended on disk is not sent, and with room again the run is resumed."""
    assert keyboard.type("close").code == ExitCode.PROVEN
    journal = journal_of(keyboard)
    room = journal.stat().st_size + 100_000
    code, told = with_files_up_to(room, keyboard, *patch_words(keyboard))
    assert code != ExitCode.PROVEN
    assert "cannot be used" in told
    assert "Traceback" not in told
    assert keyboard.type("journal", "verify").code == ExitCode.PROVEN
    assert kinds(journal).count("run.started") == 2
    assert not [one for one in keyboard.site.history() if "installns" in one.command]
    assert keyboard.visits() == (False, True)
    resumed = keyboard.type("resume")
    assert resumed.code == ExitCode.PROVEN, resumed.err
    assert [node.build for node in keyboard.site.pair.nodes] == [FIXED_BUILD] * 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallDisk:
    """A keyboard whose journal and evidence lie on a small disk of their own."""

    keyboard: Keyboard
    image: Path

    def run(self, filling: str, *words: str) -> tuple[int, str, str]:
        """Run a verb with that disk in its place: full, freed again, or as it is."""
        mount = ("unshare", "-m", "sh", "-c", MOUNTED, "sh", str(self.image))
        state = str(journal_of(self.keyboard).parent)
        return ended(begin(self.keyboard, *words, before=(*mount, state, filling)))


def _done(*words: str) -> bool:
    try:
        done = subprocess.run(words, capture_output=True, timeout=30, check=False)  # noqa: S603 - fixed programs
    except OSError:
        return False
    return done.returncode == 0


@pytest.fixture
def small_disk(keyboard: Keyboard, tmp_path: Path) -> SmallDisk:
    """Make a small disk, where this machine lets us."""
    image = tmp_path / "disk.img"
    state = journal_of(keyboard).parent
    state.mkdir(mode=0o700)
    with image.open("wb") as file:
        file.truncate(DISK_BYTES)
    may = is_root() and _done("mkfs.ext4", "-q", str(image))
    if not may or not _done("unshare", "-m", "mount", "-o", "loop", str(image), str(state)):
        pytest.skip("only root with loop devices can make a small disk of its own")
    return SmallDisk(keyboard=keyboard, image=image)


def test_a_disk_without_a_free_byte_keeps_nobody_from_closing(small_disk: SmallDisk) -> None:
    """Shut and proven, and told to the last word in the room of the ballast; nothing is lost."""
    assert small_disk.run("as it is", "status")[0] == ExitCode.PROVEN
    code, _, told = small_disk.run("full", "close")
    assert code == ExitCode.PROVEN, told
    assert f"the record of it is in {journal_of(small_disk.keyboard).parent}" in told
    assert "emergency record:" not in told
    assert small_disk.keyboard.visits() == (False, True)
    code, told, _ = small_disk.run("free", "status", "--json")
    assert code == ExitCode.PROVEN, told
    assert '"closed_by": [' in told
    assert small_disk.run("as it is", "journal", "verify")[0] == ExitCode.PROVEN


@pytest.mark.long
def test_a_disk_without_a_free_byte_stops_a_patch_before_it_begins(small_disk: SmallDisk) -> None:
    """Nothing is sent that writes, the refusal is on record, and with room again it goes on."""
    assert small_disk.run("as it is", "close")[0] == ExitCode.PROVEN
    words = patch_words(small_disk.keyboard)
    arrived = len(small_disk.keyboard.site.history())
    code, _, told = small_disk.run("full", *words)
    assert code != ExitCode.PROVEN
    assert "the disk is full" in told
    assert "Traceback" not in told
    sent = [one.command for one in small_disk.keyboard.site.history()[arrived:] if one.writes]
    assert sent == []
    assert small_disk.keyboard.visits() == (False, True)
    assert '"verb.refused"' in small_disk.run("free", "log", "--json")[1]
    code, _, told = small_disk.run("as it is", *words)
    assert code == ExitCode.PROVEN, told


@pytest.mark.long
def test_a_disk_that_fills_up_in_mid_patch_ends_it_on_record(small_disk: SmallDisk) -> None:
    """No further act is begun, the run's end is in the journal, and a resume finishes it."""
    assert small_disk.run("as it is", "close")[0] == ExitCode.PROVEN
    code, _, told = small_disk.run("filling", *patch_words(small_disk.keyboard))
    assert code == ExitCode.FAILED_SHUT, told
    assert small_disk.keyboard.visits() == (False, True)
    assert (
        '"run.ended"' in small_disk.run("free", "log", "--json")[1].rpartition('"run.started"')[2]
    )
    code, _, told = small_disk.run("as it is", "resume")
    assert code == ExitCode.PROVEN, told
    assert [node.build for node in small_disk.keyboard.site.pair.nodes] == [FIXED_BUILD] * 2
