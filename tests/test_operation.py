"""The verbs on one gate, on a real (simulated) pair: who comes first, and what a stop leaves."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
import pytest

from gatectl.cli.desk import workplace
from gatectl.core.event import ActAnswered, ActIntended, Mode, Refusal, RunEnded, Signalled
from gatectl.core.gate import GateState, Signal
from gatectl.desk import Desk
from gatectl.errors import ExitCode, GateBusy, Interrupted, InvalidInput, Refused
from gatectl.journal.lease import LeaseToken
from gatectl.operation import Operation
from gatectl.simulator.rehearsal import SimulatedSite
from tests.cli.keyboard import Keyboard

WRITES_THOUGH_IT_LOOKS = """\
name    = "sly"
title   = "Says that it only looks"
purpose = "verify"

[[step]]
id      = "banner"
title   = "Change something"
on      = "each-node"
look    = '''show ns acl SLY'''
holds   = [{ field = "action", equals = "DENY" }]
refuses = '''
ERROR: No such resource
'''
act     = '''
add ns acl SLY DENY -destIP = 198.51.100.9 -priority 50
'''
"""
SHUTS_NOTHING = """\
name    = "close-nothing"
title   = "Claim to close, and do nothing"
purpose = "close"

[[step]]
kind    = "sides"
id      = "sides"
title   = "See outside shut"
outside = "shut"
inside  = "open"
retry   = { attempts = 1, wait_s = 0.1, deadline_s = 5 }
"""

TWO_RULES = """\
name    = "two-rules"
title   = "Add two rules"
purpose = "mitigate"
"""
ONE_RULE = """
[[step]]
id      = "refuse-{place}"
title   = "Refuse {name}"
on      = "primary"
look    = '''show ns acl {name}'''
holds   = [{{ field = "action", equals = "DENY" }}]
refuses = '''
ERROR: No such resource
'''
act     = '''
add ns acl {name} DENY -destIP = {address} -priority {priority}
apply ns acls
'''
"""
FENCE = "kill system session -all"


@pytest.fixture
def keyboard(tmp_path: Path) -> Iterator[Keyboard]:
    """Sit down in front of a fresh site."""
    with SimulatedSite(speed=240.0) as site:
        yield Keyboard.at(site, tmp_path)


def own_playbook(keyboard: Keyboard, name: str, text: str, *changes: tuple[str, str]) -> None:
    """Put a playbook in a folder of the user's own."""
    own = keyboard.folder / "own"
    own.mkdir()
    (own / f"{name}.toml").write_text(text, encoding="utf-8")
    known = ("[settings]\n", f'[settings]\nplaybook_dirs = ["{own}"]\n')
    keyboard.changed(known, *changes).replace(keyboard.config)


@dataclass(slots=True, kw_only=True)
class StopAfter:
    """A stop flag that is raised at the n-th time that somebody asks."""

    checks: int
    asked: int = field(default=0, init=False)

    def check(self) -> None:
        """Stop when it is time."""
        self.asked += 1
        if self.asked > self.checks:
            raise Interrupted("stopped by a test")


@dataclass(frozen=True, slots=True, kw_only=True)
class StopWhen:
    """A stop flag that is raised once something is so."""

    holds: Callable[[], bool]

    def check(self) -> None:
        """Stop when it is so."""
        if self.holds():
            raise Interrupted("stopped by a test")


class DeadAfterIntent:
    """A stop flag under which the process dies, as far as the run can tell, behind an intent."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def check(self) -> None:
        """Die when an intent is on record; no code of the run sees that as a reason to tidy up."""
        if next(self._desk.journal.newest_first(kinds=("act.intended",)), None) is not None:
            raise MemoryError


@contextmanager
def at_work(keyboard: Keyboard) -> Iterator[tuple[Operation, Desk]]:
    """Give the operation on the site's gate, and the desk that it works at."""
    given = {"config": str(keyboard.config), "verbose": 0}
    ctx = click.Context(click.Command("test"), obj=given)
    with workplace(ctx, ()) as place:
        yield Operation(place.desk, place.gates[0]), place.desk


def writes(keyboard: Keyboard) -> list[str]:
    """List everything that arrived and could change a node."""
    return [one.command for one in keyboard.site.history() if one.writes]


def test_a_stop_at_any_moment_sends_nothing_further(keyboard: Keyboard) -> None:
    """Wherever a close is stopped, no intent follows, and the gate is no more open than before."""
    reached_outside = True
    stops = 0
    for checks in (1, 3, 7, 13, 25, 40, 400):
        with at_work(keyboard) as (operation, desk):
            gate = operation._gate
            known = len(list(desk.journal.events(gate=gate.name)))
            result = Operation(replace(desk, stop=StopAfter(checks=checks)), gate).close(Mode.REAL)
            events = [one.event for one in desk.journal.events(gate=gate.name)][known:]
        seen = keyboard.site.reachable("127.0.0.3")
        assert reached_outside or not seen
        assert keyboard.site.reachable("127.0.0.2")
        reached_outside = seen
        if result.code is not ExitCode.INTERRUPTED:
            break
        stops += 1
        kinds = [type(event) for event in events]
        ended = kinds.index(RunEnded)
        assert ActIntended not in kinds[ended:]
    assert stops > 3
    assert result.code is ExitCode.PROVEN
    assert not reached_outside


def test_a_verb_that_says_it_looks_cannot_write(keyboard: Keyboard) -> None:
    """A playbook of purpose verify gets sessions on which its act does not leave the process."""
    own_playbook(keyboard, "sly", WRITES_THOUGH_IT_LOOKS)
    with at_work(keyboard) as (operation, desk):
        assert operation.run("sly", Mode.REAL).code is not ExitCode.PROVEN
        (told,) = desk.journal.events(kinds=("act.answered",))
    assert isinstance(told.event, ActAnswered)
    assert "could write and was not sent" in told.event.text
    assert writes(keyboard) == []


def test_when_a_method_does_not_work_the_next_one_is_tried(keyboard: Keyboard) -> None:
    """A close that leaves outside open is followed by the next in the configuration."""
    methods = ('["close-acl", "close-vserver"]', '["close-nothing", "close-acl"]')
    own_playbook(keyboard, "close-nothing", SHUTS_NOTHING, methods)
    with at_work(keyboard) as (operation, _):
        result = operation.close(Mode.REAL)
    assert result.code is ExitCode.PROVEN
    assert [run.plan.playbook for run in result.runs] == ["close-nothing", "close-acl"]
    assert keyboard.visits() == (False, True)


def test_a_dead_look_from_inside_does_not_cost_the_offices_their_access(
    keyboard: Keyboard,
) -> None:
    """Outside is proven shut: the next method would shut the office out, and prove no more."""
    at, text = 'side = "inside"', keyboard.config.read_text(encoding="utf-8")
    begin = text.index("control = ", text.index(at))
    end = text.index("\n", begin)
    dead = f'{text[:begin]}control = "127.0.0.1:1"{text[end:]}'
    keyboard.config.write_text(dead, encoding="utf-8")
    with at_work(keyboard) as (operation, _):
        result = operation.close(Mode.REAL)
    assert result.code is ExitCode.MAYBE_OPEN
    assert [run.plan.playbook for run in result.runs] == ["close-acl"]
    assert keyboard.visits() == (False, True)


def test_close_never_waits_for_another_run(keyboard: Keyboard) -> None:
    """Who holds the gate loses it to a close, while any other verb is told to wait."""
    with at_work(keyboard) as (operation, desk):
        gate = operation._gate.name
        # Process 1 is always there, so the holder looks alive.
        desk.journal.leases.take(
            gate,
            holder="somebody",
            host=socket.gethostname(),
            pid=1,
            step="patch",
            ttl_s=600.0,
        )
        with pytest.raises(GateBusy):
            operation.run("mitigate-cve-2019-19781", Mode.REAL)
        assert writes(keyboard) == []
        assert operation.close(Mode.REAL).code is ExitCode.PROVEN
    # Whoever sleeps between its intent and its act wakes up without a session.
    assert writes(keyboard)[:2] == [FENCE, FENCE]


def test_a_dry_run_changes_nothing_that_is_known(keyboard: Keyboard) -> None:
    """After a dry close the gate is not thought to be closing, nor is it wanted shut."""
    with at_work(keyboard) as (operation, _):
        operation.status()
        before = operation.standing()
        assert operation.close(Mode.DRY).code is ExitCode.DRIFT
        after = operation.standing()
    assert (after.state, after.wanted_shut) == (before.state, before.wanted_shut)
    assert after.state is GateState.OPEN
    assert after.unfinished is None


def test_a_first_look_learns_that_a_gate_is_open(keyboard: Keyboard) -> None:
    """A gate that nobody looked at is unknown; a look from outside makes it open."""
    with at_work(keyboard) as (operation, desk):
        assert operation.standing().state is GateState.UNKNOWN
        standing, seen = operation.status()
        signals = [
            one.event.signal
            for one in desk.journal.events(gate=operation._gate.name)
            if isinstance(one.event, Signalled)
        ]
    assert standing.state is GateState.OPEN
    assert signals == [Signal.SEEN_OPEN]
    assert set(seen.builds.values()) == {"12.1-55.13"}
    assert writes(keyboard) == []


def test_a_refusal_is_put_on_record_as_it_was_told(keyboard: Keyboard) -> None:
    """Verb, sentence, hint and code are in the journal."""
    with at_work(keyboard) as (operation, desk):
        operation.refuse("patch", InvalidInput("no image", hint="Give one."))
        events = [one.event for one in desk.journal.events(gate=operation._gate.name)]
    assert events == [Refusal(verb="patch", sentence="no image", hint="Give one.", exit_code=2)]


def test_an_interrupted_reopening_is_not_gone_on_with(keyboard: Keyboard) -> None:
    """Resume shuts what was left half open: outside is refused, and the offices stay in."""
    with SimulatedSite(speed=240.0, build="12.1-55.18") as site:
        folder = keyboard.folder / "fixed"
        folder.mkdir()
        fixed = Keyboard.at(site, folder)
        fixed.open_for_long()
        assert fixed.type("close").code == ExitCode.PROVEN
        assert fixed.type("scan").code == ExitCode.PROVEN
        with at_work(fixed) as (operation, desk):
            known = len(writes(fixed))
            stop = StopWhen(holds=lambda: len(writes(fixed)) > known)
            stopping = Operation(replace(desk, stop=stop), operation._gate)
            stopped = stopping.reopen(Mode.REAL, agreed=lambda _name: True)
            assert stopped.runs
            result = operation.resume()
        assert result.code in {ExitCode.PROVEN, ExitCode.FAILED_SHUT}
        assert fixed.visits() == (False, True)


def test_resume_without_a_run_is_content(keyboard: Keyboard) -> None:
    """There is nothing to go on with, and nothing is contacted."""
    with at_work(keyboard) as (operation, _):
        assert operation.resume().code is ExitCode.PROVEN
    assert keyboard.site.history() == []


def test_a_look_only_reads_even_of_a_gate_that_was_closed(keyboard: Keyboard) -> None:
    """Status after a close finds it closed and writes nothing."""
    with at_work(keyboard) as (operation, _):
        operation.close(Mode.REAL)
        known = len(writes(keyboard))
        standing, _ = operation.status()
        assert len(writes(keyboard)) == known
    assert standing.state is GateState.CLOSED
    assert standing.closed_by == ("close-acl",)


def two_rules(first: int, second: int) -> str:
    """Write a playbook that adds two rules."""
    return TWO_RULES + "".join(
        ONE_RULE.format(place=place, name=place.upper(), priority=priority, address=address)
        for place, priority, address in (
            ("first", first, "198.51.100.1"),
            ("second", second, "198.51.100.2"),
        )
    )


def cut_off(keyboard: Keyboard) -> None:
    """Begin to add two rules, and die behind the first intent."""
    own_playbook(keyboard, "two-rules", two_rules(51, 52))
    with at_work(keyboard) as (operation, desk):
        dying = replace(desk, stop=DeadAfterIntent(desk))
        with pytest.raises(MemoryError):
            Operation(dying, operation._gate).run("two-rules", Mode.REAL)
        desk.journal.leases.release(operation.gate_name, LeaseToken(1))


def test_a_resume_ends_other_sessions_before_it_looks(keyboard: Keyboard) -> None:
    """What the dead run sent last must not land behind the look that decides."""
    cut_off(keyboard)
    before = len(keyboard.site.history())
    with at_work(keyboard) as (operation, _):
        assert operation.resume().code is ExitCode.PROVEN
    commands = [one.command for one in keyboard.site.history()[before:]]
    assert commands.count(FENCE) == 2
    assert FENCE not in commands[commands.index("show ns acl FIRST") :]


def test_a_resume_by_a_changed_playbook_waits_for_somebodys_word(keyboard: Keyboard) -> None:
    """Nothing is sent until the playbook is named and a reason given; then the new one counts."""
    cut_off(keyboard)
    own = keyboard.folder / "own" / "two-rules.toml"
    own.write_text(two_rules(51, 53), encoding="utf-8")
    before = len(writes(keyboard))
    with at_work(keyboard) as (operation, _):
        for adopt, reason in ((None, ""), ("two-rules", " "), ("close-acl", "a reason")):
            with pytest.raises(Refused, match="have changed since run") as refused:
                operation.resume(adopt, reason)
            assert "--adopt two-rules" in refused.value.hint
        assert writes(keyboard)[before:] == []
        assert operation.resume("two-rules", "53 is free").code is ExitCode.PROVEN
    # The other node has it from its peer.
    assert {line for line in writes(keyboard) if "SECOND" in line} == {
        "add ns acl SECOND DENY -destIP = 198.51.100.2 -priority 53"
    }
