from collections.abc import Callable

import pytest

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.commandline import CliSession

Eventually = Callable[[Callable[[], bool]], None]


def test_a_failover_is_confirmed_and_takes_a_while(
    primary: Appliance, secondary: Appliance, cli: CliSession, eventually: Eventually
) -> None:
    """Without a yes nothing happens; with it the roles change after the delay."""
    assert "(Y/N)? [N]:" in cli.run("force ha failover")
    assert primary.is_primary
    assert cli.run("force ha failover", answers=("y",)).endswith(" Done\n")
    assert "wait for system to stabilize" in cli.run("force failover -force")
    eventually(lambda: secondary.is_primary)
    eventually(lambda: primary.pair.sync_text(primary) == "SUCCESS")


@pytest.mark.parametrize(
    ("node", "status", "text"),
    [(1, "STAYSECONDARY", "invalid peer state"), (0, "STAYPRIMARY", "system state is invalid")],
)
def test_a_node_that_stays_refuses_the_failover(
    primary: Appliance, cli: CliSession, node: int, status: str, text: str
) -> None:
    """Neither a secondary nor a primary that is told to stay changes its role."""
    primary.pair.nodes[node].configuration.ha_status = status
    assert text in cli.run("force ha failover -force")


def test_a_stand_alone_appliance_has_no_peer(single: Appliance) -> None:
    """It shows one node, and refuses what needs two."""
    cli = single.start_cli(username="nsroot", interactive=False, peer="x")
    assert "2)" not in cli.run("show ha node")
    assert cli.run("force ha failover -force").endswith("stand-alone node\n")
    assert cli.run("force ha sync").endswith("stand-alone node\n")
    assert "Node: Standalone" in cli.run("show ns config")


def test_synchronisation_can_be_switched_off(cli: CliSession) -> None:
    """The setting shows in the state, and a forced sync is refused then."""
    cli.run("set node -hasync disable")
    assert "Sync State: DISABLED" in cli.run("show ha node 0")
    assert cli.run("force ha sync").endswith("ERROR: Synchronization disabled\n")
    cli.run("set ha node -haProp DISABLED")
    assert "Propagation: DISABLED" in cli.run("show ha node 0")


def test_only_the_right_role_may_be_kept(primary: Appliance, secondary: Appliance) -> None:
    """STAYSECONDARY is for the secondary and STAYPRIMARY for the primary."""
    replies = [
        node.start_cli(username="nsroot", interactive=False, peer="x").run(f"set ha node {option}")
        for node, option in (
            (primary, "-haStatus STAYSECONDARY"),
            (secondary, "-haStatus STAYPRIMARY"),
            (secondary, "-haStatus STAYSECONDARY"),
        )
    ]
    assert "only on secondary" in replies[0]
    assert "only on primary" in replies[1]
    assert replies[2] == " Done\n"
    assert "Node State: STAYSECONDARY" in secondary.local_session().run("show ha node 0")
