"""A Dask cluster as the place where gates are worked on; an extra that is asked for by name."""

import importlib
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from gatectl.errors import InvalidInput, Unreachable

SCHEME = "dask://"
_CONNECT_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """An executor over all workers of a cluster, and how they come back to us."""

    executor: Executor
    workers: int
    """How many things it does at the same time."""
    own_host: str
    """The address of this machine that the cluster can reach."""
    tls: ssl.SSLContext | None


def address_of(given: str) -> tuple[str, int]:
    """Read `dask://HOST:PORT`."""
    host, sign, port = given.removeprefix(SCHEME).rpartition(":")
    if not given.startswith(SCHEME) or not sign or not host or not port.isdecimal():
        raise InvalidInput(
            f"{given!r} is not the address of a Dask scheduler", hint="Write dask://HOST:PORT."
        )
    return host.strip("[]"), int(port)


@contextmanager
def connected(given: str) -> Iterator[Cluster]:
    """Join a cluster while the block runs; beyond this machine only with TLS on both ways."""
    host, port = address_of(given)
    distributed = _distributed()
    own_host = _own_host(host, port)
    security = None if _is_loopback(own_host) else _security(distributed)
    scheme = "tls" if security else "tcp"
    with distributed.Client(
        f"{scheme}://{host}:{port}",
        timeout=_CONNECT_S,
        security=security,
        set_as_default=False,
    ) as client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise Unreachable(f"the Dask cluster at {given} has no workers")
        tls = security.get_listen_args("client")["ssl_context"] if security else None
        # Each task is its own: equal ones are not done once, and a failed one not again.
        executor = client.get_executor(pure=False, retries=0)
        yield Cluster(executor=executor, workers=threads, own_host=own_host, tls=tls)


def worker_tls() -> ssl.SSLContext:
    """Give a worker's way to talk to the coordinator, from Dask's own configuration there."""
    context: ssl.SSLContext = _security(_distributed()).get_connection_args("worker")["ssl_context"]
    return context


def _distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError as exc:
        raise InvalidInput(
            "a Dask cluster needs the extra `dask`, which is not installed",
            hint="pip install 'gatectl[dask]'",
        ) from exc


def _security(distributed: Any) -> Any:
    security = distributed.Security(require_encryption=True)
    if not (security.tls_ca_file and security.tls_client_cert and security.tls_client_key):
        raise InvalidInput(
            "a Dask cluster on other machines is used with TLS alone, and it is not set up",
            hint="Set distributed.comm.tls (ca-file, client, worker) in Dask's own configuration.",
        )
    return security


def _own_host(host: str, port: int) -> str:
    """Find the address of ours from which the scheduler is reached."""
    try:
        with socket.create_connection((host, port), _CONNECT_S) as connection:
            return str(connection.getsockname()[0])
    except OSError as exc:
        raise Unreachable(
            f"no Dask scheduler answers at {host} port {port}: {exc.strerror or exc}"
        ) from exc


def _is_loopback(host: str) -> bool:
    return ip_address(host).is_loopback
