"""What a worker may ask for; whatever is no such question is refused, and nothing comes of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatectl.core.event import Noted, event_fields
from gatectl.core.gate import GateName
from gatectl.fleet.channel import Message
from gatectl.fleet.visit import Visit
from gatectl.simulator.fleet import SimulatedFleet
from tests.fleets import desk_at, opened

GATE = GateName("gate-000")
NOTED = event_fields(Noted(text="a word"))


@pytest.fixture
def visit(tmp_path: Path) -> Iterator[Visit]:
    """Begin a visit at a real journal."""
    config = tmp_path / "config.toml"
    with SimulatedFleet(1) as fleet:
        config.write_text(fleet.configuration(tmp_path), encoding="utf-8")
    with opened(tmp_path / "state", read_only=False) as journal:
        desk, _ = desk_at(journal, config)
        yield Visit(desk, GATE, b"key")
        assert list(journal.events()) == []
        assert journal.leases.show(GATE) is None


def question(ask: str, **pairs: object) -> Message:
    """Put a question that would be answered, but for what is given."""
    whole: dict[str, Message] = {
        "hello": {"worker": "w"},
        "append": {"events": [NOTED], "run": "r1", "fence": None, "begins": True},
        "dated": {"event": NOTED, "run": None},
        "put": {"dated": []},
        "events": {"run": None, "kinds": ["noted"], "after": 0},
        "newest_first": {"run": None, "kinds": [], "before": None},
        "keep": {"content": "YQ=="},
        "read": {"evidence": "0" * 64},
        "take": {"step": "close-acl", "ttl_s": 60.0},
        "release": {"token": 1},
        "renew": {"token": 1, "ttl_s": 60.0},
        "break": {"token": 1, "reason": "r"},
        "require": {"token": 1},
    }
    return {"ask": ask, **whole[ask], **pairs}


@pytest.mark.parametrize("asked", [{}, {"ask": "everything"}, {"ask": ["stop"]}, {"ask": None}])
def test_what_is_no_question_is_refused(visit: Visit, asked: Message) -> None:
    """As an error that the worker hears, and no traceback on our side."""
    kind, sentence, hint = visit.answer(asked)["error"]
    assert (kind, hint) == ("Refused", "Install the same gatectl on both.")
    assert "worker" in sentence


@pytest.mark.parametrize(
    "asked",
    [
        question("hello", worker=7),
        question("append", events=[{"kind": "noted"}]),
        question("append", events=[{"kind": "of another version"}]),
        question("append", events=[{}]),
        question("append", events=["text"]),
        question("append", run=["r1"]),
        question("append", fence={"kind": "none"}),
        question("append", begins=None),
        question("dated", event=None),
        question("put", dated=[1]),
        question("events", kinds=[{}]),
        question("events", after=None),
        question("newest_first", before="the last"),
        question("keep", content="Y"),
        question("read", evidence=None),
        question("take", ttl_s="long"),
        question("take", step=None),
        question("release", token=None),
        question("renew", ttl_s=None),
        question("break", reason=3),
        question("require", token="1"),
    ],
    ids=str,
)
def test_a_malformed_question_is_refused(visit: Visit, asked: Message) -> None:
    """Before anything is done for it."""
    assert visit.answer(asked)["error"][0] == "Refused"
    for name in asked.keys() - {"ask"}:
        rest = {key: value for key, value in asked.items() if key != name}
        assert visit.answer(rest)["error"][0] == "Refused"


def test_nothing_is_told_of_a_worker_that_has_not_come(visit: Visit) -> None:
    """Whoever waits for it is told so; without a lease there is none to end."""
    visit.end_lease()
    assert (visit.attendance, visit.worker) == ("awaited", "a worker that has not come yet")
