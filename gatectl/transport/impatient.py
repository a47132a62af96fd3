"""A transport that does not wait again for a host that did not let us in, or fell silent, just now.

Closing must not stand still at a node that is gone while there is work to do on the other one:
each look and each act would otherwise wait its whole time for the same silence.
"""

from collections import Counter
from collections.abc import Callable

from gatectl.errors import GatectlError, Unreachable, Untrusted
from gatectl.transport.contract import Transport
from gatectl.transport.conversation import Silent
from gatectl.transport.forwarding import Forwarding, T
from gatectl.watchdog import Clock, boot_clock

COOL_DOWN_S = 60.0
_SILENCES_MAX = 2
"""A single answer may get lost; a host that lets us in and twice says nothing has stopped."""


class Impatience:
    """Remembers which hosts could not be reached or trusted, and since when."""

    def __init__(self, *, clock: Clock = boot_clock, cool_down_s: float = COOL_DOWN_S) -> None:
        self._clock = clock
        self._cool_down_s = cool_down_s
        self._lost: dict[str, tuple[float, GatectlError]] = {}
        self._silences: Counter[str] = Counter()

    def check(self, host: str) -> None:
        """Raise the same trouble again while it is young."""
        known = self._lost.get(host)
        if known is not None and self._clock() - known[0] < self._cool_down_s:
            known[1].told_before = True
            raise known[1]

    def note(self, host: str, error: GatectlError) -> None:
        """Remember that a host was lost."""
        self._lost[host] = (self._clock(), error)

    def note_silence(self, host: str, error: Silent) -> None:
        """Count an answer that did not come; too many in a row, and the host counts as lost."""
        self._silences[host] += 1
        if self._silences[host] >= _SILENCES_MAX:
            told = f"{error.sentence}; it is not asked again for a while"
            self.note(host, Unreachable(told, hint=error.hint))

    def note_answer(self, host: str) -> None:
        """Remember that a host answers."""
        self._silences[host] = 0


class Impatient(Forwarding):
    """Stands in front of another transport, and asks a lost host again only after a while."""

    def __init__(self, transport: Transport, host: str, impatience: Impatience) -> None:
        super().__init__(transport)
        self._host = host
        self._impatience = impatience

    def around(self, ask: Callable[[], T]) -> T:
        """Ask, unless the host was lost just now; and remember what comes of it."""
        self._impatience.check(self._host)
        try:
            answer = ask()
        except (Unreachable, Untrusted) as exc:
            self._impatience.note(self._host, exc)
            raise
        except Silent as exc:
            self._impatience.note_silence(self._host, exc)
            raise
        self._impatience.note_answer(self._host)
        return answer
