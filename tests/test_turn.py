"""A step's turn as a conversation: what is sent and recorded, in which order."""

from dataclasses import replace
from pathlib import Path

import pytest

from gatectl.core.check import (
    Answer,
    Expectation,
    Seen,
    Unreadable,
    Verdict,
    failed,
    passed,
    unknown,
)
from gatectl.core.event import (
    ActAnswered,
    ActIntended,
    Ending,
    LookMade,
    Mode,
    Outcome,
    SidesSeen,
)
from gatectl.core.gate import Side, VantageName
from gatectl.core.netscaler import Reply
from gatectl.core.page import Page
from gatectl.core.plan import (
    CollectTask,
    Guard,
    JudgeTask,
    RequestTask,
    SidesTask,
    UploadTask,
)
from gatectl.core.playbook import Purpose, Retry
from gatectl.core.reach import Look, LookKind, VantageReport
from gatectl.errors import (
    HostKeyMismatch,
    Unreachable,
)
from gatectl.ports import RequestSeen
from tests.builders import NS_A, NS_B, ONCE, device_task, plan_of, planned
from tests.conversation import (
    ACT,
    CLOSE,
    CUT,
    DONE,
    DOWN,
    GARBLED,
    LOOK,
    NO_RULE,
    PLAN,
    RULE,
    SAVED,
    STEP,
    TWO_LINES,
    UNSAVED,
    OneVerdictCollector,
    ScriptedLookout,
    Stage,
    outcome,
)


def test_a_claim_that_holds_already_sends_nothing_that_writes(tmp_path: Path) -> None:
    """One look is enough; no intent is recorded."""
    stage = Stage(tmp_path, ns_a=[(LOOK, SAVED)])
    run = stage.carry_out(PLAN)
    assert (run.ending, outcome(run)) == (Ending.PROVEN, Outcome.ALREADY)
    assert stage.sent() == [LOOK]
    assert stage.events(ActIntended) == []


def test_the_intent_is_on_record_before_the_act_and_the_outcome_after_the_look(
    tmp_path: Path,
) -> None:
    """The whole order of one step, in one shared history."""
    stage = Stage(tmp_path, ns_a=[(LOOK, UNSAVED), (ACT, DONE), (LOOK, SAVED)])
    run = stage.carry_out(PLAN)
    assert (run.ending, outcome(run)) == (Ending.PROVEN, Outcome.DONE)
    assert stage.history == [
        "record step.started",
        f"send {LOOK}",
        "record look.made",
        "record act.intended",
        f"send {ACT}",
        "record act.answered",
        f"send {LOOK}",
        "record look.made",
        "record step.ended",
        "record run.ended",
    ]


def test_an_answer_that_says_done_is_no_proof(tmp_path: Path) -> None:
    """The look decides: after `Done` the claim still does not hold, so the step failed."""
    stage = Stage(tmp_path, ns_a=[(LOOK, UNSAVED), (ACT, DONE), (LOOK, UNSAVED), (LOOK, UNSAVED)])
    run = stage.carry_out(PLAN)
    assert (run.ending, outcome(run)) == (Ending.FAILED, Outcome.FAILED)
    assert stage.sent().count(ACT) == 1


def test_a_look_is_repeated_until_it_holds(tmp_path: Path) -> None:
    """Some things take effect a little later; the act is not sent again for that."""
    stage = Stage(tmp_path, ns_a=[(LOOK, UNSAVED), (ACT, DONE), (LOOK, UNSAVED), (LOOK, SAVED)])
    run = stage.carry_out(PLAN)
    assert outcome(run) is Outcome.DONE
    assert stage.sent() == [LOOK, ACT, LOOK, LOOK]


def test_every_repetition_of_a_look_is_on_record_with_its_answer(tmp_path: Path) -> None:
    """The device's words are kept as evidence, and attempts are counted."""
    stage = Stage(tmp_path, ns_a=[(LOOK, UNSAVED), (ACT, DONE), (LOOK, GARBLED), (LOOK, SAVED)])
    stage.carry_out(PLAN)
    looks = [event for event in stage.events(LookMade) if isinstance(event, LookMade)]
    assert [look.attempt for look in looks] == [1, 2, 3]
    assert [look.verdict.answer for look in looks] == [Answer.FAIL, Answer.UNKNOWN, Answer.PASS]
    assert looks[1].evidence is not None
    assert stage.evidence.read(looks[1].evidence) == GARBLED.text.encode()


def test_waiting_between_looks_uses_the_clock_that_was_handed_over(tmp_path: Path) -> None:
    """No longer than the step allows, and at most so many times."""
    step = planned("saved@ns-a", retry=Retry(attempts=6, wait_s=1.0, deadline_s=60.0))
    looks = [(LOOK, UNSAVED)] * 6
    stage = Stage(tmp_path, ns_a=[(LOOK, UNSAVED), (ACT, DONE), *looks])
    before = stage.clock.now()
    run = stage.carry_out(plan_of(step))
    assert run.ending is Ending.FAILED
    assert stage.nodes.left() == []
    assert 1.0 < (stage.clock.now() - before).total_seconds() <= 5.0


def test_a_cut_during_the_act_leads_to_a_look_and_never_to_a_second_act(tmp_path: Path) -> None:
    """The session is dropped, and what the device shows decides."""
    stage = Stage(tmp_path, ns_a=[(LOOK, UNSAVED), (ACT, CUT), (LOOK, SAVED)])
    run = stage.carry_out(PLAN)
    assert outcome(run) is Outcome.DONE
    assert stage.sent() == [LOOK, ACT, LOOK]
    place = stage.history.index(f"send {ACT}")
    assert stage.history[place : place + 4] == [
        f"send {ACT}",
        "forget ns-a",
        "record act.answered",
        f"send {LOOK}",
    ]
    (answered,) = stage.events(ActAnswered)
    assert isinstance(answered, ActAnswered)
    assert answered.answer == "cut"


@pytest.mark.parametrize(
    ("after", "expected"),
    [(UNSAVED, Outcome.FAILED), (CUT, Outcome.UNKNOWN), (GARBLED, Outcome.UNKNOWN)],
)
def test_what_cannot_be_seen_after_a_cut_is_not_tried_again(
    tmp_path: Path, after: Reply | Exception, expected: Outcome
) -> None:
    """Not so, or not known: both end the step, and neither sends the act again."""
    stage = Stage(tmp_path, ns_a=[(LOOK, UNSAVED), (ACT, CUT), (LOOK, after), (LOOK, after)])
    run = stage.carry_out(PLAN)
    assert outcome(run) is expected
    assert stage.sent().count(ACT) == 1


@pytest.mark.parametrize("answer", [GARBLED, DOWN, CUT, Reply(text="", error="Not authorized")])
def test_an_unknown_look_never_acts(tmp_path: Path, answer: Reply | Exception) -> None:
    """A look that gave no answer is repeated, for that is safe, and then given up."""
    stage = Stage(tmp_path, ns_a=[(LOOK, answer)] * 3)
    run = stage.carry_out(PLAN)
    assert (run.ending, outcome(run)) == (Ending.UNKNOWN, Outcome.UNKNOWN)
    assert stage.sent() == [LOOK] * 3
    assert stage.events(ActIntended) == []


@pytest.mark.parametrize("answer", [GARBLED, CUT])
def test_closing_acts_on_an_unknown_look(tmp_path: Path, answer: Reply | Exception) -> None:
    """What closes leaves the gate no more open than it was."""
    stage = Stage(tmp_path, ns_a=[*[(LOOK, answer)] * 3, (ACT, DONE), (LOOK, SAVED)])
    run = stage.carry_out(CLOSE)
    assert outcome(run) is Outcome.DONE


def test_a_look_without_an_act_waits_for_what_it_wants_to_see(tmp_path: Path) -> None:
    """A check is repeated like any look, and nothing is sent but the look."""
    step = planned("saved@ns-a", device_task(act=()))
    stage = Stage(tmp_path, ns_a=[(LOOK, UNSAVED), (LOOK, SAVED)])
    run = stage.carry_out(plan_of(step))
    assert run.ending is Ending.PROVEN
    assert stage.events(ActIntended) == []


def test_taking_back_is_done_when_the_claim_is_refuted(tmp_path: Path) -> None:
    """An undo acts while the claim holds, and ends when it does not any more."""
    task = device_task(
        look="show ns acl X",
        act=("rm ns acl X",),
        undone=True,
        holds=(Expectation(field="action", equals="DENY"),),
    )
    step = planned("deny@ns-a", task)
    stage = Stage(
        tmp_path,
        ns_a=[("show ns acl X", RULE), ("rm ns acl X", DONE), ("show ns acl X", NO_RULE)],
    )
    assert outcome(stage.carry_out(plan_of(step)), step) is Outcome.DONE


def test_taking_back_does_not_act_on_an_unknown_look(tmp_path: Path) -> None:
    """Unknown is no more a reason to remove than to add."""
    step = planned("deny@ns-a", device_task(undone=True))
    stage = Stage(tmp_path, ns_a=[(LOOK, GARBLED)] * 3)
    assert outcome(stage.carry_out(plan_of(step)), step) is Outcome.UNKNOWN


def test_an_error_answer_stops_the_rest_of_the_act(tmp_path: Path) -> None:
    """What follows rests on the line that was refused; then the device is looked at."""
    refused = Reply(text="", error="Invalid argument value [destIP]")
    stage = Stage(
        tmp_path,
        ns_a=[
            ("show ns acl X", NO_RULE),
            ("add ns acl X DENY", refused),
            *[("show ns acl X", NO_RULE)] * 2,
        ],
    )
    run = stage.carry_out(plan_of(TWO_LINES))
    assert outcome(run, TWO_LINES) is Outcome.FAILED
    assert "apply ns acls" not in stage.sent()


def test_a_line_that_had_its_effect_before_does_not_stop_the_act(tmp_path: Path) -> None:
    """The rule is there and not applied yet: it is applied."""
    stage = Stage(
        tmp_path,
        ns_a=[
            ("show ns acl X", NO_RULE),
            ("add ns acl X DENY", Reply(text="", error="Resource already exists")),
            ("apply ns acls", DONE),
            ("show ns acl X", RULE),
        ],
    )
    assert outcome(stage.carry_out(plan_of(TWO_LINES)), TWO_LINES) is Outcome.DONE


def test_closing_sends_the_next_line_whatever_was_refused(tmp_path: Path) -> None:
    """Half a closing is better than none."""
    stage = Stage(
        tmp_path,
        ns_a=[
            ("show ns acl X", NO_RULE),
            ("add ns acl X DENY", Reply(text="", error="Too many rules")),
            ("apply ns acls", DONE),
            *[("show ns acl X", NO_RULE)] * 2,
        ],
    )
    run = stage.carry_out(plan_of(TWO_LINES, purpose=Purpose.CLOSE))
    assert run.ending is Ending.FAILED
    assert stage.nodes.left() == []


def test_a_cut_stops_the_rest_of_the_act_even_when_closing(tmp_path: Path) -> None:
    """Nothing is sent into a session of which nobody knows how far it came."""
    stage = Stage(
        tmp_path,
        ns_a=[
            ("show ns acl X", NO_RULE),
            ("add ns acl X DENY", CUT),
            ("show ns acl X", RULE),
        ],
    )
    run = stage.carry_out(plan_of(TWO_LINES, purpose=Purpose.CLOSE))
    assert outcome(run, TWO_LINES) is Outcome.DONE
    assert "apply ns acls" not in stage.sent()


@pytest.mark.parametrize("answer", [None, DONE])
def test_an_expected_disconnect_is_neither_failure_nor_success(
    tmp_path: Path, answer: Reply | None
) -> None:
    """The session is dropped, and the build that comes up decides."""
    task = device_task(
        look="show ns version",
        holds=(Expectation(field="build", equals="13.1-49.13"),),
        act=("reboot -f",),
        disconnects=True,
    )
    step = planned("restart@ns-a", task, retry=Retry(attempts=4, wait_s=1, deadline_s=60))
    old = Reply(text="\tNetScaler NS12.1: Build 50.28.nc, Date: Nov 28 2018, 08:56:26")
    new = Reply(text="\tNetScaler NS13.1: Build 49.13.nc, Date: Jul 10 2023, 08:56:26")
    stage = Stage(
        tmp_path,
        ns_a=[
            ("show ns version", old),
            ("reboot -f", answer),
            ("show ns version", old),
            ("show ns version", DOWN),
            ("show ns version", new),
        ],
    )
    assert outcome(stage.carry_out(plan_of(step)), step) is Outcome.DONE
    assert stage.sent().count("reboot -f") == 1
    assert stage.history[stage.history.index("send reboot -f") + 1] == "forget ns-a"


def test_an_act_waits_until_an_earlier_one_is_not_at_work_any_more(tmp_path: Path) -> None:
    """After a cut an installation may still run: a second one is never started beside it."""
    idle = "shell ps -aux | grep [i]nstallns"
    step = planned("install@ns-a", device_task(idle=idle))
    busy, free = Reply(text="root 99 installns"), Reply(text="", error="External program failed")
    script = [(LOOK, UNSAVED), (idle, busy), (idle, free), (ACT, DONE), (LOOK, SAVED)]
    stage = Stage(tmp_path, ns_a=script)
    assert outcome(stage.carry_out(plan_of(step)), step) is Outcome.DONE
    never = Stage(tmp_path, ns_a=[(LOOK, UNSAVED), (idle, busy), (idle, busy)])
    assert outcome(never.carry_out(plan_of(step)), step) is Outcome.UNKNOWN
    assert never.events(ActIntended) == []


@pytest.mark.parametrize(
    ("look", "expected", "ending"),
    [
        (SAVED, Outcome.ALREADY, Ending.PROVEN),
        (UNSAVED, Outcome.WOULD, Ending.PENDING),
        (GARBLED, Outcome.UNKNOWN, Ending.UNKNOWN),
    ],
)
@pytest.mark.parametrize("purpose", [Purpose.MAINTAIN, Purpose.CLOSE])
def test_a_dry_run_never_sends_an_act(
    tmp_path: Path, look: Reply, expected: Outcome, ending: Ending, purpose: Purpose
) -> None:
    """Not even to close: it looks, and says what it would do."""
    stage = Stage(tmp_path, ns_a=[(LOOK, look)] * (3 if look is GARBLED else 1))
    run = stage.carry_out(plan_of(STEP, purpose=purpose), mode=Mode.DRY)
    assert (outcome(run), run.ending) == (expected, ending)
    assert set(stage.sent()) == {LOOK}
    assert stage.events(ActIntended) == []


def test_a_dry_run_goes_on_to_the_steps_behind_one_that_would_act(tmp_path: Path) -> None:
    """The whole plan is told, and not only its first difference."""
    steps = (planned("a@ns-a"), planned("b@ns-b", device_task(node=NS_B)))
    stage = Stage(tmp_path, ns_a=[(LOOK, UNSAVED)], ns_b=[(LOOK, UNSAVED)])
    run = stage.carry_out(plan_of(*steps), mode=Mode.DRY)
    assert run.because == "would act: a@ns-a, b@ns-b"


def test_a_dry_run_brings_no_file(tmp_path: Path) -> None:
    """An upload is an act as well."""
    stage = Stage(tmp_path, ns_a=[(f"shell sha256 {IMAGE.to}", NO_FILE)])
    run = stage.carry_out(plan_of(UPLOAD), mode=Mode.DRY)
    assert outcome(run, UPLOAD) is Outcome.WOULD


IMAGE = UploadTask(
    node=NS_A,
    file="/srv/build.tgz",
    to="/var/nsinstall/build.tgz",
    sha256="AB" * 32,
    act_timeout_s=60,
)
UPLOAD = planned("image@ns-a", IMAGE)
EVIDENCE = CollectTask(node=NS_A, looks=(), paths=(), listed=(), size_limit=9)
HASH_LOOK = f"shell sha256 {IMAGE.to}"
PUT = f"put {IMAGE.file} {IMAGE.to}"
NO_FILE = Reply(text="", error="External program failed")
RIGHT = Reply(text=f"SHA256 ({IMAGE.to}) = {'ab' * 32}")
WRONG = Reply(text=f"SHA256 ({IMAGE.to}) = {'cd' * 32}")


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ([(HASH_LOOK, RIGHT)], Outcome.ALREADY),
        ([(HASH_LOOK, NO_FILE), (PUT, DONE), (HASH_LOOK, RIGHT)], Outcome.DONE),
        ([(HASH_LOOK, WRONG), (PUT, DONE), (HASH_LOOK, RIGHT)], Outcome.DONE),
        ([(HASH_LOOK, NO_FILE), (PUT, DONE), *[(HASH_LOOK, WRONG)] * 2], Outcome.FAILED),
        ([(HASH_LOOK, NO_FILE), (PUT, CUT)], Outcome.UNKNOWN),
        ([(HASH_LOOK, CUT)] * 3, Outcome.UNKNOWN),
        ([(HASH_LOOK, Reply(text="", error="Not authorized"))] * 3, Outcome.UNKNOWN),
    ],
)
def test_a_file_is_brought_unless_it_lies_there_with_the_promised_content(
    tmp_path: Path, script: list[tuple[str, Reply | Exception]], expected: Outcome
) -> None:
    """Its hash on the node decides, before and after."""
    stage = Stage(tmp_path, ns_a=script)
    assert outcome(stage.carry_out(plan_of(UPLOAD)), UPLOAD) is expected
    assert stage.nodes.left() == []
    puts = [place for place, line in enumerate(stage.history) if line.startswith("put")]
    for place in puts:
        assert stage.history[place - 1] == "record act.intended"


def report(side: Side, kind: LookKind) -> VantageReport:
    """Make the report of one vantage whose control answers."""
    vantage = VantageName(side.value)

    def look(of: LookKind) -> Look:
        page = Page.SIGN_ON if of is LookKind.ANSWERED else None
        return Look(
            vantage=vantage,
            side=side,
            target="203.0.113.10",
            port=443,
            wire="https",
            kind=of,
            page=page,
        )

    control = look(LookKind.CONNECTED)
    return VantageReport(vantage=vantage, side=side, control=control, gate=(look(kind),))


SHUT = (report(Side.OUTSIDE, LookKind.REFUSED), report(Side.INSIDE, LookKind.ANSWERED))
OPEN = (report(Side.OUTSIDE, LookKind.ANSWERED), report(Side.INSIDE, LookKind.ANSWERED))
SIDES = planned("sides", SidesTask(outside="shut", inside="open"))


@pytest.mark.parametrize(
    ("surveys", "expected"),
    [((SHUT,), Outcome.ALREADY), ((OPEN, SHUT), Outcome.ALREADY), ((OPEN, OPEN), Outcome.FAILED)],
)
def test_both_sides_are_looked_at_until_they_are_as_they_should_be(
    tmp_path: Path, surveys: tuple[tuple[VantageReport, ...], ...], expected: Outcome
) -> None:
    """Every look from the vantages is kept, not only the last one."""
    lookout = ScriptedLookout(*surveys)
    stage = Stage(tmp_path, lookout=lookout)
    assert outcome(stage.carry_out(plan_of(SIDES)), SIDES) is expected
    seen = [event for event in stage.events(SidesSeen) if isinstance(event, SidesSeen)]
    assert [one.outside for one in seen] == ["open" if s is OPEN else "shut" for s in surveys]
    assert not lookout.surveys


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Seen(records=({"status": "403"},)), Outcome.ALREADY),
        (Seen(records=({"status": "200"},)), Outcome.FAILED),
        (Unreadable(because="no answer"), Outcome.UNKNOWN),
    ],
)
def test_a_request_is_judged_by_its_answer(
    tmp_path: Path, seen: Seen | Unreadable, expected: Outcome
) -> None:
    """The path is sent as it stands, from the side that the plan says, and the answer is kept."""
    task = RequestTask(
        side=Side.OUTSIDE,
        method="GET",
        path="/vpn/../vpns/cfg/smb.conf",
        holds=(Expectation(field="status", equals="403"),),
    )
    step = planned("must-block", task, retry=ONCE)
    lookout = ScriptedLookout(requests=[RequestSeen(observation=seen, raw=b"HTTP/1.1 403")])
    stage = Stage(tmp_path, lookout=lookout)
    assert outcome(stage.carry_out(plan_of(step)), step) is expected
    assert lookout.asked == ["GET /vpn/../vpns/cfg/smb.conf from outside"]
    (look,) = stage.events(LookMade)
    assert isinstance(look, LookMade)
    assert look.evidence is not None


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (passed("all of it"), Outcome.ALREADY),
        (failed("traces"), Outcome.FAILED),
        (unknown("a log is missing"), Outcome.UNKNOWN),
    ],
)
def test_collecting_and_judging_end_with_the_collectors_verdict(
    tmp_path: Path, verdict: Verdict, expected: Outcome
) -> None:
    """Both kinds of step are looks: nothing is acted upon, and unknown stays unknown."""
    collect = planned("evidence@ns-a", EVIDENCE)
    for step in (collect, planned("verdict", JudgeTask())):
        stage = Stage(tmp_path, collector=OneVerdictCollector(verdict))
        assert outcome(stage.carry_out(plan_of(step)), step) is expected


def test_a_session_that_is_lost_while_collecting_leaves_it_unknown(tmp_path: Path) -> None:
    """Half of the evidence is no evidence that nothing was there."""
    step = planned("evidence@ns-a", EVIDENCE)
    stage = Stage(tmp_path, collector=OneVerdictCollector(CUT))
    assert outcome(stage.carry_out(plan_of(step)), step) is Outcome.UNKNOWN
    assert "forget ns-a" in stage.history


BOOT = "shell sysctl -n kern.boottime"
VERSION = "show ns version"
OLD = Reply(text="\tNetScaler NS12.1: Build 55.13.nc, Date: Nov  4 2019, 11:38:51   (64-bit)")
NEW = Reply(text="\tNetScaler NS12.1: Build 55.18.nc, Date: Jan 20 2020, 11:49:47   (64-bit)")
BOOTED_THEN = Reply(text="{ sec = 1700000000, usec = 0 } Tue Nov 14 22:13:20 2023")
BOOTED_NOW = Reply(text="{ sec = 1700009999, usec = 0 } Wed Nov 15 00:59:59 2023")
RESTART = planned(
    "restart@ns-a",
    replace(
        device_task(
            look=VERSION,
            holds=(Expectation(field="build", equals="12.1-55.18"),),
            act=("save ns config",),
        ),
        changes=BOOT,
    ),
    retry=Retry(attempts=50, wait_s=0.1, deadline_s=30.0),
)


def test_a_restart_is_proven_by_build_and_boot_time_together(tmp_path: Path) -> None:
    """The time of the last boot is asked before the act and again after it."""
    answers = [(VERSION, OLD), (BOOT, BOOTED_THEN), (ACT, DONE), (VERSION, NEW), (BOOT, BOOTED_NOW)]
    stage = Stage(tmp_path, ns_a=answers)
    run = stage.carry_out(plan_of(RESTART))
    assert (run.ending, outcome(run, RESTART)) == (Ending.PROVEN, Outcome.DONE)


def test_a_new_build_without_a_new_boot_time_is_no_restart(tmp_path: Path) -> None:
    """A device that tells another build and has not restarted is not believed."""
    step = replace(RESTART, retry=ONCE)
    answers = [
        (VERSION, OLD),
        (BOOT, BOOTED_THEN),
        (ACT, DONE),
        (VERSION, NEW),
        (BOOT, BOOTED_THEN),
    ]
    stage = Stage(tmp_path, ns_a=answers)
    run = stage.carry_out(plan_of(step))
    assert outcome(run, step) is Outcome.FAILED


def test_without_the_boot_time_a_restart_is_not_begun(tmp_path: Path) -> None:
    """What cannot be compared afterwards would never be proven."""
    stage = Stage(tmp_path, ns_a=[(VERSION, OLD), (BOOT, CUT)])
    run = stage.carry_out(plan_of(RESTART))
    assert outcome(run, RESTART) is Outcome.UNKNOWN
    assert stage.events(ActIntended) == []


def test_a_node_that_came_back_with_its_old_build_is_not_waited_for(tmp_path: Path) -> None:
    """It has restarted, so nothing more is to be expected: fifty looks would be minutes."""
    answers = [
        (VERSION, OLD),
        (BOOT, BOOTED_THEN),
        (ACT, DONE),
        # Not down yet: the same boot, so the look is repeated.
        *((VERSION, OLD), (BOOT, BOOTED_THEN)),
        *((VERSION, OLD), (BOOT, BOOTED_NOW)),
    ]
    stage = Stage(tmp_path, ns_a=answers)
    run = stage.carry_out(plan_of(RESTART))
    assert (run.ending, outcome(run, RESTART)) == (Ending.FAILED, Outcome.FAILED)
    assert stage.sent() == [command for command, _ in answers]


GUARDED = planned(
    "open@ns-a",
    replace(
        device_task(),
        guards=(
            Guard(look=VERSION, holds=(Expectation(field="build", equals="12.1-55.18"),)),
            Guard(look=BOOT, holds=(Expectation(field="boot_time", equals="1700000000"),)),
        ),
    ),
)


def test_a_guarded_act_looks_at_build_and_boot_in_the_session_that_acts(tmp_path: Path) -> None:
    """Right before the intent, after the look that says that there is something to do."""
    answers = [(LOOK, UNSAVED), (VERSION, NEW), (BOOT, BOOTED_THEN), (ACT, DONE), (LOOK, SAVED)]
    stage = Stage(tmp_path, ns_a=answers)
    run = stage.carry_out(plan_of(GUARDED))
    assert (run.ending, outcome(run, GUARDED)) == (Ending.PROVEN, Outcome.DONE)
    assert "forget ns-a" not in stage.history


@pytest.mark.parametrize(
    ("version", "boot"),
    [(OLD, BOOTED_THEN), (NEW, BOOTED_NOW), (CUT, BOOTED_THEN), (NEW, GARBLED)],
    ids=["another build", "another boot", "build unknown", "boot unknown"],
)
def test_a_guard_that_does_not_hold_lets_no_act_be_sent(
    tmp_path: Path, version: Reply | Exception, boot: Reply | Exception
) -> None:
    """Whatever is seen there now, it is not what was verified: no intent, and no line."""
    stage = Stage(tmp_path, ns_a=[(LOOK, UNSAVED), (VERSION, version), (BOOT, boot)])
    run = stage.carry_out(plan_of(GUARDED))
    assert (run.ending, outcome(run, GUARDED)) == (Ending.UNKNOWN, Outcome.UNKNOWN)
    assert stage.events(ActIntended) == []
    assert ACT not in stage.sent()


def test_a_node_with_another_host_key_is_asked_once(tmp_path: Path) -> None:
    """No second look makes a key that is not pinned the right one; a person has to."""
    strange = HostKeyMismatch("ns-a shows a key that is not pinned")
    stage = Stage(tmp_path, ns_a=[(LOOK, strange)])
    run = stage.carry_out(plan_of(planned("saved@ns-a", retry=Retry(attempts=50))))
    assert outcome(run) is Outcome.UNKNOWN
    assert stage.sent() == [LOOK]


def test_a_lost_host_that_is_not_asked_again_is_not_waited_for(tmp_path: Path) -> None:
    """What is told from memory would be told again: a step of a closing costs no time then."""
    lost = Unreachable("ns-a does not answer")
    lost.told_before = True
    stage = Stage(tmp_path, ns_a=[(LOOK, lost)])
    run = stage.carry_out(plan_of(planned("saved@ns-a", retry=Retry(attempts=50))))
    assert outcome(run) is Outcome.UNKNOWN
    assert stage.sent() == [LOOK]
