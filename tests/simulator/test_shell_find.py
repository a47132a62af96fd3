import pytest

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.command import ScriptedTerminal
from gatectl.simulator.shell import Shell


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        ("-name '*.xml'", ["a.xml"]),
        ("-type f -perm -4000", ["suid"]),
        ("-type f -user nobody", ["b.php"]),
        ("-type f ! -name 'a*' -newer /var/t/a.xml", ["b.php"]),
        ("-name a.xml -o -name b.php", ["a.xml", "b.php"]),
        ("-type d", [""]),
    ],
)
def test_find_tells_files_apart(primary: Appliance, tests: str, expected: list[str]) -> None:
    """By name, kind, mode, owner and age."""
    files = primary.files
    files.mkdir("/var/t")
    for name in ("a.xml", "b.php", "suid"):
        files.write(f"/var/t/{name}", "1")
    files.stat("/var/t/a.xml").modified = files.stat("/var/t/suid").modified = 1000.0
    files.stat("/var/t/suid").mode = 0o4755
    files.stat("/var/t/b.php").owner = "nobody"
    terminal = ScriptedTerminal()
    Shell(primary, username="nsroot").run(f"find /var/t {tests}", terminal)
    found = [line.removeprefix("/var/t").lstrip("/") for line in terminal.text.splitlines()]
    assert found == expected
