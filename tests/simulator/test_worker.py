from collections.abc import Iterator
from pathlib import Path

import pytest

from gatectl.simulator.worker import RemoteWorker, SignInRefusedError
from tests.ports import reserved_port
from tests.simulator.data_plane_stand_in import (
    CannedPolicy,
    ObedientNode,
    ObedientPair,
    OnePort,
    serving,
)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[ObedientNode]:
    """Serve one node."""
    with reserved_port() as port:
        node = ObedientNode(ports={OnePort(address="127.0.0.1", port=port)})
        with serving(ObedientPair(nodes=(node,), primary=node), tmp_path):
            yield node


@pytest.fixture
def worker(node: ObedientNode) -> Iterator[RemoteWorker]:
    """Make a worker who is not connected yet."""
    port = next(iter(node.ports)).port
    with RemoteWorker(source="127.0.0.3", host="127.0.0.1", port=port, user="jdoe") as worker:
        yield worker


def test_a_worker_holds_a_session_until_it_is_cut(node: ObedientNode, worker: RemoteWorker) -> None:
    """Alive means that data comes back; a cut is noticed without asking."""
    worker.connect()
    assert worker.exchange(b"keystroke")
    (session,) = node.live("ica")
    assert (session.user, session.client_address) == ("jdoe", "127.0.0.3")
    assert not worker.wait_until_cut(0.05)
    session.end("killed")
    assert worker.wait_until_cut(5)
    assert not worker.alive
    assert not worker.exchange(b"keystroke")


def test_a_worker_who_leaves_ends_the_session(node: ObedientNode, worker: RemoteWorker) -> None:
    """After close the worker is not alive, and closing again does nothing."""
    worker.connect()
    (session,) = node.live("ica")
    worker.close()
    assert not worker.alive
    worker.close()
    assert session.kind == "ica"


def test_a_worker_who_is_not_let_in_says_so(node: ObedientNode, worker: RemoteWorker) -> None:
    """A maintenance page instead of a session is an error with the answer in it."""
    node.policies["aaa"] = CannedPolicy(
        kind="respondwith", payload=b"HTTP/1.1 503 Service Unavailable\r\n\r\n"
    )
    with pytest.raises(SignInRefusedError, match="503"):
        worker.connect()
    assert not worker.alive


def test_a_worker_without_a_gateway_fails_to_connect(
    node: ObedientNode, worker: RemoteWorker
) -> None:
    """A denied worker gets the operating system's error."""
    node.denied.add("127.0.0.3")
    with pytest.raises(OSError, match=r"reset|EOF|closed"):
        worker.connect()
    assert not worker.alive
