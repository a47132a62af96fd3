import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatectl.simulator.acl import AclRule, AppliedRule, Range, check_new, decide, range_from
from gatectl.simulator.texts import Refused

VIP = "203.0.113.10"


def rule(name: str, priority: int, **parts: object) -> AclRule:
    """Make a DENY rule with the given parts."""
    return AclRule(name=name, priority=priority, **{"action": "DENY", **parts})  # type: ignore[arg-type]  # test data


def applied(*rules: AclRule) -> list[AppliedRule]:
    """Put rules into a lookup table that never expires."""
    return [AppliedRule(rule=one, expires=None) for one in rules]


def decided(table: list[AppliedRule], source: str, **other: object) -> str | None:
    """Name the rule that decides about a connection to the gateway."""
    facts = {"destination": VIP, "port": 443, "protocol": "TCP", **other}
    found = decide(table, source=source, **facts)  # type: ignore[arg-type]  # test data
    return found.name if found else None


def test_the_lowest_priority_that_covers_decides() -> None:
    """The office is let in by the rule before the one that shuts out the rest."""
    office = rule("office", 10, action="ALLOW", source=Range("10.0.0.0", "10.255.255.255"))
    rest = rule("rest", 20, destination=Range(VIP), protocol="TCP", destination_port=Range("443"))
    table = applied(rest, office)
    assert decided(table, "10.3.4.5") == "office"
    assert decided(table, "198.51.100.1") == "rest"
    assert decided(table, "198.51.100.1", port=80) is None
    assert decided(table, "198.51.100.1", protocol="UDP") is None
    assert decided(table, "198.51.100.1", destination="203.0.113.11") is None


def test_rules_that_are_off_expired_or_for_standing_connections_decide_nothing() -> None:
    """Only an enabled rule whose time is not over looks at new connections."""
    off = rule("off", 1, enabled=False)
    standing = rule("standing", 2, established=True)
    over = AppliedRule(rule=rule("over", 3), expires=0.0)
    assert decided([*applied(off, standing), over], "198.51.100.1") is None


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_a_range_and_its_opposite_never_agree(first: int, last: int, probe: int) -> None:
    """`=` covers exactly what `!=` does not."""
    low, high = sorted((first, last))
    dotted = [".".join(str(n >> s & 255) for s in (24, 16, 8, 0)) for n in (low, high, probe)]
    inside = rule("in", 1, source=Range(dotted[0], dotted[1]))
    outside = rule("out", 1, source=Range(dotted[0], dotted[1], negated=True))
    hit = decided(applied(inside), dotted[2]) is not None
    assert hit == (low <= probe <= high)
    assert hit != (decided(applied(outside), dotted[2]) is not None)


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"destination_port": Range("443")}, 871),
        ({"source": Range("10.0.0.0/8")}, 1110),
        ({"family": 6, "source": Range("2001:db8::/32")}, 903),
        ({"source": Range("300.1.1.1")}, 1110),
    ],
)
def test_rules_that_make_no_sense_are_refused(parts: dict[str, object], code: int) -> None:
    """Each refusal has the device's own number."""
    with pytest.raises(Refused) as caught:
        check_new(rule("new", 5, **parts), {})
    assert caught.value.code == code


def test_a_priority_or_a_meaning_is_taken_only_once() -> None:
    """The same priority and the same parameters are two different refusals."""
    known = {"old": rule("old", 10, source=Range("10.1.1.1"))}
    with pytest.raises(Refused) as priority:
        check_new(rule("new", 10, source=Range("10.2.2.2")), known)
    with pytest.raises(Refused) as parameters:
        check_new(rule("new", 11, source=Range("10.1.1.1")), known)
    assert (priority.value.code, parameters.value.code) == (872, 869)


def test_a_range_is_read_with_its_operator() -> None:
    """The option parser hands over operator and values in one text."""
    assert range_from("!= 10.0.0.1-10.0.0.9") == Range("10.0.0.1", "10.0.0.9", negated=True)
    assert str(range_from("= 10.0.0.1")) == "= 10.0.0.1"
