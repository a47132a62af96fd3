"""Commands about the pair: nodes, failover, synchronisation."""

from collections.abc import Iterable

from gatectl.simulator.command import Call, Command
from gatectl.simulator.shows import ha_node_lines
from gatectl.simulator.texts import TEXTS, Refused


def _show_node(call: Call) -> Iterable[str]:
    return ha_node_lines(call.box, only=call.operand("id"))


def _set_node(call: Call) -> None:
    status = call.option("haStatus")
    if status == "STAYSECONDARY" and call.box.is_primary and call.box.pair.peer(call.box):
        raise Refused(367)
    if status == "STAYPRIMARY" and call.box.is_secondary:
        raise Refused(368)
    configuration = call.configuration
    if status:
        configuration.ha_status = status
    if call.option("haSync"):
        configuration.ha_sync = call.option("haSync") == "ENABLED"
    if call.option("haProp"):
        configuration.ha_propagation = call.option("haProp") == "ENABLED"
    call.box.pair.settings_changed()


def _add_node(call: Call) -> None:
    call.configuration.peer_nsip = call.operand("address")


def _force_failover(call: Call) -> Iterable[str]:
    pair = call.box.pair
    if call.session.origin == "cli":
        pair.check_failover(call.box)
    found: list[str] = []
    if call.option("force"):
        if not pair.healthy:
            found = [f"[WARNING]:{TEXTS[1147]}", "", "- Peer is not synchronised", ""]
    else:
        answer = call.terminal.ask(TEXTS[1146])
        if not answer.strip().lower().startswith("y"):
            return []
    pair.start_failover()
    return found


def _force_sync(call: Call) -> None:
    pair = call.box.pair
    if pair.peer(call.box) is None:
        raise Refused(363)
    if not call.configuration.ha_sync and not call.option("force"):
        raise Refused(410)
    secondary = pair.secondary
    if secondary is None:
        raise Refused(365)
    if secondary.sync_state == "IN PROGRESS":
        raise Refused(412)
    pair.start_sync(secondary)


def _sync_files(call: Call) -> None:
    if call.box.pair.peer(call.box) is None:
        raise Refused(363)


COMMANDS = (
    Command(text="show ha node", run=_show_node, operands="id?:0..64"),
    Command(text="add ha node", run=_add_node, operands="id:1..64 address", writes=True),
    Command(
        text="set ha node",
        run=_set_node,
        operands="id?:0..64",
        writes=True,
        options="haStatus:ENABLED|STAYSECONDARY|DISABLED|STAYPRIMARY "
        "haSync:ENABLED|DISABLED haProp:ENABLED|DISABLED helloInterval:200..1000 "
        "deadInterval:3..60 failSafe:ON|OFF",
    ),
    Command(
        text="force ha failover",
        run=_force_failover,
        options="force:flag",
        writes=True,
        locked=False,
    ),
    Command(text="force ha sync", run=_force_sync, options="force:flag save:YES|NO", writes=True),
    Command(text="sync ha files", run=_sync_files, operands="mode*", writes=True),
)
