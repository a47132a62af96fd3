"""P16: what was proven belongs to this boot of this box; a reopening proves all of it anew."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gatectl.clock import SystemClock, read
from gatectl.core.check import passed
from gatectl.core.event import Mode, Recorded, RunStarted
from gatectl.core.grounds import Grounds
from gatectl.core.interlock import judge_reopening
from gatectl.errors import ExitCode
from gatectl.simulator.appliance import Appliance
from gatectl.simulator.rehearsal import GATE, OUTSIDE, SimulatedSite
from tests.cli.keyboard import FIXED_BUILD, Keyboard
from tests.fault_clock import whole_process_at
from tests.fault_lookout import OUTSIDE as WORLD_OUTSIDE
from tests.faultcases import Chapter, Story
from tests.faultworld import World
from tests.test_operation import at_work

SPEED = 240.0
DAY_S = 86_400.0
OLD_BUILD = "12.1-55.13"
REOPEN = ("reopen", "--confirm", GATE)


@pytest.fixture
def verified(tmp_path: Path) -> Iterator[Keyboard]:
    """Sit down in front of a pair of which everything was proven a moment ago."""
    with SimulatedSite(speed=SPEED, build=FIXED_BUILD) as site:
        keyboard = Keyboard.at(site, tmp_path)
        keyboard.open_for_long()
        for verb in ("close", "scan", "verify"):
            assert keyboard.type(verb).code == ExitCode.PROVEN
        yield keyboard


def rebooted(node: Appliance) -> None:
    """Restart a node, and wait until it is back."""
    node.reboot()
    deadline = time.monotonic() + 20.0
    while node.phase != "up":
        assert time.monotonic() < deadline, "the node did not come back"
        time.sleep(0.02)


def fell_back(site: SimulatedSite) -> None:
    """Let a node come up in the build that it had before."""
    site.pair.nodes[1].build = OLD_BUILD


def changed_its_key(site: SimulatedSite) -> None:
    """Let a node come up with another host key, as after a re-installation."""
    site.pair.nodes[1].faults.add("host-key-changes")
    rebooted(site.pair.nodes[1])


def lost_its_saved_closure(site: SimulatedSite) -> None:
    """Let somebody change a node without saving it."""
    assert site.pair.nodes[0].run_quietly("set ns hostName other", origin="cli")


def opened_behind_our_back(site: SimulatedSite) -> None:
    """Let somebody take the refusal away."""
    for line in ("rm ns acl GATECTL_DENY_TLS", "apply ns acls"):
        assert site.pair.nodes[0].run_quietly(line, origin="cli")


def went_away(site: SimulatedSite) -> None:
    """Switch a node off."""
    site.pair.nodes[1].power_off()


@pytest.mark.parametrize(
    ("disturb", "code"),
    [
        (fell_back, ExitCode.REFUSED),
        (changed_its_key, ExitCode.UNREACHABLE),
        pytest.param(lost_its_saved_closure, ExitCode.REFUSED, marks=pytest.mark.long),
        pytest.param(went_away, ExitCode.UNREACHABLE, marks=pytest.mark.long),
        pytest.param(opened_behind_our_back, ExitCode.REFUSED, marks=pytest.mark.long),
    ],
)
def test_what_was_verified_a_moment_ago_opens_nothing_after_a_change(
    verified: Keyboard, disturb: Callable[[SimulatedSite], None], code: ExitCode
) -> None:
    """Between the verification and the reopening something happened: no rule lets anybody in."""
    disturb(verified.site)
    shown = verified.type(*REOPEN)
    assert shown.code == code, shown.err
    assert [line for line in shown.written if "GATECTL_OPEN" in line] == []
    assert disturb is opened_behind_our_back or not verified.site.reachable(OUTSIDE)


def proofs(events: list[dict[str, Any]]) -> set[str]:
    """Name the interlocks that were proven."""
    ended = [one for one in events if one["kind"] == "step.ended" and one["proves"]]
    return {one["proves"] for one in ended}


@pytest.mark.parametrize("event", ["reboot", pytest.param("failover", marks=pytest.mark.long)])
def test_after_a_restart_or_a_failover_all_is_proven_anew(verified: Keyboard, event: str) -> None:
    """The reopening comes about, and it rests on looks that were made after the event."""
    proven = proofs(verified.events())
    kept = {"evidence-preserved", "compromise-check"}
    if event == "reboot":
        rebooted(verified.site.pair.nodes[1])
        refused = verified.type(*REOPEN, "--json")
        assert refused.code == ExitCode.REFUSED
        (blocker,) = refused.gate["blockers"]
        assert blocker["interlock"] == "compromise-check"
        assert "ns-b was restarted since" in blocker["because"]
        assert blocker["clears"] == f"gatectl scan {GATE}"
        assert verified.type("scan").code == ExitCode.PROVEN
    else:
        verified.site.pair.failover()
    before = len(verified.events())
    shown = verified.type(*REOPEN)
    assert shown.code == ExitCode.PROVEN, shown.err
    after = verified.events()[before:]
    opening = next(n for n, one in enumerate(after) if one["kind"] == "act.intended")
    assert len(proven - kept) > 3
    assert proofs(after[:opening]) >= proven - kept


def test_proofs_grow_old_by_themselves(verified: Keyboard) -> None:
    """Nothing blocks right after the verification; half an hour later nearly everything does."""
    with at_work(verified) as (operation, _):
        gate, standing = operation._gate, operation.standing()
    now = read(SystemClock())
    grounds = Grounds(advice=None, configuration=passed("as before"), settings=False)

    def against(later: timedelta) -> set[str]:
        then = replace(
            now, at=now.at + later, boot_time_ns=now.boot_time_ns + int(later.total_seconds() * 1e9)
        )
        blockers = judge_reopening(gate, standing, then, grounds=grounds)
        return {one.interlock for one in blockers}

    assert against(timedelta()) == set()
    looked_at = {"nodes-fixed", "pair-healthy", "config-saved", "sessions-ended", "still-closed"}
    assert against(timedelta(minutes=31)) == looked_at
    assert against(timedelta(hours=25)) == looked_at | {"compromise-check"}
    assert against(timedelta(days=-1)) >= looked_at


def until_reopening(folder: Path) -> tuple[World, Story]:
    """Live through the story in the world of faults until everything is proven."""
    world = World()
    with whole_process_at(world.clock):
        story = Story(world, folder)
        for chapter in ("close", "patch"):
            assert story.tell(chapter).code is ExitCode.PROVEN
    return world, story


def test_a_clock_that_is_set_back_makes_no_evidence_younger(tmp_path: Path) -> None:
    """A day and an hour after the scan its proof is as old as it is, whatever the wall says."""
    world, story = until_reopening(tmp_path)
    with whole_process_at(world.clock):
        world.clock.hand.step_wall(-DAY_S)
        world.settle(DAY_S + 3600.0)
        refused = story.tell("reopen")
        assert refused.code is ExitCode.REFUSED
        told = {one.interlock: (one.verdict.because, one.clears) for one in refused.blockers}
        assert set(told) == {"compromise-check"}
        because, clears = told["compromise-check"]
        assert because.startswith("the proof is 1500 minutes old")
        assert clears == "gatectl scan almelo"
        assert not world.reachable(WORLD_OUTSIDE)
        world.operation().run("scan", Mode.REAL)
        assert story.tell("reopen").code is ExitCode.PROVEN


def test_a_clock_that_is_set_ahead_does_not_refuse_fresh_evidence(tmp_path: Path) -> None:
    """Within one boot of this machine a minute is a minute."""
    world, story = until_reopening(tmp_path)
    with whole_process_at(world.clock):
        world.clock.hand.step_wall(2 * DAY_S)
        world.settle(60.0)
        assert story.tell("reopen").code is ExitCode.PROVEN


def test_a_restart_of_this_machine_with_a_clock_set_back_makes_all_evidence_too_old(
    tmp_path: Path,
) -> None:
    """Nobody can say how long the machine was off, so the scan has to be made again."""
    world, story = until_reopening(tmp_path)
    with whole_process_at(world.clock):
        world.clock.hand.reboot("boot-2")
        world.clock.hand.step_wall(-3600.0)
        refused = story.tell("reopen")
        assert refused.code is ExitCode.REFUSED
        told = {one.interlock: one.verdict.because for one in refused.blockers}
        assert set(told) == {"compromise-check", "evidence-preserved"}
        assert all("set back" in because for because in told.values())


def test_an_opening_is_not_confirmed_on_a_node_that_was_restarted_since(tmp_path: Path) -> None:
    """The scan was of another boot: nothing is saved, and the provisional opening ends."""
    world, story = until_reopening(tmp_path)
    with whole_process_at(world.clock):
        assert story.tell("reopen").code is ExitCode.PROVEN
        standby = next(box for box in world.pair.nodes if box is not world.serving)
        standby.reboot()
        world.settle(400.0)
        refused = story.tell("confirm")
        assert refused.code is ExitCode.REFUSED
        (blocker,) = refused.blockers
        assert blocker.interlock == "compromise-check"
        assert f"{standby.name} was restarted since" in blocker.verdict.because
        world.settle(1000.0)
        assert not world.reachable(WORLD_OUTSIDE)


@pytest.mark.parametrize("chapter", ["reopen", "confirm"])
def test_a_node_that_is_another_one_by_the_time_of_the_act_is_not_opened(
    tmp_path: Path, chapter: Chapter
) -> None:
    """After the plan was made it came up anew, in no time at all: the guard of the act sees it."""
    world, story = until_reopening(tmp_path)
    with whole_process_at(world.clock):
        if chapter == "confirm":
            assert story.tell("reopen").code is ExitCode.PROVEN
        serving = world.serving
        assert serving is not None
        plans = 0

        def other_boot(recorded: Recorded) -> None:
            nonlocal plans
            plans += isinstance(recorded.event, RunStarted)
            if isinstance(recorded.event, RunStarted) and recorded.event.plan.playbook == chapter:
                serving.boot_time += 60.0

        world.desk = replace(world.desk, listeners=(*world.desk.listeners, other_boot))
        intended = len(world.intended)
        assert story.tell(chapter).code is not ExitCode.PROVEN
        assert plans > 1
        assert [
            step for step in world.intended[intended:] if step.startswith(("open", "drop"))
        ] == []
