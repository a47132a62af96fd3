import re

import pytest

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.commandline import CliSession


@pytest.mark.parametrize(
    ("line", "pattern"),
    [
        ("ps -aux", r"nobody +\d+ .*/bin/httpd"),
        ("sysctl -n kern.boottime", r"\{ sec = \d{10}, usec = 0 \} \w{3} "),
        ("uptime", r"up 0 days, .*load averages"),
        ("date -u +%s", r"^\d{10}$"),
        ("date", r"UTC \d{4}$"),
        ("last", r"boot time"),
        ("id", r"uid=0\(root\)"),
        ("w", r"nsroot .*127.0.0.9"),
        ("netstat -an", r"\*\.22 .*LISTEN"),
        ("sockstat -l", r"sshd"),
        ("hostname", r"^ns-a$"),
        ("uname -a", r"FreeBSD ns-a"),
        ("mount", r"/flash"),
        ("whoami", r"^root$"),
        ("nscli -U '%%:.:.' 'show ns hostName'", r"Hostname:  ns-a"),
        ("nsapimgr_wr.sh -ys a=1", r"^Changing a from 0 to 1 \.\.\. Done\.$"),
    ],
)
def test_programs_that_look_at_the_system(cli: CliSession, line: str, pattern: str) -> None:
    """Each gives what a script would look for."""
    assert re.search(pattern, cli.run(f'shell "{line}"'), re.MULTILINE)


def test_planted_processes_and_tables_are_shown(primary: Appliance, cli: CliSession) -> None:
    """What an intruder left shows in `ps` and `crontab`."""
    primary.extra_processes.append(("nobody", "/var/tmp/netscalerd"))
    primary.files.write("/var/cron/tabs/nobody", "* * * * * /var/nstmp/.nscache/httpd\n")
    assert "/var/tmp/netscalerd" in cli.run("shell ps -aux")
    assert "/var/nstmp" in cli.run("shell crontab -u nobody -l")
