"""What nodes say of themselves before anything is planned."""

import pytest

from gatectl.core.gate import NodeName, Role
from gatectl.core.netscaler import Reply
from gatectl.core.sighting import BOOT_LOOK
from gatectl.errors import ConversationCut, ExitCode, HostKeyMismatch, Unreachable
from gatectl.facts import see_facts
from tests.builders import NS_A, NS_B, STANDALONE, make_gate
from tests.conversation import Script, ScriptedNodes

VERSION, MEMBERS = "show ns version", "show ha node"


def version(build: str) -> Reply:
    """Make a node's answer to the question for its build."""
    release, _, rest = build.partition("-")
    return Reply(
        text=f"\tNetScaler NS{release}: Build {rest}.nc, Date: Nov 28 2018, 08:56:26   (64-bit)"
    )


def members(own: str, peer: str = "", propagation: str = "ENABLED") -> Reply:
    """Make a node's answer to the question for its pair: itself is always number nought."""
    text = ""
    for number, role in enumerate((own, peer)):
        if role:
            text += (
                f"{number + 1})\tNode ID:      {number}\n\tIP:\t10.0.0.{number + 1}\n"
                f"\tNode State: UP\n\tMaster State: {role}\n\tPropagation: {propagation}\n"
            )
    return Reply(text=text)


def node(own: str, peer: str, build: str = "12.1-50.28", propagation: str = "ENABLED") -> Script:
    """Make the conversation with one node of a pair."""
    return [(VERSION, version(build)), (MEMBERS, members(own, peer, propagation))]


PRIMARY, SECONDARY = node("Primary", "Secondary"), node("Secondary", "Primary")


def test_roles_and_builds_of_a_pair_are_seen_on_each_node_itself() -> None:
    """Each is asked by its own address, and answers for itself."""
    seen = see_facts(
        make_gate(),
        ScriptedNodes([], ns_a=node("Secondary", "Primary", "12.1-55.18"), ns_b=PRIMARY),
    )
    assert seen.roles == {NS_A: Role.SECONDARY, NS_B: Role.PRIMARY}
    assert seen.builds == {NS_A: "12.1-55.18", NS_B: "12.1-50.28"}
    assert seen.trouble == {}
    seen.refuse_trouble()


def test_a_standalone_appliance_is_primary() -> None:
    """It is the only member of its pair."""
    alone: Script = [(VERSION, version("13.1-49.13")), (MEMBERS, members("Primary"))]
    seen = see_facts(STANDALONE, ScriptedNodes([], ns_a=alone))
    assert seen.roles == {NS_A: Role.PRIMARY}
    assert not seen.propagates


@pytest.mark.parametrize("role", ["Claiming", "Unknown", "Primary?"])
def test_a_role_in_other_words_is_unknown(role: str) -> None:
    """Nothing is guessed: no plan names such a node primary or secondary."""
    nodes = ScriptedNodes([], ns_a=node(role, "Primary"), ns_b=PRIMARY)
    assert see_facts(make_gate(), nodes).roles[NS_A] is Role.UNKNOWN


@pytest.mark.parametrize(
    "error", [Unreachable("no answer"), HostKeyMismatch("another key"), ConversationCut("cut")]
)
def test_a_node_that_cannot_be_asked_is_trouble_and_the_other_is_still_seen(
    error: Exception,
) -> None:
    """Closing goes on with what is known; everything else is refused with this error."""
    history: list[str] = []
    nodes = ScriptedNodes(history, ns_a=[(VERSION, error)], ns_b=SECONDARY)
    seen = see_facts(make_gate(), nodes)
    assert seen.trouble == {NS_A: error}
    assert seen.roles == {NS_B: Role.SECONDARY}
    assert NS_A not in seen.builds
    assert "forget ns-a" in history
    with pytest.raises(type(error)):
        seen.refuse_trouble()


@pytest.mark.parametrize(
    "script",
    [
        [(VERSION, Reply(text="\tNetSca")), (MEMBERS, members("Primary"))],
        [(VERSION, Reply(text="")), (MEMBERS, members("Primary"))],
        [(VERSION, version("12.1-50.28")), (MEMBERS, Reply(text=""))],
        [(VERSION, version("12.1-50.28")), (MEMBERS, Reply(text="", error="Not authorized"))],
    ],
)
def test_an_answer_that_is_not_understood_is_trouble(script: Script) -> None:
    """Half an answer is none, and may mean an open gate."""
    seen = see_facts(STANDALONE, ScriptedNodes([], ns_a=script))
    assert (dict(seen.roles), dict(seen.builds)) == ({}, {})
    assert seen.trouble[NS_A].exit_code is ExitCode.MAYBE_OPEN
    assert NS_A in seen.trouble[NS_A].sentence


@pytest.mark.parametrize(
    ("a", "b", "propagates"),
    [
        (PRIMARY, SECONDARY, True),
        (PRIMARY, node("Secondary", "Primary", "12.1-55.18"), False),
        (PRIMARY, node("Secondary", "Primary", propagation="DISABLED"), False),
        (node("Primary", "Secondary", propagation="AUTO DISABLED"), SECONDARY, False),
        (PRIMARY, [(VERSION, Unreachable("no answer"))], False),
    ],
)
def test_a_pair_passes_commands_on_only_when_both_say_so_and_run_one_build(
    a: Script, b: Script, propagates: bool
) -> None:
    """In doubt, each node is told by itself."""
    seen = see_facts(make_gate(), ScriptedNodes([], ns_a=a, ns_b=b))
    assert seen.propagates is propagates


def test_asking_only_reads() -> None:
    """These two questions are all that is sent."""
    history: list[str] = []
    see_facts(make_gate(), ScriptedNodes(history, ns_a=PRIMARY, ns_b=SECONDARY))
    assert sorted(history) == sorted([f"send {VERSION}", f"send {MEMBERS}"] * 2)
    assert NodeName("ns-a") == NS_A


BOOTED = Reply(text="{ sec = 1700000000, usec = 0 } Tue Nov 14 22:13:20 2023")


@pytest.mark.parametrize(
    ("answer", "boots"),
    [
        (BOOTED, {NS_A: "1700000000"}),
        (Reply(text="sysctl: unknown oid"), {}),
        (Reply(text="", error="Not authorized"), {}),
    ],
)
def test_the_boot_of_a_node_is_asked_for_where_something_rests_on_it(
    answer: Reply, boots: dict[NodeName, str]
) -> None:
    """One that does not tell is no trouble; what rests on it is not proven then."""
    alone: Script = [(VERSION, version("13.1-49.13")), (MEMBERS, members("Primary"))]
    asked: Script = [*alone, (BOOT_LOOK, answer)]
    seen = see_facts(STANDALONE, ScriptedNodes([], ns_a=asked), boots=True)
    assert seen.boots == boots
    assert seen.trouble == {}
    assert see_facts(STANDALONE, ScriptedNodes([], ns_a=alone)).boots == {}
