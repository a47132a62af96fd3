import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import gatectl
from gatectl.config.shipped import read_advisories
from gatectl.core.advisory import Build, Edition, Train
from gatectl.core.gate import AdvisoryId
from gatectl.errors import ConfigInvalid

FOLDER = Path(gatectl.__file__).parent / "advisories"
BULLETINS = {path.stem: tomllib.loads(path.read_text()) for path in sorted(FOLDER.glob("*.toml"))}
TRAINS = {
    str(Train(release=release, edition=edition))
    for release in ("10.5", "11.1", "12.0", "12.1", "13.0", "13.1", "14.1")
    for edition in Edition
}
KEYS = {
    "": {
        "id", "title", "published", "cves", "source", "fixed", "unaffected", "unfixed", "later",
        "install", "mitigation", "mitigation_cves", "mitigation_note", "mitigation_ignored",
        "known_exploited", "exploited_cves", "kev", "kev_due", "preconditions",
        "required_settings", "after_patch", "avoid", "partly_fixed", "safe_checks", "sources",
    },
    "preconditions": {"kind", "cves", "show", "pattern", "not_on", "note"},
    "required_settings": {"cves", "show", "field", "equals", "set", "each_partition", "note"},
    "after_patch": {"what", "when", "commands"},
    "avoid": {"build", "because"},
    "partly_fixed": {"build", "cves", "note"},
    "safe_checks": {
        "name", "path", "method", "served", "weight", "vulnerable", "vulnerable_when",
        "fixed_when", "note",
    },
}  # fmt: skip
REQUIRED = {"id", "title", "published", "cves", "source", "fixed", "preconditions", "sources"}

each_bulletin = pytest.mark.parametrize("bulletin", BULLETINS.values(), ids=BULLETINS)
Toml = dict[str, Any]


def configuration_lines(bulletin: Toml, kind: str) -> re.Pattern[str]:
    """Give the pattern by which a precondition is seen."""
    (found,) = [p for p in bulletin["preconditions"] if p["kind"] == kind]
    return re.compile(found["pattern"])


@each_bulletin
def test_keys_are_those_that_are_known(bulletin: Toml) -> None:
    """A misspelt key would be a fact that nobody reads."""
    assert set(bulletin) <= KEYS[""]
    assert set(bulletin) >= REQUIRED
    for name, known in KEYS.items():
        for row in bulletin.get(name, []) if name else []:
            assert set(row) <= known, name


@each_bulletin
def test_identity_is_whole(bulletin: Toml) -> None:
    """A bulletin has its file's name, a date, CVE numbers once each, and all named are its own."""
    assert f"{bulletin['id'].lower()}" in BULLETINS
    assert isinstance(bulletin["published"], date)
    cves = bulletin["cves"]
    assert cves
    assert len(set(cves)) == len(cves)
    assert all(re.fullmatch(r"CVE-20\d\d-\d{4,6}", cve) for cve in cves)
    named = {*bulletin.get("mitigation_cves", []), *bulletin.get("exploited_cves", [])}
    for table in ("preconditions", "required_settings", "partly_fixed"):
        named |= {cve for row in bulletin.get(table, []) for cve in row.get("cves", [])}
    assert named <= set(cves)


@each_bulletin
def test_builds_belong_to_the_train_they_stand_for(bulletin: Toml) -> None:
    """A fixed build under the wrong train would clear an exposed appliance."""
    for train, text in [*bulletin["fixed"].items(), *bulletin.get("install", {}).items()]:
        assert str(Build.parse(text, fips=train.endswith("-FIPS")).train) == train
    for train, text in bulletin.get("install", {}).items():
        fips = train.endswith("-FIPS")
        first = Build.parse(bulletin["fixed"][train], fips=fips)
        assert Build.parse(text, fips=fips) >= first
    for row in [*bulletin.get("avoid", []), *bulletin.get("partly_fixed", [])]:
        assert str(Build.parse(row["build"]).train) in bulletin["fixed"]


@each_bulletin
def test_trains_are_known_and_have_one_meaning(bulletin: Toml) -> None:
    """A train is fixed, unaffected, later or without a fix, and never two of these."""
    groups = [bulletin["fixed"], *(bulletin.get(k, []) for k in ("unaffected", "unfixed", "later"))]
    trains = [train for group in groups for train in group]
    assert set(trains) <= TRAINS
    assert len(trains) == len(set(trains))


@each_bulletin
def test_build_ranges_run_forwards_inside_one_train(bulletin: Toml) -> None:
    """A range over two trains, or backwards, would never hold."""
    ranges = list(bulletin.get("mitigation_ignored", []))
    ranges += [pair for row in bulletin["preconditions"] for pair in row.get("not_on", [])]
    for first, last in ranges:
        assert Build.parse(first) <= Build.parse(last)


@each_bulletin
def test_preconditions_can_be_seen(bulletin: Toml) -> None:
    """A precondition has a show command and a pattern that compiles, or holds everywhere."""
    assert bulletin["preconditions"]
    for row in bulletin["preconditions"]:
        assert ("show" in row) is ("pattern" in row)
        assert "show" in row or row["kind"] in {"any", "management"}
        assert row.get("show", "show ").startswith("show ")
        re.compile(row.get("pattern", ""))


@each_bulletin
def test_exploitation_is_dated(bulletin: Toml) -> None:
    """What is exploited has a first known day, not before the bulletin, and a number."""
    exploited = {key for key in ("known_exploited", "exploited_cves") if key in bulletin}
    assert len(exploited) in {0, 2}
    if exploited:
        assert bulletin["known_exploited"] >= bulletin["published"]
        assert bulletin.get("kev", date.max) >= bulletin["known_exploited"]


@each_bulletin
def test_each_value_has_a_source_with_its_confidence(bulletin: Toml) -> None:
    """Whoever reads a date or a build can see who said it and how sure that is."""
    sources = bulletin["sources"]
    assert {"published", "fixed"} <= set(sources)
    assert all(re.match(r"\[[CIMU]\]", text) for text in sources.values())
    sourced = {key.split(".", 1)[0] for key in sources}
    for key in ("unaffected", "unfixed", "later", "known_exploited", "kev", "required_settings"):
        assert key not in bulletin or key in sourced, key


@each_bulletin
def test_after_patch_says_when(bulletin: Toml) -> None:
    """An action after the patch has a moment, and names its commands or is for a person."""
    moments = {"before-reboot", "all-nodes-patched", "any-time", "if-compromised"}
    for row in bulletin.get("after_patch", []):
        assert row["when"] in moments
        assert row["what"].endswith(".")


def test_a_bulletin_under_another_name_is_refused(tmp_path: Path) -> None:
    """A gate that waits for one bulletin is never judged by another."""
    (tmp_path / "ctx000001.toml").write_text((FOLDER / "ctx267027.toml").read_text())
    with pytest.raises(ConfigInvalid, match="is the bulletin CTX267027"):
        read_advisories(tmp_path)[AdvisoryId("CTX000001")]


def test_all_bulletins_are_shipped() -> None:
    """Every bulletin from December 2019 to October 2026 has its file."""
    assert len(BULLETINS) == 17
    assert {b["id"] for b in BULLETINS.values()} == {name.upper() for name in BULLETINS}


def test_setting_besides_the_build_is_named() -> None:
    """The bulletin of September 2026 is not done with the build alone."""
    (setting,) = BULLETINS["ctx697096"]["required_settings"]
    assert setting["field"] == "enhanced_isn_generation"
    assert setting["each_partition"] is True


@pytest.mark.parametrize(
    ("name", "kind", "line", "seen"),
    [
        ("ctx561482", "gateway-or-aaa", "add vpn vserver gw SSL 192.0.2.1 443", True),
        ("ctx561482", "gateway-or-aaa", "add authentication vserver aaa SSL 0.0.0.0", True),
        ("ctx561482", "gateway-or-aaa", "add lb vserver web SSL 192.0.2.1 443", False),
        ("ctx463706", "gateway", "add authentication vserver aaa SSL 0.0.0.0", False),
        ("ctx474995", "saml-sp-or-idp", "add authentication samlAction sp -x", True),
        ("ctx474995", "saml-sp-or-idp", "add authentication samlIdPProfile idp", True),
        ("ctx474995", "saml-sp-or-idp", "add authentication samlPolicy p", False),
        ("ctx697191", "saml-idp", "add authentication samlAction sp -x", False),
        ("ctx697096", "dtls", "add vpn vserver gw SSL 192.0.2.1 443", True),
        ("ctx697096", "dtls", "add vpn vserver gw SSL 192.0.2.1 443 -dtls OFF", False),
        ("ctx697096", "dtls", "add lb vserver d DTLS 192.0.2.1 443", True),
        ("ctx697096", "http-vserver", "add cs vserver c HTTP 192.0.2.1 80", True),
        ("ctx697096", "http-vserver", "add lb vserver l TCP 192.0.2.1 80", False),
        ("ctx697096", "oracle-lb", "add lb vserver o ORACLE 192.0.2.1 1521", True),
        ("ctx697096", "oracle-lb", "add lb vserver o SSL 192.0.2.1 1521", False),
        ("ctx697096", "ftp-rtsp-nat", "add service s 10.0.0.1 FTP 21", True),
        ("ctx697096", "ftp-rtsp-nat", "add lsn group g", True),
        ("ctx697096", "ftp-rtsp-nat", "add service s 10.0.0.1 HTTP 80", False),
        ("ctx697096", "url-expression", 'add responder policy p "HTTP.REQ.URL.EQ(1)" a', True),
        ("ctx694938", "lb-ipv6-or-hdx", "add service s 2001:db8::1 SSL 443", True),
        ("ctx694938", "lb-ipv6-or-hdx", "add service s 10.0.0.1 SSL 443", False),
        ("ctx694938", "lb-ipv6-or-hdx", "add cr vserver h HDX * 1494", True),
        ("ctx694938", "pcoip", "set vpn sessionAction a -pcoipProfileName p", True),
    ],
)
def test_precondition_is_seen_in_a_line_of_the_configuration(
    name: str, kind: str, line: str, seen: bool
) -> None:
    """The line that makes an appliance vulnerable is seen, and its neighbour is not."""
    assert (configuration_lines(BULLETINS[name], kind).search(line) is not None) is seen
