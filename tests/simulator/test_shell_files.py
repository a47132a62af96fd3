import hashlib
import re

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.command import ScriptedTerminal
from gatectl.simulator.shell import Shell


def ran(box: Appliance, line: str) -> str:
    """Run a line in a new root shell; give the output."""
    terminal = ScriptedTerminal()
    Shell(box, username="nsroot").run(line, terminal)
    return terminal.text


def test_a_digest_has_the_form_of_bsd(primary: Appliance) -> None:
    """Name in brackets, equals sign, hex."""
    primary.files.write("/var/tmp/f", b"abc")
    value = hashlib.sha256(b"abc").hexdigest()
    assert ran(primary, "sha256 /var/tmp/f") == f"SHA256 (/var/tmp/f) = {value}\n"
    assert ran(primary, "sha256 -q /var/tmp/f") == f"{value}\n"


def test_a_long_listing_shows_kinds_links_and_order(primary: Appliance) -> None:
    """Newest first with `-t`, hidden ones with `-a`, and where a link leads."""
    primary.files.write("/var/tmp/new", "1", mode=0o755)
    primary.files.write("/var/tmp/.hidden", "1")
    primary.files.stat("/var/tmp/new").modified += 100
    lines = ran(primary, "ls -lat /var/tmp").splitlines()
    assert re.fullmatch(r"-rwxr-xr-x +1 root +wheel +1 \w{3} [ \d]\d \d\d:\d\d new", lines[1])
    assert any(line.endswith(" .hidden") for line in lines)
    assert ".hidden" not in ran(primary, "ls /var/tmp")
    assert "nsconfig -> /flash/nsconfig" in ran(primary, "ls -l /")


def test_free_space_is_shown_for_what_is_asked(primary: Appliance) -> None:
    """Two mounts, with the columns of the device."""
    lines = ran(primary, "df -h /var /flash").splitlines()
    assert lines[0].split()[-2:] == ["Mounted", "on"]
    assert [line.split()[-1] for line in lines[1:]] == ["/flash", "/var"]
    primary.faults.add("disk-full")
    assert ran(primary, "df -k /var").splitlines()[1].split()[3:5] == ["0", "100%"]


def test_files_are_made_moved_copied_and_removed(primary: Appliance) -> None:
    """The small change of a shell."""
    ran(primary, "mkdir -p /var/a/b; touch /var/a/b/c; cp /var/a/b/c /var/a/d; mv /var/a/d /var/e")
    assert primary.files.exists("/var/e")
    assert "is a directory" in ran(primary, "rm /var/a")
    ran(primary, "chmod 700 /var/e; rm -rf /var/a")
    assert primary.files.stat("/var/e").mode == 0o700
    assert not primary.files.exists("/var/a")
    assert ran(primary, "test -d /var/log && echo yes") == "yes\n"
    assert ran(primary, "stat -f '%z %N' /var/e") == "0 /var/e\n"
