"""The calendar of the story."""

from datetime import timedelta

from gatectl.cli.winter import at, chapters


def test_chapters_stand_in_the_order_of_the_calendar() -> None:
    """A clock that jumps never jumps back."""
    moments = [one.when for one in chapters()]
    assert moments == sorted(moments)


def test_the_story_goes_from_the_notice_to_the_questions() -> None:
    """Six weeks, from Monday 23 December to Monday 3 February."""
    moments = [one.when for one in chapters()]
    assert f"{moments[0]:%A %d %B}" == "Monday 23 December"
    assert moments[-1] - moments[0] > timedelta(days=41)


def test_a_moment_is_told_on_the_clocks_of_the_place() -> None:
    """Eight in the evening there is seven in UTC."""
    assert at("2020-01-18", "20:00").utcoffset() == timedelta(hours=1)
