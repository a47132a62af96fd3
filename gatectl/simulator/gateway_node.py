"""What the data plane needs to know of an appliance and its pair, as protocols.

The gateway is written against these, so that it can be tested with a stand-in of a few lines.
"""

from collections.abc import Callable, Iterable
from typing import Literal, Protocol

Phase = Literal["request", "aaa"]
SessionKind = Literal["ica", "aaa", "rdp", "pcoip"]


class OpenPort(Protocol):
    """An address and port at which the primary wants to be reached."""

    @property
    def address(self) -> str:
        """The shared (VIP) address."""

    @property
    def port(self) -> int:
        """The port at that address."""

    @property
    def protocol(self) -> Literal["TCP", "UDP"]:
        """UDP is the DTLS side of a vserver."""

    @property
    def vserver(self) -> str:
        """The vserver that listens here."""

    @property
    def kind(self) -> str:
        """What sort of vserver it is; `lb` is the plain one that redirects from port 80."""


class PolicyAnswer(Protocol):
    """What a responder policy does to a request."""

    @property
    def kind(self) -> str:
        """One of respondwith, redirect, drop and reset."""

    @property
    def payload(self) -> bytes:
        """The configured text, as it goes onto the wire."""


class LiveSession(Protocol):
    """A session of somebody who signed in; it tells when the appliance ends it."""

    @property
    def alive(self) -> bool:
        """Whether it still stands."""

    def on_end(self, callback: Callable[..., None], /) -> None:
        """Call back once when it ends."""

    def end(self, reason: str, /) -> None:
        """End it; a second call does nothing."""


class GatewayNode(Protocol):
    """One appliance as the data plane sees it."""

    @property
    def name(self) -> str:
        """The node's name."""

    @property
    def build(self) -> str:
        """The build that runs."""

    @property
    def faults(self) -> set[str]:
        """Marks of what is to go wrong."""

    def listeners(self) -> Iterable[OpenPort]:
        """List the ports that are to be open now."""

    def admits(
        self, *, source: str, destination: str, port: int, protocol: str, count: bool = True
    ) -> bool:
        """Ask the applied rules, and count a hit unless told not to."""

    def responder(
        self, *, path: str, source: str, vserver: str, phase: Phase
    ) -> PolicyAnswer | None:
        """Ask the responder policies."""

    def begin_session(
        self,
        *,
        user: str,
        kind: SessionKind,
        client_address: str,
        client_port: int,
        vserver: str,
    ) -> LiveSession:
        """Enter somebody into the tables of who is signed in."""

    def subscribe(self, callback: Callable[[str], None], /) -> object:
        """Call back with the name of each event."""


class GatewayPair(Protocol):
    """The pair whose shared address the data plane serves."""

    @property
    def nodes(self) -> tuple[GatewayNode, ...]:
        """Both nodes, or the only one."""

    @property
    def primary(self) -> GatewayNode | None:
        """The node that holds the shared address, if one is up."""
