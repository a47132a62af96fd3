"""The verbs that carry something out, walked through the story on a real (simulated) pair."""

import pytest

from gatectl.errors import ExitCode
from gatectl.simulator.rehearsal import GATE, INSIDE, OUTSIDE
from tests.cli.conftest import Story
from tests.cli.keyboard import FIXED_BUILD, Keyboard

INTERLOCKS = {"nodes-fixed", "compromise-check"}


def lines_of(out: str) -> list[str]:
    """Pick out the lines that a dry run says it would send."""
    return [line for line in out.splitlines() if line.startswith(("ns-a: ", "ns-b: "))]


def test_before_the_closing_both_sides_get_the_sign_on_page(story: Story) -> None:
    """The exploitable pair lets everybody in, which shows that the visits can succeed at all."""
    assert story.visits["before"] == (True, True)


def test_close_shuts_outside_and_keeps_the_offices_in(story: Story) -> None:
    """After close the real curl is refused from outside and gets the sign-on page from inside."""
    assert story["close"].code == ExitCode.PROVEN
    assert story.visits["close"] == (False, True)


def test_close_refuses_the_connection_itself(keyboard: Keyboard) -> None:
    """Outside, curl does not even get a handshake: it fails to connect or is reset."""
    keyboard.type("close")
    code, page = keyboard.curl(OUTSIDE)
    assert (code in {7, 28, 35, 56}, page) == (True, "")
    assert keyboard.curl(INSIDE)[0] == 0


def test_a_dry_close_writes_nothing(story: Story) -> None:
    """The simulator saw not one command that writes, though it was looked at."""
    dry = story["close-dry"]
    assert dry.code == ExitCode.DRIFT
    assert dry.arrived
    assert dry.written == ()


def test_a_dry_close_prints_exactly_what_a_close_then_sends(story: Story) -> None:
    """Set and order of the lines are those that arrived at the primary afterwards."""
    assert lines_of(story["close-dry"].out) == story["close"].prompted


def test_a_dry_close_gives_a_program_the_same_lines(story: Story) -> None:
    """The JSON document names node and line of what would be sent."""
    sent = [f"{one['node']}: {one['line']}" for one in story["close-dry-json"].gate["would_send"]]
    assert sent == story["close"].prompted


@pytest.mark.parametrize("verb", ["reopen", "confirm"])
def test_other_dry_runs_print_exactly_what_is_then_sent(story: Story, verb: str) -> None:
    """What opens is planned as truly as what shuts, and not a byte of it is written."""
    assert story[f"{verb}-dry"].written == ()
    assert lines_of(story[f"{verb}-dry"].out) == story[verb].prompted


def test_a_dry_patch_prints_exactly_what_is_then_sent(story: Story) -> None:
    """Every line for each node is there, the backup of both nodes included."""
    dry = story["patch-dry"]
    assert dry.written == ()
    shown = [line for line in lines_of(dry.out) if ": put " not in line]
    assert shown == story["patch"].prompted


@pytest.mark.parametrize("chapter", ["close-again", "patch-again", "confirm-again", "reopen-open"])
def test_a_verb_that_is_done_sends_nothing_that_writes(story: Story, chapter: str) -> None:
    """The second time everything is already so, and the verb says that it is proven."""
    again = story[chapter]
    assert again.code == ExitCode.PROVEN
    assert again.written == ()


def test_a_second_reopen_sends_nothing_and_points_to_confirm(provisional: Keyboard) -> None:
    """While the opening is provisional there is nothing to open, and the way on is confirm."""
    again = provisional.type("reopen", "--confirm", GATE)
    assert again.written == ()
    assert "confirm" in again.err + again.out
    assert provisional.visits() == (True, True)


def test_close_takes_a_provisional_opening_back(provisional: Keyboard) -> None:
    """Closing in the trial time shuts outside by the first method, and the offices stay in."""
    shut = provisional.type("close", "--json")
    assert shut.code == ExitCode.PROVEN
    assert [run["playbook"] for run in shut.gate["runs"]] == ["close-acl"]
    assert provisional.visits() == (False, True)


def test_reopening_an_unpatched_pair_lists_every_blocker_at_once(story: Story) -> None:
    """Exit 6, each interlock that is not proven is named, and nothing was written."""
    refused = story["reopen-unpatched"]
    assert refused.code == ExitCode.REFUSED
    assert {line.split()[0] for line in refused.out.splitlines() if line} >= INTERLOCKS
    assert refused.written == ()


def test_the_blockers_are_data_for_a_program(story: Story) -> None:
    """Each blocker has its verdict, its reason and what clears it."""
    gate = story["reopen-unpatched-json"].gate
    assert {one["interlock"] for one in gate["blockers"]} >= INTERLOCKS
    assert all(one["because"] and GATE in one["clears"] for one in gate["blockers"])
    assert "pass" not in {one["answer"] for one in gate["blockers"]}


def test_reopening_an_open_gap_is_blocked_by_the_look_from_outside(keyboard: Keyboard) -> None:
    """A gate that was opened behind gatectl's back is told to be not closed any more."""
    keyboard.type("close")
    primary = keyboard.site.pair.primary
    assert primary is not None
    session = primary.start_cli(username="nsroot", interactive=True, peer="127.0.0.1")
    session.run("disable ns acl GATECTL_DENY_TLS")
    session.run("apply ns acls")
    primary.end_cli(session)
    gate = keyboard.type("reopen", "--confirm", GATE, "--json").gate
    assert "still-closed" in {one["interlock"] for one in gate["blockers"]}


def test_patch_verify_and_scan_prove_what_reopening_needs(story: Story) -> None:
    """Each ends with exit 0 behind a gate that stays shut."""
    chapters = ("patch", "verify", "scan")
    assert [story[name].code for name in chapters] == [ExitCode.PROVEN] * 3
    assert story.visits["verified"] == (False, True)
    assert story["scan"].gate["state"] == "verified"


@pytest.mark.parametrize("chapter", ["verify", "scan"])
def test_a_verb_that_looks_writes_nothing(story: Story, chapter: str) -> None:
    """Verify and scan leave no trace in the history of writes."""
    assert story[chapter].arrived
    assert story[chapter].written == ()


def test_reopen_without_a_terminal_needs_the_name(story: Story) -> None:
    """Nothing blocks, and still nobody is let in before the gate's name was given."""
    refused = story["reopen-without-name"]
    assert refused.code == ExitCode.REFUSED
    assert "--confirm" in refused.one_sentence_and_a_hint()
    assert refused.written == ()


def test_reopen_with_another_name_opens_nothing(story: Story) -> None:
    """A wrong name is a refusal."""
    refused = story["reopen-wrong-name"]
    assert refused.code == ExitCode.REFUSED
    assert "'another'" in refused.one_sentence_and_a_hint()
    assert refused.written == ()


def test_reopen_and_confirm_let_everybody_in_again(story: Story) -> None:
    """After reopen, and still after confirm, both sides get the sign-on page."""
    assert (story["reopen"].code, story["confirm"].code) == (ExitCode.PROVEN, ExitCode.PROVEN)
    assert story.visits["reopen"] == (True, True)
    assert story.visits["confirm"] == (True, True)


def test_a_provisional_opening_is_not_saved(story: Story) -> None:
    """Only confirm saves, so that a restart before it shuts the gate again."""
    assert not any("save ns config" in line for line in story["reopen"].prompted)
    assert any("save ns config" in line for line in story["confirm"].prompted)


def test_confirm_leaves_no_rule_behind(story: Story) -> None:
    """Whatever close and reopen added is removed by confirm."""
    made = [
        line.split()[4]
        for line in story["close"].prompted + story["reopen"].prompted
        if "add " in line
    ]
    gone = [line.split()[4] for line in story["confirm"].prompted if "rm ns acl" in line]
    assert sorted(made) == sorted(gone)


def test_resume_without_an_unfinished_run_says_so(story: Story) -> None:
    """Resume on a gate without a left-over run does nothing and is content."""
    assert story["resume"].code == ExitCode.PROVEN
    assert "nothing to resume" in story["resume"].out
    assert story["resume"].arrived == ()


def test_close_ends_the_sessions_from_outside_as_its_dry_run_said(keyboard: Keyboard) -> None:
    """With people at work, the dry run names the lines that end their sessions, and they end."""
    people = keyboard.site.workers(outside=1, inside=1)
    dry = keyboard.type("close", "-n")
    assert dry.written == ()
    real = keyboard.type("close")
    assert real.code == ExitCode.PROVEN
    assert [one.alive for one in people if one.source == OUTSIDE] == [False]
    # Whom the closure itself cut off need not be ended any more: less may be sent, never more.
    said = iter(lines_of(dry.out))
    assert all(line in said for line in real.prompted)
    assert any("kill" in line for line in lines_of(dry.out))


def test_mitigate_works_and_can_be_taken_back(keyboard: Keyboard) -> None:
    """The mitigation is proven by requests, once is enough, and undo removes it."""
    assert keyboard.type("mitigate").code == ExitCode.PROVEN
    assert keyboard.type("mitigate").written == ()
    undone = keyboard.type("mitigate", "--undo")
    assert undone.code == ExitCode.PROVEN
    assert any("unbind responder global" in line for line in undone.prompted)


def test_a_dry_mitigate_prints_exactly_what_is_then_sent(keyboard: Keyboard) -> None:
    """Its features, actions, policies and shell lines are told, and the saving, too."""
    dry = keyboard.type("mitigate", "-n")
    assert (dry.code, dry.written) == (ExitCode.DRIFT, ())
    assert lines_of(dry.out) == keyboard.type("mitigate").prompted


def test_patching_an_open_gate_is_refused(keyboard: Keyboard) -> None:
    """A gate is patched behind a closure only, and nothing is written when it is open."""
    refused = keyboard.patch(keyboard.site.image(FIXED_BUILD))
    assert refused.code == ExitCode.REFUSED
    assert "gate-shut" in refused.one_sentence_and_a_hint()
    assert "gatectl close" in " ".join(refused.out.split())
    assert refused.written == ()


def test_run_does_not_open_a_gate(bystander: Keyboard) -> None:
    """The playbooks that open have verbs of their own, which judge the interlocks."""
    for playbook in ("reopen", "confirm"):
        refused = bystander.type("run", playbook)
        assert refused.code == ExitCode.REFUSED
        assert f"gatectl {playbook}" in refused.one_sentence_and_a_hint()
        assert refused.written == ()


def test_confirm_without_a_reopening_is_refused(bystander: Keyboard) -> None:
    """There is nothing to make last, so confirm sends nothing and says what comes first."""
    refused = bystander.type("confirm")
    assert refused.code == ExitCode.REFUSED
    assert "gatectl reopen" in refused.one_sentence_and_a_hint()
    assert refused.arrived == ()
