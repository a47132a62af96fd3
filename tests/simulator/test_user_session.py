from gatectl.simulator.appliance import Appliance
from gatectl.simulator.user_session import UserSession


def signed_in(box: Appliance) -> UserSession:
    """Sign somebody in."""
    return box.begin_session(
        user="jdoe", kind="ica", client_address="198.51.100.7", client_port=40_000
    )


def test_a_session_ends_once_and_tells_who_asked(primary: Appliance) -> None:
    """A second end does nothing, and a late listener is told at once."""
    session = signed_in(primary)
    told: list[str] = []
    session.on_end(lambda ended: told.append(ended.end_reason))
    session.end("killed")
    session.end("again")
    session.on_end(lambda ended: told.append(f"late {ended.end_reason}"))
    assert told == ["killed", "late killed"]
    assert not session.alive
