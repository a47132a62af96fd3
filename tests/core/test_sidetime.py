"""How long each side could come in."""

from ipaddress import ip_network

from gatectl.core.check import Expectation, failed, passed
from gatectl.core.event import ActIntended, LookMade, Outcome
from gatectl.core.gate import Side
from gatectl.core.plan import PlannedStep
from gatectl.core.playbook import Purpose
from gatectl.core.sidetime import sessions_ended, stretches
from tests.builders import NS_A, device_task, ended, plan_of, planned
from tests.casefile import CaseFile, at


def test_looks_that_see_the_same_are_one_stretch() -> None:
    """It lasts from its first look until the first that sees something else."""
    file = CaseFile()
    for day, outside in ((2, "open"), (3, "shut"), (4, "shut"), (6, "open")):
        file.on(at(day)).look(outside)
    first, shut, last = stretches(file.records, Side.OUTSIDE)
    assert (first.seen, shut.seen, last.seen) == ("open", "shut", "open")
    assert (shut.begin.day, shut.looks) == (3, 2)
    assert shut.end is not None
    assert shut.end.day == 6
    assert last.end is None


def test_a_look_that_could_not_tell_is_a_stretch_of_its_own() -> None:
    """Unknown joins neither what came before nor what came after."""
    file = CaseFile()
    for day, outside in ((2, "shut"), (3, "unknown"), (4, "shut")):
        file.on(at(day)).look(outside)
    seen = [one.seen for one in stretches(file.records, Side.OUTSIDE)]
    assert seen == ["shut", "unknown", "shut"]


def test_each_side_is_told_by_itself() -> None:
    """The offices are not shut because outside is."""
    file = CaseFile()
    file.look("shut", "open")
    assert [one.seen for one in stretches(file.records, Side.INSIDE)] == ["open"]


HOLDS = (Expectation(field="client", within=(ip_network("192.0.2.0/24"),)),)
ICA = "show vpn icaConnection"


def told(step: PlannedStep, purpose: Purpose, *, outcome: Outcome = Outcome.DONE) -> CaseFile:
    """Find two clients from outside, send an act if the step has one, and look again."""
    file = CaseFile()
    file.begin(plan_of(step, purpose=purpose), run="r")
    said = "; ".join(f"client is 203.0.113.{n}, expected: client within 192.0.2.0/24" for n in "12")
    for attempt, verdict in ((1, failed(said)), (2, passed("client is there no more"))):
        file.add(
            LookMade(
                step=step.id,
                node=NS_A,
                attempt=attempt,
                look=ICA,
                verdict=verdict,
                evidence=None,
                elapsed_s=0.1,
            ),
            run="r",
        )
        if attempt == 1 and step.writes:
            file.add(ActIntended(step=step.id, node=NS_A, lines=step.writes), run="r")
    file.add(ended(step, outcome), run="r")
    return file


def ending(*act: str) -> PlannedStep:
    """Make a step that ends sessions."""
    return planned("sessions", device_task(look=ICA, holds=HOLDS, act=act))


def test_sessions_are_counted_before_they_are_ended() -> None:
    """Two clients at the first look are two sessions, and the look after the act adds none."""
    seen = sessions_ended(told(ending("kill vpn icaConnection -all"), Purpose.CLOSE).records)
    assert seen.count == 2
    assert len(seen.looks) == 1
    (act,) = seen.for_all
    assert isinstance(act.event, ActIntended)


def test_what_was_not_seen_gone_was_not_ended() -> None:
    """Nor is what a verification saw, which ends nothing, nor an act that spares the offices."""
    kill = ending("kill vpn icaConnection -all")
    assert sessions_ended(told(kill, Purpose.CLOSE, outcome=Outcome.FAILED).records).count == 0
    verified = sessions_ended(told(ending(), Purpose.VERIFY).records)
    assert (verified.count, verified.looks) == (0, ())
    one = sessions_ended(told(ending("kill vpn icaConnection -userName x"), Purpose.CLOSE).records)
    assert (one.count, one.for_all) == (2, ())
