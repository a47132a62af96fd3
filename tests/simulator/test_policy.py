from dataclasses import replace

import pytest

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.commandline import CliSession
from gatectl.simulator.policy import RequestPhase

SETUP = (
    "enable ns feature responder",
    r'add responder action a503 respondwith "\"HTTP/1.1 503 Service Unavailable\r\n\r\n\""',
    'add responder policy closed "!CLIENT.IP.SRC.IN_SUBNET(10.0.0.0/8)" a503',
)
BIND_GLOBAL = "bind responder global closed 1 END -type REQ_OVERRIDE"
BIND_VSERVER = "bind vpn vserver gw_ext -policy closed -priority 1 -type REQUEST"
BIND_SIGN_IN = "bind vpn vserver gw_ext -policy closed -priority 1 -type AAA_REQUEST"


def hit(box: Appliance, *, phase: RequestPhase = "request", source: str = "198.51.100.7") -> bool:
    """Ask whether a policy does something to a request."""
    return box.responder(path="/", source=source, vserver="GW_EXT", phase=phase) is not None


def test_a_bound_policy_answers_as_configured(primary: Appliance, cli: CliSession) -> None:
    """The answer is the configured bytes, only for whom the rule means, and it is counted."""
    cli.run("; ".join([*SETUP, BIND_GLOBAL]))
    found = primary.responder(path="/", source="198.51.100.7", vserver="gw_ext", phase="request")
    assert found is not None
    assert found.kind == "respondwith"
    assert found.payload == b"HTTP/1.1 503 Service Unavailable\r\n\r\n"
    assert not hit(primary, source="10.1.1.1")
    assert "\tHits: 1\n" in cli.run("show responder policy closed")


@pytest.mark.parametrize(
    ("build", "bind", "phase", "expected"),
    [
        ("12.1-55.13", BIND_VSERVER, "request", True),
        ("12.1-55.13", BIND_VSERVER, "aaa", True),
        ("12.1-50.28", BIND_VSERVER, "request", False),
        ("12.1-50.28", BIND_GLOBAL, "request", False),
        ("12.1-51.15", BIND_GLOBAL, "request", False),
        ("13.1-49.13", BIND_GLOBAL, "request", True),
        ("13.1-49.13", BIND_GLOBAL, "aaa", False),
        ("13.1-49.13", BIND_VSERVER, "aaa", False),
        ("13.1-49.13", BIND_SIGN_IN, "aaa", True),
        ("13.1-49.13", BIND_SIGN_IN, "request", False),
    ],
)
def test_builds_differ_in_what_a_policy_sees(
    primary: Appliance, cli: CliSession, build: str, bind: str, phase: RequestPhase,
    *, expected: bool,
) -> None:  # fmt: skip
    """Early 12.1 sees nothing; from 13.1 on sign-in traffic has a bind point of its own."""
    primary.build = build
    for line in (*SETUP, bind):
        assert cli.run(line) == " Done\n"
    assert hit(primary, phase=phase) is expected


def test_the_blindness_of_builds_is_a_switch(primary: Appliance, cli: CliSession) -> None:
    """Both defects can be switched off."""
    cli.run("; ".join([*SETUP, BIND_GLOBAL]))
    primary.switches = replace(
        primary.switches, old_builds_ignore_responder=False, new_builds_hide_sign_in=False
    )
    for build in ("12.1-50.28", "13.1-49.13"):
        primary.build = build
        assert hit(primary, phase="aaa")


def test_a_feature_that_is_off_does_nothing(primary: Appliance, cli: CliSession) -> None:
    """Configured, bound, and silent."""
    cli.run("; ".join([*SETUP, BIND_GLOBAL, "disable ns feature responder"]))
    assert not hit(primary)


@pytest.mark.parametrize("action", ["DROP", "RESET"])
def test_built_in_actions_need_no_answer(primary: Appliance, cli: CliSession, action: str) -> None:
    """DROP and RESET are what they are called, and the first policy alone acts."""
    cli.run("; ".join([*SETUP, f"add responder policy all true {action}"]))
    cli.run("bind responder global closed 2 END -type REQ_OVERRIDE")
    cli.run("bind responder global all 1 END -type REQ_OVERRIDE")
    found = primary.responder(path="/", source="198.51.100.7", vserver="gw_ext", phase="request")
    assert found is not None
    assert (found.kind, found.payload) == (action.lower(), b"")
