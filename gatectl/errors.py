"""What can go wrong, as one tree: each error knows its exit code and what to do next."""

from collections.abc import Iterable
from enum import IntEnum
from types import MappingProxyType
from typing import ClassVar


class ExitCode(IntEnum):
    """The process's exit codes; each has one meaning, for a timer or an on-call engineer."""

    PROVEN = 0
    UNEXPECTED = 1
    INVALID = 2
    FAILED_SHUT = 3
    UNREACHABLE = 4
    MAYBE_OPEN = 5
    REFUSED = 6
    DRIFT = 7
    BUSY = 8
    TAMPERED = 9
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS = MappingProxyType(
    {
        ExitCode.PROVEN: "done, and the asserted state was proven",
        ExitCode.UNEXPECTED: "unexpected error",
        ExitCode.INVALID: "usage, configuration or playbook invalid; nothing was sent",
        ExitCode.FAILED_SHUT: "a step failed; the gate is proven shut",
        ExitCode.UNREACHABLE: "a host could not be reached or trusted",
        ExitCode.MAYBE_OPEN: "state unknown or not as asserted: the gate may be open",
        ExitCode.REFUSED: (
            "refused by an interlock, a window or a missing approval; nothing was sent"
        ),
        ExitCode.DRIFT: "drift or pending changes",
        ExitCode.BUSY: "another run holds the gate",
        ExitCode.TAMPERED: "journal or evidence does not verify",
        ExitCode.INTERRUPTED: "interrupted (Ctrl-C); the journal says where",
        ExitCode.TERMINATED: "terminated (SIGTERM or SIGHUP); the journal says where",
    }
)
"""One line a code, for the README, the help and the test that compares them."""

WORST_FIRST = (
    # An operator's own stop is told before anything else: the rest of the fleet was not looked at.
    ExitCode.TERMINATED,
    ExitCode.INTERRUPTED,
    ExitCode.MAYBE_OPEN,
    ExitCode.TAMPERED,
    ExitCode.UNREACHABLE,
    ExitCode.FAILED_SHUT,
    ExitCode.BUSY,
    ExitCode.REFUSED,
    ExitCode.UNEXPECTED,
    ExitCode.INVALID,
    ExitCode.DRIFT,
    ExitCode.PROVEN,
)
"""Over several gates the worst code wins, in this order."""


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Sum up several gates in one code; no gate at all proves nothing, so it is an invalid call."""
    return min(codes, key=WORST_FIRST.index, default=ExitCode.INVALID)


class GatectlError(Exception):
    """Anything that an operator can act upon: a sentence, a next step and an exit code."""

    exit_code: ClassVar[ExitCode] = ExitCode.UNEXPECTED
    default_hint: ClassVar[str] = "Run again with -v, and keep the log for the report."

    def __init__(self, sentence: str, *, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint or self.default_hint
        self.told_before = False
        """Nobody was asked: this is what came of it a moment ago."""


class InvalidInput(GatectlError):
    """A file, an option or a value that cannot be used; found before anything is contacted."""

    exit_code = ExitCode.INVALID
    default_hint = "Correct the input and run the command again; nothing was sent."


class ConfigInvalid(InvalidInput):
    """The configuration, with all that is wrong in it at once."""

    default_hint = "Correct these keys; `gatectl lint` checks the file again. Nothing was sent."


class PlaybookInvalid(InvalidInput):
    """A playbook that cannot be run as it is written."""

    default_hint = "`gatectl lint PLAYBOOK` lists what to correct. Nothing was sent."


class ImageInvalid(InvalidInput):
    """A firmware file that is missing or is not the one that was promised."""

    default_hint = "Download the image again and compare its SHA-256 with the vendor's page."


class Unreachable(GatectlError):
    """A host did not answer, before anything was sent to it; safe to try again."""

    exit_code = ExitCode.UNREACHABLE
    default_hint = "Check address, port, routing and firewall from this machine."


class Untrusted(GatectlError):
    """A host answered, but it cannot be shown to be the right one, or it does not know us."""

    exit_code = ExitCode.UNREACHABLE
    default_hint = "Nothing was sent to this host. Find out why before you change the pin."


class HostKeyMismatch(Untrusted):
    """The host key is not one of the pinned ones."""


class LoginRefused(Untrusted):
    """The host did not take the credentials."""

    default_hint = "Check username and credential of this node in the configuration."


class ConversationCut(GatectlError):
    """A session ended, or went silent, after something was sent: the outcome is not known."""

    exit_code = ExitCode.MAYBE_OPEN
    default_hint = "`gatectl resume` looks at the device and goes on from what it finds."


class CommandRefused(GatectlError):
    """The device answered a command with an error."""

    exit_code = ExitCode.FAILED_SHUT
    default_hint = "The device's own words are in `gatectl log`."


class WriteForbidden(GatectlError):
    """A command that is not on the read-only list was about to leave over a read-only transport."""

    exit_code = ExitCode.REFUSED
    default_hint = "Nothing was sent. A look in a playbook must be a command that only reads."


class Refused(GatectlError):
    """Something must be proven or allowed first; all that is missing is listed at once."""

    exit_code = ExitCode.REFUSED
    default_hint = "Clear the blockers and run the command again. Nothing was sent."


class GateBusy(GatectlError):
    """Another run holds the gate."""

    exit_code = ExitCode.BUSY
    default_hint = "Wait for that run, or close the gate: `gatectl close` never waits."


class LeaseLost(GateBusy):
    """This run held the gate and does not any more: it does nothing further."""

    default_hint = "`gatectl lease show` tells who has it; what this run did is on record."


class JournalDamaged(GatectlError):
    """The journal or a piece of evidence does not verify."""

    exit_code = ExitCode.TAMPERED
    default_hint = "Keep the files as they are and find out who changed them. `close` still works."


class JournalUnavailable(GatectlError):
    """The journal cannot be written or read: locked, full, read-only or missing rights."""

    exit_code = ExitCode.UNEXPECTED
    default_hint = "Free the disk or the file; `gatectl close` works without it."


class JournalFull(JournalUnavailable):
    """The disk, or this user's share of it, takes no further record."""


class JournalUnreachable(JournalUnavailable):
    """The server that has the journal is away, or does not know us."""

    exit_code = ExitCode.UNREACHABLE
    default_hint = "See to the server and the way there; `gatectl close` works without it."


class MaybeOpen(GatectlError):
    """The gate may be open: it was seen open, or nothing could be seen."""

    exit_code = ExitCode.MAYBE_OPEN
    default_hint = "Close it: `gatectl close`. If that fails, block it at the firewall in front."


class Interrupted(GatectlError):
    """The operator, or the system, stopped the run between two commands."""

    exit_code = ExitCode.INTERRUPTED
    default_hint = "`gatectl status` tells where it stands, `gatectl resume` goes on."
