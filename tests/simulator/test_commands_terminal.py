from gatectl.simulator.appliance import Appliance
from gatectl.simulator.commandline import CliSession


def test_leaving_says_goodbye(cli: CliSession) -> None:
    """`exit` ends the session with its farewell and no ` Done`."""
    assert cli.run("exit") == "Bye!\n"
    assert cli.mode == "closed"


def test_the_root_shell_has_its_own_prompt(cli: CliSession) -> None:
    """`shell` alone stays until `exit`, which prints the ` Done` of the CLI."""
    cli.run("shell")
    assert cli.prompt() == "root@ns-a# "
    assert cli.run("pwd") == "/root\n"
    assert cli.run("exit") == " Done\n"
    assert cli.prompt() == "> "


def test_a_program_that_fails_is_an_error(cli: CliSession) -> None:
    """The program's own words come first, then the CLI's error and no ` Done`."""
    reply = cli.run("shell crontab -u nobody -l")
    assert reply == "crontab: no crontab for nobody\nERROR: External program failed\n"
    assert cli.run("shell nope").startswith("nope: Command not found.\n")


def test_a_batch_runs_what_is_in_a_file(primary: Appliance, cli: CliSession) -> None:
    """Comments are left out, and each command stands before its result."""
    primary.files.write("/var/tmp/b", "# comment\nshow ns hostName\n")
    assert cli.run("batch -fileName /var/tmp/b") == (
        "exec: show ns hostName\n\tHostname:  ns-a\n Done\n Done\n"
    )
    assert cli.run("batch -fileName /none") == "ERROR: No such file\n"


def test_paging_is_a_mode_of_the_session(cli: CliSession) -> None:
    """Pages are off until somebody wants them."""
    assert "Page: OFF" in cli.run("show cli mode")
    cli.run("set cli mode -page ON")
    assert cli.paging


def test_the_session_knows_its_lines_and_its_user(cli: CliSession) -> None:
    """`history` and `whoami` tell."""
    cli.run("show ns ip")
    assert "\t1\tshow ns ip" in cli.run("history")
    assert "UserName: nsroot" in cli.run("whoami")
    assert "help" in cli.run("help")
    assert '"%h"' in cli.run('set cli prompt "%h"; show cli prompt')
