"""What bulletins mean for a build and its configuration, written down by hand."""

import pytest

from gatectl.config.shipped import read_advisories
from gatectl.core.advisory import Advisory, Build
from gatectl.core.check import Observation, Seen, Unreadable
from gatectl.core.exposure import (
    Applicability,
    NodeExposure,
    NodeSeen,
    in_ranges,
    judge_node,
    needed_looks,
)
from gatectl.core.gate import AdvisoryId, NodeName

APPLIES, UNKNOWN, NOT_CONFIGURED, FIXED, NOT_AFFECTED = Applicability
FIPS, STANDARD = True, False
ADVISORIES = read_advisories()
VERSION, RUNNING, TCP = "show ns version", "show ns runningConfig", "show ns tcpparam"

PLAIN = ("set ns config -IPAddress 192.0.2.11 -netmask 255.255.255.0", "enable ns feature LB SSL")
GATEWAY = (*PLAIN, "add vpn vserver gw SSL 203.0.113.10 443 -dtls OFF -Listenpolicy NONE")
GATEWAY_DTLS = (*PLAIN, "add vpn vserver gw SSL 203.0.113.10 443")
AAA = (*PLAIN, "add authentication vserver aaa SSL 203.0.113.11 443")
WEB = (*PLAIN, "add lb vserver web SSL 203.0.113.12 443 -persistenceType NONE")
TCP_ONLY = (*PLAIN, "add lb vserver db TCP 203.0.113.12 1433")
SAML_SP = (*GATEWAY, "add authentication samlAction entra -samlIdPCertName idp")
SAML_IDP = (*GATEWAY, "add authentication samlIdPProfile idp -samlSPCertName sp")
ONLY_IDP = (*PLAIN, "add authentication samlIdPProfile idp -samlSPCertName sp")
PARTITIONED = (*GATEWAY, "add ns partition school -maxBandwidth 10240")
PCOIP = (*PLAIN, "add vpn sessionAction pc -pcoipProfileName p")

ON, OFF, ABSENT = "ENABLED", "DISABLED", ""
Lines = tuple[str, ...]

Row = tuple[str, bool, Lines, str, str, Applicability]

TABLE: list[Row] = [
    # 2019: every appliance, and trains that came later.
    ("12.1-55.13", STANDARD, PLAIN, ABSENT, "CTX267027", APPLIES),
    ("12.1-55.18", STANDARD, GATEWAY, ABSENT, "CTX267027", FIXED),
    ("12.1-55.289", FIPS, GATEWAY, ABSENT, "CTX267027", NOT_AFFECTED),
    ("11.0-70.16", STANDARD, GATEWAY, ABSENT, "CTX267027", UNKNOWN),
    # 2020: who reaches the management address is not in the configuration.
    ("13.0-58.29", STANDARD, PLAIN, ABSENT, "CTX276688", APPLIES),
    ("13.0-58.30", STANDARD, PLAIN, ABSENT, "CTX276688", FIXED),
    # 2022: a gateway, and AAA alone is none; SAML of either kind.
    ("13.1-33.46", STANDARD, GATEWAY, ABSENT, "CTX463706", APPLIES),
    ("13.1-33.46", STANDARD, AAA, ABSENT, "CTX463706", NOT_CONFIGURED),
    ("13.0-58.30", STANDARD, SAML_SP, ABSENT, "CTX474995", APPLIES),
    ("13.0-58.30", STANDARD, GATEWAY, ABSENT, "CTX474995", NOT_CONFIGURED),
    ("13.0-58.32", STANDARD, SAML_SP, ABSENT, "CTX474995", FIXED),
    ("13.1-4.43", STANDARD, SAML_IDP, ABSENT, "CTX474995", NOT_AFFECTED),
    ("12.1-55.290", FIPS, ONLY_IDP, ABSENT, "CTX474995", APPLIES),
    ("12.1-55.291", FIPS, SAML_IDP, ABSENT, "CTX474995", FIXED),
    # 2023: gateway or AAA; a train at its end of life; FIPS with smaller numbers.
    ("13.1-48.47", STANDARD, GATEWAY, ABSENT, "CTX561482", APPLIES),
    ("13.1-48.47", STANDARD, AAA, ABSENT, "CTX561482", APPLIES),
    ("13.1-48.47", STANDARD, WEB, ABSENT, "CTX561482", NOT_CONFIGURED),
    ("13.1-49.13", STANDARD, GATEWAY, ABSENT, "CTX561482", FIXED),
    ("12.1-65.35", STANDARD, GATEWAY, ABSENT, "CTX561482", APPLIES),
    ("12.1-65.35", STANDARD, WEB, ABSENT, "CTX561482", NOT_CONFIGURED),
    ("13.1-37.158", FIPS, GATEWAY, ABSENT, "CTX561482", APPLIES),
    ("13.1-37.159", FIPS, GATEWAY, ABSENT, "CTX561482", FIXED),
    ("14.1-4.42", STANDARD, GATEWAY, ABSENT, "CTX561482", NOT_AFFECTED),
    ("14.1-4.42", STANDARD, AAA, ABSENT, "CTX579459", APPLIES),
    ("14.1-8.50", STANDARD, AAA, ABSENT, "CTX579459", FIXED),
    # 2024: one of the two needs the management address alone.
    ("13.0-92.19", STANDARD, TCP_ONLY, ABSENT, "CTX584986", APPLIES),
    # 2025.
    ("13.1-37.234", FIPS, WEB, ABSENT, "CTX693420", APPLIES),
    ("13.1-37.235", FIPS, GATEWAY, ABSENT, "CTX693420", FIXED),
    ("14.1-43.109", STANDARD, GATEWAY, ABSENT, "CTX693420", FIXED),
    ("14.1-43.56", STANDARD, GATEWAY, ABSENT, "CTX694788", APPLIES),
    ("14.1-43.56", STANDARD, WEB, ABSENT, "CTX694788", NOT_CONFIGURED),
    ("13.0-92.31", STANDARD, GATEWAY, ABSENT, "CTX694788", APPLIES),
    ("12.1-55.328", FIPS, GATEWAY, ABSENT, "CTX694788", UNKNOWN),
    ("13.1-59.21", STANDARD, PLAIN, ABSENT, "CTX694938", APPLIES),
    ("13.1-60.31", STANDARD, AAA, ABSENT, "CTX695486", APPLIES),
    ("13.1-60.31", STANDARD, WEB, ABSENT, "CTX695486", NOT_CONFIGURED),
    # 2026: a line of builds that is fixed for one of two.
    ("14.1-60.57", STANDARD, ONLY_IDP, ABSENT, "CTX696300", APPLIES),
    ("14.1-60.58", STANDARD, ONLY_IDP, ABSENT, "CTX696300", NOT_CONFIGURED),
    ("14.1-60.58", STANDARD, SAML_IDP, ABSENT, "CTX696300", APPLIES),
    ("14.1-62.10", STANDARD, ONLY_IDP, ABSENT, "CTX696300", APPLIES),
    ("14.1-66.59", STANDARD, SAML_IDP, ABSENT, "CTX696300", FIXED),
    ("13.1-63.17", STANDARD, PLAIN, ABSENT, "CTX696604", APPLIES),
    ("13.1-63.20", STANDARD, GATEWAY, ABSENT, "CTX696939", APPLIES),
    ("13.1-63.20", STANDARD, WEB, ABSENT, "CTX696939", NOT_CONFIGURED),
    ("14.1-73.32", FIPS, GATEWAY, ABSENT, "CTX696939", FIXED),
    # September 2026: everybody, and a setting without which the build is not enough.
    ("14.1-73.36", FIPS, PLAIN, ON, "CTX697096", APPLIES),
    ("14.1-73.37", FIPS, GATEWAY_DTLS, ON, "CTX697096", FIXED),
    ("14.1-73.37", STANDARD, GATEWAY, OFF, "CTX697096", APPLIES),
    ("13.1-64.24", STANDARD, PLAIN, ABSENT, "CTX697096", APPLIES),
    ("13.1-37.279", FIPS, WEB, ON, "CTX697096", FIXED),
    ("13.1-37.279", FIPS, WEB, OFF, "CTX697096", APPLIES),
    ("13.1-64.24", STANDARD, PARTITIONED, ON, "CTX697096", UNKNOWN),
    ("13.1-64.24", STANDARD, PARTITIONED, OFF, "CTX697096", APPLIES),
    ("13.0-92.31", STANDARD, PLAIN, ABSENT, "CTX697096", APPLIES),
    ("12.1-55.333", FIPS, GATEWAY, ABSENT, "CTX697096", UNKNOWN),
    # October 2026: SAML, and a precondition that depends on the build.
    ("14.1-73.37", STANDARD, SAML_SP, ON, "CTX697174", APPLIES),
    ("14.1-73.37", STANDARD, GATEWAY, ON, "CTX697174", NOT_CONFIGURED),
    ("14.1-73.41", STANDARD, SAML_SP, ON, "CTX697174", FIXED),
    ("14.1-73.36", STANDARD, SAML_SP, ON, "CTX697191", APPLIES),
    ("14.1-73.37", STANDARD, SAML_SP, ON, "CTX697191", NOT_CONFIGURED),
    ("14.1-73.41", STANDARD, SAML_SP, ON, "CTX697191", NOT_CONFIGURED),
    ("14.1-73.41", STANDARD, SAML_IDP, ON, "CTX697191", APPLIES),
    ("13.1-64.28", STANDARD, SAML_SP, ON, "CTX697191", NOT_CONFIGURED),
    ("13.1-64.22", STANDARD, SAML_SP, ON, "CTX697191", APPLIES),
    ("14.1-73.40", FIPS, SAML_SP, ON, "CTX697191", APPLIES),
    ("13.1-37.282", FIPS, SAML_SP, ON, "CTX697191", APPLIES),
    ("13.1-37.283", FIPS, SAML_SP, ON, "CTX697191", FIXED),
]


def node(
    build: str, lines: Lines = GATEWAY, *, fips: bool = False, isn: str = ON, **other: Observation
) -> NodeSeen:
    """Make a node that shows a build, a configuration and its TCP settings."""
    tcp = {"lines": "30"} | ({"enhanced_isn_generation": isn} if isn else {})
    shows: dict[str, Observation] = {
        VERSION: Seen(records=({"build": build, "date": "x"},)),
        RUNNING: Seen(records=tuple({"line": line} for line in lines)),
        TCP: Seen(records=(tcp,)),
    }
    named = {"version": VERSION, "running": RUNNING, "tcp": TCP}
    shows |= {named[name]: observation for name, observation in other.items()}
    return NodeSeen(node=NodeName("ns-a"), fips=fips, shows=shows)


def bulletin(name: str) -> Advisory:
    """Find a shipped bulletin."""
    return ADVISORIES[AdvisoryId(name)]


def answers(exposure: NodeExposure) -> dict[str, Applicability]:
    """Give the answer for each CVE, by the last digits of its number."""
    return {one.cve.rpartition("-")[2]: one.answer for one in exposure.cves}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[4]}-{row[0]}-{row[5]}")
def test_node_is_as_the_bulletin_says(row: Row) -> None:
    """Build, configuration and settings together give what a person reads in the bulletin."""
    build, fips, lines, isn, name, expected = row
    exposure = judge_node(node(build, lines, fips=fips, isn=isn), bulletin(name))
    assert (exposure.answer, exposure.because) == (expected, exposure.because)
    assert exposure.because


def test_table_covers_every_bulletin_and_every_answer() -> None:
    """No shipped bulletin is left unchecked by hand, and each answer is given somewhere."""
    assert {row[4] for row in TABLE} == {str(name) for name in ADVISORIES}
    assert {row[5] for row in TABLE} == set(Applicability)
    assert len({row[:4] for row in TABLE}) >= 30


def test_cves_of_one_bulletin_are_judged_apart() -> None:
    """Eight faults of one day ask for eight things, and a gateway without DTLS lacks some."""
    found = answers(judge_node(node("14.1-73.36", GATEWAY), bulletin("CTX697096")))
    assert found == {
        "88771": APPLIES,
        "88772": NOT_CONFIGURED,
        "88773": APPLIES,
        "88774": NOT_CONFIGURED,
        "88775": APPLIES,
        "88776": NOT_CONFIGURED,
        "88777": NOT_CONFIGURED,
        "88778": APPLIES,
    }


def test_dtls_counts_unless_it_is_off() -> None:
    """DTLS is on by default, and then the configuration does not mention it."""
    found = answers(judge_node(node("14.1-73.36", GATEWAY_DTLS), bulletin("CTX697096")))
    assert found["88772"] is APPLIES


def test_pcoip_is_one_of_several_preconditions() -> None:
    """Each CVE has a precondition of its own, and one does not stand for another."""
    found = answers(judge_node(node("13.1-59.21", PCOIP), bulletin("CTX694938")))
    assert found == {"7775": NOT_CONFIGURED, "7776": APPLIES, "8424": APPLIES}


def test_setting_decides_for_its_own_cve_alone() -> None:
    """On a fixed build without the setting, one CVE is left and seven are fixed."""
    exposure = judge_node(node("14.1-73.37", isn=OFF), bulletin("CTX697096"))
    found = answers(exposure)
    assert found.pop("88778") is APPLIES
    assert set(found.values()) == {FIXED}
    assert "set ns tcpparam -enhancedISNgeneration ENABLED" in exposure.because


CUT = Unreadable(because="the answer was cut")


def test_configuration_that_could_not_be_read_is_unknown_and_not_absent() -> None:
    """A look that failed never says that nothing is configured."""
    exposure = judge_node(node("13.1-48.47", running=CUT), bulletin("CTX561482"))
    assert exposure.answer is UNKNOWN
    assert "the answer was cut" in exposure.because


@pytest.mark.parametrize("lines", [(), ("enable ns feature LB",)])
def test_part_of_a_configuration_does_not_say_what_is_absent(lines: Lines) -> None:
    """Every appliance shows its own address: without it, something was left out."""
    exposure = judge_node(node("13.1-48.47", lines), bulletin("CTX561482"))
    assert exposure.answer is UNKNOWN


def test_part_of_a_configuration_can_show_what_is_there() -> None:
    """A line that was shown is there, whatever else was left out."""
    exposure = judge_node(node("13.1-48.47", GATEWAY[-1:]), bulletin("CTX561482"))
    assert exposure.answer is APPLIES


def test_precondition_of_every_appliance_needs_no_configuration() -> None:
    """What everybody has applies, though the configuration could not be read."""
    exposure = judge_node(node("14.1-73.36", running=CUT), bulletin("CTX697096"))
    assert exposure.answer is APPLIES
    assert answers(exposure)["88772"] is UNKNOWN


@pytest.mark.parametrize("version", [CUT, Seen(records=()), Seen(records=({"build": "NS13.1"},))])
def test_unknown_build_is_unknown(version: Observation) -> None:
    """Without a build nothing can be said, least of all that nothing applies."""
    exposure = judge_node(node("", version=version), bulletin("CTX561482"))
    assert (exposure.answer, exposure.build) == (UNKNOWN, "")


def test_settings_that_could_not_be_read_are_unknown() -> None:
    """A fixed build whose setting was not seen is not fixed yet."""
    exposure = judge_node(node("14.1-73.37", tcp=CUT), bulletin("CTX697096"))
    assert exposure.answer is UNKNOWN


def test_partitions_that_could_not_be_read_are_unknown() -> None:
    """The setting is needed in each partition, so the partitions must be known."""
    exposure = judge_node(node("14.1-73.37", running=CUT), bulletin("CTX697096"))
    assert exposure.answer is UNKNOWN


def test_nothing_that_was_not_looked_at_passes() -> None:
    """A node of which nothing was asked is unknown for every bulletin."""
    empty = NodeSeen(node=NodeName("ns-a"), shows={})
    assert {judge_node(empty, one).answer for one in ADVISORIES.values()} == {UNKNOWN}


def test_bulletin_without_a_cve_is_unknown() -> None:
    """Nothing to judge is no reason to be calm."""
    nameless = Advisory(
        id=AdvisoryId("CTX1"),
        title="x",
        published=bulletin("CTX561482").published,
        cves=(),
        fixed={"13.1": "13.1-1.1"},
    )
    assert judge_node(node("13.1-49.13"), nameless).answer is UNKNOWN


def test_build_to_avoid_is_told_though_it_is_fixed() -> None:
    """A build that may not come up again is no good answer to a bulletin."""
    exposure = judge_node(node("13.1-64.23"), bulletin("CTX697096"))
    assert exposure.answer is FIXED
    assert "ns variable" in exposure.avoid
    assert judge_node(node("13.1-64.24"), bulletin("CTX697096")).avoid == ""


def test_ranges_hold_inside_their_train_only() -> None:
    """A FIPS build is in no range of the ordinary builds, though its numbers would fit."""
    ranges = (("14.1-73.37", "14.1-73.41"),)
    assert in_ranges(Build.parse("14.1-73.37"), ranges)
    assert in_ranges(Build.parse("14.1-73.41"), ranges)
    assert not in_ranges(Build.parse("14.1-73.42"), ranges)
    assert not in_ranges(Build.parse("14.1-73.40", fips=True), ranges)


def test_needed_looks_are_each_asked_once() -> None:
    """Three commands are enough to judge all the bulletins, and all of them show."""
    looks = needed_looks(ADVISORIES.values())
    assert looks == (VERSION, RUNNING, TCP)
