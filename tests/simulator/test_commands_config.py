from gatectl.simulator.appliance import Appliance
from gatectl.simulator.commandline import CliSession

DENY = "add ns acl D DENY -destIP = 203.0.113.10 -destPort = 443 -protocol TCP -priority 20"
UNSAVED = "Config Changed since Last Saved Config: TRUE"


def test_saving_makes_running_and_saved_the_same(primary: Appliance, cli: CliSession) -> None:
    """A change shows as unsaved and as a difference until it is saved on both nodes."""
    assert UNSAVED not in cli.run("show ns config")
    cli.run(DENY)
    assert UNSAVED in cli.run("show ns config")
    assert f"+{DENY}" in cli.run("diff ns config")
    assert DENY not in cli.run("show ns savedConfig")
    cli.run("save ns config")
    assert UNSAVED not in cli.run("show ns config")
    assert cli.run("diff ns config") == " Done\n"
    for node in primary.pair.nodes:
        assert DENY in node.files.read_text("/nsconfig/ns.conf")


def test_the_saved_file_keeps_those_before_it(primary: Appliance, cli: CliSession) -> None:
    """The smallest number is the newest."""
    cli.run(f"save config; {DENY}; save config")
    assert DENY in primary.files.read_text("/nsconfig/ns.conf")
    assert DENY not in primary.files.read_text("/nsconfig/ns.conf.0")
    assert primary.files.exists("/nsconfig/ns.conf.1")


def test_a_save_that_fails_leaves_the_old_file(primary: Appliance, cli: CliSession) -> None:
    """A full disk is an error, and what is saved stays what it was."""
    before = primary.saved_text()
    primary.faults.add("save-fails")
    cli.run(DENY)
    assert cli.run("save ns config") == "ERROR: No space left on device\n"
    assert primary.saved_text() == before


def test_a_backup_is_listed(primary: Appliance, cli: CliSession) -> None:
    """A system backup is a file that a second one of the same name does not replace."""
    assert cli.run("create system backup before -level full") == " Done\n"
    assert "Filename: before.tgz" in cli.run("show system backup")
    assert "ERROR: Resource already exists" in cli.run("create system backup before")
    assert primary.files.read("/var/ns_sys_backup/before.tgz")[:2] == b"\x1f\x8b"


def test_the_header_of_the_saved_file_names_the_build(cli: CliSession) -> None:
    """The first line of a saved configuration says who wrote it."""
    assert cli.run("show ns ns.conf").startswith("#NS12.1 Build 55.13\n# Last modified by")
