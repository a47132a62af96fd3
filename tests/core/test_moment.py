"""How much time lies between two readings of the clocks: never less than there can be."""

from datetime import UTC, datetime, timedelta

import pytest

from gatectl.core.moment import UNKNOWN_BOOT, Lived, Moment, elapsed_s

NOON = datetime(2026, 1, 18, 12, tzinfo=UTC)
HOUR_S = 3600.0
DAY_S = 24 * HOUR_S


def moment(wall_s: float, boot_s: float, boot: str = "a") -> Moment:
    """Read both clocks, so many seconds after noon and after the boot."""
    return Moment(
        at=NOON + timedelta(seconds=wall_s), boot_time_ns=round(boot_s * 1e9), boot_id=boot
    )


FIRST = moment(0, 1000)


def test_a_step_of_the_wall_clock_is_what_the_boot_time_does_not_explain() -> None:
    """Time that passes is no step; time that only one clock knows of is."""
    assert FIRST.wall_step_s(moment(HOUR_S, 1000 + HOUR_S)) == 0
    assert FIRST.wall_step_s(moment(-HOUR_S, 1000 + HOUR_S)) == -7200


def test_two_boots_are_not_compared() -> None:
    """After a reboot the boot-time clock starts anew, which is no step."""
    assert FIRST.wall_step_s(moment(0, 5, "b")) == 0


@pytest.mark.parametrize("wall_s", [-DAY_S, 0.0, HOUR_S, DAY_S])
def test_within_a_boot_no_step_of_the_wall_clock_counts(wall_s: float) -> None:
    """An hour is an hour, whatever a time server makes of it."""
    assert elapsed_s(FIRST, moment(wall_s, 1000 + HOUR_S)) == HOUR_S


@pytest.mark.parametrize(
    ("later", "passed_s"),
    [
        (moment(HOUR_S, 60, "b"), HOUR_S),
        (moment(60, 60, "b"), 60.0),
        (moment(59, 60, "b"), 60.0),
        (moment(50, 60, "b"), None),
        (moment(-1, 0, "b"), 0.0),
        (moment(-5, 0, "b"), None),
        (moment(-DAY_S, HOUR_S, "b"), None),
    ],
)
def test_across_a_restart_it_is_the_wall_clock_and_never_less_than_the_new_boot(
    later: Moment, passed_s: float | None
) -> None:
    """A wall clock that claims less than the boot has lasted was set back: nobody knows how far."""
    assert elapsed_s(FIRST, later) == passed_s


@pytest.mark.parametrize(
    ("wall_s", "boot_s", "passed_s"),
    [
        (HOUR_S, 1000 + HOUR_S, HOUR_S),
        (DAY_S, 1000 + HOUR_S, DAY_S),
        (60, 1000 + HOUR_S, None),
        (HOUR_S, 10, HOUR_S),
        (5, 10, None),
    ],
)
def test_where_boots_have_no_name_the_longer_time_counts(
    wall_s: float, boot_s: float, passed_s: float | None
) -> None:
    """It may be the same boot or another one: what is taken as passed is never too little."""
    first = moment(0, 1000, UNKNOWN_BOOT)
    assert elapsed_s(first, moment(wall_s, boot_s, UNKNOWN_BOOT)) == passed_s


def test_a_boot_time_that_runs_backwards_tells_nothing() -> None:
    """Two readings may be a moment apart in the wrong order; more is a machine put back in time."""
    assert elapsed_s(FIRST, moment(0, 999)) == 0.0
    assert elapsed_s(FIRST, moment(DAY_S, 900)) is None


def test_time_is_added_up_over_steps_and_restarts() -> None:
    """A step within a boot costs nothing, and neither does a restart with an honest clock."""
    lived = Lived(last=FIRST)
    for later in (
        moment(60, 1060),
        moment(60 - DAY_S + 60, 1120),
        moment(240 - DAY_S, 30, "b"),
        moment(300 - DAY_S, 90, "b"),
    ):
        lived = lived.until(later)
    assert lived.since_s(Lived(last=FIRST)) == 60 + 60 + 120 + 60


def test_over_a_gap_nothing_is_told() -> None:
    """What was before it is of unknown age, what came after it is not."""
    before = Lived(last=FIRST)
    after = before.until(moment(-DAY_S, 10, "b"))
    later = after.until(moment(60 - DAY_S, 70, "b"))
    assert later.since_s(before) is None
    assert later.since_s(after) == 60
