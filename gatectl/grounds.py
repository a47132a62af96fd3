"""Gathers from the journal what a reopening rests on besides its proofs."""

from contextlib import suppress

from gatectl.core.event import ConfigurationSeen, EvidenceId, Noted, Signalled
from gatectl.core.gate import Gate, GateState, NodeName
from gatectl.core.grounds import Grounds, judge_advice
from gatectl.core.moment import Moment
from gatectl.core.planning import in_force
from gatectl.core.playbook import Purpose
from gatectl.core.snapshot import AGE_S_MAX, KINDS, LOOK, Snapshots, judge_snapshots
from gatectl.desk import Desk
from gatectl.duty import case_of
from gatectl.errors import GatectlError, JournalDamaged, JournalUnavailable
from gatectl.journal.recorder import RunRecorder
from gatectl.ports import GateJournal, Nodes

_LOOK_TIMEOUT_S = 60.0


def grounds_of(desk: Desk, gate: Gate, now: Moment) -> Grounds:
    """Judge the advice of the open case, and compare each node with what it was when it closed."""
    since = _last_open(desk.journal, gate)
    events = desk.journal.events(gate=gate.name, kinds=KINDS, after=since)
    snapshots = Snapshots.from_events(events)
    kept = (*snapshots.before.values(), *snapshots.now.values())
    texts = _texts(desk, {one.evidence for one in kept})
    configuration = judge_snapshots(
        [node.name for node in gate.nodes],
        snapshots,
        texts,
        now,
        min(AGE_S_MAX, gate.evidence_max_age_s),
    )
    bulletins = in_force(gate, desk.advisories)
    return Grounds(
        advice=judge_advice(case_of(desk.journal, gate), now.at),
        configuration=configuration,
        settings=any(bulletin.required_settings for bulletin in bulletins),
    )


def keep_configuration(desk: Desk, gate: Gate, nodes: Nodes, by: Purpose) -> None:
    """Keep what each node is configured like, to compare it later; what fails is only noted.

    After a closing, all that matters is done already: nothing may make it seem undone.
    """
    if by not in {Purpose.CLOSE, Purpose.VERIFY}:
        return
    recorder = RunRecorder(
        journal=desk.journal, gate=gate.name, run=None, lease=None, listeners=desk.listeners
    )
    for node in gate.nodes:
        seen = _configuration(desk, node.name, nodes, by)
        with suppress(JournalUnavailable, JournalDamaged):
            recorder.record(seen)


def _configuration(
    desk: Desk, node: NodeName, nodes: Nodes, by: Purpose
) -> ConfigurationSeen | Noted:
    try:
        reply = nodes.transport(node).send(LOOK, timeout_s=_LOOK_TIMEOUT_S)
        if reply.error is None:
            evidence = desk.evidence.keep(reply.text.encode())
            return ConfigurationSeen(node=node, by=by, evidence=evidence)
        because = reply.error
    except GatectlError as exc:
        nodes.forget(node)
        because = exc.sentence
    return Noted(text=f"the configuration of {node} was not kept: {because}")


def _last_open(journal: GateJournal, gate: Gate) -> int:
    """Find the last record after which the gate was open: what is older says nothing here."""
    for recorded in journal.newest_first(gate=gate.name, kinds=("gate.signalled",)):
        event = recorded.event
        if isinstance(event, Signalled) and event.after is GateState.OPEN:
            return recorded.sequence
    return 0


def _texts(desk: Desk, wanted: set[EvidenceId]) -> dict[EvidenceId, str]:
    """Read what is there; what is missing or was changed is left out, and is then not known."""
    texts: dict[EvidenceId, str] = {}
    for evidence in wanted:
        try:
            texts[evidence] = desk.evidence.read(evidence).decode("utf-8", "replace")
        except JournalDamaged:
            continue
    return texts
