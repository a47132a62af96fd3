"""Commands about virtual servers of any kind, and what is bound to the VPN ones."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from gatectl.simulator.command import Call, Command
from gatectl.simulator.commands_network import checked_address
from gatectl.simulator.configuration import Binding, Vserver, VserverKind
from gatectl.simulator.shows_vserver import vserver_lines
from gatectl.simulator.texts import Refused

KINDS: tuple[VserverKind, ...] = ("vpn", "lb", "cs", "authentication")
BIND_POINTS = "REQUEST|AAA_REQUEST|ICA_REQUEST|OTHERTCP_REQUEST|RESPONSE"
_VSERVER_OPTIONS = (
    "dtls:ON|OFF downStateFlush:ENABLED|DISABLED comment:word redirectURL:word "
    "icaOnly:ON|OFF cltTimeout:0..31536000 maxAAAUsers:0..65535 "
    "loginOnce:ON|OFF doubleHop:ENABLED|DISABLED authentication:ON|OFF "
    "icmpVsrResponse:PASSIVE|ACTIVE RHIstate:PASSIVE|ACTIVE appflowLog:ENABLED|DISABLED "
    "persistenceType:word lbMethod:word"
)


def _find(call: Call, kind: VserverKind, name: str) -> Vserver:
    vserver = call.configuration.vserver(kind, name)
    if vserver is None:
        raise Refused(258)
    return vserver


def _with_options(call: Call, vserver: Vserver) -> Vserver:
    options = call.arguments.options
    return replace(
        vserver,
        dtls=options.get("dtls", "ON" if vserver.dtls else "OFF") == "ON",
        down_state_flush=options.get(
            "downStateFlush", "ENABLED" if vserver.down_state_flush else "DISABLED"
        )
        == "ENABLED",
        comment=options.get("comment", vserver.comment),
        redirect_url=options.get("redirectURL", vserver.redirect_url),
        enabled=options.get("state", "ENABLED" if vserver.enabled else "DISABLED") == "ENABLED",
    )


def _add_vserver(kind: VserverKind) -> Callable[[Call], None]:
    def run(call: Call) -> None:
        name = call.operand("name")
        if call.configuration.vserver(kind, name) is not None:
            raise Refused(273)
        plain = Vserver(
            kind=kind,
            name=name,
            service=call.operand("service"),
            address=checked_address(call.operand("address") or "0.0.0.0"),  # noqa: S104 - a device value
            port=int(call.operand("port") or 0),
        )
        for other in call.configuration.vservers.values():
            if plain.port and (other.address, other.port) == (plain.address, plain.port):
                raise Refused(273)
        call.configuration.put_vserver(_with_options(call, plain))
        call.box.vservers_changed()

    return run


def _set_vserver(kind: VserverKind) -> Callable[[Call], None]:
    def run(call: Call) -> None:
        vserver = _find(call, kind, call.operand("name"))
        call.configuration.put_vserver(_with_options(call, vserver))
        call.box.vservers_changed()

    return run


def _remove_vserver(kind: VserverKind) -> Callable[[Call], None]:
    def run(call: Call) -> None:
        for name in call.values("names"):
            vserver = _find(call, kind, name)
            del call.configuration.vservers[f"{kind}/{vserver.name.lower()}"]
        call.box.vservers_changed()

    return run


def _switch_vserver(kind: VserverKind, *, enabled: bool) -> Callable[[Call], None]:
    def run(call: Call) -> None:
        vserver = _find(call, kind, call.operand("name"))
        call.configuration.put_vserver(replace(vserver, enabled=enabled))
        call.box.vservers_changed()

    return run


def _switch_any(*, enabled: bool) -> Callable[[Call], Iterable[str]]:
    def run(call: Call) -> Iterable[str]:
        name = call.operand("name").lower()
        found = [v for v in call.configuration.vservers.values() if v.name.lower() == name]
        if not found:
            raise Refused(258)
        for vserver in found:
            call.configuration.put_vserver(replace(vserver, enabled=enabled))
        call.box.vservers_changed()
        return ["Warning: Command deprecated"]

    return run


def _show_vserver(kind: VserverKind) -> Callable[[Call], Iterable[str]]:
    return lambda call: vserver_lines(call.box, kind, call.operand("name"))


def _bind(call: Call) -> None:
    vserver = _find(call, "vpn", call.operand("name"))
    policy = call.option("policy")
    if policy.lower() not in call.configuration.policies:
        raise Refused(258)
    kind = call.option("type") or "REQUEST"
    call.box.check_bind_point(kind)
    call.box.bind(
        Binding(
            policy=policy,
            vserver=vserver.name,
            kind=kind,
            priority=int(call.option("priority") or 100),
            then=call.option("gotoPriorityExpression") or "END",
        )
    )


def _unbind(call: Call) -> None:
    vserver = _find(call, "vpn", call.operand("name"))
    call.box.unbind(call.option("policy"), vserver=vserver.name, kind=call.option("type"))


def _vserver_commands(kind: VserverKind) -> tuple[Command, ...]:
    text = f"{kind} vserver"
    return (
        Command(
            text=f"add {text}",
            run=_add_vserver(kind),
            writes=True,
            propagates=True,
            operands="name service address? port?:0..65535",
            options=f"{_VSERVER_OPTIONS} state:ENABLED|DISABLED",
        ),
        Command(
            text=f"set {text}",
            run=_set_vserver(kind),
            writes=True,
            propagates=True,
            operands="name",
            options=_VSERVER_OPTIONS,
        ),
        Command(
            text=f"rm {text}",
            run=_remove_vserver(kind),
            writes=True,
            propagates=True,
            operands="names+",
        ),
        Command(
            text=f"enable {text}",
            run=_switch_vserver(kind, enabled=True),
            writes=True,
            propagates=True,
            operands="name",
        ),
        Command(
            text=f"disable {text}",
            run=_switch_vserver(kind, enabled=False),
            writes=True,
            propagates=True,
            operands="name",
        ),
        Command(text=f"show {text}", run=_show_vserver(kind), operands="name?"),
    )


COMMANDS = (
    *(command for kind in KINDS for command in _vserver_commands(kind)),
    Command(
        text="enable vserver",
        run=_switch_any(enabled=True),
        operands="name",
        writes=True,
        propagates=True,
    ),
    Command(
        text="disable vserver",
        run=_switch_any(enabled=False),
        operands="name",
        writes=True,
        propagates=True,
    ),
    Command(
        text="bind vpn vserver",
        run=_bind,
        operands="name",
        writes=True,
        propagates=True,
        options=f"policy:word priority:1..2147483647 gotoPriorityExpression:word "
        f"type:{BIND_POINTS}",
    ),
    Command(
        text="unbind vpn vserver",
        run=_unbind,
        operands="name",
        writes=True,
        propagates=True,
        options=f"policy:word priority:1..2147483647 type:{BIND_POINTS}",
    ),
)
