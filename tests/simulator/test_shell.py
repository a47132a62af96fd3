import pytest

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.command import ScriptedTerminal
from gatectl.simulator.shell import Shell


def ran(box: Appliance, line: str) -> tuple[str, int]:
    """Run a line in a new root shell; give output and exit status."""
    terminal = ScriptedTerminal()
    status = Shell(box, username="nsroot").run(line, terminal)
    return terminal.text, status


@pytest.mark.parametrize(
    ("line", "output", "status"),
    [
        ("echo a b | grep -c a", "1\n", 0),
        ("false_program; echo next", "false_program: Command not found.\nnext\n", 0),
        ("ls /none 2>/dev/null && echo yes", "", 1),
        ("ls /none 2>/dev/null || echo no", "no\n", 0),
        ("cd /var/log && pwd", "/var/log\n", 0),
        ("cd /nsconfig; pwd", "/flash/nsconfig\n", 0),
        ("echo x > /var/tmp/f; echo y >> /var/tmp/f; cat /var/tmp/f", "x\ny\n", 0),
        ("echo x > /none/f", "/none/f: No such file or directory.\n", 1),
        ("cat < /nsconfig/rc.netscaler", "#!/bin/sh\n", 0),
        ("ls /flash/ns-*.gz", "/flash/ns-12.1-55.13.gz\n", 0),
        ("ls '/flash/ns-*.gz'", "ls: /flash/ns-*.gz: No such file or directory\n", 1),
        ("grep '[' /etc/hosts", "grep: bad regular expression\n", 2),
        ("echo 'x", "Unmatched '.\n", 1),
    ],
)
def test_lines_do_what_a_shell_does(
    primary: Appliance, line: str, output: str, status: int
) -> None:
    """Output and exit status, from pipes to redirections."""
    assert ran(primary, line) == (output, status)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ls -la /var | grep x", False),
        ("cat /etc/hosts 2>/dev/null > /dev/null", False),
        ("find / -name x", False),
        ("crontab -u nobody -l", False),
        ("date -u +%s", False),
        ("sysctl -n kern.boottime", False),
        ("tar tzf x.tgz", False),
        ('"cat /etc/hosts"', False),
        ("echo x > /tmp/y", True),
        ("ls; rm x", True),
        ("find / -delete", True),
        ("sed -i '' '/x/d' f", True),
        ("sysctl kern.x=1", True),
        ("tar xvfz x.tgz", True),
        ("anything_else", True),
        ("echo 'x", True),
    ],
)
def test_what_could_change_the_box_counts_as_a_write(
    primary: Appliance, line: str, *, expected: bool
) -> None:
    """Looks are known by name; everything else, and all doubt, is a write."""
    assert Shell(primary, username="nsroot").might_write(line) is expected


def test_each_line_is_recorded(primary: Appliance) -> None:
    """A line from the root shell stands in the history with its status."""
    ran(primary, "rm /none")
    assert (primary.history[-1].origin, primary.history[-1].writes) == ("shell", True)
    assert primary.history[-1].reply == "exit status 1"
