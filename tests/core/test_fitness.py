import pytest

from gatectl.core.fitness import in_range, nodes_for
from gatectl.core.gate import NodeName, Role
from gatectl.core.parameter import PlanError
from tests.builders import NS_A, NS_B, STANDALONE, STANDALONE_FACTS, make_facts, make_gate


@pytest.mark.parametrize(
    ("roles", "on", "found"),
    [
        ({NS_A: Role.PRIMARY, NS_B: Role.SECONDARY}, "primary", (NS_A,)),
        ({NS_A: Role.PRIMARY, NS_B: Role.SECONDARY}, "secondary", (NS_B,)),
        ({NS_A: Role.SECONDARY, NS_B: Role.PRIMARY}, "each-node", (NS_B, NS_A)),
        ({NS_B: Role.SECONDARY}, "each-node", (NS_B, NS_A)),
        ({}, "each-node", (NS_A, NS_B)),
    ],
)
def test_roles_become_nodes(
    roles: dict[NodeName, Role], on: str, found: tuple[NodeName, ...]
) -> None:
    """Every node is named once, the primary first and those that are not known last."""
    assert nodes_for(on, make_gate(), make_facts(roles=roles)) == found


@pytest.mark.parametrize("on", ["primary", "secondary"])
def test_a_role_that_nobody_has_cannot_be_planned_for(on: str) -> None:
    """Two secondaries, or none: a person looks first."""
    other = Role.SECONDARY if on == "primary" else Role.PRIMARY
    with pytest.raises(PlanError, match=f"no node of almelo is {on} now"):
        nodes_for(on, make_gate(), make_facts(roles={NS_A: other, NS_B: other}))


def test_a_standalone_appliance_has_no_secondary() -> None:
    """Steps for the secondary are left out, not refused."""
    assert nodes_for("secondary", STANDALONE, STANDALONE_FACTS) == ()
    assert nodes_for("primary", STANDALONE, STANDALONE_FACTS) == (NS_A,)


def test_a_build_is_in_a_range_of_its_own_train_alone() -> None:
    """The ends belong to it; whatever runs another train is in none."""
    assert in_range("13.1-49.13", "13.1-49.13", "13.1-51.14")
    assert in_range("13.1-51.14", "13.1-49.13", "13.1-51.14")
    assert not in_range("13.1-51.15", "13.1-49.13", "13.1-51.14")
    assert not in_range("13.0-50.1", "13.1-49.13", "13.1-51.14")
