"""What a rehearsal is about: the build decides, and the simulation knows the truth."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from gatectl.cli.chapters import (
    SETTINGS,
    Chapter,
    HurriedClock,
    Setting,
    chapters,
    defect,
    setting_for,
    told_in,
)
from gatectl.config.shipped import read_advisories
from gatectl.core.advisory import Build, Exposure, exposure_of_build
from gatectl.core.gate import SHUT_STATES, AdvisoryId, GateState
from gatectl.desk import Result
from gatectl.errors import ExitCode, InvalidInput
from gatectl.simulator.rehearsal import Image, SimulatedSite


@pytest.mark.parametrize(
    ("build", "advisory", "target"),
    [
        ("12.1-55.13", "CTX267027", "12.1-55.18"),
        ("12.1-50.28", "CTX267027", "12.1-55.18"),
        ("13.0-47.22", "CTX267027", "13.0-47.24"),
        ("13.0-71.44", "CTX579459", "13.0-92.19"),
        ("13.1-49.13", "CTX579459", "13.1-49.15"),
        ("13.1-58.32", "CTX694938", "13.1-59.22"),
        ("13.1-60.32", "CTX697096", "13.1-64.24"),
        ("14.1-4.42", "CTX579459", "14.1-8.50"),
    ],
)
def test_a_build_is_rehearsed_with_the_first_bulletin_that_it_is_exposed_to(
    build: str, advisory: str, target: str
) -> None:
    """Each with the build that was the fix then."""
    setting = setting_for(build, None)
    assert (setting.advisory, setting.target) == (advisory, target)
    assert setting_for(build, "13.1-99.1").target == "13.1-99.1"


@pytest.mark.parametrize("build", ["14.1-99.1", "11.0-63.16", "13.1-37.38", "newest"])
def test_a_build_that_nothing_is_told_of_is_refused(build: str) -> None:
    """FIPS builds are trains of their own."""
    with pytest.raises(InvalidInput):
        setting_for(build, None)


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_target_is_fixed_for_its_bulletin_and_not_warned_of(setting: Setting) -> None:
    """Else the patch would be refused in the middle of the rehearsal."""
    advisory = read_advisories()[AdvisoryId(setting.advisory)]
    exposure = exposure_of_build(Build.parse(setting.target), advisory)
    assert exposure.kind is Exposure.Kind.FIXED
    assert setting.target not in {broken.build for broken in advisory.avoid}


def test_the_configuration_tells_the_same_story(tmp_path: Path) -> None:
    """Bulletin and method stand in it, and the page alone is only accepted where it is asked."""
    with SimulatedSite() as site:
        text = site.configuration(tmp_path)
    newer = setting_for("13.1-49.13", None)
    assert 'advisories = ["CTX579459"]' in told_in(text, newer, None)
    assert 'close_methods = ["close-acl", "close-vserver"]' in told_in(text, newer, None)
    assert 'close_methods = ["close-vserver"]' in told_in(text, newer, "vserver")
    assert "accept_closed_page" not in told_in(text, newer, "vserver")
    assert "accept_closed_page = true" in told_in(text, newer, "responder")


def test_what_has_no_mitigation_is_not_mitigated() -> None:
    """And nothing is taken back then."""
    image = Image(build="13.1-49.15", path=Path("/image"), sha256="ab" * 32)
    titles = [one.title for one in chapters(image, setting_for("13.1-49.13", None))]
    assert titles[0].startswith("Close")
    assert not [title for title in titles if "itigat" in title]


RESULT = Result(gate="x", state=GateState.OPEN, code=ExitCode.PROVEN, sentence="")


@pytest.mark.parametrize("code", ExitCode)
def test_only_an_optional_chapter_may_end_otherwise(code: ExitCode) -> None:
    """What is not mitigated is closed all the more; after anything else there is no going on."""
    chapter = Chapter(title="x", act=lambda _gate: RESULT)
    result = replace(RESULT, code=code)
    assert chapter.is_the_end(result) is (code is not ExitCode.PROVEN)
    assert not replace(chapter, optional=True).is_the_end(result)


@pytest.mark.parametrize("state", GateState)
def test_a_gate_that_is_said_to_be_shut_and_is_not_is_a_defect(state: GateState) -> None:
    """Only the simulation knows; what claims nothing cannot be wrong."""
    claims = state in SHUT_STATES or state is GateState.CLOSED_UNSAVED
    assert bool(defect(state, outside_gets_in=True)) is claims
    assert not defect(state, outside_gets_in=False)


def test_a_hurried_clock_waits_a_part_of_the_time() -> None:
    """Else a rehearsal at a hundred times the speed would wait real minutes."""
    began = time.monotonic()
    HurriedClock(1000.0).sleep(30.0)
    assert 0.04 < time.monotonic() - began < 5.0
