from dataclasses import replace

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.commandline import CliSession


def test_an_unknown_command_is_marked_and_refused(cli: CliSession) -> None:
    """The caret stands under the word that nobody knows, and there is no ` Done`."""
    assert cli.run("show foo") == "       ^\nERROR: No such command\n"


def test_each_command_of_a_line_has_its_own_done(cli: CliSession) -> None:
    """A semicolon separates, and one refusal does not stop the next."""
    reply = cli.run("show ns hostName; show foo ; show ns hostName")
    assert reply.count(" Done\n") == 2
    assert reply.count("ERROR: No such command") == 1


def test_a_reply_can_be_filtered(cli: CliSession) -> None:
    """`grep` sees the reply, and ` Done` comes after it."""
    reply = cli.run('show ns feature | grep -i "surge protection"')
    assert reply == " 2)\tSurge Protection               SP                   OFF\n Done\n"
    assert cli.run("show ns feature | grep -c OFF").splitlines()[0].isdigit()


def test_the_prompt_can_be_set(cli: CliSession) -> None:
    """The percent signs become user, host and role; clearing gives the plain one back."""
    cli.run('set cli prompt "%u@%h-%s"')
    assert cli.prompt() == "nsroot@ns-a-Primary> "
    cli.run("clear cli prompt")
    assert cli.prompt() == "> "


def test_a_secondary_warns_at_the_login(primary: Appliance, secondary: Appliance) -> None:
    """Only the node that follows warns, and the greeting has a ` Done` of its own."""
    greetings = [
        node.start_cli(username="nsroot", interactive=True, peer="x").greeting()
        for node in (primary, secondary)
    ]
    assert greetings[0] == " Done\n"
    assert greetings[1].startswith("Warning: You are connected to a secondary node;")
    assert greetings[1].endswith("\n Done\n")


def test_looking_is_recorded_and_is_no_write(primary: Appliance, cli: CliSession) -> None:
    """What only looks leaves no writing entry; what could change something does."""
    looks = "show ns version|sh acl|shell ls /var|whoami|diff ns config|set cli mode -page OFF"
    for line in (*looks.split("|"), "show nonsense"):
        cli.run(line)
    assert primary.writes() == []
    for line in ("add ns acl", "shell rm /x", 'shell "echo x > /tmp/y"', "frobnicate", "reboot"):
        before = len(primary.writes())
        cli.run(line)
        assert len(primary.writes()) > before, line


def test_history_keeps_the_reply(primary: Appliance, cli: CliSession) -> None:
    """An entry holds what was answered."""
    cli.run("show ns hostName")
    assert primary.history[-1].reply == "\tHostname:  ns-a\n Done\n"


def test_the_rpc_warning_is_a_switch(primary: Appliance, cli: CliSession) -> None:
    """Newer builds nag about default passwords."""
    primary.switches = replace(primary.switches, rpc_warning=True)
    assert "RPC nodes are configured with default passwords" in cli.greeting()
