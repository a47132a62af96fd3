"""Shipped playbooks, filled in line by line, and which step applies to which gate."""

from dataclasses import replace
from typing import Literal

import pytest

from gatectl.core.gate import GateState, NodeName, Role, Side
from gatectl.core.netscaler import is_read_only
from gatectl.core.parameter import PlanError
from gatectl.core.plan import (
    DeviceTask,
    Direction,
    GateFacts,
    RequestTask,
    SidesTask,
)
from gatectl.core.planning import build_plan
from gatectl.core.playbook import (
    Facts,
    OnFail,
    Playbook,
    Purpose,
    SidesStep,
)
from tests.builders import (
    BULLETINS,
    NS_A,
    NS_B,
    PATCH_PARAMETERS,
    SHIPPED,
    STANDALONE,
    STANDALONE_FACTS,
    ids,
    lines_sent,
    make_facts,
    make_gate,
    rich_gate,
    shipped_plan,
    shipped_playbook,
)

SHUT_BY_ACL = make_facts(state=GateState.CLOSED, closed_by=("close-acl",))
SHUT_BY_VSERVER = make_facts(state=GateState.CLOSED, closed_by=("close-vserver",))
SHUT_BY_PAGE = make_facts(
    state=GateState.CLOSED,
    closed_by=("close-responder",),
    builds={NS_A: "13.1-48.47", NS_B: "13.1-48.47"},
)
SHUT_BY_BOTH = make_facts(state=GateState.CLOSED, closed_by=("close-acl", "close-vserver"))


def on_each(*lines: str) -> list[str]:
    """Repeat the lines for the primary and then for the secondary."""
    return [f"{node}: {line}" for node in (NS_A, NS_B) for line in lines]


def rule(name: str, rest: str) -> list[str]:
    """Give the lines of one packet rule on both nodes."""
    return on_each(f"add ns acl GATECTL_{name} {rest}", "apply ns acls")


def office_rules(wire: str, protocol: str, port: int, offset: int) -> list[str]:
    """Give the rules that let both offices in over one wire."""
    there = f"-destIP = 203.0.113.10 -destPort = {port} -protocol {protocol}"
    return [
        *rule(
            f"ALLOW_{wire}_1",
            f"ALLOW -srcIP = 192.0.2.0-192.0.2.63 {there} -priority {13 + offset}",
        ),
        *rule(f"ALLOW_{wire}_2", f"ALLOW -srcIP = 198.51.100.7 {there} -priority {16 + offset}"),
    ]


METHODS = ("close-acl", "close-vserver", "close-responder")
KILLS = (
    "kill vpn icaConnection -all",
    "kill rdp connections -all",
    "kill vpn pcoipConnection -all",
    "kill aaa session -all",
)
END_SESSIONS = [line for kill in KILLS for line in on_each(kill)]
DROP_OPENING = (
    "rm ns acl GATECTL_OPEN_TLS",
    "rm ns acl GATECTL_OPEN_DTLS",
    "rm ns acl GATECTL_OPEN_HTTP",
    "apply ns acls",
)


def test_close_acl_lets_the_offices_in_before_it_refuses_everybody_else() -> None:
    """Exactly these lines, in this order, to these nodes."""
    there = "DENY -destIP = 203.0.113.10 -destPort ="
    assert lines_sent(shipped_plan("close-acl")) == [
        *on_each(*DROP_OPENING),
        *office_rules("TLS", "TCP", 443, 0),
        *office_rules("DTLS", "UDP", 443, 1),
        *office_rules("HTTP", "TCP", 80, 2),
        *rule("DENY_TLS", f"{there} 443 -protocol TCP -priority 97"),
        *rule("DENY_DTLS", f"{there} 443 -protocol UDP -priority 98"),
        *rule("DENY_HTTP", f"{there} 80 -protocol TCP -priority 99"),
        *on_each("save ns config"),
        *on_each("save ns config"),
        *END_SESSIONS,
    ]


def test_close_acl_ends_with_a_look_from_both_sides() -> None:
    """The configuration is no proof: outside must see nothing, and the offices must get in."""
    last = shipped_plan("close-acl").steps[-1].task
    assert last == SidesTask(outside="shut", inside="open")


def test_close_vserver_takes_it_out_of_service_saves_and_ends_sessions() -> None:
    """Exactly these lines, in this order, to these nodes."""
    assert lines_sent(shipped_plan("close-vserver")) == [
        *on_each("disable vpn vserver gw_ext"),
        *on_each("save ns config"),
        *on_each("save ns config"),
        *END_SESSIONS,
    ]
    assert shipped_plan("close-vserver").steps[-1].task == SidesTask(outside="shut", inside="shut")


@pytest.mark.parametrize("name", METHODS)
def test_closing_holds_at_nothing_but_its_last_look(name: str) -> None:
    """A step that fails must not keep the following ones from closing what they can."""
    *steps, last = (step for step in shipped_plan(name).steps if not step.precheck)
    assert {step.on_fail for step in steps} == {OnFail.CONTINUE}
    assert isinstance(last.task, SidesTask)


@pytest.mark.parametrize("name", METHODS)
def test_closing_can_be_planned_when_neither_roles_nor_builds_are_known(name: str) -> None:
    """A node that does not answer is no reason not to try."""
    blind = GateFacts(state=GateState.UNKNOWN, roles={}, builds={})
    assert sorted(lines_sent(shipped_plan(name, facts=blind))) == sorted(
        lines_sent(shipped_plan(name))
    )


def install(node: NodeName) -> list[str]:
    """Give the lines that bring the build to one node and restart it."""
    folder = "/var/nsinstall/gatectl-12.1-55.18"
    image = "build-12.1-55.18_nc_64.tgz"
    return [
        f"{node}: shell mkdir -p {folder}",
        f"{node}: put /srv/images/{image} {folder}/{image}",
        f'{node}: shell "cd {folder} && tar xvfz {image}"',
        f'{node}: shell "cd {folder} && ./installns -Y -n"',
        f"{node}: reboot -f",
    ]


def keep_shut(node: NodeName) -> list[str]:
    """Give the lines that refuse outside on one node after its restart."""
    there = "DENY -destIP = 203.0.113.10 -destPort ="
    return [
        f"{node}: add ns acl GATECTL_DENY_TLS {there} 443 -protocol TCP -priority 97",
        f"{node}: add ns acl GATECTL_DENY_DTLS {there} 443 -protocol UDP -priority 98",
        f"{node}: add ns acl GATECTL_DENY_HTTP {there} 80 -protocol TCP -priority 99",
        f"{node}: apply ns acls",
    ]


BACKUP = "create system backup gatectl-before-12.1-55.18 -level full"


def test_patch_of_a_pair_does_the_secondary_first_and_lets_it_take_over() -> None:
    """Exactly these lines; the words primary and secondary mean the roles at planning."""
    assert lines_sent(shipped_plan("patch", facts=SHUT_BY_ACL)) == [
        *on_each(BACKUP),
        *install(NS_B),
        *keep_shut(NS_B),
        f"{NS_B}: force ha failover -force",
        *install(NS_A),
        *keep_shut(NS_A),
        *END_SESSIONS,
        *on_each("save ns config"),
    ]


def test_patch_follows_the_roles_that_were_seen_and_not_the_order_of_the_file() -> None:
    """With the roles changed, the other node is patched first."""
    turned = replace(SHUT_BY_ACL, roles={NS_A: Role.SECONDARY, NS_B: Role.PRIMARY})
    sent = lines_sent(shipped_plan("patch", facts=turned))
    restarts = [line for line in sent if line.endswith("reboot -f")]
    assert restarts == [f"{NS_A}: reboot -f", f"{NS_B}: reboot -f"]
    assert f"{NS_A}: force ha failover -force" in sent


def test_patch_of_a_standalone_appliance_has_no_failover() -> None:
    """Exactly these lines, all to the one node."""
    alone = replace(STANDALONE_FACTS, state=GateState.CLOSED, closed_by=("close-acl",))
    plan = shipped_plan("patch", gate=STANDALONE, facts=alone)
    assert lines_sent(plan) == [
        f"{NS_A}: {BACKUP}",
        *install(NS_A),
        *keep_shut(NS_A),
        *(f"{NS_A}: {kill}" for kill in KILLS),
        f"{NS_A}: save ns config",
    ]
    assert not [name for name in ids(plan.steps) if "secondary" in name or "sync" in name]


def test_patch_takes_evidence_of_each_node_before_anything_is_written() -> None:
    """A restart destroys what lay in memory disks."""
    names = ids(shipped_plan("patch", facts=SHUT_BY_ACL).steps)
    writing = [step.id for step in shipped_plan("patch", facts=SHUT_BY_ACL).steps if step.writes]
    before = names[: names.index(writing[0])]
    assert {f"evidence@{node}" for node in (NS_A, NS_B)} <= set(before)


@pytest.mark.parametrize(
    ("facts", "kept", "left_out"),
    [
        (SHUT_BY_ACL, "deny", "disabled"),
        (SHUT_BY_VSERVER, "disabled", "deny"),
    ],
)
def test_patch_sees_the_closure_again_after_each_restart(
    facts: GateFacts, kept: str, left_out: str
) -> None:
    """Whichever method holds the gate shut is looked at on the node that came back."""
    names = ids(shipped_plan("patch", facts=facts).steps)
    for role, node in (("secondary", NS_B), ("primary", NS_A)):
        place = names.index(f"{role}-restart@{node}")
        assert names[place + 1] == f"{role}-{kept}@{node}"
    assert not [name for name in names if left_out in name]


@pytest.mark.parametrize("name", ["patch", "verify"])
def test_no_plan_wants_the_offices_both_in_and_out(name: str) -> None:
    """A gate that two methods hold shut must still be provable."""
    plan = shipped_plan(name, facts=SHUT_BY_BOTH)
    wanted = {step.task.inside for step in plan.steps if isinstance(step.task, SidesTask)}
    assert len(wanted) == 1


MITIGATION = [
    ("feature", "enable ns feature responder"),
    (
        "action",
        (
            "add responder action respondwith403 respondwith "
            '"\\"HTTP/1.1 403 Forbidden\\r\\n\\r\\n\\""'
        ),
    ),
    (
        "policy",
        (
            'add responder policy ctx267027 "HTTP.REQ.URL.DECODE_USING_TEXT_MODE.CONTAINS'
            '(\\"/vpns/\\") && (!CLIENT.SSLVPN.IS_SSLVPN || '
            'HTTP.REQ.URL.DECODE_USING_TEXT_MODE.CONTAINS(\\"/../\\"))" respondwith403'
        ),
    ),
    ("bound", "bind responder global ctx267027 1 END -type REQ_OVERRIDE"),
]


def test_mitigate_sends_the_vendors_lines_byte_for_byte() -> None:
    """Backslashes and quotes arrive as the bulletin prints them."""
    sent = lines_sent(shipped_plan("mitigate-cve-2019-19781"))
    expected = [line for _, text in MITIGATION for line in on_each(text)]
    assert sent[: len(expected)] == expected
    assert sent[len(expected) :] == [
        *on_each(
            "shell nsapimgr_wr.sh -ys skip_systemaccess_policyeval=0",
            "shell \"echo 'nsapimgr_wr.sh -ys skip_systemaccess_policyeval=0' "
            '>> /nsconfig/rc.netscaler"',
        ),
        *on_each("save ns config"),
    ]


def test_mitigate_is_judged_by_a_request_and_not_by_its_configuration() -> None:
    """One request that must be blocked and one that must pass, from where people come."""
    *_, blocked, passing = shipped_plan("mitigate-cve-2019-19781").steps
    assert isinstance(blocked.task, RequestTask)
    assert isinstance(passing.task, RequestTask)
    assert blocked.task.path == "/vpn/../vpns/cfg/smb.conf"
    assert blocked.task.side is Side.OUTSIDE
    shut = shipped_plan("mitigate-cve-2019-19781", facts=SHUT_BY_ACL).steps[-1].task
    assert isinstance(shut, RequestTask)
    assert shut.side is Side.INSIDE


def test_taking_the_mitigation_back_undoes_the_last_step_first_and_saves() -> None:
    """Unbind before the policy goes, the policy before its action; then save each node."""
    plan = shipped_plan("mitigate-cve-2019-19781", direction=Direction.UNDO)
    assert lines_sent(plan) == [
        *on_each(
            "shell \"sed -i '' '/skip_systemaccess_policyeval=0/d' /nsconfig/rc.netscaler\"",
            "shell nsapimgr_wr.sh -ys skip_systemaccess_policyeval=1",
        ),
        *on_each("unbind responder global ctx267027 -type REQ_OVERRIDE"),
        *on_each("rm responder policy ctx267027"),
        *on_each("rm responder action respondwith403"),
        *on_each("save ns config"),
    ]
    claims = {str(step.id): step.task for step in plan.steps if isinstance(step.task, DeviceTask)}
    assert claims[f"policy@{NS_A}"].undone
    assert not claims[f"saved@{NS_A}"].undone


@pytest.mark.parametrize("name", METHODS)
def test_a_closing_cannot_be_taken_back_as_if_it_were_a_mitigation(name: str) -> None:
    """Opening goes through `reopen`, its interlocks and its confirmation, and by no other way."""
    with pytest.raises(PlanError):
        shipped_plan(name, direction=Direction.UNDO)


def test_a_playbook_without_undo_cannot_be_taken_back() -> None:
    """An empty plan would be finished at once and prove nothing."""
    with pytest.raises(PlanError, match="no step that applies"):
        shipped_plan("verify", direction=Direction.UNDO)


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("facts", [SHUT_BY_ACL, SHUT_BY_VSERVER, make_facts()])
def test_every_look_of_every_shipped_playbook_only_reads(name: str, facts: GateFacts) -> None:
    """What a dry run sends is on the list of commands that change nothing."""
    for step in shipped_plan(name, facts=facts).steps:
        if isinstance(step.task, DeviceTask):
            assert is_read_only(step.task.look), step.id


@pytest.mark.parametrize("name", SHIPPED)
def test_nothing_is_left_to_fill_in(name: str) -> None:
    """No placeholder reaches a device."""
    for facts in (SHUT_BY_ACL, SHUT_BY_VSERVER):
        assert "${" not in str(shipped_plan(name, facts=facts))


@pytest.mark.parametrize("name", SHIPPED)
def test_each_step_has_a_name_of_its_own(name: str) -> None:
    """The journal finds a step by its name alone."""
    names = ids(shipped_plan(name, facts=SHUT_BY_BOTH).steps)
    assert len(names) == len(set(names))


def only(facts: Facts) -> Playbook:
    """Make a playbook whose first step has conditions and whose second has none."""
    step = SidesStep(
        kind="sides", id="first", title="first", outside="shut", inside="open", only_if=facts
    )
    return Playbook(
        name="p",
        title="p",
        purpose=Purpose.MAINTAIN,
        step=(step, replace(step, id="second", only_if=Facts())),
    )


@pytest.mark.parametrize(
    ("only_if", "facts", "applies"),
    [
        (Facts(ha=True), make_facts(), True),
        (Facts(ha=False), make_facts(), False),
        (Facts(shut=True), SHUT_BY_ACL, True),
        (Facts(shut=True), make_facts(state=GateState.CLOSING), True),
        (Facts(shut=True), make_facts(state=GateState.UNKNOWN), False),
        (Facts(shut=False), SHUT_BY_ACL, False),
        (Facts(closed_by="close-acl"), SHUT_BY_ACL, True),
        (Facts(closed_by="close-acl"), SHUT_BY_VSERVER, False),
        (Facts(not_closed_by="close-vserver"), SHUT_BY_ACL, True),
        (Facts(not_closed_by="close-vserver"), SHUT_BY_BOTH, False),
        (Facts(ipv4=True), make_facts(), True),
        (Facts(ipv6=True), make_facts(), False),
        (Facts(ipv6=False), make_facts(), True),
        (Facts(given={"fail_back": "yes"}), make_facts(), False),
        (Facts(release_at_least="12.1"), make_facts(), True),
        (Facts(release_at_least="13.1"), make_facts(), False),
        (Facts(release_at_least="13.1"), SHUT_BY_PAGE, True),
        (Facts(release_at_least="13.1"), make_facts(builds={NS_A: "14.1-4.42"}), True),
        (Facts(build_at_least="12.1-50.28"), make_facts(), True),
        (Facts(build_at_least="12.1-50.29"), make_facts(), False),
        (Facts(build_at_least="12.0-1.1"), make_facts(), False),
        (Facts(build_below="12.1-50.28"), make_facts(), False),
        (Facts(build_below="12.1-50.29"), make_facts(), True),
        (
            Facts(build_below="12.1-50.29"),
            make_facts(builds={NS_A: "12.1-50.28", NS_B: "12.1-55.18"}),
            False,
        ),
    ],
)
def test_a_step_whose_conditions_do_not_hold_is_left_out(
    only_if: Facts, facts: GateFacts, applies: bool
) -> None:
    """Conditions are facts of the gate; of two builds both must be in the range."""
    plan = build_plan(only(only_if), make_gate(), facts, parameters={}, advisories={})
    assert ids(plan.steps) == (["first", "second"] if applies else ["second"])


@pytest.mark.parametrize(
    "condition",
    [
        Facts(build_below="99.9-1.1"),
        Facts(build_at_least="1.1-1.1"),
        Facts(release_at_least="1.1"),
    ],
)
def test_a_condition_on_a_build_does_not_hold_while_no_build_is_known(condition: Facts) -> None:
    """Unknown is never a yes."""
    blind = GateFacts(state=GateState.UNKNOWN, roles={}, builds={})
    plan = build_plan(only(condition), make_gate(), blind, parameters={}, advisories={})
    assert ids(plan.steps) == ["second"]


def test_a_bulletin_that_is_not_known_is_refused() -> None:
    """A gate that names a bulletin nobody has is never fixed for it."""
    with pytest.raises(PlanError, match="no bulletin is known as CTX267027"):
        build_plan(
            shipped_playbook("verify"), make_gate(), make_facts(), parameters={}, advisories={}
        )


def test_all_bulletins_means_every_one_that_is_known() -> None:
    """The word all in the configuration is filled in with names."""
    gate = replace(make_gate(), advisories="all")
    plan = build_plan(
        shipped_playbook("verify"), gate, make_facts(), parameters={}, advisories=BULLETINS
    )
    task = plan.steps[0].task
    assert isinstance(task, DeviceTask)
    assert task.holds[0].fixed_for == tuple(BULLETINS.values())


def test_parameters_fill_in_claims_and_look_as_well_as_acts() -> None:
    """What is looked for is what was asked for."""
    plan = shipped_plan("patch", facts=SHUT_BY_ACL)
    restart = next(step.task for step in plan.steps if step.id == f"secondary-restart@{NS_B}")
    assert isinstance(restart, DeviceTask)
    assert restart.holds[0].equals == PATCH_PARAMETERS["build"]
    assert restart.disconnects


def test_the_conditions_of_every_step_can_be_met_somewhere() -> None:
    """A step that no gate ever takes is a mistake in the playbook."""
    wanted = {(name, step.id) for name in SHIPPED for step in shipped_playbook(name).step}
    found: set[tuple[str, str]] = set()
    for name in SHIPPED:
        for facts in (SHUT_BY_ACL, SHUT_BY_VSERVER, SHUT_BY_PAGE):
            for step in shipped_plan(name, gate=rich_gate(), facts=facts, fail_back="yes").steps:
                found |= {(name, one) for n, one in wanted if n == name and step.id.startswith(one)}
    assert found == wanted


def test_a_node_that_is_silent_keeps_no_other_one_waiting() -> None:
    """The node that answers is closed whole before the other one is tried; the sides come last."""
    facts = make_facts(roles={NS_B: Role.PRIMARY})
    steps = shipped_plan("close-acl", facts=facts).steps
    order = [step.node for step in steps]
    assert order == [NS_B] * order.count(NS_B) + [NS_A] * order.count(NS_A) + [None]
    assert order.count(NS_A) == order.count(NS_B)


def test_an_ipv6_gateway_gets_rules_of_both_families_and_no_others() -> None:
    """Offices first, then the refusal, each with the words of its family."""
    both = lines_sent(shipped_plan("close-acl", gate=rich_gate()))
    sent = [line for line in both if line.startswith("ns-a: ")]
    allowed = [line for line in sent if "add ns acl6" in line and " ALLOW " in line]
    denied = [line for line in sent if "add ns acl6" in line and " DENY " in line]
    assert (len(allowed), len(denied)) == (3, 3)
    assert sent.index(allowed[-1]) < sent.index(denied[0])
    assert all("-destIPv6 = 2001:db8::10" in line for line in (*allowed, *denied))
    assert all("-srcIPv6 = 2001:db8:1::-" in line for line in allowed)
    assert not [line for line in lines_sent(shipped_plan("close-acl")) if "acl6" in line]


def test_every_front_is_switched_off_and_on_again() -> None:
    """By close-vserver, and by the reopening of what that closed."""
    closing = lines_sent(shipped_plan("close-vserver", gate=rich_gate()))
    opening = lines_sent(shipped_plan("reopen", gate=rich_gate(), facts=SHUT_BY_VSERVER))
    for kind, name in (("cs", "cs_portal"), ("authentication", "aaa_gw")):
        assert f"ns-a: disable {kind} vserver {name}" in closing
        assert f"ns-b: enable {kind} vserver {name}" in opening


@pytest.mark.parametrize(
    ("builds", "kind", "reasons"),
    [
        (("12.1-50.28", "12.1-55.18"), "vpn", 1),
        (("12.1-50.28", "12.1-51.15"), "vpn", 2),
        (("12.1-50.31", "12.1-51.16"), "vpn", 0),
        (("13.1-49.13", "13.1-49.13"), "vpn", 0),
        (("13.1-49.13", "13.1-49.13"), "cs", 1),
        ((), "vpn", 0),
    ],
)
def test_where_a_closed_page_would_do_nothing_is_said_in_the_plan(
    builds: tuple[str, ...], kind: Literal["vpn", "cs"], reasons: int
) -> None:
    """A build that is not known speaks neither for it nor against it."""
    gate = make_gate()
    gate = replace(gate, vserver=replace(gate.vserver, kind=kind))
    facts = make_facts(builds=dict(zip((NS_A, NS_B), builds, strict=False)))
    assert len(shipped_plan("close-responder", gate=gate, facts=facts).unfit) == reasons


def test_a_setting_that_a_bulletin_asks_for_is_set_by_patch_and_seen_by_verify() -> None:
    """The build alone is not enough; a gate whose bulletins ask for nothing has no such step."""
    line = "set ns tcpparam -enhancedISNgeneration ENABLED"
    sent = lines_sent(shipped_plan("patch", gate=rich_gate(), facts=SHUT_BY_PAGE))
    assert sent.count(f"ns-a: {line}") == 1
    assert sent.index(f"ns-a: {line}") < sent.index("ns-a: save ns config")
    seen = shipped_plan("verify", gate=rich_gate()).steps
    assert [s.proves for s in seen if s.claim == "required-setting-1"] == ["settings-in-place"] * 2
    assert not [i for i in ids(shipped_plan("verify").steps) if i.startswith("required")]


def test_the_first_primary_gets_its_role_back_only_where_it_was_asked_for() -> None:
    """A second failover is one more interruption."""
    asked = lines_sent(shipped_plan("patch", facts=SHUT_BY_ACL, fail_back="yes"))
    assert [line for line in asked if "failover" in line] == [
        "ns-b: force ha failover -force",
        "ns-a: force ha failover -force",
    ]
    plain = lines_sent(shipped_plan("patch", facts=SHUT_BY_ACL))
    assert len([line for line in plain if "failover" in line]) == 1


@pytest.mark.parametrize("name", SHIPPED)
def test_every_act_that_opens_is_guarded_by_build_and_boot_and_no_other(name: str) -> None:
    """What was verified is what is opened; a closing waits for no such look."""
    plan = shipped_plan(name, facts=make_facts(boots={NS_A: "1", NS_B: "2"}))
    opens = plan.purpose in {Purpose.REOPEN, Purpose.CONFIRM}
    for step in plan.steps:
        if not isinstance(step.task, DeviceTask):
            continue
        told = [(guard.look, guard.holds[0].equals) for guard in step.task.guards]
        boot = "1" if step.node == NS_A else "2"
        wanted = [("show ns version", "12.1-50.28"), ("shell sysctl -n kern.boottime", boot)]
        assert told == (wanted if opens else [])
