from gatectl.simulator.appliance import Appliance, make_pair
from gatectl.simulator.serving import Listener
from gatectl.simulator.switches import Switches


def test_a_fresh_pair_serves_its_gateway_on_one_node(
    primary: Appliance, secondary: Appliance
) -> None:
    """The primary listens, the secondary waits, and both are saved."""
    assert primary.listeners() == {Listener("203.0.113.10", 443, "TCP", "gw_ext", "vpn")}
    assert secondary.listeners() == frozenset()
    assert not primary.changed_since_saved()
    assert not secondary.changed_since_saved()


def test_a_pair_can_have_dtls_and_a_redirect() -> None:
    """UDP stands beside TCP, and port 80 is a load balancer of its own."""
    pair = make_pair(count=1, dtls=True, redirect_port=80, switches=Switches(speed=1200))
    found = {(x.port, x.protocol, x.kind) for x in pair.nodes[0].listeners()}
    pair.close()
    assert found == {(443, "TCP", "vpn"), (443, "UDP", "vpn"), (80, "TCP", "lb")}


def test_a_session_knows_the_door_that_it_came_in_through(primary: Appliance) -> None:
    """Without a name it is the first VPN vserver."""
    session = primary.begin_session(
        user="jdoe", kind="aaa", client_address="198.51.100.7", client_port=4
    )
    assert (session.vserver, session.entry_address, session.entry_port) == (
        "gw_ext", "203.0.113.10", 443,
    )  # fmt: skip


def test_only_connections_are_counted(primary: Appliance) -> None:
    """A question that is no connection, such as one about a live session, is no hit."""
    cli = primary.local_session()
    cli.run("add ns acl D DENY -srcIP = 198.51.100.7 -priority 9; apply ns acls")
    for count in (True, False):
        assert not primary.admits(
            source="198.51.100.7",
            destination="203.0.113.10",
            port=443,
            protocol="TCP",
            count=count,
        )
    assert primary.hits["acl4/d"] == 1
