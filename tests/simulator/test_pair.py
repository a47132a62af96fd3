import threading
from collections.abc import Callable

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.commandline import CliSession
from gatectl.simulator.pair import Pair

Eventually = Callable[[Callable[[], bool]], None]
DENY = "add ns acl D DENY -destIP = 203.0.113.10 -destPort = 443 -protocol TCP -priority 20"


def test_commands_go_to_the_secondary_first(
    secondary: Appliance, primary: Appliance, cli: CliSession
) -> None:
    """A change is on both nodes, and arrived at the secondary before it was done here."""
    cli.run(f"{DENY}; apply ns acls")
    assert [entry.origin for entry in secondary.history] == ["propagation", "propagation"]
    for node in (primary, secondary):
        assert not node.admits(
            source="198.51.100.7", destination="203.0.113.10", port=443, protocol="TCP"
        )


def test_a_failure_on_the_secondary_is_told_and_stops_nothing(
    primary: Appliance, secondary: Appliance, cli: CliSession
) -> None:
    """The primary goes on and says that the peer did not."""
    secondary.run_quietly(DENY, origin="cli")
    reply = cli.run(DENY)
    assert "Warning: Command failed on secondary node, but succeeded on primary node." in reply
    assert "d" in primary.configuration.acls


def test_mixed_builds_and_a_secondary_propagate_nothing(
    pair: Pair, primary: Appliance, secondary: Appliance, cli: CliSession
) -> None:
    """Different builds stop it, and it never goes from the secondary to the primary."""
    secondary.build = "12.1-55.18"
    cli.run(DENY)
    assert secondary.configuration.acls == {}
    secondary.build = primary.build
    other = secondary.start_cli(username="nsroot", interactive=False, peer="x")
    other.run("add ns acl LOCAL DENY -srcIP = 10.9.9.9 -priority 5")
    assert "local" not in primary.configuration.acls
    assert pair.sync_text(secondary) == "SUCCESS"


def test_a_forced_sync_overwrites_the_secondary(
    pair: Pair, secondary: Appliance, cli: CliSession, eventually: Eventually
) -> None:
    """What only the secondary had is gone after it."""
    secondary.run_quietly(DENY, origin="cli")
    assert cli.run("force ha sync") == " Done\n"
    assert pair.sync_text(secondary) == "IN PROGRESS"
    eventually(lambda: pair.sync_text(secondary) == "SUCCESS")
    assert secondary.configuration.acls == {}


def test_a_sync_can_go_on_for_ever(pair: Pair, secondary: Appliance, cli: CliSession) -> None:
    """With the fault the state never becomes SUCCESS."""
    secondary.faults.add("sync-never")
    cli.run("force ha sync")
    pair._finish_sync(secondary, secondary.sync_number)
    assert pair.sync_text(secondary) == "IN PROGRESS"


def test_the_secondary_takes_over_when_the_primary_dies(
    pair: Pair, primary: Appliance, secondary: Appliance, eventually: Eventually
) -> None:
    """Nobody serves at first; then the other node does, and the old one follows when it is back."""
    session = primary.begin_session(
        user="jdoe", kind="ica", client_address="198.51.100.7", client_port=4
    )
    told: list[str] = []
    secondary.subscribe(told.append)
    primary.power_off()
    assert pair.primary is None
    assert not session.alive
    assert primary.listeners() == frozenset()
    eventually(lambda: pair.primary is secondary)
    assert len(secondary.listeners()) == 1
    assert "role" in told
    primary.power_on()
    eventually(lambda: primary.phase == "up")
    eventually(lambda: pair.sync_text(primary) == "SUCCESS")
    assert pair.primary is secondary


def test_a_node_that_must_stay_secondary_never_leads(
    pair: Pair, primary: Appliance, secondary: Appliance, eventually: Eventually
) -> None:
    """With STAYSECONDARY there is nobody when the primary dies, until that is back."""
    secondary.configuration.ha_status = "STAYSECONDARY"
    primary.reboot()
    eventually(lambda: primary.phase == "up")
    assert pair.primary is primary


def test_subscribers_are_called_without_the_lock(pair: Pair, cli: CliSession) -> None:
    """Another thread can take the pair's lock while a subscriber is at work."""
    free: list[bool] = []

    def look(_event: str) -> None:
        def try_lock() -> None:
            got = pair.lock.acquire(timeout=2)
            free.append(got)
            if got:
                pair.lock.release()

        thread = threading.Thread(target=try_lock)
        thread.start()
        thread.join()

    pair.nodes[0].subscribe(look)
    cli.run("disable vpn vserver gw_ext")
    assert free
    assert all(free)
