"""`gatectl audit` on simulated pairs: each drift by its name, and never a command that writes."""

import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from gatectl.errors import ExitCode
from gatectl.simulator.rehearsal import GATE, SimulatedSite
from tests.cli.keyboard import FIXED_BUILD, Keyboard, Shown

SPEED = 240.0


def bad(shown: Shown) -> dict[str, dict[str, object]]:
    """Give what is not as it should be, by name."""
    return {one["name"]: one for one in shown.gate["compared"] if one["answer"] != "pass"}


def typed(keyboard: Keyboard, *lines: str, node: int = 0) -> None:
    """Change something on a node behind gatectl's back."""
    box = keyboard.site.pair.nodes[node]
    session = box.start_cli(username="nsroot", interactive=True, peer="127.0.0.1")
    for line in lines:
        session.run(line)
    box.end_cli(session)


@pytest.fixture
def fixed(tmp_path: Path) -> Iterator[Keyboard]:
    """Sit down in front of a pair with a build that is fixed."""
    with SimulatedSite(speed=SPEED, build=FIXED_BUILD) as site:
        yield Keyboard.at(site, tmp_path)


def test_a_clean_gate_is_0_and_nothing_is_sent_that_writes(fixed: Keyboard) -> None:
    """Open or shut, all is as it should be."""
    shown = fixed.type("audit")
    assert shown.code == ExitCode.PROVEN, shown.out + shown.err
    assert "as it should be" in shown.out
    assert shown.written == ()
    assert shown.arrived
    assert fixed.type("close").code == 0
    again = fixed.type("audit", "--json")
    assert again.code == ExitCode.PROVEN, bad(again)
    assert again.written == ()


DRIFTS: dict[str, tuple[tuple[str, ...], str]] = {
    "unsaved": (("set ns hostName elsewhere",), "saved"),
    "foreign-rule": (
        ("add ns acl THEIRS ALLOW -destIP = 192.0.2.1 -priority 20", "apply ns acls"),
        "foreign-rules",
    ),
    "left-over": (
        ("add ns acl GATECTL_OLD ALLOW -destIP = 192.0.2.1 -priority 50", "apply ns acls"),
        "own-rules",
    ),
    "propagation": (("set ha node -haProp DISABLED",), "pair"),
}


@pytest.mark.parametrize("name", DRIFTS)
def test_each_drift_is_named_and_is_exit_7(fixed: Keyboard, name: str) -> None:
    """What somebody changed by hand is found, on the node where it is."""
    lines, wanted = DRIFTS[name]
    typed(fixed, *lines)
    shown = fixed.type("audit", "--json")
    assert shown.code == ExitCode.DRIFT, bad(shown)
    assert wanted in bad(shown)
    assert shown.written == ()


def test_a_shut_gate_that_was_opened_by_hand_wakes_somebody(fixed: Keyboard) -> None:
    """Exit 5, whatever else is found."""
    fixed.type("close")
    typed(fixed, "rm ns acl GATECTL_DENY_TLS", "apply ns acls")
    shown = fixed.type("audit", "--json")
    assert shown.code == ExitCode.MAYBE_OPEN
    assert "outside" in bad(shown)
    assert shown.written == ()


def test_a_node_that_is_not_reached_is_exit_4(fixed: Keyboard) -> None:
    """What could not be looked at is unknown, and the other node is still compared."""
    pinned = fixed.site.access().nodes[1].host_key_sha256
    config = fixed.changed((pinned, "SHA256:" + "A" * 43))
    shown = fixed.type("audit", "--json", config=config)
    assert shown.code == ExitCode.UNREACHABLE
    unknown = [one for one in shown.gate["compared"] if one["answer"] == "unknown"]
    assert {one["node"] for one in unknown if one["node"]} == {"ns-b"}
    assert shown.written == ()


def test_known_drift_is_shown_and_is_exit_0(fixed: Keyboard) -> None:
    """With its reason, until its day; after it, it is drift twice over."""
    typed(fixed, "set ns hostName elsewhere")
    entry = f'\n[[gates.{GATE}.known_drift]]\nname = "saved"\nreason = "change 4711"\nuntil = '
    text = fixed.config.read_text(encoding="utf-8")
    config = fixed.folder / "known.toml"
    config.write_text(f'{text}{entry}"2099-12-31"\n', encoding="utf-8")
    shown = fixed.type("audit", config=config)
    assert shown.code == ExitCode.PROVEN, shown.out
    assert "change 4711" in " ".join(shown.out.split())
    config.write_text(f'{text}{entry}"2020-01-01"\n', encoding="utf-8")
    late = fixed.type("audit", "--json", config=config)
    assert late.code == ExitCode.DRIFT
    assert set(bad(late)) == {"saved", "known-drift:saved"}


def test_files_for_other_programs_are_written_beside_the_answer(fixed: Keyboard) -> None:
    """JUnit and metrics, with the exit code as it is."""
    junit, metrics = fixed.folder / "audit.xml", fixed.folder / "gatectl.prom"
    shown = fixed.type("audit", "--junit", str(junit), "--prometheus", str(metrics))
    assert shown.code == ExitCode.PROVEN
    root = ET.fromstring(junit.read_text(encoding="utf-8"))  # noqa: S314 - our own text
    assert root.find("testsuite") is not None
    assert f'gatectl_audit_exit_code{{gate="{GATE}"}} 0.0' in metrics.read_text(encoding="utf-8")


def test_nagios_gets_one_line_and_its_own_codes(fixed: Keyboard) -> None:
    """0 for what is well, 1 for drift."""
    assert fixed.type("audit", "--nagios").code == 0
    typed(fixed, "set ns hostName elsewhere")
    shown = fixed.type("audit", "--nagios")
    assert shown.code == 1
    (line,) = shown.out.splitlines()
    assert line.startswith("GATECTL WARNING - ")
    assert fixed.type("audit", "--nagios", "--json").code == ExitCode.INVALID


def test_an_audit_is_on_record(fixed: Keyboard) -> None:
    """What was found, and nothing else but the look at both sides."""
    typed(fixed, "set ns hostName elsewhere")
    fixed.type("audit")
    events: list[dict[str, object]] = fixed.events()
    (audit,) = [event for event in events if event["kind"] == "audit.ended"]
    assert audit["exit_code"] == 7
    assert "saved@ns-a" in json.dumps(audit["drifted"])
    assert {event["kind"] for event in events} <= {
        "audit.ended",
        "sides.seen",
        "gate.signalled",
    }
