from collections.abc import Callable

import pytest

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.commandline import CliSession

VIP = "203.0.113.10"
DENY = f"add ns acl D DENY -destIP = {VIP} -destPort = 443 -protocol TCP -priority 20"
STRANGER = "198.51.100.7"


def lets(box: Appliance, source: str = STRANGER, *, count: bool = False) -> bool:
    """Ask whether a connection to the gateway gets in."""
    return box.admits(source=source, destination=VIP, port=443, protocol="TCP", count=count)


def test_nothing_happens_until_apply(primary: Appliance, cli: CliSession) -> None:
    """A rule that was added, and one that was removed, wait for `apply ns acls`."""
    cli.run(DENY)
    assert "Applied Status: NOTAPPLIED" in cli.run("show ns acl D")
    assert lets(primary)
    cli.run("apply ns acls")
    assert "Applied Status: APPLIED" in cli.run("show ns acl D")
    assert not lets(primary)
    cli.run("rm ns acl D")
    assert not lets(primary)
    assert "Applied Status: REMOVED" in cli.run("show ns acl D")
    assert cli.run("rm ns acl D").endswith("ERROR: ACL has already been removed\n")
    cli.run("apply ns acls")
    assert lets(primary)
    assert cli.run("show ns acl") == " Done\n"


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (DENY, "Resource already exists"),
        ("add ns acl E DENY -destPort = 443", "Port can be specified only if"),
        ("add ns acl E DENY -srcIP = 10.1.1.1 -priority 20", "ACL with this priority"),
        (
            DENY.replace(" D ", " E ").replace("priority 20", "priority 21"),
            "ACL with identical parameter",
        ),
        ("rm ns acl NONE", "No such resource"),
        ("show ns acls", "No such command"),
    ],
)
def test_conflicts_have_the_texts_of_the_device(cli: CliSession, line: str, text: str) -> None:
    """Each conflict is refused in its own words."""
    cli.run(DENY)
    assert f"ERROR: {text}" in cli.run(line)


def test_applying_a_deny_ends_the_sessions_that_it_covers(
    primary: Appliance, cli: CliSession
) -> None:
    """Strangers are cut off and the office goes on."""
    sessions = [
        primary.begin_session(user=user, kind="ica", client_address=source, client_port=4)
        for user, source in (("stranger", STRANGER), ("clerk", "10.1.2.3"))
    ]
    cli.run("add ns acl A ALLOW -srcIP = 10.0.0.0-10.255.255.255 -priority 10")
    cli.run(DENY)
    assert [session.alive for session in sessions] == [True, True]
    cli.run("apply ns acls")
    assert [session.alive for session in sessions] == [False, True]


def test_hits_count_connections(primary: Appliance, cli: CliSession) -> None:
    """Each connection that a rule decides about is one hit."""
    cli.run(f"{DENY}; apply ns acls")
    lets(primary, count=True)
    lets(primary, count=True)
    assert "Hits: 2" in cli.run("show ns acl D")


def test_a_rule_with_a_ttl_disappears_by_itself(
    primary: Appliance, cli: CliSession, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    """A dead man's rule goes away silently, from the table and from the configuration."""
    cli.run(f"{DENY} -TTL 120; apply ns acls")
    assert not lets(primary)
    eventually(lambda: lets(primary))
    eventually(lambda: cli.run("show ns acl") == " Done\n")


def test_changes_warn_that_they_wait(cli: CliSession) -> None:
    """Disabling and setting say that `apply` is missing."""
    cli.run(f"{DENY}; apply ns acls")
    assert "Warning: ACL modified, apply ACLs" in cli.run("disable ns acl D")
    shown = cli.run("show ns acl D")
    assert "Active Status: DISABLED" in shown
    assert "Applied Status: NOTAPPLIED" in shown


def test_ipv6_has_its_own_rules(primary: Appliance, cli: CliSession) -> None:
    """An acl6 decides about IPv6 alone, and after its own apply."""
    cli.run("add ns acl6 S DENY -destIPv6 = 2001:db8::1 -destPort = 443 -protocol TCP")
    asked = {"source": "2001:db8::9", "destination": "2001:db8::1", "port": 443}
    cli.run("apply ns acls")
    assert primary.admits(**asked, protocol="TCP")  # type: ignore[arg-type]  # test data
    cli.run("apply ns acls6")
    assert not primary.admits(**asked, protocol="TCP")  # type: ignore[arg-type]  # test data
    assert lets(primary)


def test_an_apply_can_be_ignored(primary: Appliance, cli: CliSession) -> None:
    """With the fault the answer is ` Done` and nothing filters."""
    primary.faults.add("acl-apply-ignored")
    assert cli.run(f"{DENY}; apply ns acls") == " Done\n Done\n"
    assert lets(primary)
