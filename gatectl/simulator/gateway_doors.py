"""The ports of the data plane: one object for each that is open, on the gateway's event loop."""

import asyncio
import secrets
import socket
import ssl
from typing import Final

from gatectl.simulator import packetfilter, web
from gatectl.simulator.dtls import hello_verify_request
from gatectl.simulator.gateway_connection import GatewayConnection, reset
from gatectl.simulator.gateway_node import GatewayNode, OpenPort

Key = tuple[str, int, str]

CONNECTIONS_SURVIVE: Final = "connections-survive"
"""Mark on an appliance: an applied rule keeps out new connections, and no others."""

_HANDSHAKE_S: Final = 10.0
_GOODBYE_S: Final = 1.0
_BACKLOG: Final = 64
_DATAGRAM_BYTES_MAX: Final = 4096
_LOOPBACK_SOURCES: Final = tuple(f"127.0.0.{host}" for host in range(256))
"""The sources that are dropped without a trace; another one is reset once, then dropped too."""


def key_of(port: OpenPort) -> Key:
    """Identify a port."""
    return port.address, port.port, port.protocol


class Door:
    """One open port; lives on the gateway's loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        node: GatewayNode,
        port: OpenPort,
        kind: socket.SocketKind,
    ) -> None:
        self._loop: Final = loop
        self._node: Final = node
        self._port: Final = port
        self._socket: Final = socket.socket(socket.AF_INET, kind)
        try:
            if kind is socket.SOCK_STREAM:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.setblocking(False)
            self._socket.bind((port.address, port.port))
        except OSError:
            self._socket.close()
            raise

    def follow_rules(self) -> None:
        """Make the open port obey the rules as they are applied now."""

    def close(self, *, with_sessions: bool = False) -> None:
        """Close the port; sessions end here only when asked, else the appliance decides."""
        del with_sessions  # a port without connections has none
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _admits(self, source: str, *, count: bool) -> bool:
        return self._node.admits(
            source=source,
            destination=self._port.address,
            port=self._port.port,
            protocol=self._port.protocol,
            count=count,
        )


class DatagramDoor(Door):
    """A UDP port that answers the first word of a DTLS handshake."""

    def __init__(self, loop: asyncio.AbstractEventLoop, node: GatewayNode, port: OpenPort) -> None:
        super().__init__(loop, node, port, socket.SOCK_DGRAM)
        self._secret: Final = secrets.token_bytes(16)
        loop.add_reader(self._socket, self._readable)

    def _readable(self) -> None:
        try:
            datagram, client = self._socket.recvfrom(_DATAGRAM_BYTES_MAX)
        except OSError:
            return  # nothing there after all, or an earlier answer was not wanted
        if not self._admits(client[0], count=True):
            return
        reply = hello_verify_request(datagram, client=client, secret=self._secret)
        if reply:
            self._socket.sendto(reply, client)


class StreamDoor(Door):
    """A TCP port, with TLS unless it is the redirecting one on port 80."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        node: GatewayNode,
        port: OpenPort,
        *,
        tls: ssl.SSLContext | None,
        drops: bool,
        fixed_build_answer: web.UnknownPath,
    ) -> None:
        super().__init__(loop, node, port, socket.SOCK_STREAM)
        self._tls: Final = tls
        self._drops: Final = drops
        self._fixed_build_answer: Final = fixed_build_answer
        self._sources = set(_LOOPBACK_SOURCES)
        self._denied: packetfilter.Ranges = ()
        self._connections: set[GatewayConnection] = set()
        self._handshakes: set[asyncio.Task[None]] = set()
        # The rules come before the port opens: not one connection may slip through in between.
        self.follow_rules()
        self._socket.listen(_BACKLOG)
        loop.add_reader(self._socket, self._acceptable)

    def follow_rules(self) -> None:
        """Renew the silent drops, and cut whoever is not admitted any more."""
        if self._drops:
            denied = packetfilter.ranges_of(
                source for source in self._sources if not self._admits(source, count=False)
            )
            if denied != self._denied:
                packetfilter.attach(self._socket, denied)
                self._denied = denied
        if CONNECTIONS_SURVIVE in self._node.faults:
            return
        for connection in tuple(self._connections):
            if not self._admits(connection.client[0], count=False):
                connection.cut()

    def close(self, *, with_sessions: bool = False) -> None:
        """Close the port and cut its connections, those with a session only when asked."""
        super().close()
        for handshake in self._handshakes:
            handshake.cancel()
        for connection in tuple(self._connections):
            if with_sessions or not connection.holds_session:
                connection.cut()

    def _acceptable(self) -> None:
        try:
            accepted, client = self._socket.accept()
        except OSError:
            return  # the visitor left before being let in
        self._sources.add(client[0])
        if not (self._still_open() and self._admits(client[0], count=True)):
            reset(accepted)
            return
        accepted.setblocking(False)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        handshake = self._loop.create_task(self._let_in(accepted, client))
        self._handshakes.add(handshake)
        handshake.add_done_callback(self._handshakes.discard)

    def _still_open(self) -> bool:
        # A connection can wait in the backlog from before its vserver was disabled.
        return key_of(self._port) in {key_of(port) for port in self._node.listeners()}

    async def _let_in(self, accepted: socket.socket, client: tuple[str, int]) -> None:
        try:
            await self._loop.connect_accepted_socket(
                lambda: self._connection(client),
                accepted,
                ssl=self._tls,
                ssl_handshake_timeout=None if self._tls is None else _HANDSHAKE_S,
                ssl_shutdown_timeout=None if self._tls is None else _GOODBYE_S,
            )
        except (OSError, asyncio.CancelledError):
            accepted.close()  # no handshake, no visitor

    def _connection(self, client: tuple[str, int]) -> GatewayConnection:
        connection = GatewayConnection(
            self._node,
            self._port,
            client=client,
            fixed_build_answer=self._fixed_build_answer,
            on_lost=self._connections.discard,
        )
        self._connections.add(connection)
        return connection
