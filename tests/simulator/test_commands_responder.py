from gatectl.simulator.commandline import CliSession

ACTION = r'add responder action a403 respondwith "\"HTTP/1.1 403 Forbidden\r\n\r\n\""'
POLICY = r'add responder policy p "HTTP.REQ.URL.CONTAINS(\"/vpns/\")" a403'
BIND = "bind responder global p 1 END -type REQ_OVERRIDE"


def test_what_is_configured_comes_back_as_it_was_typed(cli: CliSession) -> None:
    """The running configuration holds the very lines."""
    cli.run(f"enable ns feature responder; {ACTION}; {POLICY}; {BIND}")
    running = cli.run("show ns runningConfig | grep -i responder").splitlines()
    assert running[:-1][-3:] == [ACTION, POLICY, BIND]


def test_things_in_use_cannot_be_removed(cli: CliSession) -> None:
    """Unbind comes before the policy, and the policy before the action."""
    cli.run(f"enable ns feature responder; {ACTION}; {POLICY}; {BIND}")
    assert cli.run("rm responder policy p") == "ERROR: Resource in use\n"
    assert cli.run("rm responder action a403") == "ERROR: Resource in use\n"
    for line in ("unbind responder global p -type REQ_OVERRIDE", "rm responder policy p",
                 "rm responder action a403"):  # fmt: skip
        assert cli.run(line) == " Done\n"
    assert cli.run("show responder policy") == " Done\n"
    assert cli.run("unbind responder global p").endswith("Policy not bound\n")


def test_a_feature_that_is_off_is_mentioned(cli: CliSession) -> None:
    """The object is made, with a warning that it will do nothing."""
    assert cli.run(ACTION) == "Warning: Feature(s) not enabled [Responder]\n Done\n"


def test_what_cannot_be_read_is_refused(cli: CliSession) -> None:
    """A bad rule, a bad answer and an unknown action are errors."""
    cli.run("enable ns feature responder")
    assert "Expression syntax error" in cli.run('add responder policy q "HTTP.REQ(" DROP')
    assert "Invalid responder action" in cli.run("add responder action b respondwith plain")
    assert "No such resource [none]" in cli.run("add responder policy q true none")


def test_a_policy_shows_where_it_is_bound(cli: CliSession) -> None:
    """The block for one policy ends with its bindings, and the bind point counts it."""
    cli.run(f"enable ns feature responder; {ACTION}; {POLICY}; {BIND}")
    assert "Bound to: REQ GLOBAL REQ_OVERRIDE" in cli.run("show responder policy p")
    assert "Number of bound policies: 1" in cli.run("show responder global")
    assert "Action Reference Count: 1" in cli.run("show responder action a403")
