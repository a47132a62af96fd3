"""Patching a simulated pair over real SSH: what is asked first, what is proven after a restart."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gatectl.errors import ExitCode
from gatectl.simulator.appliance import Appliance
from gatectl.simulator.rehearsal import GATE, OUTSIDE, SimulatedSite
from tests.cli.keyboard import Keyboard, Shown

SPEED = 240.0
LONGER = ("close_methods", "provisional_minutes = 240\nclose_methods")


def blockers(shown: Shown) -> dict[str, str]:
    """Give what stands in the way, with the verdict on each."""
    return {one["interlock"]: one["answer"] for one in shown.gate["blockers"]}


@pytest.fixture(scope="module")
def shut(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyboard]:
    """Close a pair once, for all tests that are refused before anything is written."""
    with SimulatedSite(speed=SPEED) as site:
        keyboard = Keyboard.at(site, tmp_path_factory.mktemp("shut"))
        assert keyboard.type("close").code == ExitCode.PROVEN
        yield keyboard


def nodes(keyboard: Keyboard) -> tuple[Appliance, ...]:
    """Give the appliances behind a keyboard."""
    return keyboard.site.pair.nodes


def test_nothing_stands_in_the_way_of_a_proper_patch(shut: Keyboard) -> None:
    """Else the refusals below would show nothing."""
    shown = shut.patch(shut.site.image("12.1-55.18"), "-n", "--json")
    assert (shown.code, blockers(shown)) == (ExitCode.DRIFT, {})


def test_all_that_speaks_against_a_patch_is_told_at_once(shut: Keyboard) -> None:
    """A leap over a release, a build with a known fault, a pinned role, unsaved changes."""
    primary = nodes(shut)[0]
    assert primary.run_quietly("set ha node -haStatus STAYPRIMARY", origin="cli")
    try:
        shown = shut.patch(shut.site.image("13.1-64.23"), "--json")
        assert (shown.code, shown.written) == (ExitCode.REFUSED, ())
        expected = {"release-step", "known-bad-build", "role-pinned", "saved-before"}
        assert expected == set(blockers(shown))
        words = [word for name in sorted(expected) for word in ("--override", name)]
        image = shut.site.image("13.1-64.23")
        overridden = shut.patch(image, "-n", *words, "--reason", "we know it", "--json")
        assert (overridden.code, blockers(overridden)) == (ExitCode.DRIFT, {})
        # Each by its own name: one that is left out still stands.
        left = shut.patch(image, "-n", *words[2:], "--reason", "we know it", "--json")
        assert (left.code, set(blockers(left))) == (ExitCode.REFUSED, {words[1]})
    finally:
        assert primary.run_quietly("set ha node -haStatus ENABLED", origin="cli")
        assert primary.run_quietly("save ns config", origin="cli")


@pytest.mark.parametrize("status", ["STAYSECONDARY", "DISABLED"])
def test_a_secondary_that_may_not_take_over_is_found_first(shut: Keyboard, status: str) -> None:
    """Else the failover would be refused with one node patched."""
    secondary = nodes(shut)[1]
    assert secondary.run_quietly(f"set ha node -haStatus {status}", origin="cli")
    try:
        shown = shut.patch(shut.site.image("12.1-55.18"), "--json")
        assert (shown.code, shown.written) == (ExitCode.REFUSED, ())
        assert {"role-pinned", "healthy-before"} <= set(blockers(shown))
    finally:
        assert secondary.run_quietly("set ha node -haStatus ENABLED", origin="cli")
        assert secondary.run_quietly("save ns config", origin="cli")


def test_a_pair_that_is_not_in_sync_is_not_patched(shut: Keyboard) -> None:
    """The node that takes over must have the configuration that closes the gate."""
    secondary = nodes(shut)[1]
    secondary.sync_state = "IN PROGRESS"
    try:
        shown = shut.patch(shut.site.image("12.1-55.18"), "--json")
        assert (shown.code, blockers(shown)) == (ExitCode.REFUSED, {"healthy-before": "fail"})
    finally:
        secondary.sync_state = "SUCCESS"


def test_a_full_disk_is_found_before_the_upload(shut: Keyboard) -> None:
    """Both file systems, on the node that has it."""
    nodes(shut)[1].faults.add("disk-full")
    try:
        shown = shut.patch(shut.site.image("12.1-55.18"), "--json")
        assert (shown.code, shown.written) == (ExitCode.REFUSED, ())
        assert {"space", "space-flash"} <= set(blockers(shown))
    finally:
        nodes(shut)[1].faults.clear()


def test_a_build_that_is_not_fixed_or_older_is_refused(shut: Keyboard) -> None:
    """For every bulletin in force, and never backwards."""
    shown = shut.patch(shut.site.image("12.1-55.12"), "--json")
    assert (shown.code, set(blockers(shown))) == (ExitCode.REFUSED, {"target-build"})
    assert "older" in shown.gate["because"]


def test_an_ordinary_build_is_not_put_on_a_fips_appliance(shut: Keyboard) -> None:
    """The number alone looks newer."""
    shown = shut.patch(shut.site.image("12.1-55.302"), "--json")
    assert shown.code == ExitCode.REFUSED
    assert "edition" in blockers(shown)


def test_a_patch_without_the_promised_hash_does_not_begin(shut: Keyboard) -> None:
    """The hash comes from the vendor's page and never from the file itself."""
    image = shut.site.image("12.1-55.18")
    shown = shut.type("patch", "--build", image.build, "--image", str(image.path))
    assert (shown.code, shown.arrived) == (ExitCode.INVALID, ())
    assert "image_sha256 is missing" in shown.err


# --- one patch from its beginning to the second one that finds nothing to do


@dataclass(frozen=True, slots=True, kw_only=True)
class Patched:
    """A pair of 13.1 that was closed and patched, with its roles given back."""

    keyboard: Keyboard
    config: Path
    patch: Shown
    again: Shown
    roles_before: tuple[bool, ...]
    roles_after: tuple[bool, ...]
    outside_got_in: bool
    """By the simulation's own word, right after the patch: a later test reopens the gate."""

    def booted(self, node: str) -> list[str]:
        """Read what the node said of its last boot, before and after the restart."""
        events = self.keyboard.events(self.config)
        looks = [e for e in events if e["kind"] == "look.made" and e["node"] == node]
        boots = [e["step"] for e in looks if e["look"] == "shell sysctl -n kern.boottime"]
        # A reopening asks as well, before each act.
        return [step for step in boots if "restart" in step]


@pytest.fixture(scope="module")
def patched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Patched]:
    """Close, patch with --fail-back, and patch again."""
    with SimulatedSite(speed=SPEED, build="13.1-60.32") as site:
        keyboard = Keyboard.at(site, tmp_path_factory.mktemp("patched"))
        config = keyboard.changed(('["CTX267027"]', '["CTX697096"]'), LONGER)
        assert keyboard.type("close", config=config).code == ExitCode.PROVEN
        before = tuple(node.is_primary for node in site.pair.nodes)
        image = site.image("13.1-64.24")
        words = (
            *("patch", "--build", image.build, "--image", str(image.path)),
            *("--sha256", image.sha256, "--fail-back", "--json"),
        )
        first = keyboard.type(*words, config=config)
        again = keyboard.type(*words, config=config)
        yield Patched(
            keyboard=keyboard,
            config=config,
            patch=first,
            again=again,
            roles_before=before,
            roles_after=tuple(node.is_primary for node in site.pair.nodes),
            outside_got_in=site.reachable(OUTSIDE),
        )


def test_both_nodes_run_the_build_and_the_gate_stayed_shut(patched: Patched) -> None:
    """By the simulation's own word."""
    assert patched.patch.code == ExitCode.PROVEN, patched.patch.gate["because"]
    site = patched.keyboard.site
    assert {node.build for node in site.pair.nodes} == {"13.1-64.24"}
    assert not patched.outside_got_in


def test_the_first_primary_has_its_role_back(patched: Patched) -> None:
    """Only where it was asked for: `--fail-back`."""
    assert patched.roles_after == patched.roles_before
    failovers = [line for line in patched.patch.prompted if "force ha failover" in line]
    assert len(failovers) == 2


@pytest.mark.parametrize("node", ["ns-a", "ns-b"])
def test_a_restart_is_proven_by_another_boot_time(patched: Patched, node: str) -> None:
    """Asked before the restart and after it, besides the build."""
    assert len(patched.booted(node)) >= 2
    assert all(step.endswith(f"-restart@{node}") for step in patched.booted(node))


def test_what_the_bulletin_asks_for_besides_the_build_is_set_and_saved(patched: Patched) -> None:
    """The setting is on, on both nodes, in what runs and in what is saved."""
    for node in patched.keyboard.site.pair.nodes:
        assert node.configuration.tcp_parameters == {"enhancedISNgeneration": "ENABLED"}
        assert any("enhancedISNgeneration ENABLED" in line for line in node.saved_lines())


def test_patching_twice_writes_nothing_the_second_time(patched: Patched) -> None:
    """Builds, settings, rules and sessions are looked at, and all is so already."""
    assert (patched.again.code, patched.again.prompted) == (ExitCode.PROVEN, [])


def test_reopening_twice_writes_nothing_the_second_time(patched: Patched) -> None:
    """A gate that is open provisionally is not opened once more."""
    type_ = patched.keyboard.type
    assert type_("scan", config=patched.config).code == ExitCode.PROVEN
    opened = type_("reopen", "--confirm", GATE, "--json", config=patched.config)
    assert (opened.code, bool(opened.prompted)) == (ExitCode.PROVEN, True), opened.out
    again = type_("reopen", "--confirm", GATE, config=patched.config)
    assert (again.code, again.prompted) == (ExitCode.PROVEN, [])
    assert type_("confirm", config=patched.config).code == ExitCode.PROVEN
    assert patched.keyboard.site.reachable(OUTSIDE)


def test_the_mitigation_is_taken_back_and_proven_gone(tmp_path: Path) -> None:
    """Nothing of it is left on either node, running or saved."""
    with SimulatedSite(speed=SPEED) as site:
        keyboard = Keyboard.at(site, tmp_path)
        assert keyboard.type("mitigate").code == ExitCode.PROVEN
        assert all("ctx267027" in node.configuration.policies for node in site.pair.nodes)
        assert keyboard.type("mitigate", "--undo").code == ExitCode.PROVEN
        for node in site.pair.nodes:
            lines = [*node.configuration.lines(), *node.saved_lines()]
            assert not [line for line in lines if "ctx267027" in line or "respondwith403" in line]
        assert keyboard.type("mitigate", "--undo").written == ()
