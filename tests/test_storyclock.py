"""The clock of a story."""

from datetime import UTC, datetime, timedelta

from gatectl.clock import HandClock, read
from gatectl.storyclock import StoryClock

CHRISTMAS = datetime(2019, 12, 24, tzinfo=UTC)


def test_time_passes_on_from_where_the_story_begins() -> None:
    """A second of real time is a second of the story."""
    real = HandClock()
    clock = StoryClock(real, CHRISTMAS)
    clock.sleep(2)
    assert clock.now() == CHRISTMAS + timedelta(seconds=2)


def test_a_jump_is_no_step_of_the_wall_clock() -> None:
    """Both readings jump together, so that the journal notes nothing strange."""
    clock = StoryClock(HandClock(), CHRISTMAS)
    before = read(clock)
    clock.jump_to(CHRISTMAS + timedelta(days=25))
    after = read(clock)
    assert after.at - before.at == timedelta(days=25)
    assert before.wall_step_s(after) == 0.0


def test_it_never_jumps_back() -> None:
    """A chapter that took longer than the story has the next one begin at once."""
    clock = StoryClock(HandClock(), CHRISTMAS)
    clock.jump_to(CHRISTMAS - timedelta(days=1))
    assert clock.now() == CHRISTMAS
    assert clock.boot_id() == "boot-1"
