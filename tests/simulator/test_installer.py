import pytest

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.commandline import CliSession
from gatectl.simulator.firmware import make_image

FOLDER = "/var/nsinstall/x"
IMAGE = f"{FOLDER}/build-12.1-55.18_nc_64.tgz"
UNPACK = f'shell "cd {FOLDER} && tar xvfz {IMAGE}"'
INSTALL = f'shell "cd {FOLDER} && ./installns -Y -n"'


@pytest.fixture
def uploaded(primary: Appliance) -> Appliance:
    """Give a primary with an image in its place."""
    primary.files.mkdir(FOLDER)
    primary.files.write(IMAGE, make_image("12.1-55.18"))
    return primary


def test_an_image_is_unpacked_and_installed(uploaded: Appliance, cli: CliSession) -> None:
    """The kernel is copied and named to the loader, and nothing reboots."""
    assert "x installns\n" in cli.run(UNPACK)
    reply = cli.run(INSTALL)
    assert reply.startswith("installns version (12.1-55.18) kernel (ns-12.1-55.18.gz)\n")
    assert "Installation has completed." in reply
    assert reply.endswith(" Done\n")
    assert 'kernel="/ns-12.1-55.18"' in cli.run("shell grep kernel /flash/boot/loader.conf")
    assert uploaded.files.exists("/flash/ns-12.1-55.18.gz")
    assert uploaded.build == "12.1-55.13"


@pytest.mark.parametrize("fault", ["disk-full", "install-fails"])
def test_an_installation_can_fail(uploaded: Appliance, cli: CliSession, fault: str) -> None:
    """The error is printed, the program fails, and the loader is as it was."""
    cli.run(UNPACK)
    uploaded.faults.add(fault)
    reply = cli.run(INSTALL)
    assert "\nERROR: " in reply
    assert reply.endswith("ERROR: External program failed\n")
    assert b"12.1-55.13" in uploaded.files.read("/flash/boot/loader.conf")


def test_unpacking_needs_room_and_an_archive(uploaded: Appliance, cli: CliSession) -> None:
    """A full disk and a cut file are errors."""
    uploaded.faults.add("disk-full")
    assert "No space left on device" in cli.run(UNPACK)
    uploaded.faults.clear()
    uploaded.files.write(IMAGE, make_image("12.1-55.18")[:500])
    assert cli.run(UNPACK).endswith("ERROR: External program failed\n")
    uploaded.files.write(IMAGE, "no archive")
    assert "Unrecognized archive format" in cli.run(UNPACK)


def test_there_is_nothing_to_install_elsewhere(cli: CliSession) -> None:
    """Without an unpacked image there is no installer."""
    assert "Command not found" in cli.run('shell "cd /var/tmp && ./installns -Y -n"')


def test_the_installer_asks_before_it_reboots(uploaded: Appliance, cli: CliSession) -> None:
    """Without flags there is a question; no leaves the box running."""
    cli.run(UNPACK)
    reply = cli.run(f'shell "cd {FOLDER} && ./installns"', answers=("N",))
    assert "Reboot NOW? [Y/N] N" in reply
    assert uploaded.phase == "up"
