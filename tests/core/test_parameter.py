"""Parameters: one plain word each, or refused."""

import re
from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatectl.core.parameter import (
    PlanError,
    check_parameters,
    fill_in,
    front_words,
    gate_words,
    ipv4,
    office6_words,
    office_words,
    persistence_words,
    priorities_needed,
    setting_words,
    value_problem,
)
from gatectl.core.playbook import Parameter, ParameterType
from tests.builders import SETTING_BULLETIN, make_gate, rich_gate

_ONE_PLAIN_TOKEN = re.compile(r"[A-Za-z0-9_./:+@-]+")
GOOD = {
    ParameterType.IP: "203.0.113.10",
    ParameterType.CIDR: "10.0.0.0/8",
    ParameterType.NAME: "gw_ext",
    ParameterType.BUILD: "13.1-49.13",
    ParameterType.INT: "443",
    ParameterType.PATH: "/srv/images/build-13.1_nc_64.tgz",
    ParameterType.SHA256: "0f" * 32,
}
NEARLY_GOOD = st.builds(
    lambda good, at, extra: good[: at % (len(good) + 1)] + extra + good[at % (len(good) + 1) :],
    st.sampled_from(sorted(GOOD.values())),
    st.integers(0, 80),
    st.text(max_size=3),
)
NASTY = (
    "; reboot",
    "a b",
    'a"b',
    "a'b",
    "a\nb",
    "a\n",
    "\n",
    "a\rb",
    "a\tb",
    "a|b",
    "a`b`",
    "$(reboot)",
    "${build}",
    "a>b",
    "a&b",
    "a\\b",
    "a\x00b",
    "a\x1b[2J",
    "a\u2028b",
    "a\u00a0b",
    "\u0661",
    "",
    " ",
    "-rf",
    "--exec",
)


@pytest.mark.parametrize("kind", ParameterType)
@settings(max_examples=2000)
@given(value=st.text(max_size=150) | st.sampled_from(NASTY) | NEARLY_GOOD)
@example(value="203.0.113.10\n")
@example(value="0f" * 32 + "\n")
@example(value="13.1-49.13\n")
@example(value="fe80::1%eth0 ; reboot")
def test_a_value_is_refused_or_is_exactly_one_plain_token(kind: ParameterType, value: str) -> None:
    """Whatever is given, a filled-in command has one word there, and never an option."""
    if value_problem(kind, value):
        return
    line = fill_in("set thing ${value} end", {"value": value}, "step")
    assert line.split(" ") == ["set", "thing", value, "end"]
    assert line.split() == line.split(" ")
    assert _ONE_PLAIN_TOKEN.fullmatch(value)
    assert not value.startswith("-")


@pytest.mark.parametrize("kind", ParameterType)
@pytest.mark.parametrize("value", NASTY)
def test_no_type_takes_what_could_end_or_extend_a_command(kind: ParameterType, value: str) -> None:
    """Refused with a reason, never escaped."""
    assert value_problem(kind, value)


@pytest.mark.parametrize(("kind", "value"), GOOD.items())
def test_each_type_takes_its_own(kind: ParameterType, value: str) -> None:
    """A proper value has no problem."""
    assert value_problem(kind, value) == ""


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (ParameterType.IP, "203.0.113.256"),
        (ParameterType.IP, "gw.example"),
        (ParameterType.CIDR, "10.0.0.1/8"),
        (ParameterType.NAME, "a/b"),
        (ParameterType.BUILD, "13.1"),
        (ParameterType.INT, "12x"),
        (ParameterType.INT, "1_000"),
        (ParameterType.SHA256, "0f" * 31),
        (ParameterType.SHA256, "0g" * 32),
        (ParameterType.PATH, "/srv//x"),
        (ParameterType.PATH, "/srv/"),
    ],
)
def test_a_value_of_another_type_is_refused(kind: ParameterType, value: str) -> None:
    """Plain characters alone are not enough."""
    assert value_problem(kind, value)


def test_all_problems_are_told_at_once() -> None:
    """Missing, unknown and wrong parameters in one sentence."""
    declared = {
        "build": Parameter(type=ParameterType.BUILD, help="the build to install"),
        "port": Parameter(type=ParameterType.INT, help="the port"),
    }
    with pytest.raises(PlanError) as caught:
        check_parameters(declared, {"port": "x y", "colour": "red"})
    for word in ("build is missing: the build to install", "parameter port", "colour is not known"):
        assert word in str(caught.value)


def test_a_default_stands_in_and_is_checked_as_well() -> None:
    """A default is a value like any other."""
    good = {"port": Parameter(type=ParameterType.INT, help="the port", default="443")}
    assert check_parameters(good, {}) == {"port": "443"}
    assert check_parameters(good, {"port": "80"}) == {"port": "80"}
    bad = {"port": Parameter(type=ParameterType.INT, help="the port", default="all")}
    with pytest.raises(PlanError):
        check_parameters(bad, {})


def test_a_word_that_nobody_gave_is_told_with_those_that_are_known() -> None:
    """A placeholder never stays in a command."""
    with pytest.raises(PlanError, match=r"step-1: \$\{b\} is not known here; known are a"):
        fill_in("x ${b}", {"a": "1"}, "step-1")


def test_filling_in_happens_once() -> None:
    """A value that looks like a placeholder is not filled in again."""
    assert fill_in("${a}", {"a": "${b}", "b": "x"}, "step") == "${b}"


@pytest.mark.parametrize("offices", [(), ("10.0.0.0/8",), ("10.0.0.0/8", "192.0.2.0/26")])
def test_no_priority_is_used_twice_and_none_outside_the_window(offices: tuple[str, ...]) -> None:
    """Two rules of one priority would be one rule on the device."""
    networks = tuple(ip_network(office) for office in offices)
    window = (10, 10 + priorities_needed(networks) - 1)
    gate = make_gate(offices=offices, acl_priorities=window)
    words = [gate_words(gate), *office_words(gate)]
    limits = {"priority.first", "priority.last"}
    used = [
        int(value)
        for some in words
        for name, value in some.items()
        if "priority" in name and name not in limits
    ]
    assert len(used) == len(set(used)) == priorities_needed(networks)
    assert min(used) >= window[0]
    assert max(used) <= window[1]


def test_the_refusing_rules_come_after_the_offices_and_the_opening_before_all() -> None:
    """The device takes the first rule that fits, so the order is the meaning."""
    gate = make_gate()
    words = gate_words(gate)
    opening = [int(words[f"priority.open_{wire}"]) for wire in ("tls", "dtls", "http")]
    denying = [int(words[f"priority.deny_{wire}"]) for wire in ("tls", "dtls", "http")]
    offices = [
        int(some[f"office.priority_{wire}"])
        for some in office_words(gate)
        for wire in ("tls", "dtls", "http")
    ]
    assert max(opening) < min(offices)
    assert max(offices) < min(denying)


def test_a_window_that_is_too_small_is_refused() -> None:
    """One priority short is too small, and the sentence says how many it takes."""
    needed = priorities_needed(make_gate().office_networks)
    with pytest.raises(PlanError, match=f"take {needed} priorities"):
        gate_words(make_gate(acl_priorities=(10, 10 + needed - 2)))


def test_office_networks_become_ranges_as_the_device_takes_them() -> None:
    """A network is first-last, a single address is itself, IPv6 is left to other rules."""
    gate = make_gate(offices=("192.0.2.0/26", "198.51.100.7/32", "2001:db8::/48"))
    assert [words["office.range"] for words in office_words(gate)] == [
        "192.0.2.0-192.0.2.63",
        "198.51.100.7",
    ]
    assert len(list(ipv4(gate.office_networks))) == 2


def test_both_families_of_offices_have_their_words() -> None:
    """Rules of IPv6 have numbers of their own, and there are none without an address for them."""
    gate = rich_gate()
    (office6,) = office6_words(gate)
    assert office6["office.range"] == "2001:db8:1::-2001:db8:1:ffff:ffff:ffff:ffff:ffff"
    assert office6["office.priority_tls"] == next(office_words(gate))["office.priority_tls"]
    assert gate_words(gate)["vserver.address6"] == "2001:db8::10"
    plain = make_gate(offices=("192.0.2.0/26", "2001:db8:1::/48"))
    assert list(office6_words(plain)) == []
    only6 = replace(plain, vserver=replace(plain.vserver, address=ip_address("2001:db8::10")))
    assert list(office_words(only6)) == []
    assert len(list(office6_words(only6))) == 1


def test_the_closed_page_is_for_everybody_but_the_offices() -> None:
    """One condition an office, all of which must be true; IPv6 has no value in the rule."""
    rule = gate_words(rich_gate())["offices.rule"]
    assert rule == (
        "!CLIENT.IP.SRC.IN_SUBNET(192.0.2.0/26) && !CLIENT.IP.SRC.IN_SUBNET(198.51.100.7/32)"
    )


def test_fronts_persistence_and_settings_are_counted_from_one() -> None:
    """A setting that two bulletins ask for is asked for once."""
    gate = rich_gate()
    assert [words["front.name"] for words in front_words(gate)] == ["cs_portal", "aaa_gw"]
    assert [words["persistence.name"] for words in persistence_words(gate)] == ["lb_storefront"]
    (setting,) = setting_words([SETTING_BULLETIN, SETTING_BULLETIN])
    assert setting["setting.number"] == "1"
    assert setting["setting.set"].startswith("set ns tcpparam")
