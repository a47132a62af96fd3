"""What can be written in the journal, and that all of it can be read again."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import get_args

import pytest
from pydantic import TypeAdapter

from gatectl.core.agreement import (
    ApprovalGiven,
    ApprovalRequested,
    ApprovalUsed,
    AttestationGiven,
)
from gatectl.core.casework import (
    AdviceReceived,
    CaseClosed,
    CaseName,
    CaseOpened,
    Choice,
    CostIncurred,
    Decided,
    HoursSpent,
    IncidentDeclared,
    IncidentReported,
    Person,
    Remarked,
    Says,
    Stage,
)
from gatectl.core.check import failed
from gatectl.core.checkpoint import StandingKept
from gatectl.core.event import (
    ActAnswered,
    ActIntended,
    CompromiseJudged,
    ConfigurationSeen,
    Ending,
    Event,
    EvidenceId,
    EvidenceKept,
    Examined,
    InterlocksJudged,
    LookMade,
    Mode,
    Noted,
    Outcome,
    Refusal,
    RunEnded,
    RunResumed,
    RunStarted,
    ScannerRun,
    SidesSeen,
    Signalled,
    StepEnded,
    StepStarted,
    event_fields,
    event_from,
    kept_by,
)
from gatectl.core.gate import GateState, Signal
from gatectl.core.playbook import Purpose
from gatectl.core.upkeep import AuditEnded, DeadlinePassed, MaintenanceSkipped
from tests.builders import NS_A, START, planned, shipped_plan

STEP = planned()
PLAN = shipped_plan("verify")
HASH = EvidenceId("0f" * 32)
CASE = CaseName("winter")
NOON = datetime(2020, 1, 18, 12, tzinfo=UTC)
ONE_OF_EACH: tuple[Event, ...] = (
    StandingKept(rules="1-abc", document='{"a": 1}'),
    RunStarted(plan=PLAN, digest=PLAN.digest, mode=Mode.DRY),
    RunResumed(digest=PLAN.digest),
    RunEnded(ending=Ending.UNKNOWN, because="cut"),
    StepStarted(step=STEP.id, title=STEP.title, node=None),
    LookMade(
        step=STEP.id,
        node=NS_A,
        attempt=2,
        look="show ns config",
        verdict=failed("saved is no"),
        evidence=HASH,
        elapsed_s=0.25,
    ),
    ActIntended(step=STEP.id, node=NS_A, lines=("save ns config", 'shell "x\\n"')),
    ActAnswered(
        step=STEP.id, node=NS_A, line="save ns config", answer="cut", text="", elapsed_s=1.5
    ),
    StepEnded(
        step=STEP.id,
        title=STEP.title,
        node=NS_A,
        outcome=Outcome.WOULD,
        verdict=failed("é \u202e\x1b"),
        proves=None,
        elapsed_s=0.0,
    ),
    SidesSeen(outside="shut", inside="open", because="all agree", looks=({"kind": "refused"},)),
    EvidenceKept(step=STEP.id, node=NS_A, what="missing", name="/tmp/x", evidence=None),
    ScannerRun(
        step=STEP.id,
        node=NS_A,
        script="ioc.sh",
        sha256="0f" * 32,
        said="inconclusive",
        because="cut",
        evidence=None,
    ),
    Examined(by="ciso", finding="clean", file="report.pdf", evidence=EvidenceId("a" * 64)),
    ConfigurationSeen(node=NS_A, by=Purpose.CLOSE, evidence=HASH),
    CompromiseJudged(answer="inconclusive", because="no log", findings=({"path": "/x"},)),
    Signalled(
        signal=Signal.DOUBT, before=GateState.PATCHING, after=GateState.UNKNOWN, because="crash"
    ),
    InterlocksJudged(blockers=({"interlock": "x"},), overridden=()),
    Refusal(verb="reopen", sentence="no", hint="do", exit_code=6),
    Noted(text="a note"),
    CaseOpened(case=CASE, title="A flaw"),
    CaseClosed(case=CASE),
    AdviceReceived(
        case=CASE,
        source="NCSC",
        identifier="N-1",
        revision="2",
        received_at=NOON,
        received_by="officer",
        says=Says.SWITCH_OFF_UNLESS,
        person=Person(pseudonym="p-1", commitment="0f" * 32),
    ),
    Decided(case=CASE, decision=Choice.ACCEPT, by="board", why="é", until=NOON.date()),
    HoursSpent(case=CASE, who="engineer", begin=NOON, end=NOON, overtime=True, rate_cents=1),
    CostIncurred(case=CASE, what="advice", cents=100),
    Remarked(case=CASE, about="residents", text="nothing"),
    IncidentDeclared(case=CASE, since=NOON, why="traces"),
    IncidentReported(case=CASE, stage=Stage.WARNING, to="CSIRT", sent_at=NOON),
    AuditEnded(exit_code=7, drifted=("saved",), unknown=(), known=("disk",)),
    MaintenanceSkipped(playbook="patch", because="too late", latest=START),
    DeadlinePassed(case=CASE, what="measure", subject="NCSC N-1 1", due=NOON),
    ApprovalRequested(nonce="n", digest="d", request="{}\n", expires=START),
    ApprovalGiven(nonce="n", principal="anna@example", role="ciso", signature="-----BEGIN"),
    ApprovalUsed(nonce="n", principals=("anna@example", "bert@example")),
    AttestationGiven(name="certificates-rotated", by="anna", says="done", sha256="0f" * 32),
)


def test_every_hash_under_which_something_is_kept_is_known() -> None:
    """A kind of event that keeps evidence and is forgotten would be verified by nobody."""
    named = {"evidence", "sha256"}
    keeps = {type(one) for one in ONE_OF_EACH if named & {part.name for part in fields(one)}}
    for event in ONE_OF_EACH:
        changes = {name: HASH for name in named if hasattr(event, name)}
        full: Event = replace(event, **changes)  # type: ignore[arg-type]  # hashes, by their names
        assert (kept_by(full) == HASH) is (type(event) in keeps)
    assert len(keeps) == 7


def test_there_is_one_of_each_event_here() -> None:
    """A new kind of event is added to these tests as well."""
    union, *_ = get_args(Event)
    assert {type(event) for event in ONE_OF_EACH} == set(get_args(union))


@pytest.mark.parametrize("event", ONE_OF_EACH, ids=lambda event: event.kind)
def test_an_event_survives_the_journal(event: Event) -> None:
    """Written as JSON and read again it is the same, with the same type."""
    again = event_from(json.loads(json.dumps(event_fields(event))))
    assert again == event
    assert type(again) is type(event)


@pytest.mark.parametrize("event", ONE_OF_EACH, ids=lambda event: event.kind)
def test_an_event_is_written_as_its_type_says(event: Event) -> None:
    """The quick way of writing gives what the type's own way gives, and old hashes stay right."""
    adapter: TypeAdapter[Event] = TypeAdapter(type(event))
    assert event_fields(event) == adapter.dump_python(event, mode="json")


def test_no_two_kinds_have_one_name() -> None:
    """Events are told apart by their kind alone."""
    kinds = [event.kind for event in ONE_OF_EACH]
    assert len(kinds) == len(set(kinds))


@pytest.mark.parametrize("outcome", Outcome)
def test_only_a_seen_claim_holds(outcome: Outcome) -> None:
    """What a dry run would do, what failed and what is unknown does not hold."""
    assert outcome.holds is (outcome in {Outcome.ALREADY, Outcome.DONE})
