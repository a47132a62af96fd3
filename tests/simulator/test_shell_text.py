import pytest

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.command import ScriptedTerminal
from gatectl.simulator.shell import Shell


def ran(box: Appliance, line: str) -> str:
    """Run a line in a new root shell; give the output."""
    terminal = ScriptedTerminal()
    Shell(box, username="nsroot").run(line, terminal)
    return terminal.text


@pytest.fixture
def text(primary: Appliance) -> Appliance:
    """Give a primary with a text file."""
    primary.files.write("/var/tmp/t", "one\nTwo two\nthree\n")
    return primary


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("head -n 1 /var/tmp/t", "one\n"),
        ("tail -1 /var/tmp/t", "three\n"),
        ("grep -i TWO /var/tmp/t", "Two two\n"),
        ("grep -vn t /var/tmp/t", "1:one\n"),
        ("grep -E 'one|three' /var/tmp/t", "one\nthree\n"),
        ("grep 'one\\|three' /var/tmp/t", "one\nthree\n"),
        ("grep -x two /var/tmp/t", ""),
        ("grep -w two /var/tmp/t", "Two two\n"),
        ("grep -l one /var/tmp/t /etc/hosts", "/var/tmp/t\n"),
        ("grep -F 'w.' /var/tmp/t", ""),
        ("sed 's/two/2/g' /var/tmp/t", "one\nTwo 2\nthree\n"),
        ("sed -e /one/d /var/tmp/t", "Two two\nthree\n"),
        ("sed 1,2d /var/tmp/t", "three\n"),
        ("wc -l /var/tmp/t", "       3 /var/tmp/t\n"),
        ("sort -r /var/tmp/t", "three\none\nTwo two\n"),
        ("echo -n a", "a"),
    ],
)
def test_text_programs(text: Appliance, line: str, expected: str) -> None:
    """Each with the flags that people use."""
    assert ran(text, line) == expected


def test_lines_are_deleted_in_place(text: Appliance) -> None:
    """The BSD form with an empty extension changes the file and prints nothing."""
    assert ran(text, "sed -i '' '/two/d' /var/tmp/t") == ""
    assert text.files.read("/var/tmp/t") == b"one\nthree\n"


def test_compressed_files_are_read(text: Appliance) -> None:
    """A kernel is a gzip file, and a plain one is not."""
    assert "not in gzip format" in ran(text, "zcat /var/tmp/t")
    assert "not in gzip" not in ran(text, "zcat /flash/ns-12.1-55.13.gz | wc -c")
