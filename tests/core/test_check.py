"""What was seen against what was expected: pass, fail or unknown."""

from collections.abc import Mapping
from datetime import date
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatectl.config.shipped import read_advisories
from gatectl.core.advisory import Advisory
from gatectl.core.check import (
    COMPARISONS,
    Answer,
    Expectation,
    Observation,
    Seen,
    Unreadable,
    Verdict,
    all_of,
    failed,
    judge,
    judge_changed,
    judge_file,
    judge_undone,
    passed,
    readable,
    unknown,
)
from gatectl.core.gate import AdvisoryId
from gatectl.core.traffic import Traffic
from tests.builders import BULLETIN

OTHER = Advisory(
    id=AdvisoryId("CTX2"), title="other", published=date(2020, 1, 1), cves=(), fixed={}
)
OFFICES = (ip_network("192.0.2.0/26"), ip_network("2001:db8::/48"))
PASS, FAIL, UNKNOWN = Answer.PASS, Answer.FAIL, Answer.UNKNOWN
VERDICTS = st.lists(
    st.builds(Verdict, answer=st.sampled_from(Answer), because=st.sampled_from(["a", "b", "c"]))
)


def seen(*records: Mapping[str, str]) -> Seen:
    """Make a look that was understood."""
    return Seen(records=records)


CASES: list[tuple[dict[str, Any], dict[str, str], Answer]] = [
    ({"equals": "DENY"}, {"f": "deny"}, PASS),
    ({"equals": "DENY"}, {"f": "ALLOW"}, FAIL),
    ({"equals": ""}, {"f": ""}, PASS),
    ({"equals": ""}, {"f": "x"}, FAIL),
    ({"differs": "OUT OF SERVICE"}, {"f": "UP"}, PASS),
    ({"differs": "OUT OF SERVICE"}, {"f": "Out Of Service"}, FAIL),
    ({"contains": "DENY"}, {"f": "add ns acl deny x"}, PASS),
    ({"contains": "DENY"}, {"f": "add ns acl ALLOW"}, FAIL),
    ({"matches": "[0-9]+ ms"}, {"f": "12 ms"}, PASS),
    ({"matches": "[0-9]+ ms"}, {"f": "12 ms or so"}, FAIL),
    ({"one_of": ("UP", "OUT OF SERVICE")}, {"f": "up"}, PASS),
    ({"one_of": ("UP", "OUT OF SERVICE")}, {"f": "DOWN"}, FAIL),
    ({"at_least": 10}, {"f": "10"}, PASS),
    ({"at_least": 10}, {"f": "9"}, FAIL),
    ({"at_least": 10}, {"f": "ten"}, UNKNOWN),
    ({"at_least": 0}, {"f": "0"}, PASS),
    ({"at_least": 0}, {"f": "-1"}, FAIL),
    ({"at_most": 10}, {"f": "10"}, PASS),
    ({"at_most": 10}, {"f": "11"}, FAIL),
    ({"at_most": 10}, {"f": ""}, UNKNOWN),
    ({"at_most": 0}, {"f": "0"}, PASS),
    ({"at_most": 0}, {"f": "1"}, FAIL),
    ({"not_between": (10, 99)}, {"f": "9"}, PASS),
    ({"not_between": (10, 99)}, {"f": "100"}, PASS),
    ({"not_between": (10, 99)}, {"f": "10"}, FAIL),
    ({"not_between": (10, 99)}, {"f": "99"}, FAIL),
    ({"not_between": (10, 99)}, {"f": "many"}, UNKNOWN),
    ({"above": 99}, {"f": "100"}, PASS),
    ({"above": 99}, {"f": "99"}, FAIL),
    ({"above": 0}, {"f": "0"}, FAIL),
    ({"at_least_build": "13.1-49.13"}, {"f": "13.1-49.13"}, PASS),
    ({"at_least_build": "13.1-49.13"}, {"f": "13.1-9.60"}, FAIL),
    ({"at_least_build": "13.1-49.13"}, {"f": "14.1-4.42"}, UNKNOWN),
    ({"at_least_build": "13.1-49.13"}, {"f": "13.1-37.38"}, UNKNOWN),
    ({"at_least_build": "13.1-49.13"}, {"f": "newest"}, UNKNOWN),
    ({"fixed_for": (BULLETIN,)}, {"f": "12.1-55.18"}, PASS),
    ({"fixed_for": (BULLETIN,)}, {"f": "14.1-4.42"}, PASS),
    ({"fixed_for": (BULLETIN,)}, {"f": "12.1-50.28"}, FAIL),
    ({"fixed_for": (BULLETIN,)}, {"f": "13.1-49.13"}, UNKNOWN),
    ({"fixed_for": (BULLETIN,)}, {"f": "?"}, UNKNOWN),
    ({"fixed_for": (BULLETIN, OTHER)}, {"f": "12.1-55.18"}, UNKNOWN),
    ({"fixed_for": (BULLETIN, OTHER)}, {"f": "12.1-50.28"}, FAIL),
    ({"within": OFFICES}, {"f": "192.0.2.63"}, PASS),
    ({"within": OFFICES}, {"f": "2001:db8::5"}, PASS),
    ({"within": OFFICES}, {"f": "192.0.2.64"}, FAIL),
    ({"within": OFFICES}, {"f": "nobody"}, UNKNOWN),
    ({"not_here": True}, {"g": "x"}, PASS),
    ({"not_here": True}, {"f": "x"}, FAIL),
]


@pytest.mark.parametrize(("comparison", "record", "answer"), CASES)
def test_each_comparison_passes_fails_and_is_unknown(
    comparison: dict[str, Any], record: dict[str, str], answer: Answer
) -> None:
    """One comparison, one value, one answer."""
    verdict = judge(seen(record), (Expectation(field="f", **comparison),))
    assert verdict.answer is answer
    assert verdict.because


@pytest.mark.parametrize("name", COMPARISONS)
def test_the_cases_have_a_pass_and_a_fail_for_every_comparison(name: str) -> None:
    """A comparison that cannot fail would be no check."""
    answers = {answer for comparison, _, answer in CASES if name in comparison}
    assert {PASS, FAIL} <= answers


@pytest.mark.parametrize("comparison", [c for c, _, _ in CASES if "not_here" not in c])
@pytest.mark.parametrize("records", [(), ({"g": "x"},)])
def test_what_is_not_there_never_passes(
    comparison: dict[str, Any], records: tuple[dict[str, str], ...]
) -> None:
    """Nothing to look at proves nothing, but that there is nobody or nothing that could break."""
    verdict = judge(seen(*records), (Expectation(field="f", **comparison),))
    nobody = bool({"within", "not_between", "above"} & comparison.keys()) and not records
    assert (verdict.answer is PASS) is nobody


@pytest.mark.parametrize("comparison", [c for c, _, _ in CASES])
def test_a_look_that_gave_no_answer_is_unknown_for_every_comparison(
    comparison: dict[str, Any],
) -> None:
    """A cut answer is neither a yes nor a no, and keeps its reason."""
    expected = (Expectation(field="f", **comparison),)
    verdict = judge(Unreadable(because="ns-a: cut"), expected)
    assert verdict == unknown("ns-a: cut")
    assert judge_undone(Unreadable(because="ns-a: cut"), expected) == verdict


def test_no_expectation_at_all_is_never_a_pass() -> None:
    """A check with nothing in it would otherwise pass for every device."""
    assert judge(seen({"f": "x"}), ()).answer is UNKNOWN
    assert all_of(()).answer is UNKNOWN


def test_every_record_must_fit_and_not_only_one() -> None:
    """One session from elsewhere among many from the offices is a fail."""
    expected = (Expectation(field="client", within=OFFICES),)
    both = seen({"client": "192.0.2.5"}, {"client": "203.0.113.9"})
    assert judge(both, expected).answer is FAIL


def test_a_record_that_lacks_the_field_is_not_passed_over() -> None:
    """A signed-in user whose address is not shown may be anywhere."""
    expected = (Expectation(field="client", within=OFFICES),)
    some = seen({"user": "joe", "client": "192.0.2.5"}, {"user": "ann"})
    assert judge(some, expected).answer is UNKNOWN


def test_where_chooses_records_in_any_case() -> None:
    """Only the records with these values count; the device keeps the case somebody typed."""
    expected = (Expectation(field="state", where={"role": "secondary"}, equals="UP"),)
    up = {"role": "Secondary", "state": "UP"}
    down = {"role": "Primary", "state": "DOWN"}
    assert judge(seen(down, up), expected).answer is PASS
    assert judge(seen(up, {**up, "state": "DOWN"}), expected).answer is FAIL
    assert judge(seen(down), expected).answer is FAIL
    assert "secondary is not there" in judge(seen(down), expected).because


@pytest.mark.parametrize(("count", "answer"), [(0, FAIL), (1, PASS), (2, FAIL)])
def test_count_is_the_number_of_records_after_where(count: int, answer: Answer) -> None:
    """Counting needs no field of the parser."""
    records = [{"line": "x"}] * count + [{"line": "y"}] * 3
    expected = (Expectation(field="count", where={"line": "x"}, equals="1"),)
    assert judge(seen(*records), expected).answer is answer


def test_count_of_nothing_is_nought() -> None:
    """That there are none can be claimed and proven."""
    assert judge(seen(), (Expectation(field="count", equals="0"),)).answer is PASS
    assert judge(seen(), (Expectation(field="count", at_most=0),)).answer is PASS


@pytest.mark.parametrize(("comparison", "record", "answer"), CASES)
def test_taking_back_is_proven_only_by_a_refuted_claim(
    comparison: dict[str, Any], record: dict[str, str], answer: Answer
) -> None:
    """Pass and fail change places; unknown stays unknown."""
    undone = judge_undone(seen(record), (Expectation(field="f", **comparison),))
    assert undone.answer is {PASS: FAIL, FAIL: PASS, UNKNOWN: UNKNOWN}[answer]


@given(verdicts=VERDICTS)
def test_all_of_is_fail_before_unknown_before_pass(verdicts: list[Verdict]) -> None:
    """The worst answer wins, in whatever order, and all its reasons are told."""
    joined = all_of(verdicts)
    answers = {verdict.answer for verdict in verdicts}
    expected = FAIL if FAIL in answers else UNKNOWN if UNKNOWN in answers or not answers else PASS
    assert joined.answer is expected
    assert all_of(reversed(verdicts)).answer is expected
    for verdict in verdicts:
        if verdict.answer is expected:
            assert verdict.because in joined.because


def test_an_answer_has_no_truth_value() -> None:
    """Nobody can write `if answer:` and let unknown through."""
    for answer in Answer:
        with pytest.raises(TypeError):
            bool(answer)


def test_only_pass_counts_as_passed() -> None:
    """Neither fail nor unknown is a proof."""
    assert passed("x").passed
    assert not failed("x").passed
    assert not unknown("x").passed


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({}, "exactly one comparison"),
        ({"equals": "a", "differs": "b"}, "it has 2"),
        ({"equals": "a", "at_most": 0}, "it has 2"),
        ({"equals": "a", "not_here": True}, "it has 2"),
        ({"matches": "("}, "not a regular expression"),
        ({"fixed_for": ()}, "at least one advisory"),
        ({"within": ()}, "at least one network"),
    ],
)
def test_an_expectation_that_says_nothing_or_two_things_is_refused(
    keywords: dict[str, Any], words: str
) -> None:
    """One field, one comparison, and something in it."""
    with pytest.raises(ValueError, match=words):
        Expectation(field="f", **keywords)


@pytest.mark.parametrize("comparison", [c for c, _, _ in CASES])
def test_every_expectation_can_be_said_in_words(comparison: dict[str, Any]) -> None:
    """Plans and reports tell what was expected."""
    expectation = Expectation(field="state", where={"name": "gw"}, **comparison)
    sentence = expectation.sentence()
    assert sentence.startswith("state of name=gw ")
    assert expectation.comparisons()[0].replace("_", " ") in sentence


def test_every_shipped_bulletin_can_be_expected_at_once() -> None:
    """`fixed_for` takes bulletins as they are read from their files."""
    every = tuple(read_advisories().values())
    expected = (Expectation(field="build", fixed_for=every),)
    assert judge(seen({"build": "12.1-50.28"}), expected).answer is FAIL


def test_a_value_with_a_star_means_all_that_begin_so() -> None:
    """One look is enough for all rules of one kind; other names are not counted."""
    rules = seen({"name": "GATECTL_DENY_TLS"}, {"name": "gatectl_deny_http"}, {"name": "OTHER"})
    ours = Expectation(field="count", where={"name": "GATECTL_DENY_*"}, equals="2")
    assert judge(rules, (ours,)).passed
    others = Expectation(field="count", apart_from={"name": "GATECTL_*"}, equals="1")
    assert judge(rules, (others,)).passed
    plain = Expectation(field="count", where={"name": "GATECTL_DENY_"}, equals="2")
    assert not judge(rules, (plain,)).passed


def test_a_rule_whose_priority_is_not_shown_is_not_passed_over() -> None:
    """It may stand anywhere, so nothing is known."""
    look = seen({"name": "OTHER", "priority": "200"}, {"name": "ANOTHER"})
    verdict = judge(look, (Expectation(field="priority", not_between=(10, 99)),))
    assert verdict.answer is UNKNOWN


def test_only_rules_that_let_the_traffic_in_are_meant() -> None:
    """A refusing rule before ours does no harm, a permitting one does."""
    traffic = Traffic(destination=ip_address("203.0.113.10"), ports=(443,), insiders=OFFICES)
    early = Expectation(field="priority", lets_in=traffic, above=99)
    assert judge(seen({"action": "DENY", "priority": "5"}), (early,)).passed
    assert judge(seen({"action": "ALLOW", "priority": "5"}), (early,)).answer is FAIL
    assert judge(seen({"action": "ALLOW", "priority": "100"}), (early,)).passed
    assert "203.0.113.10" in early.sentence()


@pytest.mark.parametrize(
    ("before", "after", "answer"),
    [
        (seen({"boot_time": "1"}), seen({"boot_time": "2"}), PASS),
        (seen({"boot_time": "1"}), seen({"boot_time": "1"}), FAIL),
        (seen({"boot_time": "1"}), Unreadable(because="cut"), UNKNOWN),
        (Unreadable(because="cut"), seen({"boot_time": "2"}), UNKNOWN),
    ],
)
def test_what_must_change_has_changed_or_not_or_nobody_knows(
    before: Observation, after: Observation, answer: Answer
) -> None:
    """An answer that could not be had is no change."""
    assert judge_changed(before, after).answer is answer
    both = [readable(one).answer for one in (before, after)]
    assert (UNKNOWN in both) is (answer is UNKNOWN)


@pytest.mark.parametrize(
    ("observation", "answer"),
    [
        (seen({"sha256": "AB"}), PASS),
        (seen({"sha256": "cd"}), FAIL),
        (seen(), FAIL),
        (Unreadable(because="`x` was refused: External program failed"), FAIL),
        (Unreadable(because="cut"), UNKNOWN),
    ],
)
def test_a_file_has_its_promised_content_or_not_or_nobody_knows(
    observation: Observation, answer: Answer
) -> None:
    """A file that is not there is not what was promised either."""
    assert judge_file(observation, "/var/x.tgz", "ab").answer is answer
