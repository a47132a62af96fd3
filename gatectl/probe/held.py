"""A connection from before a closing, and whether it is still answered after it.

A rule that looks at new connections only keeps out everybody but those who are in already, and no
look that dials anew can see that. So one connection is opened before, like anybody's, and asked
again. It proves nothing when it ends: only an answer says something.
"""

import contextlib
import threading
from dataclasses import dataclass, replace
from typing import Final

from gatectl.core.gate import Vantage
from gatectl.core.page import HttpAnswer, page_of
from gatectl.core.reach import Look, LookKind
from gatectl.probe.exchange import Ask, NoAnswer, agree, blank_look, hear, open_stream
from gatectl.probe.stream import Deadline, Dialler, PlainStream, Stream, Target, TlsStream
from gatectl.probe.trust import Trust

_FROM_BEFORE: Final = (
    "over a connection that was open before: whoever is in stays in until the connection ends, at "
    "the latest by a failover"
)
_TIRED_OF_WAITING: Final = 408


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    stream: Stream
    plain: PlainStream
    tls: TlsStream


class HeldConnection:
    """One TLS connection to the gate, opened in the background and kept alive."""

    def __init__(
        self, vantage: Vantage, *, dial: Dialler, target: Target, server_name: str, timeout_s: float
    ) -> None:
        self._vantage = vantage
        self._timeout_s = timeout_s
        self._ask = Ask(
            dial=dial,
            target=target,
            server_name=server_name,
            tls=True,
            trust=Trust(),
            deadline=Deadline.after(timeout_s),
            headers=(("Connection", "keep-alive"),),
        )
        self._line: _Line | None = None
        self._over = False
        self._changing = threading.Lock()
        self.settled = threading.Event()
        """Whether it is clear by now that it stands, or that it could not be had."""

    def begin(self) -> None:
        """Start to open it; closing the gate does not wait for that."""
        # A daemon, for a name server that never answers must not keep the process alive.
        threading.Thread(target=self._open, name="hold", daemon=True).start()

    def look(self) -> Look | None:
        """Ask once more; nothing to tell where it was never open, or has ended."""
        line = self._line
        if line is None:
            return None
        answer = self._exchange(line, Deadline.after(self._timeout_s))
        if answer is None:
            self.close()
            return None
        return replace(
            blank_look(self._vantage, self._ask.target, "https"),
            kind=LookKind.ANSWERED,
            status=answer.status,
            page=page_of(answer),
            detail=_FROM_BEFORE,
            certificate_sha256=line.tls.certificate_sha256(),
        )

    def close(self) -> None:
        """Let go of it, also of one that is still being opened."""
        with self._changing:
            self._over = True
            line, self._line = self._line, None
        if line is not None:
            line.stream.close()

    def _open(self) -> None:
        try:
            stream = open_stream(self._ask.dial, self._ask.target, self._ask.deadline)
            if not isinstance(stream, NoAnswer):
                self._keep(stream)
        finally:
            self.settled.set()

    def _keep(self, stream: Stream) -> None:
        with contextlib.ExitStack() as undone:
            undone.callback(stream.close)
            plain = PlainStream(stream, self._ask.deadline)
            name = self._ask.server_name or self._ask.target[0]
            tls = agree(plain, trust=self._ask.trust, server_name=name)
            if isinstance(tls, NoAnswer):
                return
            line = _Line(stream=stream, plain=plain, tls=tls)
            if self._exchange(line, self._ask.deadline) is None:
                return
            with self._changing:
                if not self._over:
                    self._line = line
                    undone.pop_all()

    def _exchange(self, line: _Line, deadline: Deadline) -> HttpAnswer | None:
        line.plain.until(deadline)
        answer = hear(self._ask, line.tls)
        # Of an answer that was cut the rest would be read as the next one; a server that is tired
        # of waiting says so unasked, and ends the connection.
        if answer is None or answer.cut or answer.status == _TIRED_OF_WAITING:
            return None
        return answer
