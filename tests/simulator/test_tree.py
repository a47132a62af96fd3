import pytest

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.filesystem import FileSystem
from gatectl.simulator.tree import plant


@pytest.mark.parametrize(
    "path",
    ["/nsconfig/ns.conf", "/nsconfig/rc.netscaler", "/flash/ns-12.1-55.13.gz",
     "/flash/boot/loader.conf", "/etc/httpd.conf", "/var/log/ns.log", "/var/log/bash.log",
     "/netscaler/portal/scripts/newbm.pl", "/netscaler/portal/templates", "/var/vpn/bookmark",
     "/var/nstmp", "/var/nsinstall", "/var/tmp/support"],
)  # fmt: skip
def test_the_usual_places_are_there(primary: Appliance, path: str) -> None:
    """Whoever looks for evidence or installs firmware finds what a device has."""
    assert primary.files.exists(path)


def test_a_boot_rebuilds_only_the_ram_disk() -> None:
    """Changed files on the disk stay; changed files in memory are new again."""
    files = FileSystem()
    plant(files, build="12.1-55.13", name="x", nsip="192.0.2.1")
    files.write("/var/log/ns.log", "evidence")
    files.write("/etc/hosts", "changed")
    files.forget_ram()
    plant(files, build="12.1-55.18", name="x", nsip="192.0.2.1", ram_only=True)
    assert files.read("/var/log/ns.log") == b"evidence"
    assert files.read("/etc/hosts") != b"changed"
    assert not files.exists("/flash/ns-12.1-55.18.gz")
