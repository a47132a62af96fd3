"""Each measure switched off makes a named test fail, for the reason that the test is there for.

A copy of the project is weakened in one place and the named test is run in it by a fresh pytest;
the copy is taken once, and its file is put back afterwards.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.keyboard import REPOSITORY, clean_environment
from tests.promises.measures import MEASURES, SAMPLE, Measure

DEADLINE_S = 240.0
COPIED = ("gatectl", "playbooks", "tests", "pyproject.toml", "config.example.toml", "README.md")
EXPECTED = ("AssertionError", "assert ", "Failed: DID NOT RAISE", "Failed: Timeout")
"""How a test ends that has seen what it is there to see; anything else is an accident."""
NAMES = [
    measure.name if measure.name in SAMPLE else pytest.param(measure.name, marks=pytest.mark.long)
    for measure in MEASURES
]


def measure_of(name: str) -> Measure:
    """Find a measure by its name."""
    (found,) = (measure for measure in MEASURES if measure.name == name)
    return found


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the project, with what Python has compiled of it."""
    folder = tmp_path_factory.mktemp("weakened")
    for name in COPIED:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        else:
            shutil.copy2(source, folder / name)
    return folder


def weakened(text: str, measure: Measure) -> str:
    """Switch a measure off in the text of its file."""
    assert text.count(measure.stands) == measure.times, f"{measure.file} is not what it was"
    return text.replace(measure.stands, measure.instead)


def failures(project: Path, measure: Measure, folder: Path) -> list[str]:
    """Run the measure's test in the copy; gives how each of its cases failed."""
    report = folder / "report.xml"
    words = ("-q", "-m", "long or not long", f"--junitxml={report}", "--tb=short", "-x")
    without = ("-p", "no:cacheprovider", "-p", "no:randomly", "-n0")
    done = subprocess.run(  # noqa: S603 - this very Python, and a test of this project
        [sys.executable, "-m", "pytest", *words, *without, measure.test],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=project,
        env=dict(
            clean_environment(
                PYTHONPATH=str(project),
                PYTHONDONTWRITEBYTECODE="1",
                HYPOTHESIS_STORAGE_DIRECTORY=str(folder / "hypothesis"),
            )
        ),
    )
    cases = list(ET.parse(report).iter("testcase"))  # noqa: S314 - our own pytest has written it
    errors = [error.get("message") for case in cases for error in case.iter("error")]
    assert errors == [], done.stdout[-3000:]
    assert done.returncode in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}, done.stdout
    return [str(one.get("message")) for case in cases for one in case.iter("failure")]


@pytest.mark.parametrize("name", NAMES)
def test_without_a_measure_its_test_fails(project: Path, tmp_path: Path, name: str) -> None:
    """A test that passes all the same would let the measure go without a word."""
    measure = measure_of(name)
    file = project / measure.file
    whole = file.read_text(encoding="utf-8")
    times = file.stat()
    try:
        file.write_text(weakened(whole, measure), encoding="utf-8")
        failed = failures(project, measure, tmp_path)
    finally:
        file.write_text(whole, encoding="utf-8")
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert failed, f"{measure.test} passes without: {measure.name}"
    assert all(one.startswith(EXPECTED) for one in failed), failed


@pytest.mark.parametrize("name", [measure.name for measure in MEASURES])
def test_a_measure_is_switched_off_where_it_stands(name: str) -> None:
    """A line that has moved or changed would leave nothing switched off."""
    measure = measure_of(name)
    text = (REPOSITORY / measure.file).read_text(encoding="utf-8")
    assert weakened(text, measure) != text


def test_a_measure_has_one_name_and_one_test() -> None:
    """Two of one name would be one row of the table."""
    assert len({measure.name for measure in MEASURES}) == len(MEASURES) >= 40
    assert {measure.name for measure in MEASURES} >= SAMPLE
