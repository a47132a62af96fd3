"""Which packet rules let outsiders in: the ones that a closing has to come before."""

from ipaddress import ip_address, ip_network

import pytest

from gatectl.core.traffic import Traffic

OUTSIDERS = Traffic(
    destination=ip_address("203.0.113.10"),
    ports=(443, 80),
    insiders=(ip_network("10.0.0.0/8"), ip_network("192.0.2.0/26")),
)
OUTSIDERS6 = Traffic(
    destination=ip_address("2001:db8::10"), ports=(443,), insiders=(ip_network("2001:db8:1::/48"),)
)


@pytest.mark.parametrize(
    "rule",
    [
        {"action": "ALLOW"},
        {"action": "BRIDGE"},
        {"action": "ALLOW", "destination": "203.0.113.10"},
        {"action": "ALLOW", "destination": "203.0.113.1-203.0.113.20"},
        {"action": "ALLOW", "destination": "!= 203.0.113.11"},
        {"action": "ALLOW", "destination": "a data set"},
        {"action": "ALLOW", "destination_port": "443"},
        {"action": "ALLOW", "destination_port": "1-1023"},
        {"action": "ALLOW", "destination_port": "many"},
        {"action": "ALLOW", "protocol": "UDP"},
        {"action": "ALLOW", "source": "10.0.0.0-11.0.0.0"},
        {"action": "ALLOW", "source": "198.51.100.7"},
        {"action": "ALLOW", "source": "!= 10.0.0.1"},
        {"action": "ALLOW", "active": "ENABLED", "applied": "NOTAPPLIED"},
    ],
)
def test_a_rule_that_lets_somebody_outside_in_is_seen(rule: dict[str, str]) -> None:
    """What cannot be read may let anybody in, and so may a rule that is not applied yet."""
    assert OUTSIDERS.let_in_by(rule)


@pytest.mark.parametrize(
    "rule",
    [
        {"action": "DENY"},
        {"action": "ALLOW", "active": "DISABLED"},
        {"action": "ALLOW", "protocol": "ICMP"},
        {"action": "ALLOW", "destination": "203.0.113.11"},
        {"action": "ALLOW", "destination": "!= 203.0.113.10"},
        {"action": "ALLOW", "destination": "2001:db8::10"},
        {"action": "ALLOW", "destination_port": "22"},
        {"action": "ALLOW", "destination_port": "444-1023"},
        {"action": "ALLOW", "source": "10.1.0.0-10.2.255.255"},
        {"action": "ALLOW", "source": "192.0.2.63"},
    ],
)
def test_a_rule_that_lets_nobody_outside_in_is_no_concern(rule: dict[str, str]) -> None:
    """Refusing, switched off, for another protocol, place or port, or for the offices alone."""
    assert not OUTSIDERS.let_in_by(rule)


def test_the_two_families_are_told_apart() -> None:
    """An IPv6 rule is judged by IPv6 addresses."""
    assert OUTSIDERS6.let_in_by({"action": "ALLOW", "destination": "2001:db8::10"})
    assert OUTSIDERS6.let_in_by({"action": "ALLOW", "source": "2001:db8:2::-2001:db8:2::ff"})
    assert not OUTSIDERS6.let_in_by({"action": "ALLOW", "source": "2001:db8:1::-2001:db8:1::ff"})
    assert OUTSIDERS6.let_in_by({"action": "ALLOW", "source": "10.0.0.1-2001:db8::1"})
