"""The verb that keeps evidence."""

from gatectl.config.playbooks import playbook_folders, read_playbook
from gatectl.core.playbook import CollectStep
from gatectl.errors import ExitCode
from tests.cli.keyboard import Keyboard


def collected(name: str) -> list[CollectStep]:
    """Give the steps of a shipped playbook that collect."""
    steps = read_playbook(name, playbook_folders(None)).step
    return [step for step in steps if isinstance(step, CollectStep)]


def test_collecting_takes_what_the_compromise_check_takes() -> None:
    """Evidence that is kept first and judged later must be the same evidence."""
    assert collected("collect") == collected("scan")
    assert len(read_playbook("collect", playbook_folders(None)).step) == len(collected("scan"))


def test_manifest_names_each_piece_with_its_hash(bystander: Keyboard) -> None:
    """Both nodes, volatile state first, nothing written and nothing judged."""
    shown = bystander.type("collect", "--json")
    manifest = shown.gate["manifest"]
    assert shown.code == shown.gate["exit_code"] == ExitCode.PROVEN
    assert shown.written == ()
    assert {piece["node"] for piece in manifest} == {"ns-a", "ns-b"}
    assert manifest[0]["what"] == "output"
    configuration = next(one for one in manifest if one["path"].endswith("ns.conf"))
    assert len(configuration["sha256"]) == 64
    assert configuration["size"] > 0
    assert configuration["mtime"]
    assert {event["kind"] for event in bystander.events()} & {"compromise.judged"} == set()


def test_manifest_is_printed_a_line_a_piece(bystander: Keyboard) -> None:
    """The hash comes first, and the gate's result last."""
    shown = bystander.type("collect")
    lines = shown.out.splitlines()
    kept = [line for line in lines if "  file  " in line]
    assert kept
    assert all(len(line.split("  ")[0]) == 64 for line in kept)
    assert any("ns-b:/etc/passwd" in line for line in kept)
    assert lines[-1].startswith("rehearsal: ")


def test_unreachable_node_has_its_code(bystander: Keyboard) -> None:
    """Evidence of one node alone is not what was asked for."""
    text = bystander.config.read_text(encoding="utf-8")
    ports = [line for line in text.splitlines() if line.startswith("port = ")]
    shown = bystander.type("collect", config=bystander.changed((ports[-1], "port = 1")))
    assert shown.code == ExitCode.UNREACHABLE
