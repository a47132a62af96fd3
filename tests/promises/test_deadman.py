"""P19: an opening that nobody confirms ends by itself, on the appliance, whatever dies."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatectl.errors import ExitCode
from gatectl.simulator.rehearsal import GATE, INSIDE, OUTSIDE, SimulatedSite
from tests.cli.keyboard import FIXED_BUILD, Keyboard
from tests.promises.processes import PATIENCE_S, begin, ended

SPEED = 90.0
WINDOW_S = 900.0 / SPEED
"""The usual 15 minutes, as long as this site takes for them."""
GRACE_S = 60.0 / SPEED + 4.0
"""The minute of the promise, and the time that a busy machine takes for a look."""
REOPEN = ("reopen", "--confirm", GATE)


@pytest.fixture
def ready(tmp_path: Path) -> Iterator[Keyboard]:
    """Sit down in front of a fixed pair that is closed and may be reopened."""
    with SimulatedSite(speed=SPEED, build=FIXED_BUILD) as site:
        keyboard = Keyboard.at(site, tmp_path)
        for verb in ("close", "scan"):
            assert keyboard.type(verb).code == ExitCode.PROVEN
        yield keyboard


def wait_until(site: SimulatedSite, *, let_in: bool, patience_s: float) -> float:
    """Wait until outside gets in, or does no more; gives how long that took."""
    began = time.monotonic()
    while site.reachable(OUTSIDE) is not let_in:
        assert time.monotonic() < began + patience_s, f"outside did not become {let_in}"
        time.sleep(0.01)
    return time.monotonic() - began


def test_a_killed_reopening_is_shut_again_in_its_time(ready: Keyboard) -> None:
    """SIGKILL as soon as the first visitor gets in; no process of ours is left to shut it."""
    process = begin(ready, *REOPEN)
    wait_until(ready.site, let_in=True, patience_s=PATIENCE_S)
    process.send_signal(signal.SIGKILL)
    assert ended(process)[0] == -signal.SIGKILL
    took_s = wait_until(ready.site, let_in=False, patience_s=WINDOW_S + GRACE_S)
    assert took_s > 1.0
    print(f"shut {took_s * SPEED:.0f} s of the site's time after the first visitor")
    assert ready.visits() == (False, True)
    shown = ready.type("status", "--json")
    assert shown.gate["sides"]["outside"] == "shut"
    assert shown.gate["state"] in {"unknown", "closed"}
    assert ready.type("resume").code in {ExitCode.PROVEN, ExitCode.FAILED_SHUT}
    assert ready.visits() == (False, True)


@pytest.mark.long
def test_an_unconfirmed_reopening_ends_and_status_notices_it(ready: Keyboard) -> None:
    """Nobody confirms: shut after its time, and the next look says closed, with exit 0."""
    assert ready.type(*REOPEN).code == ExitCode.PROVEN
    assert ready.site.reachable(OUTSIDE)
    wait_until(ready.site, let_in=False, patience_s=WINDOW_S + GRACE_S)
    shown = ready.type("status", "--json")
    assert (shown.code, shown.gate["state"]) == (ExitCode.PROVEN, "closed")
    assert ready.site.reachable(INSIDE)
    # What has ended cannot be confirmed any more.
    assert ready.type("confirm").code == ExitCode.REFUSED
    assert not ready.site.reachable(OUTSIDE)


def test_a_restart_of_the_nodes_ends_an_unconfirmed_reopening(ready: Keyboard) -> None:
    """The saved configuration stayed closed, so both nodes come up shut."""
    ready.open_for_long()
    assert ready.type(*REOPEN).code == ExitCode.PROVEN
    assert ready.site.reachable(OUTSIDE)
    for node in ready.site.pair.nodes:
        node.reboot()
    deadline = time.monotonic() + PATIENCE_S
    while any(node.phase != "up" for node in ready.site.pair.nodes):
        assert time.monotonic() < deadline, "a node did not come back"
        assert not ready.site.reachable(OUTSIDE)
        time.sleep(0.02)
    assert ready.visits() == (False, True)


@pytest.mark.long
def test_a_confirmed_reopening_lasts(ready: Keyboard) -> None:
    """Else the tests above would be content with a gate that never opens."""
    assert ready.type(*REOPEN).code == ExitCode.PROVEN
    assert ready.type("confirm").code == ExitCode.PROVEN
    time.sleep(WINDOW_S + GRACE_S)
    assert ready.visits() == (True, True)
