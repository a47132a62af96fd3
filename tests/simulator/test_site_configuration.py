import dataclasses
import stat
import tomllib
from pathlib import Path

from gatectl.simulator.site_configuration import NodeAccess, SiteAccess, write_configuration

NODE = NodeAccess(
    name="ns-a",
    host="127.0.0.1",
    port=40_022,
    username="nsroot",
    password="canary-1",
    host_key_sha256="SHA256:abc",
)
SITE = SiteAccess(
    gate="rehearsal",
    nodes=(NODE, dataclasses.replace(NODE, name="ns-b", port=40_023, password="canary-2")),
    vserver="gw_ext",
    address="127.0.0.1",
    port=21_234,
    inside="127.0.0.2",
    outside="127.0.0.3",
    control="127.0.0.1:9",
)


def test_the_text_holds_the_whole_gate(tmp_path: Path) -> None:
    """Gate, vserver, nodes and vantages are read back as they were given."""
    text = write_configuration(SITE, tmp_path)
    gate = tomllib.loads(text)["gates"]["rehearsal"]
    assert gate["office_networks"] == ["127.0.0.2/32"]
    assert gate["vserver"] == {
        "name": "gw_ext",
        "kind": "vpn",
        "address": "127.0.0.1",
        "port": 21_234,
    }
    assert [(node["name"], node["port"]) for node in gate["nodes"]] == [
        ("ns-a", 40_022),
        ("ns-b", 40_023),
    ]
    assert [(vantage["side"], vantage["source"]) for vantage in gate["vantages"]] == [
        ("inside", "127.0.0.2"),
        ("outside", "127.0.0.3"),
    ]
    assert {vantage["control"] for vantage in gate["vantages"]} == {"127.0.0.1:9"}


def test_passwords_stand_in_private_files_and_not_in_the_text(tmp_path: Path) -> None:
    """Each node names its own 0600 file, and the configuration can be shown to anyone."""
    text = write_configuration(SITE, tmp_path)
    assert "canary" not in text
    nodes = tomllib.loads(text)["gates"]["rehearsal"]["nodes"]
    for node, password in zip(nodes, ("canary-1", "canary-2"), strict=True):
        file = Path(node["password_file"])
        assert file.read_text().strip() == password
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_folder_with_awkward_letters_is_quoted(tmp_path: Path) -> None:
    """Blanks, quotes and letters beyond ASCII in a path survive the way through TOML."""
    folder = tmp_path / 'a "b" \\ é 🚪'
    text = write_configuration(SITE, folder)
    assert tomllib.loads(text)["settings"]["state_dir"] == str(folder / "state")


def test_writing_again_replaces_the_password(tmp_path: Path) -> None:
    """A second site in the same folder is described by its own passwords."""
    write_configuration(SITE, tmp_path)
    single = dataclasses.replace(SITE, nodes=(dataclasses.replace(NODE, password="new"),))
    for _ in range(2):
        write_configuration(single, tmp_path)
    assert (tmp_path / "password").read_text() == "new\n"
