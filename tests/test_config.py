"""The configuration: what is read from it, and what is said when something is wrong in it."""

import os
import re
import tomllib
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatectl.config.configuration import (
    Configuration,
    configuration_schema,
    example_configuration,
    find_configuration,
    read_configuration,
)
from gatectl.config.document import key_spans, read_toml
from gatectl.config.pins import pin_certificate, pin_host_keys
from gatectl.config.problem import SHOWN_LIMIT
from gatectl.core.gate import GateName, NodeName, SecretRef, Side
from gatectl.errors import ConfigInvalid, ExitCode, InvalidInput

PIN = "SHA256:" + "A" * 43
OTHER_PIN = "SHA256:" + "B" * 42 + "E"
KEY_PIN = "sha256//" + "C" * 43 + "="

GOOD = f"""\
[gates.almelo]
advisories = "all"
office_networks = ["10.0.0.0/8"]
close_methods = ["close-acl", "close-vserver"]
acl_priorities = [10, 99]

[gates.almelo.vserver]
name = "gw_ext"
address = "203.0.113.10"

[[gates.almelo.nodes]]
name = "ns-a"
host = "10.1.1.11"
username = "gatectl"
key_file = "keys/id"
host_keys = ["{PIN}"]  # from the console

[[gates.almelo.nodes]]
name = "ns-b"
host = "10.1.1.12"
username = "gatectl"
agent = true
host_keys = ["{PIN}"]

[[gates.almelo.vantages]]
name = "office"
side = "inside"

[[gates.almelo.vantages]]
name = "internet"
side = "outside"

[gates.almelo.vantages.via]
host = "probe.example"
username = "gatectl"
prompt = true
host_keys = ["{PIN}"]
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a configuration and give its path."""

    def to_file(text: str) -> Path:
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return path

    return to_file


def changed(*changes: tuple[str, str]) -> str:
    """Make a bad configuration of the good one; a change that changes nothing is a mistake."""
    text = GOOD
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def refusal(path: Path) -> ConfigInvalid:
    """Read a bad configuration and give what is said of it."""
    with pytest.raises(ConfigInvalid) as caught:
        read_configuration(path, environment={"HOME": "/home/op"})
    assert caught.value.exit_code is ExitCode.INVALID
    return caught.value


def test_a_good_configuration_becomes_typed_values(write: Write, tmp_path: Path) -> None:
    """Every written key arrives at its place, and what is not written has its default."""
    gate = read_configuration(write(GOOD)).gate("almelo")
    assert gate.name == GateName("almelo")
    assert [node.name for node in gate.nodes] == ["ns-a", "ns-b"]
    host = gate.node(NodeName("ns-a")).host
    assert (host.address, host.port, host.username) == ("10.1.1.11", 22, "gatectl")
    assert host.secret == SecretRef(kind="key_file", target=str(tmp_path / "keys/id"))
    assert host.host_keys == (PIN,)
    assert gate.node(NodeName("ns-b")).host.secret == SecretRef(kind="agent")
    assert gate.vserver.address == ip_address("203.0.113.10")
    assert (gate.vserver.kind, gate.vserver.port) == ("vpn", 443)
    assert gate.office_networks == (ip_network("10.0.0.0/8"),)
    assert gate.close_methods == ("close-acl", "close-vserver")
    assert gate.acl_priorities == (10, 99)
    assert gate.advisories == "all"
    assert (gate.provisional_s, gate.evidence_max_age_s, gate.fips) == (900, 1800, False)
    office, internet = gate.vantages
    assert (office.side, office.via) == (Side.INSIDE, None)
    assert internet.via is not None
    assert (internet.via.name, internet.via.secret.kind) == ("internet", "prompt")


def test_optional_keys_are_taken(write: Write, tmp_path: Path) -> None:
    """Minutes become seconds, host:port becomes a pair, and an IPv6 control keeps its colons."""
    text = changed(
        ("acl_priorities", "provisional_minutes = 5\nevidence_max_age_minutes = 7\nacl_priorities"),
        ('side = "inside"', 'side = "inside"\nsource = "10.0.0.9"\ncontrol = "[2001:db8::1]:443"'),
        ('side = "outside"', 'side = "outside"\ntarget = "gw.example:8443"'),
        ("[gates.almelo]", '[settings]\nstate_dir = "state"\noperator = "Ada"\n[gates.almelo]'),
    )
    configuration = read_configuration(write(text))
    gate = configuration.gate(None)
    assert (gate.provisional_s, gate.evidence_max_age_s) == (300, 420)
    assert gate.vantages[0].source == ip_address("10.0.0.9")
    assert gate.vantages[0].control == ("2001:db8::1", 443)
    assert gate.vantages[1].target == ("gw.example", 8443)
    assert configuration.settings.state_dir == tmp_path / "state"
    assert configuration.settings.operator == "Ada"


def test_paths_start_at_the_folder_of_the_file_and_at_home(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where gatectl was started makes no difference; `~` is the user's home."""
    monkeypatch.setenv("HOME", "/home/op")
    path = write(changed(('"keys/id"', '"~/.ssh/id"')))
    monkeypatch.chdir(tmp_path)
    configuration = read_configuration(Path(path.name))
    assert configuration.gate(None).nodes[0].host.secret.target == "/home/op/.ssh/id"
    configuration = read_configuration(write(GOOD).relative_to(tmp_path))
    assert configuration.gate(None).nodes[0].host.secret.target == str(tmp_path / "keys/id")


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        ("", None),
        ('journal_login = { password_file = "pw" }', ("password_file", "pw")),
        ('journal_login = { command = "pass show db" }', ("command", "pass show db")),
        ('journal_login = { credential = "db" }', ("credential", "db")),
    ],
)
def test_a_journal_in_a_server_is_read_with_the_place_of_its_password(
    write: Write, login: str, expected: tuple[str, str] | None, tmp_path: Path
) -> None:
    """A relative path starts at the folder of the file here as well."""
    url = "postgresql://gatectl@db.example/gatectl"
    lines = f'[settings]\njournal = "{url}"\n{login}\n[gates.almelo]'
    settings = read_configuration(write(GOOD.replace("[gates.almelo]", lines, 1))).settings
    assert settings.journal_server is not None
    assert settings.journal_server.url == url
    found = settings.journal_server.login
    if expected is None:
        assert found is None
    else:
        kind, target = expected
        wanted = str(tmp_path / target) if kind == "password_file" else target
        assert found is not None
        assert (found.kind, found.target) == (kind, wanted)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"XDG_STATE_HOME": "/srv/state"}, "/srv/state/gatectl"),
        ({"XDG_STATE_HOME": "relative", "HOME": "/home/op"}, "/home/op/.local/state/gatectl"),
        ({"HOME": "/home/op"}, "/home/op/.local/state/gatectl"),
    ],
)
def test_state_lies_in_the_xdg_folder(
    write: Write, environment: dict[str, str], expected: str
) -> None:
    """Without state_dir, journal and evidence lie where XDG says; a relative folder is ignored."""
    configuration = read_configuration(write(GOOD), environment=environment)
    assert configuration.settings.state_dir == Path(expected)


BAD_VALUES = [
    (('name = "gw_ext"\n', ""), "gates.almelo.vserver.name", "is missing"),
    (("[gates.almelo.vserver]", "[gates.almelo.vserve]"), "gates.almelo.vserver", "is missing"),
    (("[gates.almelo.vserver]", "[gates.almelo.vserve]"), "gates.almelo.vserve", "vserver?"),
    (('host = "10.1.1.11"', 'hots = "x"'), "gates.almelo.nodes[0].hots", "did you mean host?"),
    (('host = "10.1.1.11"', "host = 3"), "gates.almelo.nodes[0].host", "text in quotes"),
    (('host = "10.1.1.11"', 'host = "a b"'), "gates.almelo.nodes[0].host", "host name"),
    (('host = "10.1.1.11"', 'host = "g\u0430te"'), "gates.almelo.nodes[0].host", "plain letters"),
    (('"10.1.1.11"', '"h"\nport = 0'), "gates.almelo.nodes[0].port", "at least 1, not 0"),
    (('"10.1.1.11"', '"h"\nport = 65536'), "gates.almelo.nodes[0].port", "at most 65535"),
    (('"10.1.1.11"', '"h"\nport = "22"'), "gates.almelo.nodes[0].port", "whole number"),
    (('"10.1.1.11"', '"h"\nport = true'), "gates.almelo.nodes[0].port", "whole number"),
    (('"10.1.1.11"', '"h"\nport = 22.0'), "gates.almelo.nodes[0].port", "whole number"),
    (('"10.1.1.11"', '"h"\nport = 0x1p'), "", "not TOML"),
    (("acl_prio", "fips = 1\nacl_prio"), "gates.almelo.fips", "true or false"),
    (("acl_prio", "provisional_minutes = 0\nacl_prio"), "gates.almelo.provisional_minutes", "1"),
    (('"203.0.113.10"', '"203.0.113.300"'), "gates.almelo.vserver.address", "not an IP address"),
    (('"203.0.113.10"', '"gw.example"'), "gates.almelo.vserver.address", "not an IP address"),
    (('"203.0.113.10"', '"fe80::1%e h"'), "gates.almelo.vserver.address", "network interface"),
    (('"203.0.113.10"', "10"), "gates.almelo.vserver.address", "text in quotes"),
    (('"gw_ext"', '"gw;rm x"'), "gates.almelo.vserver.name", "no place in a command"),
    (('"gw_ext"', '"gw\\nreboot"'), "gates.almelo.vserver.name", "no place in a command"),
    (('"gw_ext"', '"g"\nkind = "vnp"'), "gates.almelo.vserver.kind", "did you mean vpn?"),
    (('"10.0.0.0/8"', '"10.0.0.0/33"'), "gates.almelo.office_networks[0]", "not a network"),
    (('"10.0.0.0/8"', '"10.1.2.3/8"'), "gates.almelo.office_networks[0]", "mean 10.0.0.0/8?"),
    (('["10.0.0.0/8"]', '"10.0.0.0/8"'), "gates.almelo.office_networks", "a list, in [ ]"),
    (('["10.0.0.0/8"]', "[]"), "gates.almelo.office_networks", "at least one entry"),
    (('"all"', "[]"), "gates.almelo.advisories", "at least one entry"),
    (('"all"', '"every"'), "gates.almelo.advisories", '"all"'),
    (('"all"', '["CTX1", 3]'), "gates.almelo.advisories[1]", "text in quotes"),
    (("[10, 99]", "[0, 99]"), "gates.almelo.acl_priorities[0]", "at least 1"),
    (("[10, 99]", "[10, 100001]"), "gates.almelo.acl_priorities[1]", "at most 100000"),
    (("[10, 99]", "[10]"), "gates.almelo.acl_priorities[1]", "is missing"),
    (("[10, 99]", "[10, 99, 100]"), "gates.almelo.acl_priorities", "at most 2 entries"),
    ((f'["{PIN}"]', '["SHA256:abc"]'), "gates.almelo.nodes[0].host_keys[0]", "43 characters"),
    ((f'["{PIN}"]', f'["{PIN}="]'), "gates.almelo.nodes[0].host_keys[0]", "43 characters"),
    ((f'["{PIN}"]', f'["{PIN}\\n"]'), "gates.almelo.nodes[0].host_keys[0]", "43 characters"),
    (('"ns-a"', '"-a"'), "gates.almelo.nodes[0].name", "63 letters"),
    (('"ns-a"', f'"{"a" * 64}"'), "gates.almelo.nodes[0].name", "63 letters"),
    (('"inside"', '"within"'), "gates.almelo.vantages[0].side", '"inside" or "outside"'),
    (
        ('side = "outside"', 'side = "outside"\ntarget = "gw"'),
        "gates.almelo.vantages[1].target",
        ":",
    ),
    (("agent = true", "agent = false"), "gates.almelo.nodes[1].agent", "must be true, not false"),
    (('"keys/id"', '"~nobody-here/id"'), "gates.almelo.nodes[0].key_file", "home folder"),
    (('"keys/id"', '"k\\u0000"'), "gates.almelo.nodes[0].key_file", "must be a path"),
    (('"keys/id"', "2020-01-18"), "gates.almelo.nodes[0].key_file", "date"),
    (('"ns-a"', "nan"), "gates.almelo.nodes[0].name", "finite number"),
    (('"ns-a"', str(2**70)), "gates.almelo.nodes[0].name", "too large a number"),
    (('"ns-a"', "[" * 20 + "]" * 20), "gates.almelo.nodes[0].name" + "[0]" * 11, "too deep"),
    (('"ns-a"', "[" + "1," * 1001 + "]"), "gates.almelo.nodes[0].name", "1001 entries"),
    (("[gates.almelo]", "[gates]\nx = 1\n[gates.almelo]"), "gates.x", "must be a table"),
    (("[gates.almelo]", '[gates."a b"]\n[gates.almelo]'), 'gates."a b"', "63 letters"),
    (("[gates.almelo]", "settings = 1\n[gates.almelo]"), "settings", "must be a table"),
    (("[gates.almelo]", "[setings]\n[gates.almelo]"), "setings", "did you mean settings?"),
    (
        ("[gates.almelo]", '[settings]\njournal = "postgresql://a:canary@b/c"\n[gates.almelo]'),
        "settings.journal",
        "must not hold a password",
    ),
    (
        ("[gates.almelo]", '[settings]\njournal = "journal.db"\n[gates.almelo]'),
        "settings.journal",
        "postgresql://user@host",
    ),
    (
        (
            "[gates.almelo]",
            '[settings]\njournal = "postgresql:///x"\njournal_login = {}\n[gates.almelo]',
        ),
        "settings.journal_login",
        "needs exactly one of password_file, command and credential",
    ),
    (
        ("[gates.almelo]", '[settings]\njournal_login = { credential = "x" }\n[gates.almelo]'),
        "settings",
        "no journal that it is for",
    ),
    (
        ("[gates.almelo]", '[settings]\nplaybook_dirs = ["nowhere"]\n[gates.almelo]'),
        "settings.playbook_dirs[0]",
        "not a folder",
    ),
]


@pytest.mark.parametrize(("change", "key", "words"), BAD_VALUES)
def test_a_bad_value_is_named_by_its_key(
    write: Write, change: tuple[str, str], key: str, words: str
) -> None:
    """Each objection to one value names file, line and key, and says in words what is wanted."""
    path = write(changed(change))
    assert says(refusal(path), path, key, words)


BAD_AGREEMENTS = [
    (('"ns-b"', '"ns-a"'), "gates.almelo.nodes[1].name", "another node"),
    (('"internet"', '"office"'), "gates.almelo.vantages[1].name", "another vantage"),
    (('"10.1.1.12"', '"10.1.1.11"'), "gates.almelo.nodes[1].host", "address and port already"),
    (('"outside"', '"inside"'), "gates.almelo.vantages", 'none with side = "outside"'),
    (('"inside"', '"outside"'), "gates.almelo.vantages", 'none with side = "inside"'),
    (('"10.0.0.0/8"', '"0.0.0.0/0"'), "gates.almelo.office_networks[0]", "everybody"),
    (('"10.0.0.0/8"', '"10.0.0.0/8", "::/0"'), "gates.almelo.office_networks[1]", "everybody"),
    (('"10.0.0.0/8"', '"0.0.0.0/1", "128.0.0.0/1"'), "gates.almelo.office_networks", "everybody"),
    (('"10.0.0.0/8"', '"2001:db8::/32"'), "gates.almelo.office_networks", "no IPv4 network"),
    (('"10.0.0.0/8"', '"10.0.0.0/8", "10.0.0.0/8"'), "gates.almelo.office_networks[1]", "twice"),
    (("[10, 99]", "[99, 10]"), "gates.almelo.acl_priorities", "lower priority first"),
    (("[10, 99]", "[10, 12]"), "gates.almelo.acl_priorities", "has room for 3 rules"),
    (('"close-acl"', '"close-alc"'), "gates.almelo.close_methods[0]", "did you mean close-acl?"),
    (('"close-acl"', '"patch"'), "gates.almelo.close_methods[0]", "purpose is not to close"),
    (('"close-acl"', '"close-vserver"'), "gates.almelo.close_methods[1]", "named twice"),
    (('"all"', '["CTX267072"]'), "gates.almelo.advisories[0]", "did you mean CTX267027"),
    (('"all"', '["all"]'), "gates.almelo.advisories[0]", 'advisories = "all"'),
    (('key_file = "keys/id"\n', ""), "gates.almelo.nodes[0]", "has no credential"),
    (("prompt = true\n", ""), "gates.almelo.vantages[1].via", "has no credential"),
    (
        ("agent = true", 'agent = true\ncommand = "pass x"'),
        "gates.almelo.nodes[1]",
        "has agent and command; exactly one",
    ),
    ((f'host_keys = ["{PIN}"]  #', "#"), "gates.almelo.nodes[0].host_keys", "gatectl hostkeys"),
    ((f'["{PIN}"]  #', "[]  #"), "gates.almelo.nodes[0].host_keys", "gatectl hostkeys"),
    (
        ('side = "outside"', 'side = "outside"\nsource = "10.0.0.1"'),
        "gates.almelo.vantages[1].source",
        "cannot be used with via",
    ),
    (
        ('side = "outside"', 'side = "outside"\ncontrol = "gw:99999"'),
        "gates.almelo.vantages[1].control",
        "port from 1 to 65535",
    ),
]


@pytest.mark.parametrize(("change", "key", "words"), BAD_AGREEMENTS)
def test_keys_that_do_not_agree_are_named(
    write: Write, change: tuple[str, str], key: str, words: str
) -> None:
    """Each objection to values that are good alone and wrong together names a key to correct."""
    path = write(changed(change))
    assert says(refusal(path), path, key, words)


def says(error: ConfigInvalid, path: Path, key: str, words: str) -> bool:
    """Whether one line of the error names the file, a line of it, the key, and the words."""
    pattern = rf"{re.escape(str(path))}:(\d+)(:\d+)?: {re.escape(f'{key}: ' if key else '')}(.*)"
    for line in error.sentence.splitlines():
        found = re.fullmatch(pattern, line)
        if found and words in found[3]:
            return True
    pytest.fail(f"no line says {key}: ...{words}... in\n{error.sentence}")


def test_one_problem_is_told_once(write: Write) -> None:
    """A single mistake gives a single line: nothing that follows from it is told besides."""
    told_more = {
        # Renaming a table is two mistakes, and text that is no list of sides has no outside.
        "gates.almelo.vserver",
        "gates.almelo.vserve",
        "gates.almelo.vantages[0].side",
        "gates.almelo.advisories[1]",
        "gates.almelo.nodes[0].hots",
        # A second gate of which nothing is there.
        'gates."a b"',
    }
    for change, key, _ in BAD_VALUES + BAD_AGREEMENTS:
        if key not in told_more:
            error = refusal(write(changed(change)))
            assert len(error.sentence.splitlines()) == 1, error.sentence


def test_more_than_two_nodes_are_refused(write: Write) -> None:
    """A gate is one appliance or a pair."""
    third = '[[gates.almelo.nodes]]\nname = "c"\nhost = "c"\nusername = "u"\nagent = true\n'
    path = write(GOOD + third + f'host_keys = ["{PIN}"]\n')
    assert says(refusal(path), path, "gates.almelo.nodes", "at most 2 entries")


def test_a_gate_without_nodes_is_refused(write: Write) -> None:
    """A gate that nothing serves cannot be closed."""
    text = re.sub(r"(?ms)^\[\[gates.almelo.nodes\]\].*?(?=^\[\[gates.almelo.vant)", "", GOOD)
    path = write(text)
    assert says(refusal(path), path, "gates.almelo.nodes", "is missing")


@pytest.mark.parametrize("text", ["", "[gates]\n", "[settings]\n"])
def test_a_file_without_gates_is_refused(write: Write, text: str) -> None:
    """Nothing to guard is a mistake, never a success."""
    path = write(text)
    assert re.search(r"gates: (is missing|needs at least one entry)", refusal(path).sentence)


def test_everything_wrong_is_told_at_once_in_the_order_of_the_file(write: Write) -> None:
    """Wrong types, unknown keys and disagreements come together, each with its own line."""
    path = write(
        changed(
            ("[10, 99]", "[99, 10]"),
            ('"203.0.113.10"', '"here"'),
            ('"10.1.1.11"', '"h"\nport = 99999\ncolour = "red"'),
            ('"ns-b"', '"ns-a"'),
            ('"outside"', '"inside"'),
        )
    )
    error = refusal(path)
    expected = [
        (5, "gates.almelo.acl_priorities"),
        (9, "gates.almelo.vserver.address"),
        (14, "gates.almelo.nodes[0].port"),
        (15, "gates.almelo.nodes[0].colour"),
        (21, "gates.almelo.nodes[1].name"),
        (27, "gates.almelo.vantages"),
    ]
    found = re.findall(r":(\d+): ([^:]+): ", error.sentence)
    assert [(int(line), key) for line, key in found] == expected
    assert "gatectl lint" in error.hint


def test_very_many_problems_are_cut_off(write: Write) -> None:
    """Whoever gave the wrong file is told so in some lines, not in thousands."""
    path = write("[settings]\n" + "".join(f"k{number} = 1\n" for number in range(900)))
    lines = refusal(path).sentence.splitlines()
    assert len(lines) == SHOWN_LIMIT + 1
    assert lines[-1].startswith("... and ")


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ('username = "gatectl"', "password"),
        ('username = "gatectl"', "api_token"),
        ('username = "gatectl"', "client-secret"),
        ('username = "gatectl"', "Passphrase"),
        ('name = "gw_ext"', "secret"),
        ('side = "inside"', "token"),
    ],
)
def test_a_secret_in_clear_is_refused_and_not_repeated(write: Write, place: str, name: str) -> None:
    """The answer advises a reference and a new secret, and does not print the old one."""
    path = write(changed((place, f'{place}\n{name} = "canary-4711"')))
    error = refusal(path)
    assert "password_file" in error.sentence
    assert "change it" in error.sentence
    assert f"{name}: " in error.sentence
    assert "belongs here" not in error.sentence
    assert "canary-4711" not in error.sentence + error.hint
    assert len(error.sentence.splitlines()) == 1


def test_a_secret_in_the_place_of_another_value_is_not_repeated(write: Write) -> None:
    """A password pasted into host_keys, host, name or user name does not come back in the error."""
    for old in (PIN, "10.1.1.11", "ns-a", "keys/id", "gw_ext"):
        path = write(changed((f'"{old}"', '"canary 4711\\u0007"')))
        assert "canary" not in refusal(path).sentence


def test_a_gate_may_be_called_token(write: Write) -> None:
    """Names that a person chooses are not keys."""
    configuration = read_configuration(write(GOOD.replace("gates.almelo", "gates.token")))
    assert list(configuration.gates) == ["token"]


def test_nothing_in_an_error_can_steer_a_terminal(write: Write) -> None:
    """Keys and values with control characters are shown escaped."""
    path = write(changed(("[gates.almelo]", '"\\u001b[2J" = 1\n[gates.almelo]')))
    assert "\x1b" not in refusal(path).sentence
    assert "\\u001b[2J" in refusal(path).sentence


UNREADABLE = [
    (b"\xef\xbb\xbf[gates]\n", ":1:1: ", "byte order mark"),
    (b"\xff\xfe[\x00g\x00", ":1:1: ", "UTF-16"),
    (b"a = 1\nb = '\xff'\n", ":2:6: ", "0xff is not UTF-8"),
    (b"a = 1\nbc\x00 = 2\n", ":2:3: ", "NUL byte"),
    (b"a = 1\nb =\n", ":2:4: ", "not TOML"),
    (b"a = 1\na = 2\n", ":2:6: ", "not TOML"),
    (b"[a]\nb = 'x\n", ":3:1: ", "not TOML"),
    (b'a = """x\n\n', ":3:1: ", "not TOML"),
    (b"a = " + b"[" * 5000, "", "nested far too deep"),
    (b"a = " + b"9" * 5000, ":", "not TOML"),
    (b"d = 2020-13-45\n", ":1:", "not TOML"),
    (b"#" * 1_000_001, "", "larger than 1000000 bytes"),
]


@pytest.mark.parametrize(("content", "place", "words"), UNREADABLE)
def test_a_file_that_is_not_toml_is_told_with_its_place(
    tmp_path: Path, content: bytes, place: str, words: str
) -> None:
    """Broken TOML, foreign encodings and monsters get one sentence with line and column."""
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    error = refusal(path)
    assert f"{path}{place}" in error.sentence
    assert words in error.sentence
    assert len(error.sentence.splitlines()) == 1


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    """The sentence is about the file, not about the operating system's error number."""
    assert refusal(tmp_path / "none.toml").sentence == f"{tmp_path / 'none.toml'} does not exist"
    assert "cannot be read" in refusal(Path("a\0b")).sentence


def test_a_folder_and_a_pipe_are_not_files(tmp_path: Path) -> None:
    """A pipe in the place of the file is refused at once, not waited for."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        assert "is not a file" in refusal(path).sentence


def test_a_file_that_everybody_can_change_is_refused(write: Write) -> None:
    """Who may change this file decides what is sent to the gateway."""
    path = write(GOOD)
    path.chmod(0o666)
    error = refusal(path)
    assert "can be changed by every user" in error.sentence
    assert f"chmod o-w {path}" in error.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(write: Write) -> None:
    """A lack of rights is one sentence."""
    path = write(GOOD)
    path.chmod(0o000)
    assert "cannot be read: Permission denied" in refusal(path).sentence


def test_windows_line_ends_are_read(write: Write) -> None:
    """CRLF is TOML too, and the line numbers are right all the same."""
    assert read_configuration(write(GOOD.replace("\n", "\r\n"))).gate(None).nodes
    path = write(changed(('"10.1.1.11"', '""')).replace("\n", "\r\n"))
    assert says(refusal(path), path, "gates.almelo.nodes[0].host", "host name")
    assert f"{path}:13:" in refusal(path).sentence


def test_host_keys_may_be_missing_for_the_command_that_pins_them(write: Write) -> None:
    """Only with `unpinned`; then nothing is trusted, and everything else is checked as ever."""
    text = GOOD.replace(f'host_keys = ["{PIN}"]', "")
    configuration = read_configuration(write(text), unpinned=True)
    assert configuration.gate(None).nodes[0].host.host_keys == ()
    assert "host_keys" in refusal(write(text)).sentence
    with pytest.raises(ConfigInvalid, match=r"gates\.almelo\.acl_priorities"):
        read_configuration(write(text.replace("[10, 99]", "[99, 10]")), unpinned=True)


def two_gates(write: Write) -> Configuration:
    """Read a configuration of two gates."""
    return read_configuration(write(GOOD + GOOD.replace("gates.almelo", "gates.hengelo")))


def test_a_gate_is_found_by_its_name(write: Write) -> None:
    """With a name it is that gate; a single gate needs no name."""
    assert two_gates(write).gate("hengelo").name == "hengelo"
    assert read_configuration(write(GOOD)).gate(None).name == "almelo"


def test_an_unknown_gate_is_answered_with_near_names(write: Write) -> None:
    """A slip of the finger at night is told with what may have been meant."""
    with pytest.raises(InvalidInput, match=r"no gate is called 'almleo'.*did you mean almelo\?"):
        two_gates(write).gate("almleo")


def test_several_gates_need_a_name(write: Write) -> None:
    """Nobody guesses which gate to close."""
    with pytest.raises(InvalidInput, match="has 2 gates: almelo, hengelo"):
        two_gates(write).gate(None)


def test_the_configuration_is_looked_for_in_order(tmp_path: Path) -> None:
    """An option wins over the variable, the variable over the user's own file."""
    own = tmp_path / "xdg" / "gatectl" / "config.toml"
    environment = {"GATECTL_CONFIG": "/v.toml", "XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    assert find_configuration(Path("o.toml"), environment) == Path("o.toml")
    assert find_configuration(None, environment) == Path("/v.toml")
    del environment["GATECTL_CONFIG"]
    own.parent.mkdir(parents=True)
    own.touch()
    assert find_configuration(None, environment) == own
    home = tmp_path / ".config" / "gatectl" / "config.toml"
    home.parent.mkdir(parents=True)
    home.touch()
    assert find_configuration(None, {"HOME": str(tmp_path)}) == home


def test_a_dangling_link_is_not_passed_over(tmp_path: Path) -> None:
    """The user's own file is chosen even when its target is gone: another one is not meant."""
    own = tmp_path / "gatectl" / "config.toml"
    own.parent.mkdir()
    own.symlink_to(tmp_path / "gone.toml")
    found = find_configuration(None, {"XDG_CONFIG_HOME": str(tmp_path)})
    assert found == own
    assert "does not exist" in refusal(found).sentence


def test_no_configuration_points_to_init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody new is told how to begin."""
    monkeypatch.setattr("gatectl.config.configuration.SYSTEM_CONFIGURATION", tmp_path / "etc.toml")
    with pytest.raises(ConfigInvalid) as caught:
        find_configuration(None, {"XDG_CONFIG_HOME": str(tmp_path)})
    assert "gatectl init" in caught.value.hint


def uncommented(text: str) -> str:
    """Put the optional keys of the example into force, where only one of several may stand."""
    return re.sub(r"(?m)^# ([a-z_0-9]+ = )", r"\1", text)


def test_the_example_reads(write: Write) -> None:
    """What `gatectl init` writes is a valid configuration of a pair, with an SSH vantage."""
    gate = read_configuration(write(example_configuration())).gate(None)
    assert len(gate.nodes) == 2
    assert gate.close_methods == ("close-acl", "close-vserver")
    assert [vantage.via is not None for vantage in gate.vantages] == [False, True]


def test_the_example_reads_with_every_optional_key_in_force(write: Write, tmp_path: Path) -> None:
    """The keys that are commented out are right too, and show their defaults."""
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "advisories").mkdir()
    plain = read_configuration(write(example_configuration())).gate(None)
    full = read_configuration(write(uncommented(example_configuration())))
    assert full.settings.operator == "network operations"
    gate = full.gate(None)
    assert gate.vserver.server_name == "telewerken.example"
    assert gate.provisional_s == plain.provisional_s
    assert gate.evidence_max_age_s == plain.evidence_max_age_s
    assert gate.nodes == plain.nodes


def test_what_stands_before_a_gateway_and_what_it_gives_out_is_read(write: Write) -> None:
    """Fronts, persistence, pools and whether the closed page is accepted; by default none is."""
    text = changed(
        (
            'name = "gw_ext"',
            'name = "gw_ext"\npersistence = ["lb_a"]\nfronts = [{ kind = "cs", name = "cs_a" }]',
        ),
        ("office_networks", 'expected_users = ["operator"]\noffice_networks'),
        (
            "acl_priorities",
            'pool_networks = ["10.99.0.0/16"]\naccept_closed_page = true\nacl_priorities',
        ),
    )
    gate = read_configuration(write(text)).gate("almelo")
    assert [(front.kind, front.name) for front in gate.vserver.fronts] == [("cs", "cs_a")]
    assert gate.vserver.persistence == ("lb_a",)
    assert [str(network) for network in gate.pool_networks] == ["10.99.0.0/16"]
    assert gate.accept_closed_page
    assert gate.expected_users == frozenset({"operator", "gatectl"})
    plain = read_configuration(write(GOOD)).gate("almelo")
    assert (plain.vserver.fronts, plain.pool_networks, plain.accept_closed_page) == ((), (), False)
    assert plain.expected_users is None


def test_whose_certificate_the_gate_may_show_is_read(write: Write, tmp_path: Path) -> None:
    """Pins as they are, the file of authorities from the configuration's folder, or neither."""
    keys = f'certificate_pins = ["{KEY_PIN}"]\ncertificate_authorities = "ca.pem"'
    text = changed(('name = "gw_ext"', f'name = "gw_ext"\n{keys}'))
    vserver = read_configuration(write(text)).gate("almelo").vserver
    assert vserver.certificate_pins == (KEY_PIN,)
    assert vserver.certificate_authorities == str(tmp_path / "ca.pem")
    plain = read_configuration(write(GOOD)).gate("almelo").vserver
    assert (plain.certificate_pins, plain.certificate_authorities) == ((), "")


@pytest.mark.parametrize("pin", [PIN, "C" * 64, "sha256//CCCC", KEY_PIN.upper()])
def test_a_pin_of_another_form_is_refused(write: Write, pin: str) -> None:
    """A pin that nothing could ever match would call every gate somebody else's."""
    text = changed(('name = "gw_ext"', f'name = "gw_ext"\ncertificate_pins = ["{pin}"]'))
    said = str(refusal(write(text)))
    assert "gates.almelo.vserver.certificate_pins[0]" in said
    assert "gatectl certificates" in said


def test_pinning_a_certificate_changes_its_pins_and_nothing_else(write: Write) -> None:
    """They are added to the virtual server, and replaced when they are pinned anew."""
    path = write(GOOD)
    pin_certificate(path, "almelo", [KEY_PIN])
    added = set(path.read_text().splitlines()) - set(GOOD.splitlines())
    assert added == {f'certificate_pins = ["{KEY_PIN}"]'}
    other = KEY_PIN.replace("C", "D")
    pin_certificate(path, "almelo", [other, KEY_PIN])
    vserver = read_configuration(path).gate(None).vserver
    assert vserver.certificate_pins == (other, KEY_PIN)
    assert vserver.name == "gw_ext"


@pytest.mark.parametrize(
    ("gate", "pins", "words"),
    [("hengelo", [KEY_PIN], "no vserver"), ("almelo", [PIN], "not a fingerprint")],
)
def test_pinning_what_is_no_certificate_changes_nothing(
    write: Write, gate: str, pins: list[str], words: str
) -> None:
    """An unknown gate and another form are refused, and the file is as before."""
    path = write(GOOD)
    with pytest.raises(InvalidInput, match=words):
        pin_certificate(path, gate, pins)
    assert path.read_text() == GOOD


def test_the_example_explains_every_key_of_the_schema() -> None:
    """No key is left out of the example, and each has a comment in front of it."""
    lines = example_configuration().splitlines()
    schema = configuration_schema()
    keys = {key for place in schema["$defs"].values() for key in place.get("properties", {})} - {
        "nodes",
        "vantages",
        "vserver",
        "via",
        "known_drift",
    }
    for key in keys:
        shown = [n for n, line in enumerate(lines) if re.match(rf"(#\s+)?{key} = ", line)]
        assert shown, f"{key} is not in the example"
        assert lines[shown[0] - 1].startswith("#"), f"{key} has no comment"


def test_the_schema_is_made_from_the_types() -> None:
    """Editors know the keys, refuse others, and know the form of a fingerprint."""
    schema = configuration_schema()
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert schema["additionalProperties"] is False
    host_keys = schema["$defs"]["WrittenNode"]["properties"]["host_keys"]
    assert "SHA256:" in host_keys["items"]["pattern"]


@pytest.mark.parametrize("node", ["ns-a", "ns-b", "internet"])
def test_pinning_changes_the_host_keys_of_one_login_and_nothing_else(
    write: Write, node: str
) -> None:
    """Comments, layout and mode stay; a vantage's SSH host is pinned by the vantage's name."""
    path = write(GOOD)
    path.chmod(0o640)
    pin_host_keys(path, "almelo", node, [OTHER_PIN, PIN])
    before, after = GOOD.splitlines(), path.read_text().splitlines()
    different = [new for old, new in zip(before, after, strict=True) if old != new]
    assert [line.partition("  #")[0] for line in different] == [
        f'host_keys = ["{OTHER_PIN}", "{PIN}"]'
    ]
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(path.parent.iterdir()) == [path]
    gate = read_configuration(path).gate(None)
    hosts = [*(one.host for one in gate.nodes), gate.vantages[1].via]
    pinned = {host.name: host.host_keys for host in hosts if host is not None}
    assert pinned.pop(node) == (OTHER_PIN, PIN)
    assert set(pinned.values()) == {(PIN,)}


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f'host_keys = ["{PIN}"]  # from the console', ""),
        (f'["{PIN}"]', "[]"),
        (f'["{PIN}"]', f"[\n  # the old one ]\n  '{PIN}',\n  \"{PIN}\"\n]"),
        ("host_keys", "'host_keys'"),
        ("[[gates.almelo.nodes]]", '[[ "gates" . almelo.nodes ]] # one'),
        ('"gatectl"\nkey_file = "keys/id"', "\"\"\"ga\\\n  tectl\"\"\"\nkey_file = '''keys/id'''"),
    ],
)
def test_pinning_finds_the_place_in_every_layout(
    write: Write, old: str, new: str, line_end: str
) -> None:
    """A missing key is added, and lists, quoted keys and long strings are no hindrance."""
    path = write(changed((old, new)))
    path.write_bytes(path.read_bytes().replace(b"\n", line_end.encode()))
    pin_host_keys(path, "almelo", "ns-a", [OTHER_PIN])
    gate = read_configuration(path).gate(None)
    assert gate.nodes[0].host.host_keys == (OTHER_PIN,)
    assert gate.nodes[1].host.host_keys == (PIN,)
    assert b"# from the console" in path.read_bytes() or "console" in old
    text = path.read_bytes()
    assert text.count(b"\r\n") == (text.count(b"\n") if line_end == "\r\n" else 0)


def test_pinning_works_in_inline_tables(tmp_path: Path) -> None:
    """A node that stands on one line is pinned too."""
    path = tmp_path / "c.toml"
    path.write_text('gates.g.nodes = [ { name = "a", host_keys = [] }, { name = "b" } ] # end\n')
    pin_host_keys(path, "g", "a", [PIN])
    assert read_toml(path)["gates"]["g"]["nodes"][0]["host_keys"] == [PIN]
    assert path.read_text().endswith('{ name = "b" } ] # end\n')
    before = path.read_bytes()
    with pytest.raises(InvalidInput, match="cannot be replaced"):
        pin_host_keys(path, "g", "b", [PIN])
    assert path.read_bytes() == before


def test_pinning_through_a_link_changes_the_file_behind_it(write: Write, tmp_path: Path) -> None:
    """The link stays a link."""
    path = write(GOOD)
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    pin_host_keys(link, "almelo", "ns-a", [OTHER_PIN])
    assert link.is_symlink()
    assert OTHER_PIN in path.read_text()


@pytest.mark.parametrize(
    ("gate", "node", "fingerprints", "words"),
    [
        ("almelo", "ns-c", [PIN], "has no node or SSH host called 'ns-c'"),
        ("almelo", "office", [PIN], "has no node or SSH host called 'office'"),
        ("hengelo", "ns-a", [PIN], "in gate 'hengelo'"),
        ("almelo", "ns-a", [], "no fingerprint was given"),
        ("almelo", "ns-a", ['SHA256:"]\n[x]'], "not a fingerprint"),
    ],
)
def test_pinning_the_impossible_changes_nothing(
    write: Write, gate: str, node: str, fingerprints: list[str], words: str
) -> None:
    """Unknown names and texts that are no fingerprints are refused, and the file is as before."""
    path = write(GOOD)
    with pytest.raises(InvalidInput, match=re.escape(words)):
        pin_host_keys(path, gate, node, fingerprints)
    assert path.read_text() == GOOD


STRANGE_LINES = """\
[[gates]]
[gates]
gates = 1
settings = []
nodes = [1]
vantages = {}
via = 3
vserver = []
office_networks = [1]
acl_priorities = ['a', true]
close_methods = {}
name = ['x']
host = {}
side = []
side = {}
control = 1979-05-27
[gates.almelo.nodes]
port = ''
password = 'x'
advisories = [[]]
playbook_dirs = [3, '/']
[settings]
"""
FRAGMENTS = st.sampled_from((GOOD + STRANGE_LINES).splitlines(keepends=True))
HOSTILE = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def survives(path: Path) -> None:
    """Read whatever it is: a configuration comes of it, or an error with words and an exit code."""
    try:
        configuration = read_configuration(path, environment={})
    except InvalidInput as refused:
        sentence = refused.sentence
    else:
        sentence = f"{len(configuration.gates)} gates"
        assert configuration.gates
    assert sentence.strip()


@HOSTILE
@given(lines=st.lists(FRAGMENTS, max_size=40))
def test_lines_in_any_order_never_give_a_traceback(tmp_path: Path, lines: list[str]) -> None:
    """Torn, doubled and misplaced lines are refused in words."""
    path = tmp_path / "mixed.toml"
    path.write_text("".join(lines))
    survives(path)


@HOSTILE
@given(start=st.integers(0, len(GOOD)), length=st.integers(0, 40), new=st.text(max_size=12))
def test_a_changed_piece_never_gives_a_traceback(
    tmp_path: Path, start: int, length: int, new: str
) -> None:
    """A good file with anything in the place of any piece is read or refused in words."""
    path = tmp_path / "cut.toml"
    text = GOOD[:start] + new + GOOD[start + length :]
    path.write_bytes(text.encode(errors="surrogatepass"))
    survives(path)


@HOSTILE
@given(content=st.binary(max_size=300))
def test_random_bytes_never_give_a_traceback(tmp_path: Path, content: bytes) -> None:
    """A file that is something else altogether is refused in words."""
    path = tmp_path / "bytes.toml"
    path.write_bytes(content)
    survives(path)


TOML_VALUES = st.recursive(
    st.none().map(lambda _: "1979-05-27 07:32:00")
    | st.integers().map(str)
    | st.sampled_from(["true", "'it is # no'", '"a\\"]b"', "'''x'']\ny'''", '"""q""\\"""""']),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda all_: f"[ {', '.join(all_)} ]")
        | st.lists(inner, max_size=3).map(
            lambda all_: "{ " + ", ".join(f"k{n} = {one}" for n, one in enumerate(all_)) + " }"
        )
    ),
    max_leaves=8,
)


@HOSTILE
@given(values=st.lists(TOML_VALUES, max_size=6))
def test_the_place_of_every_value_is_found(values: list[str]) -> None:
    """What stands between start and end is the value that tomllib read for that key."""
    lines = "".join(f"# [no] '''\n[[t]]\nkey = {one} # \"\n" for one in values)
    data = tomllib.loads(lines)
    spans = key_spans(lines)
    for position in range(len(values)):
        span = spans["t", position, "key"]
        assert (
            tomllib.loads(f"x = {lines[span.start : span.end]}")["x"]
            == (data["t"][position]["key"])
        )
        assert lines.splitlines()[span.line - 1].startswith("key = ")
