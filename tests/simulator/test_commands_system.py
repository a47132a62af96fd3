from collections.abc import Callable
from dataclasses import replace

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.commandline import CliSession

Eventually = Callable[[Callable[[], bool]], None]


def test_a_reboot_asks_unless_it_is_forced(
    primary: Appliance, cli: CliSession, eventually: Eventually
) -> None:
    """No is the default; `-f` does not ask."""
    reply = cli.run("reboot")
    assert reply.startswith("Are you sure you want to restart NetScaler (Y/N)? [N]:")
    assert primary.boots == 1
    cli.run("reboot -f")
    eventually(lambda: primary.boots == 2)


def test_done_before_a_reboot_is_a_switch(primary: Appliance) -> None:
    """Always, never, or as chance will have it."""
    for chance, expected in (("always", {True}), ("never", {False}), ("random", {True, False})):
        primary.switches = replace(primary.switches, done_before_reboot=chance)  # type: ignore[arg-type]  # test data
        assert {primary.says_done_before_reboot() for _ in range(64)} == expected


def test_the_support_archive_is_where_it_says(primary: Appliance, cli: CliSession) -> None:
    """The last line points from a fixed name to the archive."""
    last = cli.run("show techsupport").splitlines()[-2]
    link, _, target = last.partition("  ---- points to ---> ")
    assert primary.files.read(link) == primary.files.read(target)
    assert "collector_P_192.0.2.11" in target


def test_a_shutdown_is_for_good(primary: Appliance, cli: CliSession) -> None:
    """After a confirmed shutdown the appliance is down, and its peer is not."""
    cli.run("shutdown", answers=("y",))
    assert primary.phase == "down"
    assert primary.pair.nodes[1].phase == "up"
