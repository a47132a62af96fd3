"""Runs, verdicts and timelines as plain documents and rows."""

from dataclasses import replace

from gatectl.core.casework import Choice, Says
from gatectl.core.check import Answer, Verdict, failed, passed
from gatectl.core.event import (
    CompromiseJudged,
    Ending,
    InterlocksJudged,
    Mode,
    Noted,
    Outcome,
    Refusal,
    RunEnded,
    SidesSeen,
    Signalled,
)
from gatectl.core.gate import GateState, NodeName, Signal
from gatectl.core.interlock import Blocker, Interlock
from gatectl.core.plan import PlannedStep
from gatectl.core.report import (
    blocker_document,
    plan_document,
    run_document,
    timeline,
    verdict_document,
    verdict_rows,
    would_send,
)
from gatectl.core.run import Run
from tests.builders import NS_A, NS_B, Chronicle, device_task, ended, plan_of, planned, started
from tests.casefile import CaseFile, advice, at, closing, decision

SAVE = planned("saved@ns-a")
DENY = planned("deny@ns-a", device_task(act=("add ns acl X DENY", "apply ns acls")))


def dry_run(*steps: PlannedStep) -> Run:
    """Make a dry run in which every step would act."""
    chronicle = Chronicle()
    chronicle.begin(plan_of(*steps), mode=Mode.DRY)
    for step in steps:
        chronicle.add(started(step))
        chronicle.add(ended(step, Outcome.WOULD, failed("it does not hold")))
    return chronicle.run()


def on(node: NodeName, *lines: str, claim: str = "saved") -> PlannedStep:
    """Make a step of a claim on a node that would send these lines."""
    return planned(f"{claim}@{node}", device_task(node=node, act=lines))


def test_every_step_with_an_outcome_is_a_row_in_the_order_of_the_plan() -> None:
    """A step whose turn never came proves nothing and has no row."""
    chronicle = Chronicle()
    chronicle.begin(plan_of(SAVE, DENY, planned("never")))
    for step, verdict in ((SAVE, passed("saved is yes")), (DENY, failed("nothing is there"))):
        chronicle.add(started(step))
        chronicle.add(ended(step, Outcome.DONE if verdict.passed else Outcome.FAILED, verdict))
    rows = list(verdict_rows([chronicle.run()]))
    assert [(row.title, row.node, row.answer, row.outcome, row.because) for row in rows] == [
        (SAVE.title, NS_A, Answer.PASS, "done", "saved is yes"),
        (DENY.title, NS_A, Answer.FAIL, "failed", "nothing is there"),
    ]


def test_a_timeline_has_the_course_of_things_and_no_steps() -> None:
    """Starts, ends, looks from outside, signals, refusals and judgements; nothing twice."""
    chronicle = Chronicle()
    chronicle.begin(plan_of(SAVE))
    chronicle.add(started(SAVE))
    chronicle.add(ended(SAVE))
    seen = SidesSeen(outside="shut", inside="open", because="x", looks=())
    chronicle.add(seen)
    chronicle.add(seen)
    chronicle.add(
        Signalled(
            signal=Signal.CLOSE_PROVEN,
            before=GateState.CLOSING,
            after=GateState.CLOSED,
            because="all hold",
        )
    )
    chronicle.add(CompromiseJudged(answer="clean", because="nothing fired", findings=()))
    chronicle.add(InterlocksJudged(blockers=({"interlock": "nodes-fixed"},), overridden=()))
    chronicle.add(InterlocksJudged(blockers=(), overridden=()))
    chronicle.add(Refusal(verb="patch", sentence="no image", hint="", exit_code=2))
    chronicle.add(Noted(text="not for a timeline"))
    chronicle.add(RunEnded(ending=Ending.PROVEN, because="all 1 steps hold"))
    told = [(moment.what, moment.detail) for moment in timeline(chronicle.records)]
    assert told == [
        ("upkeep started", "the playbook upkeep (real, by j.jansen)"),
        ("seen", "outside shut, inside open"),
        ("closing -> closed", "all hold"),
        ("compromise check: clean", "nothing fired"),
        ("interlocks", "blocked by nodes-fixed"),
        ("interlocks", "nothing blocks"),
        ("patch refused", "no image"),
        ("run proven", "all 1 steps hold"),
    ]


def test_a_signal_that_moves_nothing_is_no_moment() -> None:
    """A gate that stays as it is has no place in its own story."""
    chronicle = Chronicle()
    chronicle.add(
        Signalled(signal=Signal.SEEN_OPEN, before=GateState.OPEN, after=GateState.OPEN, because="x")
    )
    assert list(timeline(chronicle.records)) == []


def test_a_timeline_tells_the_case_its_advice_and_its_decisions() -> None:
    """Whoever reads the log sees why somebody closed, and not only that."""
    file = CaseFile()
    file.add(advice("1", at(3), Says.SWITCH_OFF), run=None)
    file.add(decision(Choice.CLOSE, at(4), "1"), run=None)
    file.add(closing(), run=None)
    told = [moment.what for moment in timeline(file.records)]
    wanted = ["case winter opened", "advice: switch-off", "decided: close", "case winter closed"]
    assert told == wanted


def test_a_run_document_has_each_step_with_its_verdict() -> None:
    """What a program reads is the fold of the journal, and nothing is made up."""
    chronicle = Chronicle()
    plan = plan_of(SAVE, DENY)
    chronicle.begin(plan)
    chronicle.add(started(SAVE))
    chronicle.add(ended(SAVE, verdict=passed("saved is yes")))
    document = run_document(chronicle.run())
    assert (document["run"], document["playbook"], document["mode"]) == ("r1", "upkeep", "real")
    assert (document["digest"], document["ending"], document["ended"]) == (plan.digest, None, None)
    first, second = document["steps"]
    assert first["verdict"] == {"answer": "pass", "because": "saved is yes"}
    assert (first["phase"], first["outcome"]) == ("ended", "done")
    assert (second["phase"], second["outcome"], second["verdict"]) == ("pending", None, None)


def test_no_verdict_is_none_and_never_a_pass() -> None:
    """What was not judged is told as such."""
    assert verdict_document(None) is None


def test_a_blocker_document_says_what_clears_it() -> None:
    """Interlock, answer, reason and remedy are four words of the document."""
    blocker = Blocker(
        interlock=Interlock.NODES_FIXED,
        verdict=Verdict(answer=Answer.FAIL, because="12.1-55.13 is exposed"),
        clears="gatectl patch almelo",
    )
    assert blocker_document(blocker) == {
        "interlock": "nodes-fixed",
        "answer": "fail",
        "because": "12.1-55.13 is exposed",
        "clears": "gatectl patch almelo",
    }


def test_a_plan_document_has_every_line_that_would_be_sent() -> None:
    """Digest and lines are what is approved."""
    plan = plan_of(SAVE, DENY)
    document = plan_document(plan)
    assert document["digest"] == plan.digest
    assert [step["sends"] for step in document["steps"]] == [
        ["save ns config"],
        ["add ns acl X DENY", "apply ns acls"],
    ]


def test_a_dry_run_would_send_only_what_would_act() -> None:
    """A step that holds already sends nothing."""
    chronicle = Chronicle()
    chronicle.begin(plan_of(SAVE, DENY), mode=Mode.DRY)
    chronicle.add(started(SAVE))
    chronicle.add(ended(SAVE, Outcome.ALREADY))
    chronicle.add(started(DENY))
    chronicle.add(ended(DENY, Outcome.WOULD, failed("nothing is there")))
    assert list(would_send([chronicle.run()])) == [
        (NS_A, "add ns acl X DENY"),
        (NS_A, "apply ns acls"),
    ]


def propagating(*steps: PlannedStep) -> list[tuple[str, str]]:
    """List what a dry run of steps would send in a pair that propagates."""
    plan = plan_of(*steps)
    plan = replace(plan, facts=replace(plan.facts, propagates=True))
    chronicle = Chronicle()
    chronicle.begin(plan, mode=Mode.DRY)
    for step in steps:
        chronicle.add(started(step))
        chronicle.add(ended(step, Outcome.WOULD, failed("it does not hold")))
    return list(would_send([chronicle.run()]))


def test_what_propagates_is_sent_once() -> None:
    """The primary passes configuration on, so that the secondary is found to have it already."""
    lines = ("add ns acl X DENY", "apply ns acls")
    sent = propagating(on(NS_A, *lines, claim="deny"), on(NS_B, *lines, claim="deny"))
    assert sent == [(NS_A, line) for line in lines]


def test_without_propagation_each_node_is_told() -> None:
    """A pair that does not pass configuration on is told twice."""
    lines = ("add ns acl X DENY",)
    run = dry_run(on(NS_A, *lines, claim="deny"), on(NS_B, *lines, claim="deny"))
    assert list(would_send([run])) == [(NS_A, lines[0]), (NS_B, lines[0])]


def test_a_shell_line_stays_on_its_node() -> None:
    """What is done to a node's own file system is done on each."""
    line = "shell mkdir -p /var/x"
    assert propagating(on(NS_A, line), on(NS_B, line)) == [(NS_A, line), (NS_B, line)]


def test_a_backup_stays_on_its_node() -> None:
    """`create system backup` is no configuration: nothing of it reaches the other node."""
    line = "create system backup gatectl -level full"
    assert propagating(on(NS_A, line), on(NS_B, line)) == [(NS_A, line), (NS_B, line)]
