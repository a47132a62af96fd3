"""How long a gate stood exposed, told from its journal."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal

from gatectl.core.event import Ending, Mode, RunEnded, SidesSeen, Signalled
from gatectl.core.exposedtime import (
    ExposedTime,
    Period,
    earliest,
    exposed_in_service,
    exposed_time,
    exposed_times,
)
from gatectl.core.exposure import NodeSeen
from gatectl.core.gate import GateState, NodeName, Signal
from gatectl.core.plan import Direction, Plan
from tests.builders import NS_A, NS_B, START, Chronicle, make_facts, shipped_plan
from tests.core.test_exposure import bulletin, node

PUBLIC = datetime(2020, 1, 10, tzinfo=UTC)
ADVISORY = bulletin("CTX267027")
OLD, IGNORING, NEW = "12.1-55.13", "12.1-50.28", "12.1-55.18"
NOW = START + timedelta(days=30)


def exploitable(_node: NodeName, build: str) -> bool:
    """Say what the bulletin says of the builds in these tests."""
    return build != NEW


def told(chronicle: Chronicle, now_runs: str = OLD) -> ExposedTime:
    """Judge a pair's history."""
    return exposed_time(
        ADVISORY,
        chronicle.records,
        exploitable=exploitable,
        builds_now={NS_A: now_runs, NS_B: now_runs},
        now=NOW,
    )


def sides(outside: Literal["open", "shut", "unknown"]) -> SidesSeen:
    """Make a look from outside."""
    return SidesSeen(outside=outside, inside="open", because="x", looks=())


def plan(name: str, build: str = OLD, direction: Direction = Direction.DO) -> Plan:
    """Plan a shipped playbook for a pair on a build."""
    facts = make_facts(builds={NS_A: build, NS_B: build})
    return shipped_plan(name, facts=facts, direction=direction)


PROVEN = RunEnded(ending=Ending.PROVEN, because="all holds")


def test_without_a_journal_the_gate_stood_exposed_since_exploitation_was_public() -> None:
    """Nobody recorded anything, so the build of today is taken to have been there before."""
    time = told(Chronicle())
    assert time.periods == (Period(begin=PUBLIC, end=None),)
    assert time.length == NOW - PUBLIC
    assert time.first_seen is None
    assert "assumed" in time.because


def test_fixed_build_and_no_journal_give_an_end_no_later_than_now() -> None:
    """A gate that is fixed today and has no history was never seen exposed."""
    assert told(Chronicle(), now_runs=NEW).periods == ()


def test_closing_ends_the_time_and_reopening_unpatched_begins_it_again() -> None:
    """Shut from outside is not exposed, whatever the build."""
    chronicle = Chronicle()
    chronicle.begin(plan("verify"))
    shut = chronicle.add(sides("shut")).at
    chronicle.wait(3600)
    opened = chronicle.add(sides("open")).at
    assert told(chronicle).periods == (
        Period(begin=PUBLIC, end=shut),
        Period(begin=opened, end=None),
    )


def test_a_look_that_saw_nothing_counts_as_reachable() -> None:
    """Unknown is not shut."""
    chronicle = Chronicle()
    chronicle.begin(plan("verify"))
    chronicle.add(sides("shut"))
    doubt = chronicle.add(sides("unknown")).at
    assert told(chronicle).periods[-1] == Period(begin=doubt, end=None)


def test_doubt_about_the_gate_counts_as_reachable() -> None:
    """What was known is not known any more, so it is not shut any more."""
    chronicle = Chronicle()
    chronicle.begin(plan("verify"))
    chronicle.add(sides("shut"))
    doubted = Signalled(
        signal=Signal.DOUBT, before=GateState.CLOSED, after=GateState.UNKNOWN, because="x"
    )
    at = chronicle.add(doubted).at
    assert told(chronicle).periods[-1] == Period(begin=at, end=None)


def test_a_proven_patch_ends_the_time() -> None:
    """From the proven end of the patch on, the build is fixed."""
    chronicle = Chronicle()
    first = chronicle.begin(plan("patch"), run="r1").at
    ended = chronicle.add(PROVEN, run="r1").at
    time = told(chronicle, now_runs=NEW)
    assert time.periods == (Period(begin=PUBLIC, end=ended),)
    assert time.first_seen == first


def test_a_patch_that_failed_ends_nothing() -> None:
    """Only a proven end counts; what today's look shows ends it today."""
    chronicle = Chronicle()
    chronicle.begin(plan("patch"), run="r1")
    chronicle.add(RunEnded(ending=Ending.FAILED, because="x"), run="r1")
    assert told(chronicle).periods == (Period(begin=PUBLIC, end=None),)
    assert told(chronicle, now_runs=NEW).periods == (Period(begin=PUBLIC, end=NOW),)


def test_a_dry_run_patches_nothing() -> None:
    """A dry run of a patch is a look at the build, and no more."""
    chronicle = Chronicle()
    chronicle.begin(plan("patch"), run="r1", mode=Mode.DRY)
    chronicle.add(PROVEN, run="r1")
    assert told(chronicle).periods == (Period(begin=PUBLIC, end=None),)


def test_a_mitigation_ends_the_time_until_it_is_taken_back() -> None:
    """Mitigated is not exposed; from the start of the undo on it is again."""
    chronicle = Chronicle()
    chronicle.begin(plan("mitigate-cve-2019-19781"), run="r1")
    mitigated = chronicle.add(PROVEN, run="r1").at
    chronicle.wait(86_400)
    undone = chronicle.begin(plan("mitigate-cve-2019-19781", direction=Direction.UNDO), run="r2").at
    assert told(chronicle).periods == (
        Period(begin=PUBLIC, end=mitigated),
        Period(begin=undone, end=None),
    )


def test_a_mitigation_that_the_build_ignores_ends_nothing() -> None:
    """12.1-50.28 takes the policy and ignores it."""
    chronicle = Chronicle()
    chronicle.begin(plan("mitigate-cve-2019-19781", IGNORING), run="r1")
    chronicle.add(PROVEN, run="r1")
    assert told(chronicle, now_runs=IGNORING).periods == (Period(begin=PUBLIC, end=None),)


def test_a_bulletin_without_known_exploitation_has_no_such_time() -> None:
    """Exploitation that nobody knows of is not public."""
    time = exposed_time(
        bulletin("CTX695486"), [], exploitable=exploitable, builds_now={NS_A: OLD}, now=NOW
    )
    assert (time.periods, time.since) == ((), None)
    assert "no exploitation" in time.because


def test_a_bulletin_of_later_has_no_time_before_it() -> None:
    """What becomes public after now has not begun."""
    assert ADVISORY.known_exploited == date(2020, 1, 10)
    before = PUBLIC - timedelta(days=1)
    time = exposed_time(ADVISORY, [], exploitable=exploitable, builds_now={NS_A: OLD}, now=before)
    assert time.periods == ()


def test_several_bulletins_of_a_gate_are_told_by_their_names() -> None:
    """Each has its own beginning; the earliest decides how far back logs must go."""
    wanted = [ADVISORY, bulletin("CTX561482"), bulletin("CTX474995")]
    times = exposed_times([node("12.1-55.13")], wanted, [], NOW)
    assert times[ADVISORY.id].since == PUBLIC
    assert times[bulletin("CTX474995").id].periods == ()
    assert earliest(times.values()) == PUBLIC
    assert earliest([]) is None


def test_a_node_that_showed_nothing_is_taken_to_have_what_a_bulletin_needs() -> None:
    """Without a look at the configuration, the build of the journal decides."""
    chronicle = Chronicle()
    chronicle.begin(plan("verify", "13.0-58.30"))
    silent = [NodeSeen(node=NS_A, shows={}), NodeSeen(node=NS_B, shows={})]
    saml = bulletin("CTX474995")
    times = exposed_times(silent, [saml], chronicle.records, NOW)
    assert times[saml.id].periods


def times_of(*periods: tuple[int, int | None]) -> ExposedTime:
    """Make an exposed time of days of November 2026; no end means that it goes on."""
    return ExposedTime(
        periods=tuple(
            Period(
                begin=datetime(2026, 11, begin, tzinfo=UTC),
                end=None if end is None else datetime(2026, 11, end, tzinfo=UTC),
            )
            for begin, end in periods
        ),
        first_seen=None,
        length=timedelta(),
        because="as told",
    )


def test_time_before_the_gate_was_in_service_is_no_exposed_time() -> None:
    """What ended before that day is left out, and what began before begins with it."""
    times = [times_of((1, 3), (5, 9)), times_of((7, 8))]
    assert exposed_in_service(times, None) == datetime(2026, 11, 1, tzinfo=UTC)
    assert exposed_in_service(times, date(2026, 11, 4)) == datetime(2026, 11, 5, tzinfo=UTC)
    assert exposed_in_service(times, date(2026, 11, 6)) == datetime(2026, 11, 6, tzinfo=UTC)
    assert exposed_in_service(times, date(2026, 11, 9)) is None


def test_exposed_time_that_goes_on_is_exposed_in_service() -> None:
    """Without an end it reaches every day of service."""
    since = exposed_in_service([times_of((1, None))], date(2026, 11, 20))
    assert since == datetime(2026, 11, 20, tzinfo=UTC)
