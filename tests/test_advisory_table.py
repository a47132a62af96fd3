"""What the bulletins mean for a build, written down by hand from the bulletins."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import TypeAdapter

import gatectl
from gatectl.core.advisory import Advisory, Build, Exposure, exposure_of_build
from gatectl.core.beginning import judge_target
from gatectl.core.check import Answer, Expectation, Seen, judge
from gatectl.core.gate import AdvisoryId
from gatectl.core.plan import DeviceTask
from gatectl.core.planning import build_plan
from gatectl.core.readiness import judge_edition
from gatectl.core.remedy import install_for
from tests.builders import (
    NS_A,
    STANDALONE,
    STANDALONE_FACTS,
    make_facts,
    plan_of,
    planned,
    shipped_playbook,
)

FOLDER = Path(gatectl.__file__).parent / "advisories"
FIXED, EXPOSED, UNKNOWN, NOT_AFFECTED = (
    Exposure.Kind.FIXED,
    Exposure.Kind.EXPOSED,
    Exposure.Kind.UNKNOWN,
    Exposure.Kind.NOT_AFFECTED,
)
ANSWERS = {
    FIXED: Answer.PASS,
    NOT_AFFECTED: Answer.PASS,
    EXPOSED: Answer.FAIL,
    UNKNOWN: Answer.UNKNOWN,
}
FIPS = True
STANDARD = False

TABLE = [
    # December 2019: five trains, and FIPS numbers that are not in it.
    ("10.5-70.11", STANDARD, "CTX267027", EXPOSED),
    ("10.5-70.12", STANDARD, "CTX267027", FIXED),
    ("11.1-63.15", STANDARD, "CTX267027", FIXED),
    ("11.1-63.9", STANDARD, "CTX267027", EXPOSED),
    ("12.0-63.13", STANDARD, "CTX267027", FIXED),
    ("12.1-55.13", STANDARD, "CTX267027", EXPOSED),
    ("12.1-55.18", STANDARD, "CTX267027", FIXED),
    ("12.1-50.28", STANDARD, "CTX267027", EXPOSED),
    ("13.0-47.22", STANDARD, "CTX267027", EXPOSED),
    ("13.0-47.24", STANDARD, "CTX267027", FIXED),
    ("11.0-70.16", STANDARD, "CTX267027", UNKNOWN),
    # 2020 and 2022. 58.30 < 58.32: the minor number counts.
    ("13.0-58.30", STANDARD, "CTX276688", FIXED),
    ("12.1-57.18", STANDARD, "CTX276688", FIXED),
    ("12.1-55.24", STANDARD, "CTX276688", EXPOSED),
    ("13.0-58.30", STANDARD, "CTX474995", EXPOSED),
    ("13.0-58.32", STANDARD, "CTX474995", FIXED),
    ("13.1-33.47", STANDARD, "CTX463706", FIXED),
    ("13.1-4.43", STANDARD, "CTX474995", NOT_AFFECTED),
    ("12.1-65.21", STANDARD, "CTX474995", EXPOSED),
    ("12.1-55.289", FIPS, "CTX463706", FIXED),
    ("12.1-55.289", FIPS, "CTX474995", EXPOSED),
    ("12.1-55.291", STANDARD, "CTX474995", FIXED),
    # 2023. FIPS of 13.1 is smaller in number and still fixed.
    ("13.1-48.47", STANDARD, "CTX561482", EXPOSED),
    ("13.1-49.13", STANDARD, "CTX561482", FIXED),
    ("13.1-37.159", STANDARD, "CTX561482", FIXED),
    ("13.1-37.158", STANDARD, "CTX561482", EXPOSED),
    ("12.1-55.297", FIPS, "CTX561482", FIXED),
    ("12.1-55.296", FIPS, "CTX561482", EXPOSED),
    ("13.1-49.13", STANDARD, "CTX579459", EXPOSED),
    ("14.1-8.50", STANDARD, "CTX579459", FIXED),
    ("14.1-4.42", STANDARD, "CTX579459", EXPOSED),
    ("12.1-55.300", FIPS, "CTX579459", FIXED),
    ("13.0-92.21", STANDARD, "CTX584986", FIXED),
    ("13.0-92.19", STANDARD, "CTX584986", EXPOSED),
    ("13.1-37.176", STANDARD, "CTX584986", FIXED),
    # 2025. 43.109 is later than 43.56: numbers, not text.
    ("14.1-43.109", STANDARD, "CTX693420", FIXED),
    ("14.1-43.55", STANDARD, "CTX693420", EXPOSED),
    ("13.1-37.234", FIPS, "CTX693420", EXPOSED),
    ("13.1-37.235", FIPS, "CTX693420", FIXED),
    ("12.1-55.328", FIPS, "CTX693420", FIXED),
    ("14.1-43.56", STANDARD, "CTX694788", EXPOSED),
    ("12.1-55.328", FIPS, "CTX694788", UNKNOWN),
    ("13.1-59.22", STANDARD, "CTX694938", FIXED),
    ("12.1-55.329", FIPS, "CTX694938", EXPOSED),
    ("13.1-37.250", STANDARD, "CTX695486", FIXED),
    # 2026. 14.1-FIPS has the numbers of 14.1, and only the inventory knows it.
    ("14.1-60.58", STANDARD, "CTX696300", EXPOSED),
    ("14.1-66.59", STANDARD, "CTX696300", FIXED),
    ("13.1-37.261", FIPS, "CTX696300", EXPOSED),
    ("14.1-72.61", FIPS, "CTX696604", FIXED),
    ("13.1-63.17", STANDARD, "CTX696604", EXPOSED),
    ("14.1-73.32", FIPS, "CTX696939", FIXED),
    ("14.1-73.32", STANDARD, "CTX697096", EXPOSED),
    ("13.1-64.23", STANDARD, "CTX697096", FIXED),
    ("13.1-63.21", STANDARD, "CTX697096", EXPOSED),
    ("13.1-37.279", FIPS, "CTX697096", FIXED),
    ("14.1-73.36", FIPS, "CTX697096", EXPOSED),
    ("12.1-55.333", FIPS, "CTX697096", UNKNOWN),
    ("14.1-73.37", STANDARD, "CTX697174", EXPOSED),
    ("13.1-64.28", STANDARD, "CTX697174", FIXED),
    ("13.1-64.28", STANDARD, "CTX697191", EXPOSED),
    ("13.1-37.283", FIPS, "CTX697191", FIXED),
    ("14.1-73.46", FIPS, "CTX697191", FIXED),
    ("14.1-73.45", FIPS, "CTX697191", EXPOSED),
    ("13.1-37.282", STANDARD, "CTX697191", EXPOSED),
    # An inventory that calls a standard build FIPS does not make it one: the number tells, and
    # 48 is not later than 37 in any line that has both.
    ("13.1-48.47", FIPS, "CTX561482", EXPOSED),
    ("13.1-49.13", FIPS, "CTX579459", EXPOSED),
    ("13.1-64.22", FIPS, "CTX697096", EXPOSED),
    ("12.1-55.13", FIPS, "CTX267027", EXPOSED),
    ("12.1-55.24", FIPS, "CTX276688", EXPOSED),
    ("12.1-65.35", FIPS, "CTX561482", EXPOSED),
    ("14.1-60.58", FIPS, "CTX696300", EXPOSED),
    ("14.1-43.55", FIPS, "CTX693420", EXPOSED),
    # Between the ordinary builds of 2020 and 55.289 only the inventory knows.
    ("12.1-55.282", FIPS, "CTX463706", EXPOSED),
    ("12.1-55.282", FIPS, "CTX561482", EXPOSED),
]

INSTALL = [
    # What one bulletin asks for, in the line of the running build.
    ("13.1-37.158", STANDARD, "CTX561482", "13.1-37.159"),
    ("13.1-37.235", FIPS, "CTX694788", "13.1-37.236"),
    ("13.1-37.241", FIPS, "CTX694938", ""),
    ("13.1-37.262", FIPS, "CTX697096", "13.1-37.279"),
    ("12.1-55.296", FIPS, "CTX561482", "12.1-55.297"),
    ("12.1-55.329", STANDARD, "CTX694938", "12.1-55.330"),
    ("12.1-55.282", FIPS, "CTX474995", "12.1-55.291"),
    ("14.1-72.61", FIPS, "CTX697096", "14.1-73.37"),
    ("14.1-73.41", FIPS, "CTX697191", "14.1-73.46"),
    ("14.1-72.61", FIPS, "CTX696604", ""),
    # Called FIPS and not a FIPS build: the fix is that of its own line.
    ("13.1-48.47", FIPS, "CTX561482", "13.1-49.13"),
    ("14.1-43.55", FIPS, "CTX693420", "14.1-43.56"),
]
"""Running build, what the inventory says, the bulletin, and what to install: empty for nothing."""

PATCH = [
    # From, to, in a gate whose inventory says so: may it be installed, for the bulletin in force?
    ("13.1-37.235", "13.1-37.279", FIPS, "CTX697096", True),
    ("13.1-37.235", "13.1-37.278", FIPS, "CTX697096", False),
    ("13.1-37.235", "13.1-64.24", FIPS, "CTX697096", False),
    ("13.1-37.235", "13.1-64.24", STANDARD, "CTX697096", False),
    ("13.1-63.21", "13.1-37.279", STANDARD, "CTX697096", False),
    ("13.1-63.21", "13.1-64.24", FIPS, "CTX697096", True),
    ("14.1-72.61", "14.1-73.37", FIPS, "CTX697096", True),
    ("14.1-72.61", "14.1-73.36", FIPS, "CTX697096", False),
    ("12.1-55.297", "13.1-37.279", FIPS, "CTX697096", True),
    ("12.1-55.297", "13.1-64.24", FIPS, "CTX697096", False),
]

FIRST_FIXED = {
    "CTX267027": "10.5-70.12 11.1-63.15 12.0-63.13 12.1-55.18 13.0-47.24",
    "CTX276688": "13.0-58.30 12.1-57.18 12.0-63.21 11.1-64.14 10.5-70.18",
    "CTX463706": "13.1-33.47 13.0-88.12 12.1-65.21 12.1-55.289",
    "CTX474995": "13.0-58.32 12.1-65.25 12.1-55.291",
    "CTX561482": "13.1-49.13 13.0-91.13 13.1-37.159 12.1-55.297",
    "CTX579459": "14.1-8.50 13.1-49.15 13.0-92.19 13.1-37.164 12.1-55.300",
    "CTX584986": "14.1-12.35 13.1-51.15 13.0-92.21 13.1-37.176 12.1-55.302",
    "CTX693420": "14.1-43.56 13.1-58.32 13.1-37.235 12.1-55.328",
    "CTX694788": "14.1-47.46 13.1-59.19 13.1-37.236",
    "CTX694938": "14.1-47.48 13.1-59.22 13.1-37.241 12.1-55.330",
    "CTX695486": "14.1-56.73 13.1-60.32 13.1-37.250 12.1-55.333",
    "CTX696300": "14.1-66.59 13.1-62.23 13.1-37.262",
    "CTX696604": "14.1-72.61 13.1-63.18 14.1-72.61-FIPS 13.1-37.272",
    "CTX696939": "14.1-73.32 13.1-63.21 14.1-73.32-FIPS 13.1-37.277",
    "CTX697096": "14.1-73.37 13.1-64.23 14.1-73.37-FIPS 13.1-37.279",
    "CTX697174": "14.1-73.41 13.1-64.28 14.1-73.41-FIPS 13.1-37.282",
    "CTX697191": "14.1-73.46 13.1-64.29 14.1-73.46-FIPS 13.1-37.283",
}
"""The first fixed build of each train, copied from the bulletins once more by hand."""

WITHOUT_A_FIX = [
    ("12.1-65.35", "CTX561482"),
    ("12.1-65.35", "CTX579459"),
    ("13.0-92.21", "CTX693420"),
    ("12.1-65.39", "CTX694788"),
    ("13.0-92.31", "CTX694938"),
    ("13.0-92.31", "CTX697096"),
    ("12.1-65.39", "CTX697096"),
    ("13.0-92.31", "CTX697191"),
]


def read(name: str) -> Advisory:
    """Read one shipped bulletin."""
    text = (FOLDER / f"{name.lower()}.toml").read_text()
    return TypeAdapter(Advisory).validate_python(tomllib.loads(text))


@pytest.mark.parametrize(("build", "fips", "bulletin", "kind"), TABLE)
def test_build_is_as_the_bulletin_says(
    build: str, fips: bool, bulletin: str, kind: Exposure.Kind
) -> None:
    """Each build gets the answer that a person reads in the bulletin for its own train."""
    exposure = exposure_of_build(Build.parse(build, fips=fips), read(bulletin))
    assert (exposure.kind, exposure.because) == (kind, exposure.because)


@pytest.mark.parametrize("bulletin", FIRST_FIXED)
def test_first_fixed_build_is_the_bulletins(bulletin: str) -> None:
    """Each train has the bulletin's build to the digit, and there is no train besides."""
    copied = {
        str(build.train): str(build)
        for text in FIRST_FIXED[bulletin].split()
        for build in [Build.parse(text.removesuffix("-FIPS"), fips=text.endswith("-FIPS"))]
    }
    assert read(bulletin).fixed == copied


@pytest.mark.parametrize(("build", "fips", "bulletin", "install"), INSTALL)
def test_what_to_install_is_of_the_running_line(
    build: str, fips: bool, bulletin: str, install: str
) -> None:
    """No FIPS node is sent to a standard build, nor the other way round."""
    wanted = install_for(Build.parse(build, fips=fips), read(bulletin))
    assert (wanted.kind, wanted.build) == ("build" if install else "nothing", install)


@pytest.mark.parametrize(("running", "target", "fips", "bulletin", "may"), PATCH)
def test_a_patch_stays_in_its_edition_and_has_the_fix(
    running: str, target: str, fips: bool, bulletin: str, may: bool
) -> None:
    """What stands in the way of a patch, for each edition and what the inventory calls it."""
    gate = replace(STANDALONE, fips=fips, advisories=(AdvisoryId(bulletin),))
    advisory = read(bulletin)
    plan = replace(
        plan_of(planned("build")),
        facts=make_facts(builds={NS_A: running}),
        parameters={"build": target},
    )
    verdicts = (judge_target(plan, {advisory.id: advisory}, gate), judge_edition(plan, gate))
    assert all(one.passed for one in verdicts) is may


@pytest.mark.parametrize(("build", "fips", "bulletin", "kind"), TABLE)
def test_verifying_a_gate_goes_by_its_edition(
    build: str, fips: bool, bulletin: str, kind: Exposure.Kind
) -> None:
    """The shipped verification says of a node what the table says."""
    advisory = read(bulletin)
    gate = replace(STANDALONE, fips=fips, advisories=(advisory.id,))
    plan = build_plan(
        shipped_playbook("verify"),
        gate,
        STANDALONE_FACTS,
        parameters={},
        advisories={advisory.id: advisory},
    )
    step = next(step for step in plan.steps if step.proves == "nodes-fixed")
    assert isinstance(step.task, DeviceTask)
    verdict = judge(Seen(records=({"build": build},)), step.task.holds)
    assert verdict.answer is ANSWERS[kind]


def test_an_edition_that_a_bulletin_does_not_list_is_not_verified_as_the_other() -> None:
    """14.1-FIPS has the numbers of 14.1, so only the inventory keeps the two apart."""
    listed = read("CTX697096")
    advisory = replace(
        listed, fixed={train: build for train, build in listed.fixed.items() if train == "14.1"}
    )
    for fips, answer in ((False, Answer.PASS), (True, Answer.UNKNOWN)):
        fixed = Expectation(field="build", fixed_for=(advisory,), fips=fips)
        assert judge(Seen(records=({"build": "14.1-73.46"},)), (fixed,)).answer is answer


@pytest.mark.parametrize(("build", "bulletin"), WITHOUT_A_FIX)
def test_train_without_a_fix_is_never_fixed(build: str, bulletin: str) -> None:
    """End of life is not unaffected: no build of such a train passes."""
    exposure = exposure_of_build(Build.parse(build), read(bulletin))
    assert exposure.kind in {EXPOSED, UNKNOWN}


def test_table_is_long_and_covers_every_bulletin() -> None:
    """No shipped bulletin is left unchecked by hand."""
    assert {bulletin for _, _, bulletin, _ in TABLE} == {
        path.stem.upper() for path in FOLDER.glob("*.toml")
    }
    assert set(FIRST_FIXED) == {bulletin for _, _, bulletin, _ in TABLE}
    assert len(TABLE) >= 30
