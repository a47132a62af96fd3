"""What is wrong in a bulletin that reads well."""

from dataclasses import replace
from typing import Any

import pytest

from gatectl.config.shipped import read_advisories
from gatectl.core.advisory import (
    BrokenBuild,
    PartialFix,
    Precondition,
    RequiredSetting,
    SafeCheck,
)
from gatectl.core.bulletinlint import lint_bulletin
from gatectl.core.gate import AdvisoryId
from tests.builders import BULLETIN

CVE = BULLETIN.cves[0]
GATEWAY = Precondition(kind="gateway", show="show ns runningConfig", pattern="^add vpn vserver ")
SETTING = RequiredSetting(
    cves=(CVE,), show="show ns tcpparam", field="isn", equals="ENABLED", set="set ns tcpparam -x"
)


@pytest.mark.parametrize("advisory", read_advisories().values(), ids=list(read_advisories()))
def test_nothing_is_wrong_with_what_comes_with_gatectl(advisory: Any) -> None:
    """The rules for a site's own bulletins hold for the shipped ones."""
    assert list(lint_bulletin(advisory)) == []


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        ({"id": AdvisoryId("../../x")}, ("id",), "is not a number"),
        ({"cves": ()}, ("cves",), "at least one CVE"),
        ({"cves": (CVE, "2019-19781")}, ("cves", 1), "is not written as"),
        ({"fixed": {}, "unaffected": ()}, ("fixed",), "needs a train"),
        ({"fixed": {"13.1": "13.1-new"}}, ("fixed", "13.1"), "is not a build"),
        ({"fixed": {"13": "13.1-49.13"}}, ("fixed", "13"), "is not a train"),
        ({"fixed": {"13.1": "13.0-91.13"}}, ("fixed", "13.1"), "is a build of 13.0"),
        ({"fixed": {"13.1": "13.1-37.159"}}, ("fixed", "13.1"), "is a build of 13.1-FIPS"),
        ({"fixed": {"13.1-FIPS": "13.1-49.13"}}, ("fixed", "13.1-FIPS"), "is a build of 13.1,"),
        ({"install": {"14.1": "13.1-64.24"}}, ("install", "14.1"), "is a build of 13.1"),
        ({"unfixed": ("13.1-fips",)}, ("unfixed", 0), "is not a train"),
        ({"unfixed": ("12.1",)}, ("unfixed", 0), "stands in fixed as well"),
        ({"mitigation_ignored": (("12.1-51.0", "12.1-50.0"),)}, ("mitigation_ignored", 0), "after"),
        (
            {"mitigation_ignored": (("12.1", "12.1-50.0"),)},
            ("mitigation_ignored", 0),
            "not a build",
        ),
        ({"avoid": (BrokenBuild(build="64", because="x"),)}, ("avoid", 0, "build"), "not a build"),
        (
            {"partly_fixed": (PartialFix(build="x", cves=(CVE,)),)},
            ("partly_fixed", 0, "build"),
            "is not a build",
        ),
        (
            {"preconditions": (replace(GATEWAY, show="rm vpn vserver gw"),)},
            ("preconditions", 0, "show"),
            "may write",
        ),
        (
            {"preconditions": (replace(GATEWAY, pattern="("),)},
            ("preconditions", 0, "pattern"),
            "not a regular expression",
        ),
        (
            {"preconditions": (replace(GATEWAY, pattern=""),)},
            ("preconditions", 0, "pattern"),
            "belong together",
        ),
        (
            {"preconditions": (replace(GATEWAY, not_on=(("a", "b"),)),)},
            ("preconditions", 0, "not_on", 0),
            "is not a build",
        ),
        (
            {"required_settings": (replace(SETTING, show="set ns tcpparam -x"),)},
            ("required_settings", 0, "show"),
            "may write",
        ),
        (
            {"required_settings": (replace(SETTING, cves=("CVE-2026-88778",)),)},
            ("required_settings", 0, "cves"),
            "not among",
        ),
        ({"exploited_cves": ("CVE-2026-1",)}, ("exploited_cves",), "not among"),
    ],
)
def test_each_thing_that_is_wrong_is_told_with_its_key(
    change: dict[str, Any], key: tuple[str | int, ...], words: str
) -> None:
    """Each of these would make the bulletin say nothing, or something wrong, or write."""
    flaws = dict(lint_bulletin(replace(BULLETIN, **change)))
    assert words in flaws[key]


def test_a_bulletin_without_a_flaw_has_none() -> None:
    """The one that is spoilt above is right."""
    sound = replace(BULLETIN, preconditions=(GATEWAY,), required_settings=(SETTING,))
    assert list(lint_bulletin(sound)) == []


CHECK = SafeCheck(
    name="folder",
    path="/vpn/../vpns/",
    weight="proof",
    vulnerable="a page",
    vulnerable_when={"status": "^200$"},
)


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        ({"vulnerable_when": {}}, ("safe_checks", 0), "says nothing"),
        (
            {"vulnerable_when": {}, "fixed_when": {"status": "404"}},
            ("safe_checks", 0, "vulnerable_when"),
            "a proof needs",
        ),
        (
            {"vulnerable_when": {"colour": "x"}},
            ("safe_checks", 0, "vulnerable_when", "colour"),
            "not a field",
        ),
        (
            {"vulnerable_when": {"body": "("}},
            ("safe_checks", 0, "vulnerable_when", "body"),
            "not a regular expression",
        ),
        ({"path": "/a\r\nX: y"}, ("safe_checks", 0, "path"), "one line"),
        ({"served": "vpn"}, ("safe_checks", 0, "served"), "begins with /"),
    ],
)
def test_a_safe_check_that_says_nothing_is_told(
    change: dict[str, Any], key: tuple[str | int, ...], words: str
) -> None:
    """One without the answer of a vulnerable gateway would find every gateway fixed."""
    assert list(lint_bulletin(replace(BULLETIN, safe_checks=(CHECK,)))) == []
    flaws = dict(lint_bulletin(replace(BULLETIN, safe_checks=(replace(CHECK, **change),))))
    assert words in flaws[key]
