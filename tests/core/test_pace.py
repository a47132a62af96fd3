"""How long a step may take: learnt from the journal, else by the step's own limits."""

from dataclasses import replace

from gatectl.core.event import Outcome
from gatectl.core.pace import expected_s, learn, left_s, longest_s
from gatectl.core.plan import PlannedId, SidesTask, UploadTask
from gatectl.core.playbook import Purpose, Retry
from tests.builders import NS_A, NS_B, Chronicle, device_task, ended, plan_of, planned

ACTING = planned(
    task=device_task(act=("save ns config",)),
    retry=Retry(attempts=3, wait_s=1, deadline_s=30),
)
LOOKING = planned(task=device_task(act=()), retry=Retry(attempts=3, wait_s=1, deadline_s=30))


def test_without_experience_a_step_takes_what_it_is_allowed_to() -> None:
    """Every line of its act, and every look after it."""
    assert longest_s(ACTING) == 90.0
    assert longest_s(LOOKING) == 30.0
    assert expected_s("patch", ACTING, {}) == 90.0
    upload = UploadTask(node=NS_A, file="f", to="/t", sha256="0" * 64, act_timeout_s=600.0)
    assert longest_s(replace(ACTING, task=upload)) == 630.0


def test_a_step_is_given_half_as_much_again_as_it_ever_took() -> None:
    """The longest of all runs counts, and the shortest is never cut to nothing."""
    chronicle = Chronicle()
    plan = plan_of(ACTING)
    events = []
    for number, took in enumerate((40.0, 100.0, 60.0)):
        events.append(chronicle.begin(plan, run=f"r{number}"))
        done = replace(ended(ACTING, Outcome.DONE), elapsed_s=took)
        events.append(chronicle.add(done, run=f"r{number}"))
    learnt = learn(events)
    assert expected_s(plan.playbook, ACTING, learnt) == 150.0
    assert expected_s("another", ACTING, learnt) == 90.0
    assert expected_s(plan.playbook, ACTING, {(plan.playbook, ACTING.claim): 0.1}) == 5.0


def test_what_was_so_already_or_failed_teaches_nothing() -> None:
    """A look of a second says nothing of the restart that was not needed."""
    chronicle = Chronicle()
    plan = plan_of(ACTING)
    events = [chronicle.begin(plan)]
    events += [
        chronicle.add(replace(ended(ACTING, outcome), elapsed_s=1.0))
        for outcome in (Outcome.ALREADY, Outcome.FAILED, Outcome.UNKNOWN, Outcome.WOULD)
    ]
    assert learn(events) == {}


def test_a_step_that_only_looks_teaches_by_looking() -> None:
    """There it is the look that takes the time."""
    chronicle = Chronicle()
    plan = plan_of(LOOKING)
    events = [chronicle.begin(plan)]
    events.append(chronicle.add(replace(ended(LOOKING, Outcome.ALREADY), elapsed_s=8.0)))
    assert expected_s(plan.playbook, LOOKING, learn(events)) == 12.0


def test_steps_that_are_in_no_plan_are_passed_over() -> None:
    """A journal may begin in the middle of a run."""
    stray = replace(ended(ACTING, Outcome.DONE), step=PlannedId("elsewhere"))
    chronicle = Chronicle()
    assert learn([chronicle.add(stray, run="r9")]) == {}
    assert learn([chronicle.begin(plan_of(ACTING)), chronicle.add(stray)]) == {}


def test_what_is_left_is_what_the_rest_took_before() -> None:
    """Nodes are closed at the same time, and one after the other in all else."""
    at_a, at_b = (planned(f"saved@{node}", device_task(node=node)) for node in (NS_A, NS_B))
    sides = planned("sides", SidesTask(outside="shut", inside="open"))
    learnt = {
        (playbook, claim): took
        for playbook in ("upkeep", "close-acl")
        for claim, took in ((at_a.claim, 10.0), (at_b.claim, 10.0), (sides.claim, 3.0))
    }
    upkeep = plan_of(at_a, at_b, sides)
    assert left_s(upkeep, (), learnt) == 23.0
    assert left_s(upkeep, (at_a.id,), learnt) == 13.0
    closing = plan_of(at_a, at_b, sides, purpose=Purpose.CLOSE, playbook="close-acl")
    assert left_s(closing, (), learnt) == 13.0


def test_nobody_knows_how_long_a_first_run_takes() -> None:
    """Without any experience there is no figure; a step without any counts nothing."""
    plan = plan_of(ACTING, LOOKING)
    assert left_s(plan, (), {}) is None
    assert left_s(plan, (), {(plan.playbook, ACTING.claim): 4.0}) is not None
    assert left_s(plan, (ACTING.id, LOOKING.id), {}) is None
