"""Two people agree to a reopening, one of them on another machine; then it happens, once."""

import json
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gatectl.core.approvalrequest import read_request
from gatectl.simulator.rehearsal import GATE, SimulatedSite
from tests.cli.keyboard import FIXED_BUILD, Keyboard, Shown, type_in
from tests.signing import make_key, sign_with, signer_line

ASKS = f"""\
attestations = ["certificates-rotated"]

[gates.{GATE}.approval]
needed = 2
roles = ["ciso", "operations"]
allowed_signers = "signers"
people = [
  {{ principal = "anna@example", role = "ciso" }},
  {{ principal = "bert@example", role = "operations" }},
]

[gates.{GATE}.vserver]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What each chapter showed, and the folder in which it all lies."""

    chapters: dict[str, Shown]
    keyboard: Keyboard

    def __getitem__(self, chapter: str) -> Shown:
        return self.chapters[chapter]

    @property
    def folder(self) -> Path:
        """The folder of the site's configuration."""
        return self.keyboard.folder


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Tell the story once: ask, agree here and elsewhere, reopen, and try to do it again."""
    folder = tmp_path_factory.mktemp("approvals")
    anna, bert = make_key(folder / "anna"), make_key(folder / "bert", "ecdsa")
    lines = signer_line("anna@example", anna) + signer_line("bert@example", bert)
    (folder / "signers").write_text(lines, encoding="ascii")
    with SimulatedSite(speed=240.0) as site:
        keyboard = Keyboard.at(site, folder)
        keyboard.open_for_long()
        keyboard.changed((f"[gates.{GATE}.vserver]", ASKS)).replace(keyboard.config)
        chapters: dict[str, Shown] = {}

        def tell(chapter: str, *words: str) -> None:
            chapters[chapter] = keyboard.type(*words)

        request, signed = folder / "request", folder / "request.sig"
        reopen = ("reopen", "--confirm", GATE)
        sign_here = ("approve", GATE, "--key", str(anna), "--confirm", GATE)
        tell("too-early", "approve", GATE)
        tell("close", "close")
        chapters["patch"] = keyboard.patch(site.image(FIXED_BUILD))
        tell("scan", "scan")
        tell("alone", *reopen)
        tell("attest", "attest", GATE, "certificates-rotated", "--because", "all five replaced")
        tell("export", "approve", GATE, "--export", str(request))
        tell("show", "approve", "--show", str(request))
        tell("unsure", *sign_here[:-1], "another")
        tell("here", *sign_here)
        tell("here-again", *sign_here)
        tell("one-of-two", *reopen, "--json")
        signed.write_text(sign_with(bert, request.read_bytes()), encoding="ascii")
        tell("elsewhere", "approve", GATE, "--import", str(signed), "--json")
        tell("dry", *reopen, "-n")
        tell("reopen", *reopen)
        tell("status", "status", "--json")
        tell("bundle", "bundle", GATE, "-o", str(folder / "almelo.tar"), "--with-evidence")
        tell("confirm", "confirm")
        tell("replayed", "approve", GATE, "--import", str(signed))
        tell("close-again", "close")
        tell("scan-again", "scan")
        tell("strange", *reopen, "--override", "still-closed", "--reason", "we are in a hurry")
        names = ("--override", "approvals", "--override", "attestations")
        tell("reasonless", *reopen, *names)
        tell("overridden", *reopen, *names, "--reason", "nobody can be reached")
        tell("status-alone", "status", "--json")
        yield Told(chapters=chapters, keyboard=keyboard)


def test_before_the_gate_is_verified_there_is_nothing_to_approve(told: Told) -> None:
    """Nobody is asked to agree to what is not proven."""
    assert told["too-early"].code == 6
    assert "there is nothing to approve" in told["too-early"].one_sentence_and_a_hint()
    assert [told[one].code for one in ("close", "patch", "scan")] == [0, 0, 0]


def test_alone_nobody_reopens(told: Told) -> None:
    """Both missing words are told at once, each with the command that clears it."""
    assert told["alone"].code == 6
    assert told["alone"].written == ()
    shown = " ".join(told["alone"].out.split())
    assert "attestations" in shown
    assert "approvals" in shown
    assert "0 of 2 approvals" in shown


def test_what_is_approved_is_shown_in_plain_words(told: Told) -> None:
    """Gate, nodes and builds, interlocks, evidence, plan and expiry; the same offline."""
    for chapter in ("export", "show"):
        shown = told[chapter].out
        assert told[chapter].code == 0
        assert f"that {GATE} lets everybody in again" in shown
        assert f"runs build {FIXED_BUILD}" in shown
        assert "pass: compromise-check" in shown
        assert "pass: attestations" in shown
        for word in ("evidence", "plan", "expires", "number"):
            assert f"\n{word} " in shown
    assert "ssh-keygen -Y sign -n gatectl-approve@gatectl" in told["show"].err
    assert read_request((told.folder / "request").read_text(encoding="ascii")).gate == GATE


def test_agreeing_needs_the_gates_name_and_counts_once(told: Told) -> None:
    """A finger that slips agrees to nothing."""
    assert told["unsure"].code == 6
    assert told["here"].code == 0
    assert "1 of 2 approvals are there" in " ".join(told["here"].out.split())
    assert told["here-again"].code == 6
    assert "has approved already" in told["here-again"].err


def test_one_of_two_is_not_enough(told: Told) -> None:
    """The role that is missing is named."""
    (blocker,) = told["one-of-two"].gate["blockers"]
    assert blocker["interlock"] == "approvals"
    assert "nobody has approved as operations" in blocker["because"]


def test_a_signature_made_elsewhere_completes_it(told: Told) -> None:
    """It is of the very text that was exported."""
    request = told["elsewhere"].document["request"]
    assert told["elsewhere"].code == 0
    assert request["approved"] is True
    assert request["text"] == (told.folder / "request").read_text(encoding="ascii")


def test_a_dry_run_uses_nothing_up_and_the_opening_does(told: Told) -> None:
    """The approvals are marked as used within the opening's run, before its first act."""
    assert told["dry"].code in {0, 7}
    assert told["reopen"].code == 0
    assert "NOBODY ELSE" not in told["reopen"].out
    assert told["status"].gate["opened_alone"] is False
    kinds = [event["kind"] for event in told.keyboard.events()]
    assert kinds.count("approval.used") == 1
    used = kinds.index("approval.used")
    opening = next(n for n in range(used, 0, -1) if kinds[n] == "run.started")
    assert "act.intended" not in kinds[opening:used]
    assert "act.intended" in kinds[used:]


def test_what_was_used_serves_no_second_time(told: Told) -> None:
    """The same file, handed in again, is told for what it is."""
    assert told["confirm"].code == 0
    assert told["replayed"].code == 6
    assert "was used already" in told["replayed"].one_sentence_and_a_hint()


def test_solo_use_is_named_reasoned_and_loud(told: Told) -> None:
    """It is said by the verb and by status, and stands on record with its reason."""
    assert (told["close-again"].code, told["scan-again"].code) == (0, 0)
    assert told["reasonless"].code == 2
    assert told["overridden"].code == 0, told["overridden"].err
    assert "NOBODY ELSE HAS APPROVED" in told["overridden"].out
    assert "NOBODY ELSE HAS APPROVED" in told["status-alone"].err
    assert told["status-alone"].gate["opened_alone"] is True
    events = told.keyboard.events()
    judged = [one for one in events if one["kind"] == "interlocks.judged"][-1]
    assert judged["blockers"] == []
    assert {one["interlock"]: one["reason"] for one in judged["overridden"]} == {
        "approvals": "nobody can be reached",
        "attestations": "nobody can be reached",
    }
    assert [one["kind"] for one in events].count("approval.used") == 1


def test_what_is_seen_on_the_appliances_is_never_overridden(told: Told) -> None:
    """No reason makes an open gate a shut one."""
    assert told["strange"].code == 6
    assert told["strange"].written == ()
    words = told["strange"].one_sentence_and_a_hint()
    assert "'still-closed' cannot be overridden" in words
    assert "compromise-check" in words


def test_the_bundle_of_it_verifies_anywhere(told: Told, tmp_path: Path) -> None:
    """Without configuration, keys or network; both signatures are proven by the list inside."""
    path = tmp_path / "almelo.tar"
    shutil.copy(told.folder / "almelo.tar", path)
    assert told["bundle"].code == 0
    shown = type_in(
        "--config", str(tmp_path / "none.toml"), "bundle", "verify", str(path), "--json"
    )
    assert shown.code == 0
    proven = "\n".join(shown.document["proven"])
    assert "anna@example (ciso) signed request" in proven
    assert "bert@example (operations) signed request" in proven
    with tarfile.open(path) as archive:
        vex = archive.extractfile("vex.json")
        assert vex is not None
        assert {one["status"] for one in json.load(vex)["statements"]} == {"fixed"}
