"""The verbs that only look: at gates, at plans, at the record."""

import re

import pytest

from gatectl.errors import ExitCode
from tests.cli.conftest import Story
from tests.cli.keyboard import Keyboard


def test_a_plan_has_every_line_and_sends_none(bystander: Keyboard) -> None:
    """Exit 7, the digest, and the lines that would be sent, over sessions that cannot write."""
    shown = bystander.type("plan", "close-acl")
    assert shown.code == ExitCode.DRIFT
    assert "add ns acl GATECTL_DENY_TLS" in shown.out
    assert re.search(r"^plan [0-9a-f]{64}$", shown.out, re.MULTILINE)
    assert shown.written == ()


def test_a_plan_without_an_act_has_nothing_pending(bystander: Keyboard) -> None:
    """A playbook that only looks is exit 0."""
    assert bystander.type("plan", "verify").code == ExitCode.PROVEN


def test_a_plan_is_the_same_twice_and_another_for_other_parameters(bystander: Keyboard) -> None:
    """The digest stands for all that will be done, so that it can be approved."""
    digests = [
        bystander.type("plan", name, "--json").gate["plan"]["digest"]
        for name in ("close-acl", "close-acl", "close-vserver")
    ]
    assert digests[0] == digests[1] != digests[2]


def test_a_plan_is_not_made_of_half_a_pair(bystander: Keyboard) -> None:
    """Without every node's role and build there is no plan."""
    pinned = bystander.site.access().nodes[1].host_key_sha256
    config = bystander.changed((pinned, "SHA256:" + "A" * 43))
    shown = bystander.type("plan", "close-acl", config=config)
    assert shown.code == ExitCode.UNREACHABLE
    shown.one_sentence_and_a_hint()


def test_the_log_tells_the_story_in_order(story: Story) -> None:
    """Closing, refusal, patch, verification, scan, reopening and confirmation follow each other."""
    words = " ".join(story["log"].out.split())
    order = [
        "close-acl started",
        "blocked by nodes-fixed",
        "patch started",
        "scan started",
        "compromise check: clean",
        "reopen started",
        "confirm started",
        "reopening -> open",
    ]
    places = [words.index(one) for one in order]
    assert places == sorted(places)
    assert story["log"].arrived == ()


def test_the_log_has_a_date(story: Story) -> None:
    """A time without a day says nothing weeks later."""
    assert re.search(r"^\d{4}-\d\d-\d\d *$", story["log"].out, re.MULTILINE)


def test_every_event_of_the_log_can_be_read_by_a_program(story: Story) -> None:
    """Each event has its number, time, actor, origin and kind; numbers only grow."""
    events = story["log-json"].gate["events"]
    assert len(events) == 200
    numbers = [one["sequence"] for one in events]
    assert numbers == sorted(set(numbers))
    assert all(one["actor"] and one["origin"] and one["at"].endswith("+00:00") for one in events)
    assert all(one["event"]["kind"] for one in events)


def test_log_steps_tells_what_was_sent(story: Story) -> None:
    """With --steps each event is a line with action, object and result."""
    lines = story["log-steps"].out.splitlines()
    assert len(lines) == 200
    assert any("rm ns acl GATECTL_DENY_TLS" in line for line in lines)


def test_the_log_of_one_run_has_no_other(story: Story) -> None:
    """--run picks out one run."""
    run = story["verify"].gate["runs"][0]["run"]
    shown = story.keyboard.type("log", "--run", run, "--json")
    assert {one["run"] for one in shown.gate["events"]} == {run}


@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_a_limit_that_is_none_is_refused(bystander: Keyboard, limit: str) -> None:
    """A limit of nothing would show an empty record as if nothing had happened."""
    assert bystander.type("log", "--limit", limit).code == ExitCode.INVALID


def test_the_log_of_a_gate_without_a_past_is_empty(bystander: Keyboard) -> None:
    """Nothing on record is no error."""
    shown = bystander.type("log", "--json")
    assert shown.code == ExitCode.PROVEN
    assert shown.gate["events"] == []
    assert shown.arrived == ()
