"""Commands about responder actions, policies and global bindings."""

from collections.abc import Iterable

from gatectl.simulator.command import Call, Command
from gatectl.simulator.configuration import Binding, ResponderAction, ResponderPolicy
from gatectl.simulator.expression import ExpressionError, parse_rule, parse_text
from gatectl.simulator.shows_policy import action_lines, global_lines, policy_lines
from gatectl.simulator.texts import TEXTS, Refused

BUILT_IN = ("NOOP", "RESET", "DROP")
OPERATIONS = "noop|respondwith|redirect|respondwithhtmlpage|sqlresponse_ok|sqlresponse_error"
GLOBAL_TYPES = "REQ_OVERRIDE|REQ_DEFAULT|OVERRIDE|DEFAULT|OTHERTCP_REQ_OVERRIDE"


def _feature_warning(call: Call) -> list[str]:
    if "RESPONDER" in call.configuration.features:
        return []
    return [f"Warning: {TEXTS[1067]} [Responder]"]


def _add_action(call: Call) -> Iterable[str]:
    name = call.operand("name")
    if name.lower() in call.configuration.actions:
        raise Refused(273)
    operation = call.operand("operation")
    target = call.operand("target")
    if operation in ("respondwith", "redirect"):
        try:
            parse_text(target)
        except ExpressionError as error:
            raise Refused(2824, detail=f" [{error}]") from error
    call.configuration.actions[name.lower()] = ResponderAction(
        name=name, operation=operation, target=target, comment=call.option("comment")
    )
    return _feature_warning(call)


def _add_policy(call: Call) -> Iterable[str]:
    configuration = call.configuration
    name = call.operand("name")
    if name.lower() in configuration.policies:
        raise Refused(273)
    action = call.operand("action")
    if action.upper() not in BUILT_IN and action.lower() not in configuration.actions:
        raise Refused(258, detail=f" [{action}]")
    try:
        parse_rule(call.operand("rule"))
    except ExpressionError as error:
        raise Refused(1097, detail=f" [Expression syntax error, {error}]") from error
    configuration.policies[name.lower()] = ResponderPolicy(
        name=name,
        rule=call.operand("rule"),
        action=action.upper() if action.upper() in BUILT_IN else action,
        undefined=call.operand("undefined"),
        comment=call.option("comment"),
    )
    return _feature_warning(call)


def _remove_action(call: Call) -> None:
    configuration = call.configuration
    for name in call.values("names"):
        if name.lower() not in configuration.actions:
            raise Refused(258)
        if any(p.action.lower() == name.lower() for p in configuration.policies.values()):
            raise Refused(315)
        del configuration.actions[name.lower()]


def _remove_policy(call: Call) -> None:
    configuration = call.configuration
    for name in call.values("names"):
        if name.lower() not in configuration.policies:
            raise Refused(258)
        if any(b.policy.lower() == name.lower() for b in configuration.bindings):
            raise Refused(315)
        del configuration.policies[name.lower()]


def _bind(call: Call) -> Iterable[str]:
    policy = call.operand("policy")
    found = call.configuration.policies.get(policy.lower())
    if found is None:
        raise Refused(258)
    call.box.bind(
        Binding(
            policy=found.name,
            kind=_global_type(call.option("type")),
            priority=int(call.operand("priority")),
            then=call.operand("goto") or "END",
        )
    )
    return _feature_warning(call)


def _unbind(call: Call) -> None:
    kind = _global_type(call.option("type")) if call.option("type") else ""
    call.box.unbind(call.operand("policy"), vserver="", kind=kind)


def _global_type(text: str) -> str:
    short = {"OVERRIDE": "REQ_OVERRIDE", "DEFAULT": "REQ_DEFAULT", "": "REQ_DEFAULT"}
    return short.get(text, text)


COMMANDS = (
    Command(
        text="add responder action",
        run=_add_action,
        writes=True,
        propagates=True,
        operands=f"name operation:{OPERATIONS} target?",
        options="comment:word responseStatusCode:100..599 reasonPhrase:word "
        "bypassSafetyCheck:YES|NO",
    ),
    Command(
        text="add responder policy",
        run=_add_policy,
        writes=True,
        propagates=True,
        operands="name rule action undefined?",
        options="comment:word logAction:word appflowAction:word",
    ),
    Command(
        text="rm responder action",
        run=_remove_action,
        writes=True,
        propagates=True,
        operands="names+",
    ),
    Command(
        text="rm responder policy",
        run=_remove_policy,
        writes=True,
        propagates=True,
        operands="names+",
    ),
    Command(
        text="bind responder global",
        run=_bind,
        writes=True,
        propagates=True,
        operands="policy priority:1..2147483647 goto?",
        options=f"type:{GLOBAL_TYPES}",
    ),
    Command(
        text="unbind responder global",
        run=_unbind,
        writes=True,
        propagates=True,
        operands="policy",
        options=f"type:{GLOBAL_TYPES} priority:1..2147483647",
    ),
    Command(
        text="show responder action",
        operands="name?",
        run=lambda call: action_lines(call.box, call.operand("name")),
    ),
    Command(
        text="show responder policy",
        operands="name?",
        run=lambda call: policy_lines(call.box, call.operand("name")),
    ),
    Command(
        text="show responder global", operands="type?", run=lambda call: global_lines(call.box)
    ),
)
