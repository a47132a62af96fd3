"""P25: every verb that only looks, and every dry run, at a gate that is open and at one shut."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatectl.errors import ExitCode
from gatectl.simulator.rehearsal import GATE, SimulatedSite
from tests.cli.keyboard import FIXED_BUILD, Keyboard

SPEED = 600.0
PLAYBOOKS = sorted(
    path.stem for path in (Path(__file__).resolve().parents[2] / "playbooks").glob("*.toml")
)
NEEDS_AN_IMAGE = "patch"
LOOKS = (
    ("status",),
    ("exposed",),
    ("verify",),
    ("scan",),
    ("audit",),
    ("collect",),
    ("log",),
    ("hostkeys",),
    ("certificates",),
    ("lease", "show"),
    ("doctor",),
)
DRY = (
    ("close", "-n"),
    ("mitigate", "-n"),
    ("mitigate", "--undo", "-n"),
    ("reopen", "-n"),
    ("confirm", "-n"),
)


def image_words(site: SimulatedSite, *, as_parameters: bool) -> tuple[str, ...]:
    """Give the words for an image, as a verb's options or as a playbook's parameters."""
    image = site.image(FIXED_BUILD)
    given = {"build": image.build, "image": str(image.path), "image_sha256": image.sha256}
    if as_parameters:
        return tuple(word for name, value in given.items() for word in ("-p", f"{name}={value}"))
    given["sha256"] = given.pop("image_sha256")
    return tuple(word for name, value in given.items() for word in (f"--{name}", value))


def dry_runs(site: SimulatedSite) -> Iterator[tuple[str, ...]]:
    """List a dry run of every verb that can write, and of every playbook."""
    yield from DRY
    yield ("patch", "-n", *image_words(site, as_parameters=False))
    for name in PLAYBOOKS:
        given = image_words(site, as_parameters=True) if name == NEEDS_AN_IMAGE else ()
        yield ("run", name, GATE, "-n", *given)


def all_of_them(site: SimulatedSite) -> Iterator[tuple[str, ...]]:
    """List every command line that may not write."""
    yield from LOOKS
    yield from dry_runs(site)
    for name in PLAYBOOKS:
        given = image_words(site, as_parameters=True) if name == NEEDS_AN_IMAGE else ()
        yield ("plan", name, GATE, *given)
        yield ("run", name, GATE, "--undo", "-n", *given)


def typed(keyboard: Keyboard, commands: Iterator[tuple[str, ...]]) -> tuple[list[str], int]:
    """Type command lines; gives what arrived that writes, and how many contacted a node at all."""
    wrote: list[str] = []
    contacted = 0
    for words in commands:
        shown = keyboard.type(*words)
        assert shown.code not in {ExitCode.UNEXPECTED, ExitCode.TAMPERED}, (words, shown.err)
        contacted += bool(shown.arrived)
        wrote += [f"{' '.join(words[:3])}: {line}" for line in shown.written]
    return wrote, contacted


def test_no_dry_run_sends_anything_that_writes(tmp_path: Path) -> None:
    """Of every verb and every playbook, at an open gate: the nodes have seen not one write."""
    with SimulatedSite(speed=SPEED) as site:
        wrote, contacted = typed(Keyboard.at(site, tmp_path), dry_runs(site))
    assert wrote == []
    assert contacted > 10


@pytest.mark.long
@pytest.mark.parametrize("shut", [False, True], ids=["open", "shut"])
def test_no_look_and_no_dry_run_sends_anything_that_writes(tmp_path: Path, *, shut: bool) -> None:
    """Looks, plans and dry runs, taking back as well, in front of an open gate and a shut one."""
    with SimulatedSite(speed=SPEED) as site:
        keyboard = Keyboard.at(site, tmp_path)
        if shut:
            assert keyboard.type("close").code == ExitCode.PROVEN
        wrote, contacted = typed(keyboard, all_of_them(site))
    assert wrote == []
    assert contacted > 20
