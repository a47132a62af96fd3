"""What is wrong with a playbook that reads well; each rule has an example that breaks it."""

from dataclasses import replace
from typing import Any

import pytest

from gatectl.core.gate import Side
from gatectl.core.lint import lint_playbook
from gatectl.core.playbook import (
    CollectStep,
    DeviceStep,
    Holds,
    Playbook,
    Purpose,
    RequestStep,
    Says,
    ScannerStep,
    ScannerWords,
    Step,
)
from tests.builders import SHIPPED, make_gate, shipped_playbook

UNSAVED = """\
\tNetScaler IP: 10.100.30.240  (mask: 255.255.255.0)
\tNode: Standalone

\tSystem Time: Mon Jun 15 09:11:33 2015
\tLast Config Changed Time: Mon Jun 15 09:11:01 2015
\tLast Config Saved Time: Mon Jun 15 08:58:20 2015
\tConfig Changed since Last Saved Config: TRUE
 Done
"""


RULE = """\
1)\tName: OTHER
\tAction: ACTION                          Hits: 0
\tActive Status: ENABLED                 Applied Status: APPLIED
\tPriority: NUMBER                        NAT: NO
 Done
"""


def device(**changes: Any) -> DeviceStep:
    """Make a step that nothing is wrong with, or that one thing is wrong with."""
    given: dict[str, Any] = {
        "id": "saved",
        "title": "Save",
        "on": "each-node",
        "look": "show ns config",
        "holds": (Holds(field="saved", equals="yes"),),
        "refuses": UNSAVED,
        "act": "save ns config",
        **changes,
    }
    return DeviceStep(**given)


def sentences(step: Step) -> list[str]:
    """Lint a playbook of one step."""
    playbook = Playbook(name="mine", title="Mine", purpose=Purpose.MAINTAIN, step=(step,))
    return [problem.sentence for problem in lint_playbook(playbook, (make_gate(),))]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_playbook_has_no_problem(name: str) -> None:
    """What comes with gatectl passes its own rules."""
    assert lint_playbook(shipped_playbook(name), (make_gate(),)) == ()


def test_a_good_step_has_no_problem() -> None:
    """The example that the others break is sound."""
    assert sentences(device()) == []


def test_a_check_that_cannot_fail_is_found() -> None:
    """It passes on the very answer that it must refuse."""
    found = sentences(device(holds=(Holds(field="saved", differs="perhaps"),)))
    assert ["cannot fail" in sentence for sentence in found] == [True]


def test_a_recorded_answer_that_cannot_be_read_shows_nothing() -> None:
    """An answer of another command proves no check."""
    (sentence,) = sentences(device(refuses="what is this\n Done\n"))
    assert "cannot be read" in sentence


@pytest.mark.parametrize("look", ["save ns config", "shell rm /flash/boot", "reboot -f"])
def test_a_look_that_writes_is_found(look: str) -> None:
    """A dry run would send it, so it must be known to only read."""
    assert any("not known to only read" in sentence for sentence in sentences(device(look=look)))


def test_a_look_for_idleness_that_writes_is_found() -> None:
    """The wait before an act only looks, too."""
    (sentence,) = sentences(device(idle="reboot -f"))
    assert "reboot -f" in sentence


def test_a_look_at_what_must_change_that_writes_is_found() -> None:
    """It is sent by every run, before and after the act."""
    (sentence,) = sentences(device(changes="reboot -f"))
    assert "`reboot -f` is not known to only read" in sentence


@pytest.mark.parametrize(
    "holds",
    [
        Holds(field="priority", apart_from={"name": "GATECTL_*"}, not_between=("10", "99")),
        Holds(field="priority", lets_in="outsiders", above="99"),
        Holds(field="priority", lets_in="outsiders6", above="99"),
    ],
)
def test_a_check_of_packet_rules_is_judged_on_its_recorded_answer(holds: Holds) -> None:
    """A rule that it would pass over shows nothing."""
    rule = RULE.replace("ACTION", "ALLOW").replace("NUMBER", "20")
    sound = device(look="show ns acl", holds=(holds,), refuses=rule, act=None)
    assert sentences(sound) == []
    harmless = RULE.replace("ACTION", "DENY").replace("NUMBER", "500")
    (sentence,) = sentences(replace(sound, refuses=harmless))
    assert "cannot fail" in sentence


def test_an_undo_without_an_act_is_found() -> None:
    """There is nothing that it could take back."""
    (sentence,) = sentences(device(act=None, undo="save ns config"))
    assert "no act" in sentence


def test_an_act_that_could_cut_the_way_to_a_node_is_found() -> None:
    """A rule that covers a node's own address would lock gatectl out for good."""
    act = "add ns acl X DENY -destIP = 192.0.2.0-192.0.2.255 -protocol TCP"
    assert any("own address" in sentence for sentence in sentences(device(act=act)))
    assert any("own address" in sentence for sentence in sentences(device(undo=act)))


def test_a_request_whose_check_cannot_fail_is_found() -> None:
    """A probe is a check as well: it must refuse its recorded answer."""
    step = RequestStep(
        kind="request",
        id="probe",
        title="Ask",
        side=Side.OUTSIDE,
        method="GET",
        path="/vpn/../vpns/cfg/smb.conf",
        holds=(Holds(field="status", differs="999"),),
        refuses={"status": "200"},
    )
    (sentence,) = sentences(step)
    assert "cannot fail" in sentence
    assert sentences(replace(step, holds=(Holds(field="status", equals="403"),))) == []


def collect(**changes: Any) -> CollectStep:
    """Make a step that collects something."""
    given: dict[str, Any] = {
        "kind": "collect",
        "id": "evidence",
        "title": "Keep",
        "on": "each-node",
        "looks": ("show ns version",),
        **changes,
    }
    return CollectStep(**given)


def test_a_collection_of_nothing_is_found() -> None:
    """It would be evidence of nothing."""
    assert sentences(collect()) == []
    (sentence,) = sentences(collect(looks=()))
    assert "looks or paths" in sentence


def test_a_collection_that_writes_is_found() -> None:
    """Evidence is taken without a trace."""
    (sentence,) = sentences(collect(looks=("clear ns config full",)))
    assert "may write" in sentence


def test_each_problem_names_its_step() -> None:
    """Of two bad steps both are told."""
    steps = (device(id="one", idle="reboot -f"), device(id="two", act=None, undo="x"))
    playbook = Playbook(name="mine", title="Mine", purpose=Purpose.MAINTAIN, step=steps)
    assert [problem.step for problem in lint_playbook(playbook, ())] == ["one", "two"]


def scanner(**changes: Any) -> ScannerStep:
    """Make a step that runs a scanner."""
    given: dict[str, Any] = {
        "kind": "scanner",
        "id": "scan",
        "title": "Scan",
        "on": "each-node",
        "file": "${script}",
        "sha256": "${sha256}",
        "says": SAYS,
        **changes,
    }
    return ScannerStep(**given)


SAYS = ScannerWords(
    compromised=Says(pattern="^MATCH: ", answer="MATCH: /tmp/a"),
    error=Says(pattern="^panic", answer="panic"),
    clean=Says(pattern="^found: No$", answer="found: No"),
)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"says": replace(SAYS, clean=Says(pattern="^no$", answer="yes"))}, "for clean is unde"),
        (
            {"says": replace(SAYS, compromised=Says(pattern="^MATCH", answer="found: No"))},
            "for compromised is understood as clean",
        ),
        (
            {"says": replace(SAYS, clean=Says(pattern="found", answer="found MATCH: \nMATCH: a"))},
            "for clean is understood as compromised",
        ),
        ({"says": replace(SAYS, error=Says(pattern="oops", answer="found: No"))}, "inconclusive"),
        ({"proves": "compromise-check"}, "proves nothing by itself"),
        ({"arguments": "-v\nrm -rf /"}, "one line"),
    ],
)
def test_a_scanner_whose_words_are_not_understood_is_found(
    changes: dict[str, Any], words: str
) -> None:
    """Each rule must understand its own recorded answer; a clean word proves nothing of ours."""
    assert sentences(scanner()) == []
    assert any(words in sentence for sentence in sentences(scanner(**changes)))


@pytest.mark.parametrize("purpose", [Purpose.SCAN, Purpose.VERIFY])
def test_a_scanner_in_a_playbook_that_only_looks_is_found(purpose: Purpose) -> None:
    """It brings a file, and such a run's sessions cannot write."""
    playbook = Playbook(name="mine", title="Mine", purpose=purpose, step=(scanner(),))
    (problem,) = lint_playbook(playbook, (make_gate(),))
    assert "only looks" in problem.sentence
