from gatectl.simulator.switches import Switches


def test_device_seconds_are_divided_by_the_speed() -> None:
    """A boot of two minutes takes two seconds by default."""
    switches = Switches()
    assert switches.real_s(switches.boot_s) == 2.0


def test_a_fast_simulation_does_not_log_people_out_at_once() -> None:
    """The idle timeout is scaled, but never below its floor."""
    assert Switches(speed=1e6).idle_s == Switches().idle_timeout_floor_s
    assert Switches(speed=1.0).idle_s == 900.0
