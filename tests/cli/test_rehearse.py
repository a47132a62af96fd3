"""The rehearsal: the whole story in one command, with detours; and a pair that is left running."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatectl.errors import ExitCode
from gatectl.simulator.rehearsal import GATE, fault_sentences
from tests.cli.conftest import Simulation
from tests.cli.keyboard import Keyboard, Shown, curl, start, type_in

FAST = ("--speed", "240")


@pytest.fixture(scope="module")
def rehearsed() -> Shown:
    """Run the one command of the README, as a process of its own, off a terminal."""
    return start("rehearse", *FAST)


def test_rehearse_ends_with_exit_0(rehearsed: Shown) -> None:
    """The main job on an embedded default works."""
    assert rehearsed.code == ExitCode.PROVEN, rehearsed.err


def test_the_verdict_table_is_the_last_thing_printed(rehearsed: Shown) -> None:
    """Its head comes after the timeline, and each line behind it is a passed claim."""
    lines = [line.rstrip() for line in rehearsed.out.splitlines()]
    (head,) = [
        number
        for number, line in enumerate(lines)
        if line.split() == ["playbook", "node", "claim", "verdict", "outcome"]
    ]
    rows = [line for line in lines[head + 1 :] if line and not line.startswith(" ")]
    assert len(rows) > 80
    assert all(" pass " in row for row in rows)
    assert rows[-1].startswith("confirm ")
    assert any(line.split() == ["time", "what", "detail"] for line in lines[:head])


def test_every_playbook_of_the_story_is_in_the_table(rehearsed: Shown) -> None:
    """Mitigation, closing, patch, verification, scan, reopening and confirmation have verdicts."""
    first = {line.split()[0] for line in rehearsed.out.splitlines() if " pass " in line}
    assert {"close-acl", "patch", "verify", "scan", "reopen", "confirm"} <= first
    assert any(name.startswith("mitigate") for name in first)


def test_the_timeline_goes_from_open_to_open(rehearsed: Shown) -> None:
    """The gate's states follow each other as in the story."""
    moves = re.findall(r"(\w+) -> (\w+)", rehearsed.out)
    assert ("closing", "closed") in moves
    assert ("verifying", "verified") in moves
    assert moves[-1] == ("reopening", "open")


def test_the_talk_is_on_stderr_and_without_escape_codes(rehearsed: Shown) -> None:
    """Off a terminal there are plain lines: chapters, what was sent, what was seen."""
    assert "\x1b" not in rehearsed.out + rehearsed.err
    assert "1. Mitigate" in rehearsed.err
    assert "ns-a < add ns acl" in rehearsed.err
    assert "Traceback" not in rehearsed.err


def test_people_at_work_are_cut_off_outside_and_stay_inside(rehearsed: Shown) -> None:
    """After the closing nobody works from outside any more, and the offices go on."""
    (closed,) = re.findall(
        r"closed after .* at work: (\d) in the office, (\d) outside", rehearsed.err.split("3. ")[0]
    )
    assert closed == ("2", "0")


def rehearse(*words: str) -> dict[str, Any]:
    """Rehearse in this process, and give the one document."""
    shown = type_in("rehearse", *FAST, "--json", *words)
    document = shown.document
    assert document["exit_code"] == shown.code
    (gate,) = document["gates"]
    return {**gate, "code": shown.code}


def test_a_single_appliance_can_be_rehearsed_and_read_afterwards(tmp_path: Path) -> None:
    """Without a pair the story is the same; with --dir its journal stays, and `log` reads it."""
    gate = rehearse("--standalone", "--dir", str(tmp_path))
    assert (gate["code"], gate["state"]) == (ExitCode.PROVEN, "open")
    assert {step["node"] for run in gate["runs"] for step in run["steps"]} == {"ns-a", None}
    shown = type_in("--config", str(tmp_path / "config.toml"), "log")
    assert shown.code == ExitCode.PROVEN
    assert "reopening -> open" in shown.out


def test_the_other_method_can_be_rehearsed() -> None:
    """Closing by switching the virtual server off leads to the same end."""
    gate = rehearse("--standalone", "--method", "vserver")
    assert (gate["code"], gate["state"]) == (ExitCode.PROVEN, "open")
    assert "close-vserver" in {run["playbook"] for run in gate["runs"]}
    assert "close-acl" not in {run["playbook"] for run in gate["runs"]}


def test_a_compromised_appliance_is_found_and_stays_shut(tmp_path: Path) -> None:
    """The scan says compromised, nothing is reopened, and the record says so."""
    gate = rehearse("--standalone", "--compromised", "--dir", str(tmp_path))
    assert gate["code"] == ExitCode.REFUSED
    assert gate["state"] not in {"open", "reopening", "unknown"}
    assert not {"reopen", "confirm"} & {run["playbook"] for run in gate["runs"]}
    shown = type_in("--config", str(tmp_path / "config.toml"), "log", "--json", "--limit", "5000")
    events = [one["event"] for one in shown.gate["events"]]
    assert [e["answer"] for e in events if e["kind"] == "compromise.judged"] == ["compromised"]
    outside = [event["outside"] for event in events if event["kind"] == "sides.seen"]
    assert outside[-1] == "shut"


def test_reopening_a_compromised_gate_is_refused(keyboard: Keyboard) -> None:
    """Whatever else is proven, the compromise check blocks with exit 6, and nobody gets in."""
    keyboard.site.compromise()
    keyboard.type("close")
    scanned = keyboard.type("scan")
    assert scanned.code != ExitCode.PROVEN
    assert "compromised" in scanned.err
    refused = keyboard.type("reopen", "--confirm", GATE, "--json")
    assert refused.code == ExitCode.REFUSED
    (block,) = [b for b in refused.gate["blockers"] if b["interlock"] == "compromise-check"]
    assert block["answer"] == "fail"
    assert refused.written == ()
    assert keyboard.visits() == (False, True)


def test_the_faults_are_listed_with_a_sentence_each() -> None:
    """`--fault list` starts nothing and names everything that can go wrong."""
    shown = type_in("rehearse", "--fault", "list")
    assert shown.code == ExitCode.PROVEN
    lines = shown.out.splitlines()
    assert {line.split()[0] for line in lines} == set(fault_sentences())
    assert all(line.endswith(".") for line in lines)


@pytest.mark.parametrize(
    "words",
    [
        ("rehearse", "--fault", "no-such-fault"),
        ("simulate", "--fault", "no-such-fault"),
        ("rehearse", "--build", "tomorrow"),
        ("rehearse", "--to", "tomorrow"),
        ("simulate", "--build", "tomorrow"),
        ("rehearse", "--method", "prayer"),
    ],
    ids=" ".join,
)
def test_a_rehearsal_of_nonsense_is_refused(words: tuple[str, ...]) -> None:
    """A fault, a build or a method that is none is invalid input."""
    shown = type_in(*words)
    assert shown.code == ExitCode.INVALID, shown.err
    shown.one_sentence_and_a_hint()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    """Leave one simulated pair running for the tests of this module that only look."""
    from tests.cli.conftest import simulate  # noqa: PLC0415 - a generator, not a fixture

    yield from simulate(tmp_path_factory.mktemp("running"))


def test_simulate_says_in_one_line_how_it_is_reached(running: Simulation) -> None:
    """Nodes with their keys, the virtual server, both sources and the configuration are there."""
    ready = running.ready
    assert [node["name"] for node in ready["nodes"]] == ["ns-a", "ns-b"]
    keys = {"name", "host", "port", "username", "password", "host_key_sha256"}
    assert all(keys <= node.keys() for node in ready["nodes"])
    assert {"name", "host", "port"} <= ready["vserver"].keys()
    assert ready["sources"] == {"inside": "127.0.0.2", "outside": "127.0.0.3"}
    assert ready["config"] == str(running.config)


def test_another_terminal_sees_the_simulated_pair_at_once(running: Simulation) -> None:
    """With the written configuration status works, and curl gets the sign-on page."""
    shown = start("--config", str(running.config), "status", "--json")
    assert shown.code == ExitCode.PROVEN, shown.err
    assert json.loads(shown.out)["gates"][0]["state"] == "open"
    server = running.ready["vserver"]
    code, page = curl("127.0.0.3", f"https://{server['host']}:{server['port']}/")
    assert code == 0
    assert "<title>" in page


def test_simulate_ends_with_exit_0_when_it_is_told(simulation: Simulation) -> None:
    """SIGTERM is how it is meant to end."""
    simulation.process.terminate()
    assert simulation.process.wait(timeout=20) == 0
