"""A playbook as somebody wrote it: claims about the device, each with look, act and undo.

The file format is these types: unknown keys are refused, and the JSON Schema for editors is made
from them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal, NewType

from pydantic import ConfigDict, Discriminator, Tag

from gatectl.core.gate import Side, VserverKind

StepId = NewType("StepId", str)

_STEP_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")


class Purpose(StrEnum):
    """What a playbook is for; it decides what its run may do to the gate's state."""

    CLOSE = "close"
    MITIGATE = "mitigate"
    PATCH = "patch"
    VERIFY = "verify"
    SCAN = "scan"
    REOPEN = "reopen"
    CONFIRM = "confirm"
    MAINTAIN = "maintain"


class Written:
    """What a person wrote in a file: a key that is not known is refused, never skipped."""

    __slots__ = ()
    __pydantic_config__ = ConfigDict(extra="forbid")


class ParameterType(StrEnum):
    """What a parameter may hold; nothing of it can become a second word or command."""

    IP = "ip"
    CIDR = "cidr"
    NAME = "name"
    BUILD = "build"
    INT = "int"
    PATH = "path"
    SHA256 = "sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter(Written):
    """A value that is given when the playbook is started."""

    type: ParameterType
    help: str
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds(Written):
    """One expectation as it is written; parameters are filled in when the plan is made."""

    field: str
    where: Mapping[str, str] | None = None
    apart_from: Mapping[str, str] | None = None
    lets_in: Literal["outsiders", "outsiders6"] | None = None
    """Only the packet rules that would let people outside the offices in to the gateway."""
    equals: str | None = None
    differs: str | None = None
    contains: str | None = None
    matches: str | None = None
    one_of: tuple[str, ...] | None = None
    at_least: int | None = None
    at_most: int | None = None
    at_least_build: str | None = None
    fixed_for: Literal["every-advisory"] | tuple[str, ...] | None = None
    """Bulletins by their name, or all that the gate's configuration names."""
    within: Literal["office-networks"] | None = None
    not_between: tuple[str, str] | None = None
    above: str | None = None
    not_here: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit(Written):
    """Where a playbook must not be used, although the device would take its commands."""

    because: str
    builds: tuple[str, str] | None = None
    """First and last build of a range; one node in it is enough."""
    vserver_kind: tuple[VserverKind, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry(Written):
    """How long a look is repeated until it holds; an act is never sent twice without a look."""

    attempts: int = 3
    wait_s: float = 2.0
    deadline_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts(Written):
    """Conditions on what the gate is; a step whose conditions do not hold is left out."""

    ha: bool | None = None
    shut: bool | None = None
    """Whether the gate is, or is being, closed."""
    closed_by: str | None = None
    """A close method, such as `close-acl`, that holds the gate shut."""
    not_closed_by: str | None = None
    """A close method that must not be among those that hold the gate shut."""
    ipv4: bool | None = None
    """Whether the gateway has an IPv4 address."""
    ipv6: bool | None = None
    """Whether the gateway has an IPv6 address."""
    primary_behind: bool | None = None
    """Whether the node that is primary runs another build than the parameter `build` names."""
    given: Mapping[str, str] | None = None
    """Parameters that must have these values."""
    release_at_least: str | None = None
    """Every node whose build is known runs this release or a later one, and one is known."""
    build_at_least: str | None = None
    build_below: str | None = None


ForEach = Literal["office", "office6", "front", "persistence", "required-setting"]


class OnFail(StrEnum):
    """What a failed step means for the steps behind it."""

    HOLD = "hold"
    """Stop the run; nothing further is sent."""
    CONTINUE = "continue"
    """Go on; the run fails all the same."""
    NOTE = "note"
    """Go on; the run does not fail, and the interlock that the step proves says no by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step(Written):
    id: str
    title: str
    only_if: Facts = field(default_factory=Facts)
    retry: Retry = field(default_factory=Retry)
    on_fail: OnFail = OnFail.HOLD
    proves: str | None = None
    """The interlock for reopening that this step is evidence for."""
    precheck: bool = False
    """Looked at before anything is sent; all that fail are told at once, each can be overridden."""

    def __post_init__(self) -> None:
        """Raise ValueError for an identifier that would not survive a log or a command line."""
        if _STEP_ID.fullmatch(self.id) is None:
            raise ValueError(f"step id {self.id!r} is not made of lower-case words and hyphens")
        if self.on_fail is OnFail.NOTE and self.proves is None:
            # Its failure would be told to nobody.
            raise ValueError(f"step {self.id!r} is only noted, and proves no interlock")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceStep(_Step):
    """A claim about a node: how to see it, how to make it true, how to take it back."""

    kind: Literal["device"] = "device"
    on: Literal["primary", "secondary", "each-node"]
    """Roles are those at planning; a step keeps its node when the roles change later."""
    look: str
    """One command that only reads."""
    holds: tuple[Holds, ...]
    refuses: str
    """A recorded answer of the device on which this check says no."""
    act: str | None = None
    """The commands that make it true, one a line, byte for byte; none for a check."""
    undo: str | None = None
    again_after_changes: bool = False
    """What holds before a change does not hold after it: a dry run names this act as well."""
    idle: str | None = None
    """A look that shows nothing once no earlier act of this step is at work any more."""
    also_on_undo: bool = False
    """Done unchanged, after all undoing, when the playbook is taken back."""
    for_each: ForEach | None = None
    """Repeat the step for each of these things of the gate, or of the bulletins in force."""
    disconnects: bool = False
    """The act ends the session: losing it is expected, and proves nothing."""
    changes: str | None = None
    """A look whose answer must be another one after the act than before it."""
    act_timeout_s: float = 60.0
    """How long one command of the act may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadStep(_Step):
    """A file that must lie on a node with the promised content."""

    kind: Literal["upload"]
    on: Literal["primary", "secondary", "each-node"]
    file: str
    to: str
    sha256: str
    act_timeout_s: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectStep(_Step):
    """Evidence that is taken from a node and kept, before a reboot destroys it."""

    kind: Literal["collect"]
    on: Literal["primary", "secondary", "each-node"]
    looks: tuple[str, ...] = ()
    """Commands that only read; their answers are kept."""
    paths: tuple[str, ...] = ()
    """Files and folders on the node; a folder stands for all that is in it."""
    listed: tuple[str, ...] = ()
    """Folders whose own files are listed and not fetched: kernels, core dumps."""
    size_limit: int = 200_000_000
    """Bytes in all that are fetched from one node at the most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Says(Written):
    """A line by which a scanner says something, and a recorded answer that has it."""

    pattern: str
    """Regular expression, searched in each line."""
    answer: str
    """An output of the scanner, as it was seen once, that is to be understood so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerWords(Written):
    """How a scanner says what it found; its exit status is never trusted."""

    compromised: Says
    error: Says
    """It could not do its work; clean is then not believed."""
    clean: Says


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerStep(_Step):
    """A vendor's own scanner script: brought to a node, run there, heard, and taken away again.

    What it says is one more source for the compromise check: it can make that worse, never better.
    """

    kind: Literal["scanner"]
    on: Literal["primary", "secondary", "each-node"]
    file: str
    """The script on this machine."""
    sha256: str
    """As its publisher promises it; another file is refused before anything is contacted."""
    interpreter: Literal["bash", "sh", "perl", "python"] = "bash"
    arguments: str = ""
    says: ScannerWords
    act_timeout_s: float = 900.0
    """How long the script may run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SidesStep(_Step):
    """A look at the gate from all vantages: who gets an answer, and who should."""

    kind: Literal["sides"]
    outside: Literal["open", "shut"]
    inside: Literal["open", "shut"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStep(_Step):
    """One HTTPS request, sent byte for byte, and the answer that it must get."""

    kind: Literal["request"]
    side: Side | Literal["open-side"] = "open-side"
    """From outside while the gate is open and from inside while it is closed, if not said."""
    method: Literal["GET", "HEAD", "POST"] = "GET"
    path: str
    holds: tuple[Holds, ...]
    refuses: Mapping[str, str]
    """The fields of a recorded answer on which this check says no."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeStep(_Step):
    """The compromise check: judge what the collect steps of this playbook kept."""

    kind: Literal["judge"]


def _kind_of(value: object) -> str:
    if isinstance(value, Mapping):
        return str(value.get("kind", "device"))
    return str(getattr(value, "kind", "device"))


Step = Annotated[
    Annotated[DeviceStep, Tag("device")]
    | Annotated[UploadStep, Tag("upload")]
    | Annotated[ScannerStep, Tag("scanner")]
    | Annotated[CollectStep, Tag("collect")]
    | Annotated[SidesStep, Tag("sides")]
    | Annotated[RequestStep, Tag("request")]
    | Annotated[JudgeStep, Tag("judge")],
    Discriminator(_kind_of),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook(Written):
    """A file of steps with one purpose."""

    name: str
    title: str
    purpose: Purpose
    advisory: str | None = None
    """The bulletin that a mitigation is for."""
    needs_shut: bool = False
    """Refused unless the gate is proven shut."""
    stops: Literal["packets", "requests"] = "packets"
    """What a closing keeps out: every packet, or HTTP requests alone."""
    unfit: tuple[Unfit, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    step: tuple[Step, ...]

    def __post_init__(self) -> None:
        """Raise ValueError for a playbook without steps or with two steps of one name."""
        if not self.step:
            # An empty playbook would be finished at once and prove nothing.
            raise ValueError("a playbook needs at least one step")
        ids = [step.id for step in self.step]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"step id {', '.join(twice)} is used twice")
