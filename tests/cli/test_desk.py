"""Bad input of every kind: its exit code, one sentence, one hint, and not a byte that writes."""

from pathlib import Path

import click
import pytest

from gatectl.cli.desk import workplace
from gatectl.errors import ExitCode
from gatectl.simulator.rehearsal import GATE, SimulatedSite
from gatectl.transport.scrubbed import Scrubbed
from tests.cli.keyboard import FIXED_BUILD, Keyboard, type_in
from tests.ports import HoldPort

WRONG_KEY = "SHA256:" + "A" * 43
CALLS = {
    "an unknown gate": (("status", "nowhere"), "'nowhere'"),
    "one known gate and one unknown": (("close", GATE, "nowhere"), "'nowhere'"),
    "a gate named twice": (("status", GATE, GATE), "twice"),
    "an unknown playbook": (("run", "no-such-playbook"), "'no-such-playbook'"),
    "an unknown mitigation": (("mitigate", "--playbook", "mitigate-cve-2019-19782"), "mitigate-"),
    "a playbook file that is not there": (("run", "./absent.toml"), "absent.toml"),
    "a missing parameter": (("run", "patch"), "build"),
    "a parameter that is no pair": (("run", "patch", "-p", "build"), "NAME=VALUE"),
    "a parameter without a name": (("run", "patch", "-p", "=12"), "NAME=VALUE"),
    "an unknown parameter": (("run", "verify", "-p", "colour=red"), "colour"),
    "an unknown verb": (("clsoe",), "clsoe"),
    "an unknown option": (("close", "--force"), "--force"),
    "an empty gate name": (("close", ""), "no gate"),
}


@pytest.mark.parametrize("what", CALLS)
def test_a_wrong_call_is_refused_before_anything_is_written(bystander: Keyboard, what: str) -> None:
    """Exit 2 with what is wrong and what to do, whichever word of the call was wrong."""
    words, named = CALLS[what]
    shown = bystander.type(*words)
    assert shown.code == ExitCode.INVALID, shown.err
    assert named in shown.one_sentence_and_a_hint()
    assert shown.written == ()


def patch_words(bystander: Keyboard, **changed: str) -> tuple[str, ...]:
    """Give the words of a patch, with some of them wrong."""
    image = bystander.site.image(FIXED_BUILD)
    given = {"build": image.build, "image": str(image.path), "sha256": image.sha256, **changed}
    return ("patch", *(word for name, value in given.items() for word in (f"--{name}", value)))


@pytest.mark.parametrize("build", ["tomorrow", "12.1", "12.1-55.18; reboot", "", "12.1-55.18\nx"])
def test_a_build_that_is_none_is_refused(bystander: Keyboard, build: str) -> None:
    """A text that cannot be a build goes nowhere near a command."""
    shown = bystander.type(*patch_words(bystander, build=build))
    assert shown.code == ExitCode.INVALID, shown.err
    assert "build" in shown.one_sentence_and_a_hint()
    assert shown.written == ()


IMAGES = {
    "missing": ({"image": "/nonexistent/build.tgz"}, "/nonexistent/build.tgz"),
    "another sha256": ({"sha256": "ab" * 32}, "SHA-256"),
    "a sha256 that is none": ({"sha256": "abc"}, "sha256"),
    "a quote in its path": ({"image": '/tmp/a"b.tgz'}, "image"),
    "a second line in its path": ({"image": "/tmp/a\nreboot -f"}, "image"),
    "a folder": ({"image": "/tmp"}, "/tmp"),
}


@pytest.mark.parametrize("what", IMAGES)
@pytest.mark.parametrize("dry", [(), ("-n",)], ids=["real", "dry"])
def test_a_wrong_image_is_refused_before_anything_is_sent(
    bystander: Keyboard, what: str, dry: tuple[str, ...]
) -> None:
    """An image that is missing, is another one or has a strange path is found at the beginning."""
    changed, named = IMAGES[what]
    shown = bystander.type(*patch_words(bystander, **changed), *dry)
    assert shown.code == ExitCode.INVALID, shown.err
    assert named.casefold() in shown.one_sentence_and_a_hint().casefold()
    assert shown.written == ()


def test_a_wrong_image_is_found_before_a_shut_gate_is_touched(keyboard: Keyboard) -> None:
    """Behind a closed gate, where a patch may begin, a wrong image still writes nothing."""
    keyboard.type("close")
    image = keyboard.site.image(FIXED_BUILD)
    image.path.write_bytes(b"not what was promised")
    shown = keyboard.patch(image)
    assert shown.code == ExitCode.INVALID
    assert "SHA-256" in shown.one_sentence_and_a_hint()
    assert shown.written == ()
    assert any("SHA-256" in sentence for sentence in keyboard.refusals())


@pytest.mark.parametrize("verb", ["verify", "patch", "mitigate"])
def test_an_unreachable_node_is_told_with_its_own_code(
    bystander: Keyboard, verb: str, shut_port: HoldPort
) -> None:
    """Nobody listens at one node's address: exit 4, on record, and nothing is written anywhere."""
    port = bystander.site.access().nodes[1].port
    config = bystander.changed((f"port = {port}\n", f"port = {shut_port()}\n"))
    words = patch_words(bystander) if verb == "patch" else (verb,)
    shown = bystander.type(*words, config=config)
    assert shown.code == ExitCode.UNREACHABLE, shown.err
    assert "ns-b" in shown.one_sentence_and_a_hint()
    assert shown.written == ()
    assert any("ns-b" in sentence for sentence in bystander.refusals(config))


def test_status_tells_which_node_cannot_be_reached(
    bystander: Keyboard, shut_port: HoldPort
) -> None:
    """A look goes on without the node that is away, and its code says that not all was seen."""
    port = bystander.site.access().nodes[1].port
    config = bystander.changed((f"port = {port}\n", f"port = {shut_port()}\n"))
    shown = bystander.type("status", "--json", config=config)
    assert shown.code == ExitCode.UNREACHABLE
    trouble = {node["name"]: node["trouble"] for node in shown.gate["nodes"]}
    assert trouble["ns-a"] is None
    assert "ns-b" in trouble["ns-b"]


def test_a_wrong_password_is_told_without_the_password(bystander: Keyboard) -> None:
    """Exit 4 and a hint to the credential; the password itself is said nowhere."""
    (bystander.folder / "password-ns-a").write_text("canary-7f3a\n", encoding="utf-8")
    shown = bystander.type("verify")
    assert shown.code == ExitCode.UNREACHABLE
    assert "credential" in shown.one_sentence_and_a_hint()
    assert shown.written == ()
    log = (bystander.folder / "state" / "gatectl.log.jsonl").read_text(encoding="utf-8")
    assert "canary-7f3a" not in shown.err + shown.out + log
    assert len(bystander.refusals()) == 1


def test_a_password_file_that_is_missing_is_told(bystander: Keyboard) -> None:
    """Nothing is sent to a node whose credential cannot be read."""
    (bystander.folder / "password-ns-a").unlink()
    shown = bystander.type("verify")
    assert shown.code in {ExitCode.INVALID, ExitCode.UNREACHABLE}
    assert "password-ns-a" in shown.one_sentence_and_a_hint()
    assert shown.written == ()


def test_a_changed_host_key_is_refused(bystander: Keyboard) -> None:
    """Another key than the pinned one: exit 4, and no password goes to whoever answered."""
    pinned = bystander.site.access().nodes[0].host_key_sha256
    config = bystander.changed((pinned, WRONG_KEY))
    shown = bystander.type("verify", config=config)
    assert shown.code == ExitCode.UNREACHABLE
    assert "host key" in shown.one_sentence_and_a_hint()
    assert not any(one.node == "ns-a" for one in shown.arrived)


def test_a_host_key_that_is_not_pinned_stops_before_any_contact(bystander: Keyboard) -> None:
    """Without a pin there is no trust: the configuration is refused, and nobody is asked."""
    pinned = bystander.site.access().nodes[0].host_key_sha256
    config = bystander.changed((f'host_keys = ["{pinned}"]\n', ""))
    shown = bystander.type("close", config=config)
    assert shown.code == ExitCode.INVALID
    assert "host" in shown.one_sentence_and_a_hint()
    assert shown.arrived == ()


def test_every_wrong_key_is_listed_at_once(bystander: Keyboard) -> None:
    """Three mistakes give three lines, each with its key, and nothing is contacted."""
    config = bystander.changed(
        ("acl_priorities = [10, 99]", 'acl_priorities = [10, 99]\nshape = "round"'),
        (f"port = {bystander.site.port}\n", "port = 70000\n"),
        ('username = "nsroot"', "username = 7"),
    )
    shown = bystander.type("status", config=config)
    assert shown.code == ExitCode.INVALID
    told = shown.one_sentence_and_a_hint()
    assert all(word in told for word in ("shape", "port", "username"))
    assert shown.arrived == ()


@pytest.mark.parametrize(
    "text", ["[gates.x\n", "gates = 7\n", "", "\x00", '[gates.a]\nname = "\\q"\n', "a = 1\na = 2\n"]
)
def test_a_broken_configuration_is_told_with_its_file(tmp_path: Path, text: str) -> None:
    """Whatever is wrong with the TOML, the file is named and nothing else happens."""
    config = tmp_path / "broken.toml"
    config.write_text(text, encoding="utf-8")
    shown = type_in("--config", str(config), "close")
    assert shown.code == ExitCode.INVALID
    assert "broken.toml" in shown.one_sentence_and_a_hint()


def test_a_configuration_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A file named with --config must exist."""
    shown = type_in("--config", str(tmp_path / "absent.toml"), "close")
    assert shown.code == ExitCode.INVALID
    assert "absent.toml" in shown.one_sentence_and_a_hint()


def test_no_configuration_at_all_points_to_init(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who starts is told how to get a configuration."""
    monkeypatch.delenv("GATECTL_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    shown = type_in("close")
    assert shown.code == ExitCode.INVALID
    assert "gatectl init" in shown.one_sentence_and_a_hint()


def test_a_refusal_is_on_record(bystander: Keyboard) -> None:
    """The journal says which verb was refused, why, and with which code."""
    bystander.type("run", "no-such-playbook")
    (refusal,) = [one for one in bystander.events() if one["kind"] == "verb.refused"]
    assert refusal["verb"] == "run"
    assert "no-such-playbook" in refusal["sentence"]
    assert refusal["exit_code"] == ExitCode.INVALID


def test_two_gates_and_no_name_ask_which_is_meant(bystander: Keyboard, shut_port: HoldPort) -> None:
    """With more than one gate the name may not be left out."""
    config = two_gates(bystander, shut_port())
    shown = bystander.type("close", config=config)
    assert shown.code == ExitCode.INVALID
    assert "second" in shown.one_sentence_and_a_hint()
    assert shown.arrived == ()


def two_gates(bystander: Keyboard, shut: int) -> Path:
    """Write a configuration in which a second gate has an address of its own."""
    text = bystander.config.read_text(encoding="utf-8")
    start = text.index(f"[gates.{GATE}]")
    second = text[start:].replace(f"gates.{GATE}", "gates.second")
    port = bystander.site.port
    second = second.replace('address = "127.0.0.1"', 'address = "127.0.0.9"')
    second = second.replace(f"port = {port}\n", f"port = {shut}\n")
    path = bystander.folder / "two.toml"
    path.write_text(text + second, encoding="utf-8")
    return path


def test_over_several_gates_the_worst_code_wins(bystander: Keyboard, shut_port: HoldPort) -> None:
    """One gate is open as it should be and the other answers nowhere: exit 5, and both are told."""
    config = two_gates(bystander, shut_port())
    shown = bystander.type("status", GATE, "second", "--json", config=config)
    assert shown.code == ExitCode.MAYBE_OPEN
    codes = {gate["name"]: gate["exit_code"] for gate in shown.document["gates"]}
    assert codes[GATE] == ExitCode.PROVEN
    assert codes["second"] == ExitCode.MAYBE_OPEN


def test_a_single_appliance_is_closed_as_well(tmp_path: Path) -> None:
    """Without a pair the same verb shuts the one node."""
    with SimulatedSite(nodes=1, speed=240.0) as site:
        keyboard = Keyboard.at(site, tmp_path)
        assert keyboard.type("close").code == ExitCode.PROVEN
        assert keyboard.visits() == (False, True)


def test_every_session_is_cleared_of_secrets(bystander: Keyboard) -> None:
    """Whatever a verb asks a device, nobody gets the answer with a password in it."""
    given = {"config": str(bystander.config), "verbose": 0}
    with workplace(click.Context(click.Command("test"), obj=given), ()) as place:
        hosts = [node.host for gate in place.gates for node in gate.nodes]
        assert len(hosts) == 2
        assert all(isinstance(place.desk.connect(host), Scrubbed) for host in hosts)
