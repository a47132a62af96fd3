"""Whether a gate can be reached and looked at: what a doctor finds on the way to it."""

from collections.abc import Iterator
from ipaddress import ip_address

from gatectl.audit import FetchHostKeys, offered_host_keys
from gatectl.core.check import Answer, Seen, Unreadable
from gatectl.core.gate import Gate, Node, Vantage
from gatectl.core.inspected import CLOCK_LOOK, CONFIG_LOOK, DISK_LOOK, RULES_LOOK
from gatectl.core.nodequestions import judge_clock, judge_disk
from gatectl.core.reach import LookKind, VantageReport
from gatectl.desk import Desk
from gatectl.doctor import Finding, judged
from gatectl.errors import ExitCode, GatectlError
from gatectl.ownway import own_addresses
from gatectl.settings_seen import see_settings
from gatectl.site import GateLookout, NodeSessions
from gatectl.transport.readonly import ReadOnly

_RIGHTS = (CONFIG_LOOK, RULES_LOOK, "show ns runningConfig")
"""Looks that an account which is short of rights is refused."""


def examine_gate(
    desk: Desk, gate: Gate, *, fetch: FetchHostKeys = offered_host_keys
) -> Iterator[Finding]:
    """Look at every way to a gate, over sessions that cannot write."""
    for node in gate.nodes:
        yield _host_key(gate, node, fetch)
    yield from _nodes(desk, gate)
    yield from _vantages(desk, gate)
    yield _management_path(gate)


def _host_key(gate: Gate, node: Node, fetch: FetchHostKeys) -> Finding:
    where = f"{gate.name}/{node.name}"
    mend = f"gatectl hostkeys {gate.name} --pin"
    try:
        offered = fetch(node)
    except GatectlError as exc:
        return Finding(
            name="host-key",
            subject=where,
            answer=Answer.FAIL,
            found=exc.sentence,
            mend=exc.hint or f"nc -vz {node.host.address} {node.host.port}",
            code=exc.exit_code,
        )
    trusted = set(offered) & set(node.host.host_keys)
    if trusted:
        return judged("host-key", where, "", "pinned", "")
    return Finding(
        name="host-key",
        subject=where,
        answer=Answer.FAIL,
        found="none of the keys that it offers is pinned; compare them with its console first",
        mend=mend,
        code=ExitCode.UNREACHABLE,
    )


def _nodes(desk: Desk, gate: Gate) -> Iterator[Finding]:
    looks = (*_RIGHTS, DISK_LOOK, CLOCK_LOOK)
    with NodeSessions(gate, lambda host: ReadOnly(desk.connect(host))) as sessions:
        seen = see_settings(gate, sessions, looks)
    now = desk.clock.now()
    for node in seen.nodes:
        where = f"{gate.name}/{node.node}"
        error = seen.trouble.get(node.node)
        if error is not None:
            yield Finding(
                name="login",
                subject=where,
                answer=Answer.FAIL,
                found=error.sentence,
                mend=error.hint or error.default_hint,
                code=error.exit_code,
            )
            continue
        yield judged("login", where, "", "it lets us in", "")
        for look in _RIGHTS:
            match node.show(look):
                case Unreadable(because=because):
                    mend = "give the account a command policy that lets it show everything"
                    yield judged("rights", where, because, "", mend)
                case Seen():
                    yield judged("rights", where, "", f"may `{look}`", "")
        for name, look, judge, mend in (
            ("node-disk", DISK_LOOK, judge_disk, "ls -lh /var/core /var/nsinstall, on the node"),
            ("clock-skew", CLOCK_LOOK, lambda r: judge_clock(r, now), "add ntp server ADDRESS"),
        ):
            match node.show(look):
                case Seen(records=records):
                    answer, found = judge(records)
                case Unreadable(because=because):
                    answer, found = Answer.UNKNOWN, because
            yield Finding(
                name=name,
                subject=where,
                answer=answer,
                found=found,
                mend="" if answer is Answer.PASS else mend,
            )


def _vantages(desk: Desk, gate: Gate) -> Iterator[Finding]:
    lookout = GateLookout(gate, lambda host: ReadOnly(desk.connect(host)))
    try:
        reports = {report.vantage: report for report in lookout.survey()}
    finally:
        lookout.close()
    for vantage in gate.vantages:
        yield _vantage(gate, vantage, reports[vantage.name])
    yield _certificate(gate, tuple(reports.values()))


def _vantage(gate: Gate, vantage: Vantage, report: VantageReport) -> Finding:
    where = f"{gate.name}/{vantage.name}"
    if all(look.kind is LookKind.NOT_LOOKED for look in report.gate):
        detail = report.gate[0].detail or "no look could be made"
        source = f"ip addr | grep {vantage.source}" if vantage.source else "ssh to its `via` host"
        return Finding(
            name="vantage",
            subject=where,
            answer=Answer.FAIL,
            found=detail,
            mend=source,
            code=ExitCode.UNREACHABLE,
        )
    if vantage.control is None:
        mend = f'control = "HOST:PORT" at the vantage {vantage.name}: something that always answers'
        trouble = "without a control, silence cannot be told from a line that is down"
        return judged("control", where, trouble, "", mend)
    control = report.control
    if control is None or control.kind not in {LookKind.CONNECTED, LookKind.ANSWERED}:
        seen = control.sentence() if control is not None else "it was not looked at"
        host, port = vantage.control
        return judged("control", where, f"it does not answer: {seen}", "", f"nc -vz {host} {port}")
    return judged("control", where, "", "answers", "")


def _certificate(gate: Gate, reports: tuple[VantageReport, ...]) -> Finding:
    wrong = [
        f"{look.vantage}: {look.sentence()}"
        for report in reports
        for look in report.gate
        if look.kind is LookKind.WRONG_CERTIFICATE
    ]
    judged_by = gate.vserver.certificate_pins or gate.vserver.certificate_authorities
    well = "none is wrong" if judged_by else "any is taken; `gatectl certificates --pin` pins it"
    mend = f"gatectl certificates {gate.name}"
    return judged("certificate", gate.name, "; ".join(wrong), well, mend)


def _management_path(gate: Gate) -> Finding:
    through = [
        f"the way to {node} starts at {address}, which this gate gives out"
        for node, address in own_addresses(gate).items()
        if any(ip_address(address) in pool for pool in gate.pool_networks)
    ]
    served = {str(gate.vserver.address), str(gate.vserver.address6)}
    through += [
        f"{node.name} is managed at {node.host.address}, the address of the gateway itself"
        for node in gate.nodes
        if node.host.address in served and node.host.port == gate.vserver.port
    ]
    mend = "run gatectl from the management network, not through the gate"
    return judged("management-path", gate.name, "; ".join(through), "not through the gate", mend)
