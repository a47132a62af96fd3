"""One visitor's TCP connection at the gateway: HTTP with keep-alive, sign-in, and the ICA stream.

A sign-in (`POST /cgi/login`, any user with any password that is not empty) starts an `aaa` session
and returns its cookie. `GET /ica-session` with that cookie and `Upgrade: ica` on the same
connection starts an `ica` session: the answer is 101, and from then on each byte is echoed until
one side ends it. Both sessions live no longer than the connection. Ending the `ica` session cuts
the connection; ending the `aaa` session cuts it only while it still speaks HTTP, because on a real
gateway an open ICA stream outlives the web session that it was started from.
"""

import asyncio
import secrets
import socket
import struct
from collections.abc import Callable
from typing import Final, Literal, cast
from urllib.parse import parse_qs

from gatectl.simulator import web
from gatectl.simulator.gateway_node import GatewayNode, LiveSession, OpenPort, SessionKind
from gatectl.simulator.http_request import BadRequestError, take_request

UNAVAILABLE: Final = "gateway-503"
"""Mark on an appliance: it answers each request with its own 503 page."""

_IDLE_S: Final = 180.0
_ABORT: Final = struct.pack("@ii", 1, 0)
"""SO_LINGER with no time to linger: closing sends RST."""


def reset(connection: socket.socket) -> None:
    """Close a socket so that its peer sees a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
    connection.close()


class GatewayConnection(asyncio.Protocol):
    """One accepted connection; everything here runs on the gateway's loop unless said otherwise."""

    def __init__(
        self,
        node: GatewayNode,
        port: OpenPort,
        *,
        client: tuple[str, int],
        fixed_build_answer: web.UnknownPath,
        on_lost: Callable[["GatewayConnection"], None],
    ) -> None:
        self.node: Final = node
        self.port: Final = port
        self.client: Final = client
        self._fixed_build_answer: Final = fixed_build_answer
        self._on_lost: Final = on_lost
        self._loop: Final = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._buffer = bytearray()
        self._sessions: dict[SessionKind, LiveSession] = {}
        self._user = ""
        self._cookie = ""

    @property
    def holds_session(self) -> bool:
        """Whether somebody is signed in over this connection."""
        return any(session.alive for session in self._sessions.values())

    def cut(self) -> None:
        """End the connection with a reset."""
        if self._transport is None:
            return
        connection = self._transport.get_extra_info("socket")
        if connection is not None and connection.fileno() >= 0:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection over once TLS is agreed."""
        # asyncio promises the narrower type to a stream protocol but does not declare it.
        self._transport = cast("asyncio.Transport", transport)
        self._restart_idle_timer()

    def data_received(self, data: bytes) -> None:
        """Echo an ICA stream, or answer each complete request."""
        self._restart_idle_timer()
        if "ica" in self._sessions:
            self._write(data)
            return
        self._buffer += data
        try:
            self._answer_requests()
        except BadRequestError:
            answer = web.Answer(status=400, reason="Bad Request", close=True)
            self._write(answer.to_bytes())
            self._hang_up()

    def connection_lost(self, exc: Exception | None) -> None:
        """End what lived with this connection."""
        del exc  # how it ended makes no difference to the sessions
        if self._idle is not None:
            self._idle.cancel()
        self._transport = None
        ending, self._sessions = self._sessions, {}
        for session in ending.values():
            session.end("connection closed")
        self._on_lost(self)

    def _answer_requests(self) -> None:
        while self._transport is not None and not self._transport.is_closing():
            if "ica" in self._sessions:
                early, self._buffer = bytes(self._buffer), bytearray()
                self._write(early)
                return
            request = take_request(self._buffer)
            if request is None:
                return
            self._answer(request)

    def _answer(self, request: web.Request) -> None:
        if self.port.kind == "lb":
            # The vserver on port 80 only sends visitors to the encrypted one.
            host = request.headers.get("host", self.port.address).partition(":")[0]
            self._send(web.redirect(f"https://{host}/"), request)
            return
        if self._answered_by_policy(request):
            return
        if request.method == "POST" and request.path == web.SIGN_IN_PATH:
            self._send(self._sign_in(request), request)
        elif request.path == web.ICA_PATH:
            self._open_ica_stream(request)
        else:
            appearance = web.Appearance(
                build=self.node.build,
                fixed_build_answer=self._fixed_build_answer,
                unavailable=UNAVAILABLE in self.node.faults,
            )
            self._send(web.answer(request, appearance), request)

    def _answered_by_policy(self, request: web.Request) -> bool:
        if UNAVAILABLE in self.node.faults:
            return False
        phase: Literal["aaa", "request"] = (
            "aaa" if web.is_sign_in_traffic(request.path) else "request"
        )
        policy = self.node.responder(
            path=request.target, source=self.client[0], vserver=self.port.vserver, phase=phase
        )
        if policy is None:
            return False
        if policy.kind == "redirect" and not policy.payload.startswith(b"HTTP/"):
            self._send(web.redirect(policy.payload.decode("latin-1")), request)
        elif policy.kind in ("respondwith", "redirect"):
            # The configured text is all that is sent; without a length its end is the connection's.
            self._write(policy.payload)
            self._hang_up()
        else:
            self.cut()
        return True

    def _sign_in(self, request: web.Request) -> web.Answer:
        fields = parse_qs(request.body.decode("latin-1"), keep_blank_values=True)
        user = fields.get("login", [""])[0]
        if not user or not fields.get("passwd", [""])[0]:
            return web.redirect("/vpn/index.html", cookies=("NSC_VPNERR=4001;Path=/;Secure",))
        self._user = user
        self._cookie = secrets.token_hex(16)
        self._begin("aaa")
        return web.redirect(
            "/cgi/setclient?wica", cookies=(f"NSC_AAAC={self._cookie};Path=/;Secure;HttpOnly",)
        )

    def _open_ica_stream(self, request: web.Request) -> None:
        signed_in = "aaa" in self._sessions and self._sessions["aaa"].alive
        shown = f"NSC_AAAC={self._cookie}" in request.headers.get("cookie", "").split("; ")
        if not (signed_in and shown and request.headers.get("upgrade", "").lower() == "ica"):
            self._send(web.redirect("/vpn/index.html"), request)
            return
        self._begin("ica")
        self._write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: ica\r\nConnection: Upgrade\r\n\r\n"
        )

    def _begin(self, kind: SessionKind) -> None:
        earlier = self._sessions.pop(kind, None)
        if earlier is not None:
            earlier.end("signed in again")
        session = self.node.begin_session(
            user=self._user,
            kind=kind,
            client_address=self.client[0],
            client_port=self.client[1],
            vserver=self.port.vserver,
        )
        self._sessions[kind] = session
        session.on_end(lambda *_details: self._session_ended(kind, session))

    def _session_ended(self, kind: SessionKind, session: LiveSession) -> None:
        # Runs on whatever thread ended the session, usually that of an administrator's command.
        if self._sessions.get(kind) is not session:
            return
        if kind == "aaa" and "ica" in self._sessions:
            return
        try:
            self._loop.call_soon_threadsafe(self.cut)
        except RuntimeError:
            return  # the loop has ended, and every connection with it

    def _send(self, reply: web.Answer | web.Silence, request: web.Request) -> None:
        if isinstance(reply, web.Silence):
            self.cut()
            return
        self._write(reply.to_bytes(head_only=request.method == "HEAD"))
        if reply.close or request.headers.get("connection", "").lower() == "close":
            self._hang_up()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _hang_up(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _restart_idle_timer(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = self._loop.call_later(_IDLE_S, self.cut)
