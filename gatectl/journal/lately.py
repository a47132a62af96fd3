"""Records that this process wrote lately: who reads them back need not parse them again."""

import threading

from gatectl.core.event import Recorded

LATELY_MAX = 4000
"""So many are remembered: what a hundred gates at once write from one question to the next."""


class LatelyWritten:
    """Remembers records by their hash, the oldest of which it forgets.

    A hash covers a record's text and all before it. So what was taken back, or was written by
    somebody else under the same number, is never mistaken for what is remembered here.
    """

    def __init__(self) -> None:
        self._records: dict[str, Recorded] = {}
        self._remembering = threading.Lock()

    def remember(self, own_hash: str, recorded: Recorded) -> None:
        """Keep a record in mind."""
        with self._remembering:
            self._records[own_hash] = recorded
            if len(self._records) > LATELY_MAX:
                del self._records[next(iter(self._records))]

    def find(self, own_hash: str) -> Recorded | None:
        """Give the record with this hash, if it is remembered."""
        return self._records.get(own_hash)
