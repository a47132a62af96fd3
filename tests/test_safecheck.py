"""Each shipped safe check over real sockets: every answer is told apart from every other."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import ip_address

import pytest

from gatectl.config.shipped import read_advisories
from gatectl.core.advisory import Advisory, SafeCheck
from gatectl.core.check import Answer, judge
from gatectl.core.exposure import Applicability, NodeExposure
from gatectl.core.gate import AdvisoryId, Gate, Host, Side
from gatectl.core.plan import RequestTask
from gatectl.core.playbook import Purpose
from gatectl.core.safecheck import Behaviour, CheckFinding
from gatectl.safecheck import send_safe_checks
from gatectl.simulator.rehearsal import SimulatedSite
from gatectl.site import GateLookout
from gatectl.transport.contract import Transport
from tests.builders import NS_A, SHIPPED, make_gate, shipped_plan, shipped_playbook
from tests.cli.keyboard import Keyboard
from tests.ports import HoldPort
from tests.probe_servers import (
    ADDRESS,
    APACHE_403,
    MITIGATED_403,
    NETSCALER_503,
    Credentials,
    Site,
    gateway_site,
    listening,
    make_credentials,
    ok,
    over_tls,
    serving,
)

VULNERABLE, MITIGATED, FIXED, UNKNOWN = Behaviour
CHECKS = [
    (advisory, check) for advisory in read_advisories().values() for check in advisory.safe_checks
]
PROOFS = [one for one in CHECKS if one[1].weight == "proof"]
MARKERS = [one for one in CHECKS if one[1].weight == "marker"]
SMB = b"[global]\r\n\tencrypt passwords = yes\r\n\tname resolve order = lmhosts\r\n"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nServer: Apache\r\nContent-Length: 4\r\n\r\nnope"
CUT = b""
"""The connection is closed without a byte."""


def named(one: tuple[Advisory, SafeCheck]) -> str:
    """Name a check for the report of a test."""
    return f"{one[0].id}-{one[1].name}"


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    """Make one certificate for all servers of this module."""
    return make_credentials(tmp_path_factory.mktemp("tls"))


def gate_at(port: int, *, outside: int | None = None) -> Gate:
    """Make a gate whose vantages look at loopback."""
    gate = make_gate()
    ports = {Side.INSIDE: port, Side.OUTSIDE: port if outside is None else outside}
    vantages = tuple(
        replace(one, control=None, target=(ADDRESS, ports[one.side])) for one in gate.vantages
    )
    vserver = replace(gate.vserver, address=ip_address(ADDRESS), server_name="gate.test")
    return replace(gate, vserver=vserver, vantages=vantages)


def nobody(host: Host) -> Transport:
    """Fail: these vantages look from this machine."""
    raise AssertionError(f"{host.name} was connected to")


def exposure(advisory: AdvisoryId, answer: Applicability) -> NodeExposure:
    """Say what a bulletin means for the node by its build."""
    return NodeExposure(
        node=NS_A,
        advisory=advisory,
        build="",
        answer=answer,
        because="",
        cves=(),
        settings=(),
        avoid="",
    )


def checked(
    gate: Gate, one: tuple[Advisory, SafeCheck], build: Applicability = Applicability.APPLIES
) -> CheckFinding:
    """Send one check."""
    advisory = replace(one[0], safe_checks=(one[1],))
    (found,) = send_safe_checks(gate, nobody, (advisory,), (exposure(advisory.id, build),))
    assert found.because
    return found


def answering(check: SafeCheck, answer: bytes, *, sign_on: bytes | None = None) -> Site:
    """Answer the check's request so, and everything else as a gateway does."""

    def site(target: str) -> bytes:
        if target == check.path:
            return answer
        return gateway_site(target) if sign_on is None else sign_on

    return site


def vulnerable_answer(check: SafeCheck) -> bytes:
    """Give what published checkers saw of a vulnerable gateway."""
    return APACHE_403 if check.name == "vpns-folder" else ok(SMB)


@pytest.fixture
def serve(credentials: Credentials) -> Iterator[Callable[[Site], int]]:
    """Start servers that end with the test."""
    from contextlib import ExitStack  # noqa: PLC0415 - only here

    with ExitStack() as stack:

        def start(site: Site) -> int:
            handler = over_tls(credentials, serving(site))
            return stack.enter_context(listening(handler))

        yield start


Serve = Callable[[Site], int]
APPLIES, IS_FIXED, NOT_KNOWN = (
    Applicability.APPLIES,
    Applicability.FIXED,
    Applicability.UNKNOWN,
)


@pytest.mark.parametrize("one", PROOFS, ids=named)
@pytest.mark.parametrize(
    ("situation", "build", "behaviour"),
    [
        ("vulnerable", APPLIES, VULNERABLE),
        ("vulnerable", IS_FIXED, VULNERABLE),
        ("apache-403", APPLIES, VULNERABLE),
        ("mitigated", APPLIES, MITIGATED),
        ("mitigated", IS_FIXED, FIXED),
        ("mitigated", NOT_KNOWN, UNKNOWN),
        ("404", IS_FIXED, FIXED),
        ("404", APPLIES, UNKNOWN),
        ("dropped", IS_FIXED, FIXED),
        ("dropped", APPLIES, UNKNOWN),
        ("broken", APPLIES, UNKNOWN),
        ("broken", IS_FIXED, UNKNOWN),
    ],
)
def test_each_answer_is_told_apart(
    serve: Serve,
    one: tuple[Advisory, SafeCheck],
    situation: str,
    build: Applicability,
    behaviour: Behaviour,
) -> None:
    """A working mitigation, Apache's own 403, a fixed build and a broken gateway differ."""
    check = one[1]
    answers = {
        "vulnerable": vulnerable_answer(check),
        "apache-403": APACHE_403,
        "mitigated": MITIGATED_403,
        "404": NOT_FOUND,
        "dropped": CUT,
        "broken": MITIGATED_403,
    }
    sign_on = NETSCALER_503 if situation == "broken" else None
    port = serve(answering(check, answers[situation], sign_on=sign_on))
    found = checked(gate_at(port), one, build)
    assert (found.behaviour, found.side) == (
        behaviour,
        Side.INSIDE if situation == "broken" else Side.OUTSIDE,
    )


@pytest.mark.parametrize("one", CHECKS, ids=named)
@pytest.mark.parametrize("build", [APPLIES, IS_FIXED])
def test_a_gateway_that_is_shut_is_unknown(
    one: tuple[Advisory, SafeCheck], build: Applicability, shut_port: HoldPort
) -> None:
    """Not vulnerable, because it is shut, says nothing."""
    assert checked(gate_at(shut_port()), one, build).behaviour is UNKNOWN


@pytest.mark.parametrize("one", PROOFS, ids=named)
def test_a_closed_gate_is_asked_from_inside(
    serve: Serve, one: tuple[Advisory, SafeCheck], shut_port: HoldPort
) -> None:
    """Whoever closed it still learns whether it could be opened."""
    port = serve(answering(one[1], vulnerable_answer(one[1])))
    found = checked(gate_at(port, outside=shut_port()), one)
    assert (found.behaviour, found.side) == (VULNERABLE, Side.INSIDE)


def headed(*lines: str) -> bytes:
    """Answer with these headers, and the sign-on page."""
    page = b"<title>Citrix Gateway</title>frame-busting"
    head = "".join(f"{line}\r\n" for line in lines)
    length = "" if "Content-Length" in head else f"Content-Length: {len(page)}\r\n"
    return f"HTTP/1.1 200 OK\r\n{head}{length}\r\n".encode() + page


@pytest.mark.parametrize(
    ("name", "line", "behaviour"),
    [
        ("sign-on-last-modified", "Last-Modified: Mon, 10 Jul 2023 18:36:14 GMT", FIXED),
        ("sign-on-last-modified", "Last-Modified: Sat, 01 Jan 2022 00:00:00 GMT", UNKNOWN),
        ("nsepa-size", "Content-Length: 11230664", VULNERABLE),
        ("nsepa-size", "Content-Length: 10688726", FIXED),
        ("nsepa-size", "Content-Length: 3", UNKNOWN),
    ],
)
def test_a_marker_is_read_by_its_mark(
    serve: Serve, name: str, line: str, behaviour: Behaviour
) -> None:
    """Each mark that is published, and one that is not."""
    (one,) = [one for one in MARKERS if one[1].name == name]
    port = serve(answering(one[1], headed(line)))
    assert checked(gate_at(port), one).behaviour is behaviour


def test_a_way_that_breaks_between_the_requests_is_unknown(serve: Serve) -> None:
    """A dropped answer counts only where the gateway still serves people after it."""
    asked: list[str] = []

    def breaking(target: str) -> bytes:
        asked.append(target)
        return gateway_site(target) if len(asked) == 1 else CUT

    found = checked(gate_at(serve(breaking)), PROOFS[0], IS_FIXED)
    assert found.behaviour is UNKNOWN
    assert len(asked) == 3


def test_every_check_that_is_shipped_is_among_these() -> None:
    """A new one has to be told apart as well."""
    assert {named(one) for one in CHECKS} == {
        "CTX267027-smb-conf",
        "CTX267027-vpns-folder",
        "CTX267027-smb-conf-encoded",
        "CTX561482-sign-on-last-modified",
        "CTX697096-nsepa-size",
    }


@pytest.mark.parametrize(
    ("build", "answer", "mitigated", "closed", "behaviour"),
    [
        ("12.1-55.13", "404", False, False, "vulnerable"),
        ("12.1-55.13", "404", True, False, "mitigated"),
        ("12.1-55.13", "404", False, True, "vulnerable"),
        ("12.1-55.18", "404", False, False, "fixed"),
        ("12.1-55.18", "403", False, False, "fixed"),
        ("12.1-55.18", "drop", False, False, "fixed"),
    ],
)
def test_a_simulated_gateway_shows_what_it_is(
    tmp_path_factory: pytest.TempPathFactory,
    build: str,
    answer: str,
    mitigated: bool,
    closed: bool,
    behaviour: str,
) -> None:
    """Whichever way a fixed build turns the request away, it is not taken for a mitigation."""
    with SimulatedSite(speed=240.0, build=build, fixed_build_answer=answer) as site:  # type: ignore[arg-type]  # three words
        keyboard = Keyboard.at(site, tmp_path_factory.mktemp("site"))
        for verb, wanted in (("mitigate", mitigated), ("close", closed)):
            assert not wanted or keyboard.type(verb).code == 0
        shown = keyboard.type("exposed", "--in-force", "--check", "--json")
    checks = shown.gate["checks"]
    assert {one["behaviour"] for one in checks} == {behaviour}
    assert {one["side"] for one in checks} == {"inside" if closed else "outside"}
    assert len(checks) == 3
    assert shown.written == ()


MITIGATIONS = [name for name in SHIPPED if shipped_playbook(name).purpose is Purpose.MITIGATE]


@pytest.mark.parametrize("name", MITIGATIONS)
@pytest.mark.parametrize(
    ("answer", "sign_on", "verdicts"),
    [
        (MITIGATED_403, None, ("pass", "pass")),
        (APACHE_403, None, ("fail", "pass")),
        (ok(SMB), None, ("fail", "pass")),
        (NOT_FOUND, None, ("fail", "pass")),
        (CUT, None, ("unknown", "pass")),
        (MITIGATED_403, NETSCALER_503, ("pass", "fail")),
        (MITIGATED_403, CUT, ("pass", "unknown")),
    ],
    ids=["mitigated", "apache-403", "vulnerable", "404", "dropped", "broken", "silent"],
)
def test_a_mitigation_is_proven_by_both_of_its_requests(
    serve: Serve, name: str, answer: bytes, sign_on: bytes | None, verdicts: tuple[str, str]
) -> None:
    """Only a working mitigation passes both: one request is blocked, and one passes."""
    tasks = [step.task for step in shipped_plan(name).steps]
    blocked, passing = [task for task in tasks if isinstance(task, RequestTask)]
    check = SafeCheck(name=name, path=blocked.path, weight="proof", vulnerable="")
    lookout = GateLookout(gate_at(serve(answering(check, answer, sign_on=sign_on))), nobody)
    found = [
        judge(lookout.request(Side.OUTSIDE, task.method, task.path).observation, task.holds)
        for task in (blocked, passing)
    ]
    assert tuple(verdict.answer for verdict in found) == tuple(map(Answer, verdicts))
