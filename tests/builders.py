"""Small builders of gates, plans and journals, for tests that need a whole one of something."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path

from gatectl.config.playbooks import read_playbook
from gatectl.core.advisory import Advisory, RequiredSetting
from gatectl.core.check import Expectation, Verdict, passed
from gatectl.core.event import (
    Event,
    Mode,
    Outcome,
    Recorded,
    RunId,
    RunStarted,
    StepEnded,
    StepStarted,
)
from gatectl.core.gate import (
    AdvisoryId,
    Front,
    Gate,
    GateName,
    GateState,
    Host,
    Node,
    NodeName,
    Role,
    SecretRef,
    Side,
    Vantage,
    VantageName,
    Vserver,
)
from gatectl.core.moment import Moment
from gatectl.core.plan import (
    DeviceTask,
    Direction,
    GateFacts,
    Plan,
    PlannedId,
    PlannedStep,
    Task,
)
from gatectl.core.planning import build_plan
from gatectl.core.playbook import OnFail, Playbook, Purpose, Retry
from gatectl.core.run import Run

ALMELO = GateName("almelo")
NS_A = NodeName("ns-a")
NS_B = NodeName("ns-b")
START = datetime(2026, 1, 18, 20, 0, tzinfo=UTC)
BOOT = "1768000000"
"""The second in which the nodes began to run."""
PLAYBOOKS = Path(__file__).resolve().parent.parent / "playbooks"
SHIPPED = tuple(sorted(path.stem for path in PLAYBOOKS.glob("*.toml")))

BULLETIN = Advisory(
    id=AdvisoryId("CTX267027"),
    title="A path that leaves /vpn/",
    published=date(2019, 12, 17),
    cves=("CVE-2019-19781",),
    fixed={"12.1": "12.1-55.18", "13.0": "13.0-47.24", "13.1-FIPS": "13.1-37.38"},
    unaffected=("14.1",),
    mitigation="mitigate-cve-2019-19781",
    mitigation_ignored=(("12.1-0.0", "12.1-50.30"),),
)
BULLETINS = {BULLETIN.id: BULLETIN}


SETTING_BULLETIN = replace(
    BULLETIN,
    id=AdvisoryId("CTX697096"),
    required_settings=(
        RequiredSetting(
            cves=("CVE-2026-88778",),
            show="show ns tcpparam",
            field="enhanced_isn_generation",
            equals="ENABLED",
            set="set ns tcpparam -enhancedISNgeneration ENABLED",
        ),
    ),
)
RICH_BULLETINS = {**BULLETINS, SETTING_BULLETIN.id: SETTING_BULLETIN}


def host(name: str) -> Host:
    """Make an SSH host that nobody ever connects to."""
    return Host(
        name=name,
        address="192.0.2.250",
        username="gatectl",
        secret=SecretRef(kind="agent"),
        host_keys=("SHA256:none",),
    )


def make_gate(
    *,
    nodes: tuple[NodeName, ...] = (NS_A, NS_B),
    offices: tuple[str, ...] = ("192.0.2.0/26", "198.51.100.7/32"),
    acl_priorities: tuple[int, int] = (10, 99),
    fips: bool = False,
    evidence_max_age_s: int = 1800,
) -> Gate:
    """Make the gate of the example: a pair, two offices, a vantage on each side."""
    return Gate(
        name=ALMELO,
        nodes=tuple(Node(name=name, host=host(name)) for name in nodes),
        vserver=Vserver(name="gw_ext", address=ip_address("203.0.113.10")),
        office_networks=tuple(ip_network(office) for office in offices),
        close_methods=("close-acl", "close-vserver"),
        acl_priorities=acl_priorities,
        advisories=(BULLETIN.id,),
        vantages=tuple(
            Vantage(name=VantageName(side.value), side=side, control=("192.0.2.1", 443))
            for side in Side
        ),
        evidence_max_age_s=evidence_max_age_s,
        fips=fips,
    )


def rich_gate() -> Gate:
    """Make a gate that has everything a playbook may have a step for."""
    gate = make_gate(offices=("192.0.2.0/26", "198.51.100.7/32", "2001:db8:1::/48"))
    vserver = replace(
        gate.vserver,
        address6=IPv6Address("2001:db8::10"),
        fronts=(Front(kind="cs", name="cs_portal"), Front(kind="authentication", name="aaa_gw")),
        persistence=("lb_storefront",),
    )
    return replace(gate, vserver=vserver, advisories=tuple(RICH_BULLETINS))


def make_facts(
    *,
    state: GateState = GateState.OPEN,
    roles: Mapping[NodeName, Role] | None = None,
    builds: Mapping[NodeName, str] | None = None,
    closed_by: tuple[str, ...] = (),
    boots: Mapping[NodeName, str] | None = None,
) -> GateFacts:
    """Make the facts of a pair whose first node is primary, both on an old build."""
    if roles is None:
        roles = {NS_A: Role.PRIMARY, NS_B: Role.SECONDARY}
    return GateFacts(
        state=state,
        roles=roles,
        builds=dict.fromkeys(roles, "12.1-50.28") if builds is None else builds,
        closed_by=closed_by,
        boots=dict.fromkeys(roles, BOOT) if boots is None else boots,
        host_keys={node: host(node).host_keys for node in roles},
    )


STANDALONE = make_gate(nodes=(NS_A,))
STANDALONE_FACTS = make_facts(roles={NS_A: Role.PRIMARY})


def shipped_playbook(name: str) -> Playbook:
    """Read a playbook that comes with gatectl."""
    return read_playbook(name, (PLAYBOOKS,))


PATCH_PARAMETERS = {
    "build": "12.1-55.18",
    "image": "/srv/images/build-12.1-55.18_nc_64.tgz",
    "image_sha256": "ab" * 32,
}


def shipped_plan(
    name: str,
    *,
    gate: Gate | None = None,
    facts: GateFacts | None = None,
    direction: Direction = Direction.DO,
    **parameters: str,
) -> Plan:
    """Plan a shipped playbook for a gate."""
    playbook = shipped_playbook(name)
    return build_plan(
        playbook,
        gate or make_gate(),
        facts or make_facts(),
        parameters={**PATCH_PARAMETERS, **parameters} if playbook.parameters else {},
        advisories=RICH_BULLETINS,
        direction=direction,
    )


ONCE = Retry(attempts=1, wait_s=0.1, deadline_s=5.0)
TWICE = Retry(attempts=2, wait_s=0.1, deadline_s=5.0)


def device_task(
    *,
    node: NodeName = NS_A,
    look: str = "show ns config",
    holds: tuple[Expectation, ...] = (Expectation(field="saved", equals="yes"),),
    act: tuple[str, ...] = ("save ns config",),
    undone: bool = False,
    idle: str | None = None,
    disconnects: bool = False,
) -> DeviceTask:
    """Make the claim that the configuration of a node is saved, or another one."""
    return DeviceTask(
        node=node,
        look=look,
        holds=holds,
        undone=undone,
        act=act,
        idle=idle,
        disconnects=disconnects,
        act_timeout_s=60.0,
    )


def planned(
    name: str = "saved",
    task: Task | None = None,
    *,
    on_fail: OnFail = OnFail.HOLD,
    proves: str | None = None,
    retry: Retry = TWICE,
    precheck: bool = False,
) -> PlannedStep:
    """Make a step that is ready to be carried out."""
    return PlannedStep(
        id=PlannedId(name),
        claim=name.partition("@")[0],
        title=f"the step {name}",
        task=task or device_task(),
        retry=retry,
        on_fail=on_fail,
        proves=proves,
        precheck=precheck,
    )


def plan_of(
    *steps: PlannedStep,
    purpose: Purpose = Purpose.MAINTAIN,
    playbook: str = "upkeep",
    direction: Direction = Direction.DO,
) -> Plan:
    """Make a plan of these steps."""
    return Plan(
        gate=ALMELO,
        playbook=playbook,
        title=f"the playbook {playbook}",
        purpose=purpose,
        direction=direction,
        needs_shut=False,
        parameters={},
        facts=make_facts(),
        advisory=None,
        overrides={},
        steps=steps,
    )


def moment_at(at: datetime) -> Moment:
    """Read both clocks at a time of the chronicle's."""
    return Moment(at=at, boot_time_ns=int((at - START).total_seconds() * 1e9), boot_id="boot-1")


class Chronicle:
    """A journal that is only a list; each event comes a second after the one before."""

    def __init__(self, start: datetime = START) -> None:
        self.now = start
        self.records: list[Recorded] = []

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    def add(self, event: Event, *, run: str | None = "r1") -> Recorded:
        """Write an event down."""
        self.wait(1)
        recorded = Recorded(
            sequence=len(self.records) + 1,
            at=self.now,
            boot_time_ns=int((self.now - START).total_seconds() * 1e9),
            boot_id="boot-1",
            gate=ALMELO,
            run=None if run is None else RunId(run),
            actor="j.jansen",
            origin="test",
            event=event,
        )
        self.records.append(recorded)
        return recorded

    def begin(self, plan: Plan, *, run: str = "r1", mode: Mode = Mode.REAL) -> Recorded:
        """Write down that a plan was started."""
        return self.add(RunStarted(plan=plan, digest=plan.digest, mode=mode), run=run)

    def run(self) -> Run:
        """Fold what is written down into its run."""
        run = Run.from_events(self.records)
        assert run is not None
        return run


def started(step: PlannedStep) -> StepStarted:
    """Say that a step's turn came."""
    return StepStarted(step=step.id, title=step.title, node=step.node)


def ended(
    step: PlannedStep, outcome: Outcome = Outcome.DONE, verdict: Verdict | None = None
) -> StepEnded:
    """Say how a step ended."""
    return StepEnded(
        step=step.id,
        title=step.title,
        node=step.node,
        outcome=outcome,
        verdict=verdict or passed("it holds"),
        proves=step.proves,
        elapsed_s=0.1,
    )


def lines_sent(plan: Plan) -> list[str]:
    """List what a plan would send to each node, in order."""
    return [f"{step.node}: {line}" for step in plan.steps for line in step.writes]


def ids(steps: Iterable[PlannedStep]) -> list[str]:
    """List the names of steps."""
    return [step.id for step in steps]
