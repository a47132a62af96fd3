"""The configuration as a person writes it; the JSON Schema for editors is made from these types."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from ipaddress import IPv6Address
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from gatectl.core.gate import Address, Network, VserverKind
from gatectl.core.interlock import OVERRIDABLE_AT_REOPENING
from gatectl.core.journalserver import server_flaw
from gatectl.core.notice import Occasion
from gatectl.core.playbook import Purpose, Written
from gatectl.core.window import schedule_flaw


@dataclass(frozen=True, slots=True)
class Form:
    """What a text must look like, for the check, for editors and for the sentence."""

    pattern: str
    what: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Add the check to the type that is annotated."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Add the pattern to the schema that editors use."""
        return {**handler(schema), "pattern": f"^({self.pattern})$"}

    def _check(self, text: str) -> str:
        # The value is not repeated: what stands in the wrong place may be a secret.
        if re.fullmatch(self.pattern, text, flags=re.ASCII) is None:
            raise ValueError(f"must be {self.what}")
        return text


def _without_zone(address: Address) -> Address:
    # The zone of an IPv6 address is free text, and addresses are filled into commands.
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise ValueError("must not name a network interface (the part from the % on)")
    return address


def _expandable(text: str) -> str:
    try:
        Path(text).expanduser()
    except RuntimeError:
        raise ValueError("the home folder that its ~ stands for cannot be found") from None
    return text


LABEL = Form(
    pattern=r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}",
    what="1 to 63 letters, digits, _ and -, with no - in front",
)
"""Names that go into commands, logs and file names."""

Label = Annotated[str, LABEL]
Hostname = Annotated[
    str,
    Form(
        pattern=r"[A-Za-z0-9_:][A-Za-z0-9_.:-]{0,252}",
        what="a host name in plain letters or an IP address, without port",
    ),
]
DeviceName = Annotated[
    str,
    Form(
        pattern=r"[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,126}",
        what="a name of letters, digits and _ . : / - (others have no place in a command)",
    ),
]
Endpoint = Annotated[
    str,
    Form(
        pattern=r"([A-Za-z0-9_][A-Za-z0-9_.-]{0,252}|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}",
        what='host:port, as "intranet.example:443" or "[2001:db8::1]:443"',
    ),
]
Fingerprint = Annotated[
    str,
    Form(
        pattern=r"SHA256:[A-Za-z0-9+/]{43}",
        what="SHA256: and 43 characters, as `gatectl hostkeys` and ssh-keygen -lf print it",
    ),
]
KeyPin = Annotated[
    str,
    Form(
        pattern=r"sha256//[A-Za-z0-9+/]{43}=",
        what="sha256//, 43 characters and =, as `gatectl certificates` prints it",
    ),
]
Username = Annotated[str, Form(pattern=r"[!-~]{1,127}", what="a plain user name, without blanks")]
Principal = Annotated[
    str,
    Form(
        pattern=r"[A-Za-z0-9_][A-Za-z0-9_.+@-]{0,126}",
        what="one name as in the list of signers, such as anna@example, without blanks",
    ),
]
Text = Annotated[str, Form(pattern=r"[^\x00-\x1f\x7f]+", what="some text on one line")]
PathText = Annotated[
    str, Form(pattern=r"[^\x00-\x1f\x7f]+", what="a path"), AfterValidator(_expandable)
]
OneAddress = Annotated[Address, AfterValidator(_without_zone)]
Port = Annotated[int, Field(ge=1, le=65_535)]
Priority = Annotated[int, Field(ge=1, le=100_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenLogin(Written):
    """How to log in to an SSH host; the secret itself is somewhere else."""

    host: Hostname
    port: Port = 22
    username: Username
    agent: Literal[True] | None = None
    key_file: PathText | None = None
    password_file: PathText | None = None
    command: Text | None = None
    credential: Label | None = None
    prompt: Literal[True] | None = None
    host_keys: tuple[Fingerprint, ...] = ()
    legacy_algorithms: bool = False
    session: Literal["interactive", "exec"] = "interactive"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenNode(WrittenLogin):
    """One appliance."""

    name: Label


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFront(Written):
    """Another virtual server through which people come to the gateway."""

    kind: VserverKind
    name: DeviceName


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenVserver(Written):
    """The virtual server that people sign in to."""

    name: DeviceName
    kind: VserverKind = "vpn"
    address: OneAddress
    port: Port = 443
    address6: Annotated[IPv6Address, AfterValidator(_without_zone)] | None = None
    server_name: Hostname | None = None
    fronts: tuple[WrittenFront, ...] = ()
    persistence: tuple[DeviceName, ...] = ()
    certificate_pins: tuple[KeyPin, ...] = ()
    certificate_authorities: PathText | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenVantage(Written):
    """A place from which the gate is looked at."""

    name: Label
    side: Literal["inside", "outside"]
    source: OneAddress | None = None
    control: Endpoint | None = None
    target: Endpoint | None = None
    via: WrittenLogin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTarget(Written):
    """The firmware that `patch` installs when the command line names none."""

    build: Text
    image: PathText
    sha256: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenApprover(Written):
    """Somebody whose signature counts."""

    principal: Principal
    role: Label


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenApproval(Written):
    """Who must agree before the gate is reopened."""

    needed: Annotated[int, Field(ge=0, le=9)]
    allowed_signers: PathText
    people: Annotated[tuple[WrittenApprover, ...], Field(min_length=1)]
    roles: tuple[Label, ...] = ()
    revoked_keys: PathText | None = None
    operator_keys: tuple[Fingerprint, ...] = ()
    valid_minutes: Annotated[int, Field(ge=1, le=10_080)] = 60
    overrides: tuple[Text, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what nobody could ever fulfil, and what means something else than it says."""
        strange = sorted(set(self.overrides) - OVERRIDABLE_AT_REOPENING)
        if strange:
            known = ", ".join(sorted(OVERRIDABLE_AT_REOPENING))
            raise ValueError(f"names {strange[0]} in `overrides`; there is: {known}")
        if self.needed == 0 and not self.overrides:
            raise ValueError("asks nobody for anything: `needed` is 0 and `overrides` is empty")
        names = [person.principal for person in self.people]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"must not name {twice[0]} twice in `people`")
        if len(names) < self.needed:
            raise ValueError(f"needs {self.needed} people, and `people` names {len(names)}")
        absent = sorted(set(self.roles) - {person.role for person in self.people})
        if absent:
            raise ValueError(f"asks for the role {absent[0]}, which nobody in `people` has")
        if len(set(self.roles)) > self.needed:
            raise ValueError(f"asks for more roles than the {self.needed} people that it needs")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenUserGroup(Written):
    """People who work through the gate."""

    group: Text
    count: Annotated[int, Field(ge=0, le=10_000_000)]
    side: Literal["inside", "outside"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenKnownDrift(Written):
    """Something that is other than it should be, and why that is accepted for a while."""

    name: Text
    node: Label | None = None
    reason: Text
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenGate(Written):
    """One way in."""

    advisories: Literal["all"] | Annotated[tuple[Text, ...], Field(min_length=1)]
    office_networks: Annotated[tuple[Network, ...], Field(min_length=1)]
    close_methods: Annotated[tuple[Text, ...], Field(min_length=1)]
    acl_priorities: tuple[Priority, Priority]
    provisional_minutes: Annotated[int, Field(ge=1, le=1440)] = 15
    evidence_max_age_minutes: Annotated[int, Field(ge=1, le=10_080)] = 30
    fips: bool = False
    tags: tuple[Label, ...] = ()
    """Groups that the gate says itself to be in."""
    in_service_since: date | None = None
    off_box_examination: Literal["required", "advised"] = "required"
    pool_networks: tuple[Network, ...] = ()
    accept_closed_page: bool = False
    expected_users: tuple[Username, ...] | None = None
    users: tuple[WrittenUserGroup, ...] = ()
    measure_days: Annotated[int, Field(ge=1, le=365)] = 7
    target: WrittenTarget | None = None
    attestations: tuple[Label, ...] = ()
    approval: WrittenApproval | None = None
    known_drift: tuple[WrittenKnownDrift, ...] = ()
    vserver: WrittenVserver
    nodes: Annotated[tuple[WrittenNode, ...], Field(min_length=1, max_length=2)]
    vantages: Annotated[tuple[WrittenVantage, ...], Field(min_length=1)]


def _usable_server(text: str) -> str:
    flaw = server_flaw(text)
    if flaw:
        raise ValueError(flaw)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenJournalLogin(Written):
    """Where the password for the journal's server is found."""

    password_file: PathText | None = None
    command: Text | None = None
    credential: Label | None = None

    def __post_init__(self) -> None:
        """Refuse a login without a way to a password, or with more ways than one."""
        given = [self.password_file, self.command, self.credential]
        if len([one for one in given if one is not None]) != 1:
            raise ValueError("needs exactly one of password_file, command and credential")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSettings(Written):
    """What holds for all gates."""

    state_dir: PathText | None = None
    journal: Annotated[Text, AfterValidator(_usable_server)] | None = None
    journal_login: WrittenJournalLogin | None = None
    evidence_dir: PathText | None = None
    playbook_dirs: tuple[PathText, ...] = ()
    advisory_dir: PathText | None = None
    operator: Text | None = None

    def __post_init__(self) -> None:
        """Refuse a login for a server that is not named."""
        if self.journal_login is not None and self.journal is None:
            raise ValueError("has a journal_login, and no journal that it is for")


def _usable_schedule(text: str) -> str:
    flaw = schedule_flaw(text)
    if flaw:
        raise ValueError(flaw)
    return text


def _known_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not a time zone of this machine, as Europe/Amsterdam") from None
    return text


Duration = Annotated[
    str,
    Form(
        pattern=r"(?=[0-9])([0-9]{1,2}d)?([0-9]{1,3}h)?([0-9]{1,4}m)?",
        what="a length of time, as 6h, 90m or 1d12h",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenWindow(Written):
    """A time in which work may, or must not, begin."""

    kind: Literal["allow", "deny"]
    schedule: Annotated[str, AfterValidator(_usable_schedule)]
    duration: Duration
    time_zone: Annotated[Text, AfterValidator(_known_zone)] = "UTC"
    gates: Annotated[tuple[Text, ...], Field(min_length=1)] = ("*",)
    verbs: Annotated[tuple[Purpose, ...], Field(min_length=1)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenMessage(Written):
    """Whom to tell of what; the addresses, which often hold a secret, are somewhere else."""

    events: Annotated[tuple[Occasion, ...], Field(min_length=1)]
    gates: Annotated[tuple[Text, ...], Field(min_length=1)] = ("*",)
    command: Text | None = None
    url_file: PathText | None = None
    credential: Label | None = None

    def __post_init__(self) -> None:
        """Refuse a message that has no way to anybody, or more ways than one."""
        given = [one for one in (self.command, self.url_file, self.credential) if one is not None]
        if len(given) != 1:
            raise ValueError("needs exactly one of command, url_file and credential")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenConfiguration(Written):
    """A whole configuration file."""

    settings: WrittenSettings = field(default_factory=WrittenSettings)
    windows: tuple[WrittenWindow, ...] = ()
    messages: tuple[WrittenMessage, ...] = ()
    gates: Annotated[Mapping[Label, WrittenGate], Field(min_length=1)]
    groups: Mapping[Label, Annotated[tuple[Label, ...], Field(min_length=1)]] = field(
        default_factory=dict
    )
    """Gates by the name of a group; a gate's own tags add to these."""
