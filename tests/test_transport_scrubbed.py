"""What a device repeats of a secret reaches nobody."""

import base64
from dataclasses import dataclass, field
from typing import cast

import pytest

from gatectl.core.netscaler import Reply
from gatectl.errors import ConversationCut
from gatectl.secret import HIDDEN, Secret
from gatectl.transport.contract import Transport
from gatectl.transport.scrubbed import Scrubbed

CANARY = "canary-0815 pass"


@dataclass
class Parrot:
    """A device that answers with these texts, or breaks off with these words."""

    reply: Reply = field(default_factory=lambda: Reply(text=""))
    breaks_off: str = ""

    def send(self, command: str, *, timeout_s: float) -> Reply:
        """Answer."""
        del command, timeout_s
        if self.breaks_off:
            raise ConversationCut(self.breaks_off)
        return self.reply


def scrubbed(parrot: Parrot) -> Scrubbed:
    """Stand in front of it, knowing the canary."""
    return Scrubbed(cast("Transport", parrot), lambda: (Secret(CANARY),))


def test_no_part_of_an_answer_holds_a_secret() -> None:
    """Text, error and warnings are cleared, of the value and of its base64."""
    encoded = base64.b64encode(CANARY.encode()).decode()
    reply = Reply(
        text=f"line one\nset user x {CANARY}\n{encoded}",
        error=f"bad {CANARY}",
        warnings=(f"careful {CANARY}",),
    )
    seen = scrubbed(Parrot(reply=reply)).send("show x", timeout_s=1.0)
    told = "\n".join((seen.text, seen.error or "", *seen.warnings))
    assert CANARY not in told
    assert encoded not in told
    assert told.count(HIDDEN) == 4
    assert seen.text.startswith("line one\n")


def test_words_of_an_error_hold_no_secret() -> None:
    """A cut conversation may quote the device: neither sentence nor exception text tells it."""
    with pytest.raises(ConversationCut) as cut:
        scrubbed(Parrot(breaks_off=f"unexpected question: {CANARY}?")).send("x", timeout_s=1.0)
    assert CANARY not in cut.value.sentence
    assert CANARY not in str(cut.value)
