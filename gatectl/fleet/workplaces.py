"""Where gates are worked on: in threads here, in processes here, or on a cluster."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from gatectl.desk import Desk
from gatectl.errors import InvalidInput
from gatectl.fleet.cluster import SCHEME, connected
from gatectl.fleet.coordinator import Coordinator
from gatectl.fleet.elsewhere import Elsewhere
from gatectl.fleet.rollout import PROCESSES, THREADS, at_once
from gatectl.fleet.workforce import Workforce


@contextmanager
def workers(desk: Desk, where: str, wanted: int) -> Iterator[tuple[int, Elsewhere | None]]:
    """Give how many gates can be worked on at the same time, and who does it, if not we here."""
    if where == THREADS:
        yield at_once(wanted), None
    elif where == PROCESSES:
        processes = os.cpu_count() or 1
        threads = at_once(-(-wanted // processes))
        with Coordinator(desk) as coordinator, Workforce(processes, threads) as workforce:
            many = min(wanted, processes * threads)
            yield many, Elsewhere(desk=desk, coordinator=coordinator, executor=workforce)
    elif where.startswith(SCHEME):
        with (
            connected(where) as cluster,
            Coordinator(desk, host=cluster.own_host, tls=cluster.tls) as coordinator,
        ):
            many = max(1, min(wanted, cluster.workers))
            executor = cluster.executor
            yield many, Elsewhere(desk=desk, coordinator=coordinator, executor=executor)
    else:
        raise InvalidInput(
            f"{where!r} is no place to work at",
            hint=f"There are {THREADS}, {PROCESSES} and {SCHEME}HOST:PORT.",
        )
