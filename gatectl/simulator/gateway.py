"""The data plane: real listeners on loopback that open, close and refuse as the primary says.

One thread with one event loop serves the shared address. Whatever the appliances decide (a
configuration, an applied rule, a role, a boot) makes it compare what is open with what should be.
"""

import asyncio
import ssl
import threading
from collections.abc import Callable
from typing import Final, Literal

from gatectl.simulator import packetfilter, web
from gatectl.simulator.certificates import ServerCertificate
from gatectl.simulator.gateway_connection import (
    UNAVAILABLE,
)
from gatectl.simulator.gateway_doors import DatagramDoor, Door, Key, StreamDoor, key_of
from gatectl.simulator.gateway_node import GatewayNode, GatewayPair, OpenPort

Deny = Literal["reset", "drop"]

_TICK_S: Final = 0.5
"""How often the comparison is made without being asked: rules that expire tell nobody."""
_WAIT_S_MAX: Final = 5.0
_FOLLOW_S_MAX: Final = 1.0


class Gateway:
    """The listeners of a pair's shared address.

    `deny` says what a new connection meets when an applied rule denies its source: a reset, or
    nothing at all. A connection that stands when the rule is applied is reset either way. Packets
    that are lost in silence are lost before anybody counts them: the rule shows no hits.
    """

    def __init__(
        self,
        pair: GatewayPair,
        *,
        certificate: ServerCertificate,
        deny: Deny = "reset",
        fixed_build_answer: web.UnknownPath = "404",
    ) -> None:
        self._pair: Final = pair
        self._drops: Final = deny == "drop" and packetfilter.supported()
        self._fixed_build_answer: Final = fixed_build_answer
        self._tls: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate.certificate_path, certificate.key_path)
        self._loop: Final = asyncio.new_event_loop()
        self._thread: Final = threading.Thread(target=self._serve, name="gateway", daemon=True)
        self._settled: Final = threading.Event()
        self._doors: dict[Key, Door] = {}
        self._answering: GatewayNode | None = None
        self._started = False
        self.bind_errors: Final[dict[Key, OSError]] = {}
        """Ports that should be open and could not be, with the reason; tried again each tick."""

    def start(self) -> None:
        """Open what should be open, and return when it is."""
        for node in self._pair.nodes:
            node.subscribe(self._something_changed)
        self._started = True
        self._thread.start()
        if not self._settled.wait(_WAIT_S_MAX):
            raise TimeoutError("the gateway did not start in time")

    def settle(self) -> None:
        """Return when the listeners follow what the appliances say now."""
        if not self._compare_soon().wait(_WAIT_S_MAX):
            raise TimeoutError("the gateway did not settle in time")

    def close(self) -> None:
        """Cut every connection and close every port."""
        if not self._started:
            self._loop.close()
            return
        self._call(self._loop.stop)
        self._thread.join(_WAIT_S_MAX)

    def serves(self, source: str, vserver: str) -> bool:
        """Tell whether a visitor from this address would get the sign-on page of a vserver."""
        primary = self._pair.primary
        if primary is None or UNAVAILABLE in primary.faults:
            return False
        return any(
            port.vserver == vserver
            and port.protocol == "TCP"
            and primary.admits(
                source=source,
                destination=port.address,
                port=port.port,
                protocol="TCP",
                count=False,
            )
            and not self._kept_out_by_policy(primary, port, source)
            for port in primary.listeners()
        )

    def _kept_out_by_policy(self, primary: GatewayNode, port: OpenPort, source: str) -> bool:
        path = web.sign_on_path(primary.build)
        found = primary.responder(path=path, source=source, vserver=port.vserver, phase="aaa")
        return found is not None

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.call_soon(self._tick)
        try:
            self._loop.run_forever()
        finally:
            self._cut_all()
            # Two turns of the loop let the aborted transports close their sockets.
            self._loop.run_until_complete(_let_go())
            self._loop.close()

    def _something_changed(self, event: str) -> None:
        del event  # the comparison is cheap enough to be made for any
        # A device's ` Done` means that the packet engine obeys already, so the command waits here.
        self._compare_soon().wait(_FOLLOW_S_MAX if self._may_wait() else 0)

    def _may_wait(self) -> bool:
        return self._thread.is_alive() and threading.current_thread() is not self._thread

    def _compare_soon(self) -> threading.Event:
        compared = threading.Event()

        def compare() -> None:
            self._compare()
            compared.set()

        self._call(compare)
        return compared

    def _call(self, callback: Callable[[], object]) -> None:
        try:
            self._loop.call_soon_threadsafe(callback)
        except RuntimeError:
            return  # an appliance may still speak after the gateway was closed

    def _tick(self) -> None:
        self._loop.call_later(_TICK_S, self._tick)
        self._compare()
        self._settled.set()

    def _compare(self) -> None:
        primary = self._pair.primary
        if primary is not self._answering:
            # Nothing is mirrored between the nodes: a failover breaks every connection.
            self._cut_all()
            self._answering = primary
        wanted = {} if primary is None else {key_of(port): port for port in primary.listeners()}
        for key in self._doors.keys() - wanted.keys():
            self._doors.pop(key).close()
        if primary is None:
            return
        for key in wanted.keys() - self._doors.keys():
            self._open(key, wanted[key], primary)
        for door in self._doors.values():
            door.follow_rules()

    def _open(self, key: Key, port: OpenPort, primary: GatewayNode) -> None:
        try:
            if port.protocol == "UDP":
                self._doors[key] = DatagramDoor(self._loop, primary, port)
            else:
                tls = None if port.kind == "lb" else self._tls
                self._doors[key] = StreamDoor(
                    self._loop,
                    primary,
                    port,
                    tls=tls,
                    drops=self._drops,
                    fixed_build_answer=self._fixed_build_answer,
                )
        except OSError as error:
            self.bind_errors[key] = error
        else:
            self.bind_errors.pop(key, None)

    def _cut_all(self) -> None:
        while self._doors:
            _, door = self._doors.popitem()
            door.close(with_sessions=True)


async def _let_go() -> None:
    current = asyncio.current_task()
    pending = [task for task in asyncio.all_tasks() if task is not current]
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for _ in range(3):
        await asyncio.sleep(0)
