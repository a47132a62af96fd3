"""What to install and what to do besides."""

import pytest

from gatectl.core.advisory import Build
from gatectl.core.exposure import judge_node
from gatectl.core.remedy import Remedy, install_for, remedy
from tests.core.test_exposure import (
    ADVISORIES,
    CUT,
    GATEWAY,
    OFF,
    ON,
    PLAIN,
    bulletin,
    node,
)
from tests.test_advisory_table import TABLE


def needed(
    build: str, lines: tuple[str, ...] = GATEWAY, *, fips: bool = False, isn: str = ON
) -> Remedy:
    """Judge every bulletin for a node and sum up what it needs."""
    seen = node(build, lines, fips=fips, isn=isn)
    return remedy([judge_node(seen, one) for one in ADVISORIES.values()], ADVISORIES, fips=fips)


def test_the_highest_of_the_builds_that_are_asked_for_is_installed() -> None:
    """One installation answers several bulletins, so the highest build wins."""
    found = needed("13.1-48.47")
    assert (found.install.kind, found.install.build) == ("build", "13.1-64.24")


def test_a_build_is_taken_from_the_nodes_own_edition() -> None:
    """A FIPS node is never sent to an ordinary build, whatever its numbers."""
    install = needed("13.1-37.150", fips=True).install
    assert install.build == "13.1-37.279"
    assert "CTX474995 names no build for 13.1-FIPS" in install.because
    assert needed("14.1-73.32", fips=True).install.build == "14.1-73.37"


@pytest.mark.parametrize("build", ["14.1-43.55", "14.1-60.58", "14.1-72.60"])
def test_a_fips_gate_from_before_its_own_numbers_is_sent_to_the_highest(build: str) -> None:
    """14.1 shares its numbers: the builds that are asked for lie before and behind the border."""
    assert needed(build, fips=True).install.build == "14.1-73.37"


@pytest.mark.parametrize(("build", "fips"), sorted({(row[0], row[1]) for row in TABLE}))
def test_every_build_of_the_table_gets_a_remedy(build: str, *, fips: bool) -> None:
    """Whatever runs, somebody asks what is to be installed there."""
    assert needed(build, fips=fips).install.because


def test_a_train_without_a_fix_is_left_for_another_release() -> None:
    """End of life: the lowest build of each release that has every fix is named."""
    install = needed("13.0-92.31").install
    assert install.kind == "other-release"
    assert install.others == ("13.1-64.24", "14.1-73.37")
    assert "13.0 gets no fix for CTX693420" in install.because


def test_nothing_is_installed_where_only_a_setting_is_missing() -> None:
    """The build is there already; the setting is named as the command that makes it."""
    found = needed("14.1-73.46", PLAIN, isn=OFF)
    assert found.install.kind == "nothing"
    assert found.settings == ("set ns tcpparam -enhancedISNgeneration ENABLED",)
    assert found.besides


def test_nothing_is_needed_where_no_bulletin_matters() -> None:
    """Every fix and every setting is there."""
    found = needed("14.1-73.46")
    assert (found.install.kind, found.settings, found.besides) == ("nothing", (), ())


def test_an_unknown_build_needs_something_that_is_not_known() -> None:
    """Nobody is told to be calm about a node that did not answer."""
    seen = node("", version=CUT)
    exposures = [judge_node(seen, one) for one in ADVISORIES.values()]
    assert remedy(exposures, ADVISORIES, fips=False).install.kind == "unknown"


def test_a_train_that_is_not_named_has_no_known_build() -> None:
    """The bulletin is silent about 12.1-FIPS, and so is the remedy."""
    install = install_for(Build.parse("12.1-55.333"), bulletin("CTX697096"))
    assert install.kind == "unknown"


def test_a_first_fixed_build_with_a_known_fault_is_told() -> None:
    """14.1-66.59 is fixed and has a fault of its own: a later one is better."""
    install = install_for(Build.parse("14.1-60.1"), bulletin("CTX696300"))
    assert install.build == "14.1-66.59"
    assert "a later build is better" in install.because


def test_steps_that_several_bulletins_ask_for_stand_once() -> None:
    """Sessions are ended once, not once a bulletin."""
    steps = needed("13.1-48.47").besides
    assert len(steps) == len(set(steps))
    assert any("kill aaa session -all" in step.commands for step in steps)
