"""The verb that says which bulletins apply."""

from gatectl.errors import ExitCode
from tests.cli.keyboard import Keyboard


def test_an_exploitable_pair_is_told_with_reasons_and_remedies(bystander: Keyboard) -> None:
    """Each node, each bulletin, why, what to do, and since when; nothing is written."""
    shown = bystander.type("exposed")
    assert shown.code == ExitCode.DRIFT
    assert shown.written == ()
    for words in ("ns-a: 12.1-55.13", "ns-b: 12.1-55.13", "CTX267027", "applies", "12.1-55.18"):
        assert words in shown.out
    assert "install another release" in shown.out
    assert "stood exposed while exploitation was public" in shown.out


def test_a_program_gets_one_document_with_every_bulletin(bystander: Keyboard) -> None:
    """All bulletins are in it, also those that do not matter here."""
    shown = bystander.type("exposed", "--json")
    first = shown.gate["nodes"][0]
    answers = {one["id"]: one["answer"] for one in first["advisories"]}
    assert shown.document["exit_code"] == shown.code == ExitCode.DRIFT
    assert len(answers) >= 17
    assert answers["CTX267027"] == "applies"
    assert answers["CTX474995"] == "not-configured"
    assert first["install"]["kind"] == "other-release"
    times = {one["id"]: one for one in shown.gate["exposed"]}
    assert times["CTX267027"]["periods"][0] == {
        "from": "2020-01-10T00:00:00+00:00",
        "until": None,
    }


def test_only_those_in_force_are_judged_when_asked_for(bystander: Keyboard) -> None:
    """The site's configuration names one bulletin, and that one has a build of this train."""
    shown = bystander.type("exposed", "--in-force", "--json")
    node = shown.gate["nodes"][0]
    assert [one["id"] for one in node["advisories"]] == ["CTX267027"]
    assert node["install"]["build"] == "12.1-55.18"


def test_an_unreachable_node_is_told_and_has_its_own_code(bystander: Keyboard) -> None:
    """The other node is judged all the same."""
    text = bystander.config.read_text(encoding="utf-8")
    ports = [line for line in text.splitlines() if line.startswith("port = ")]
    config = bystander.changed((ports[-1], "port = 1"))
    shown = bystander.type("exposed", "--json", config=config)
    assert shown.code == ExitCode.UNREACHABLE
    first, second = shown.gate["nodes"]
    assert first["build"] == "12.1-55.13"
    assert (second["build"], bool(second["trouble"])) == (None, True)
