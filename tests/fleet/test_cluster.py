"""A Dask cluster is joined by its address: over TLS beyond this machine, or not at all."""

import importlib
import operator
import sys

import pytest

from gatectl.errors import InvalidInput, Unreachable
from gatectl.fleet.cluster import address_of, connected, worker_tls
from tests.ports import HoldPort


def test_the_scheduler_is_named_by_host_and_port() -> None:
    """IPv6 stands in brackets, as everywhere."""
    assert address_of("dask://127.0.0.1:8786") == ("127.0.0.1", 8786)
    assert address_of("dask://[::1]:8786") == ("::1", 8786)


@pytest.mark.parametrize("given", ["dask://", "dask://host", "dask://:8786", "dask://h:x", "h:1"])
def test_anything_else_is_no_address(given: str) -> None:
    """The sentence shows what an address looks like."""
    with pytest.raises(InvalidInput, match="not the address") as caught:
        address_of(given)
    assert "dask://HOST:PORT" in caught.value.hint


def test_a_cluster_does_what_it_is_given() -> None:
    """Its workers are counted, and equal tasks are done as often as they are given."""
    distributed = importlib.import_module("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None, protocol="tcp"
    ) as cluster:
        port = cluster.scheduler_address.rpartition(":")[2]
        with connected(f"dask://127.0.0.1:{port}") as joined:
            assert (joined.workers, joined.own_host, joined.tls) == (2, "127.0.0.1", None)
            assert joined.executor.submit(operator.add, 2, 3).result(30.0) == 5


def test_without_the_extra_a_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the very command to type."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InvalidInput, match="extra `dask`") as caught, connected("dask://[::1]:1"):
        pass
    assert caught.value.hint == "pip install 'gatectl[dask]'"


def test_a_scheduler_that_does_not_answer_is_told(shut_port: HoldPort) -> None:
    """Before anything is sent to any gate."""
    with (
        pytest.raises(Unreachable, match="no Dask scheduler answers"),
        connected(f"dask://127.0.0.1:{shut_port()}"),
    ):
        pass


def test_beyond_this_machine_there_is_tls_or_nothing() -> None:
    """Dask's own configuration names the certificates; without them nothing is sent in clear."""
    with pytest.raises(InvalidInput, match="TLS alone"):
        worker_tls()
