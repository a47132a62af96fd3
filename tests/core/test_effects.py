"""What a refusal of a line says about the line's effect."""

import pytest

from gatectl.core.effects import goes_on_after

ADD_RULE = "add ns acl GATECTL_DENY_TLS DENY -destIP = 203.0.113.10 -priority 97"


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (ADD_RULE, "Resource already exists"),
        (ADD_RULE, "Resource already exists [name, GATECTL_DENY_TLS]"),
        ("create system backup x -level full", "The file already exists"),
        ("bind responder global ctx267027 1 END", "The policy is already bound"),
        ("add responder action a b c", "An action with the same name exists"),
        ("rm ns acl GATECTL_DENY_TLS", "No such resource"),
        ("rm ns acl GATECTL_DENY_TLS", "ACL rule does not exist"),
        ("unbind responder global ctx267027", "The policy is not bound"),
        ("  RM ns acl X", "NO SUCH RESOURCE"),
    ],
)
def test_a_line_that_had_its_effect_before_lets_the_next_follow(line: str, error: str) -> None:
    """To add what is there and to remove what is not there changes nothing."""
    assert goes_on_after(line, error)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (ADD_RULE, "No such resource"),
        (ADD_RULE, "Invalid argument value [destIP]"),
        (ADD_RULE, "Priority specified is already taken by another ACL"),
        (ADD_RULE, ""),
        ("rm ns acl X", "Resource already exists"),
        ("rm ns acl X", "Not authorized to execute this command"),
        ("apply ns acls", "Resource already exists"),
        ("apply ns acls", "No such resource"),
        ("reboot -f", "No such resource"),
        ("save ns config", "Operation not permitted"),
        ("set ns param -x", "Resource already exists"),
        ("added ns acl", "Resource already exists"),
        ("", "Resource already exists"),
        ("   ", "No such resource"),
    ],
)
def test_any_other_refusal_stops_the_act(line: str, error: str) -> None:
    """What follows rests on a line that had no effect."""
    assert not goes_on_after(line, error)
