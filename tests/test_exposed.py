"""A gate judged by all bulletins, on simulated appliances that are asked for real."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pytest

from gatectl.config.shipped import read_advisories
from gatectl.core.check import Answer
from gatectl.core.exposure import Applicability
from gatectl.core.fingerprint import Finding, Recognised, Unrecognised
from gatectl.core.gate import Gate, Host
from gatectl.core.netscaler import Reply
from gatectl.errors import ExitCode, InvalidInput, Unreachable
from gatectl.exposed import GateJudged, judge_gate
from gatectl.simulator.appliance import Appliance, make_pair
from gatectl.transport.contract import Progress, RemoteFile, Stream
from tests.builders import STANDALONE, make_gate

ADVISORIES = read_advisories()
NOW = datetime(2026, 11, 1, tzinfo=UTC)
APPLIES, UNKNOWN, NOT_CONFIGURED, FIXED, NOT_AFFECTED = Applicability
ISN = "set ns tcpparam -enhancedISNgeneration ENABLED"
AAA = "add authentication vserver aaa SSL 203.0.113.11 443"
WEB = "add lb vserver web HTTP 203.0.113.12 80"
NO_GATEWAY = "rm vpn vserver gw_ext"
NOTHING_SHOWN = Unrecognised(because="nobody looked")


class SimulatedSession:
    """Asks a simulated appliance at its own prompt, without a network between."""

    def __init__(self, box: Appliance) -> None:
        self._box = box
        self._cli = box.start_cli(username="nsroot", interactive=False, peer="127.0.0.9")

    def send(self, command: str, *, timeout_s: float) -> Reply:
        """Type a line and read the answer as the transport would."""
        del timeout_s
        text = self._cli.run(command).removesuffix(" Done\n")
        found = text.partition("ERROR: ")
        if found[1]:
            return Reply(text=found[0], error=found[2].strip())
        return Reply(text=text)

    def send_expecting_disconnect(self, command: str, *, timeout_s: float) -> Reply | None:
        """Fail: nothing here may end a session."""
        raise AssertionError(f"{command} within {timeout_s} s was not expected")

    def put(
        self,
        source: Path,
        target: str,
        *,
        sha256: str,
        timeout_s: float,
        progress: Progress | None = None,
    ) -> None:
        """Fail: nothing here may write."""
        raise AssertionError(f"{source} to {target}: {sha256} {timeout_s} {progress}")

    def get(
        self, path: str, sink: BinaryIO, *, limit: int, progress: Progress | None = None
    ) -> RemoteFile:
        """Fail: no file is needed."""
        raise AssertionError(f"{path} {sink} {limit} {progress}")

    def walk(self, path: str, *, limit: int) -> Iterator[RemoteFile]:
        """Fail: no file is needed."""
        raise AssertionError(f"{path} {limit}")

    def dial(self, host: str, port: int, *, timeout_s: float) -> Stream:
        """Fail: nobody connects onwards."""
        raise AssertionError(f"{host} {port} {timeout_s}")

    def close(self) -> None:
        """End the session."""
        self._box.end_cli(self._cli)


def judged(
    build: str,
    *setup: str,
    dtls: bool = False,
    gate: Gate = STANDALONE,
    shown: Finding = NOTHING_SHOWN,
) -> tuple[GateJudged, dict[str, Applicability]]:
    """Set a simulated appliance up, judge it, and see that the looks wrote nothing."""
    pair = make_pair(count=1, build=build, dtls=dtls)
    try:
        (box,) = pair.nodes
        typing = SimulatedSession(box)
        for line in setup:
            assert typing.send(line, timeout_s=1).error is None, line
        written = len(box.writes())
        found = judge_gate(
            gate,
            ADVISORIES,
            connect=lambda _host: SimulatedSession(box),
            shown=shown,
            history=(),
            now=NOW,
        )
        assert len(box.writes()) == written
    finally:
        pair.close()
    return found, {str(one.advisory): one.answer for one in found.nodes[0].exposures}


TABLE: list[tuple[str, tuple[str, ...], str, Applicability]] = [
    ("12.1-55.13", (), "CTX267027", APPLIES),
    ("12.1-55.18", (), "CTX267027", FIXED),
    ("13.0-58.30", (), "CTX276688", FIXED),
    ("13.0-58.30", (), "CTX474995", NOT_CONFIGURED),
    ("13.1-48.47", (), "CTX561482", APPLIES),
    ("13.1-48.47", (NO_GATEWAY,), "CTX561482", NOT_CONFIGURED),
    ("13.1-48.47", (NO_GATEWAY, AAA), "CTX561482", APPLIES),
    ("13.1-49.13", (), "CTX561482", FIXED),
    ("12.1-65.35", (NO_GATEWAY, WEB), "CTX579459", NOT_CONFIGURED),
    ("12.1-65.35", (), "CTX579459", APPLIES),
    ("14.1-43.56", (), "CTX693420", FIXED),
    ("14.1-43.56", (), "CTX694788", APPLIES),
    ("14.1-73.36", (NO_GATEWAY,), "CTX697096", APPLIES),
    ("14.1-73.37", (), "CTX697096", APPLIES),
    ("14.1-73.37", (ISN,), "CTX697096", FIXED),
    ("13.1-64.24", (ISN,), "CTX697096", FIXED),
    ("14.1-73.37", (ISN,), "CTX697174", NOT_CONFIGURED),
]
FIPS_TABLE = [
    ("13.1-37.158", (), "CTX561482", APPLIES),
    ("13.1-37.159", (), "CTX561482", FIXED),
    ("13.1-37.279", (), "CTX697096", APPLIES),
    ("13.1-37.279", (ISN,), "CTX697096", FIXED),
    ("12.1-55.333", (), "CTX697096", UNKNOWN),
]


@pytest.mark.parametrize(("build", "setup", "name", "expected"), TABLE)
def test_simulated_appliance_is_as_the_bulletin_says(
    build: str, setup: tuple[str, ...], name: str, expected: Applicability
) -> None:
    """What the device itself shows gives what a person reads in the bulletin."""
    assert judged(build, *setup)[1][name] is expected


@pytest.mark.parametrize(("build", "setup", "name", "expected"), FIPS_TABLE)
def test_simulated_fips_appliance_is_as_the_bulletin_says(
    build: str, setup: tuple[str, ...], name: str, expected: Applicability
) -> None:
    """The device does not say that it is FIPS; the configuration of the gate does."""
    gate = replace(STANDALONE, fips=True)
    assert judged(build, *setup, gate=gate)[1][name] is expected


def test_nothing_applies_and_all_was_seen() -> None:
    """The newest build with its setting is the one way to exit code 0."""
    found, answers = judged("14.1-73.46", ISN)
    assert set(answers.values()) <= {FIXED, NOT_AFFECTED}
    assert found.code is ExitCode.PROVEN
    assert found.times
    assert not any(time.periods for time in found.times.values())


def test_something_applies() -> None:
    """Exit code 7, with what to install, what to set and how long it stood so."""
    found, _ = judged("13.1-48.47")
    (node,) = found.nodes
    assert found.code is ExitCode.DRIFT
    assert node.remedy.install.build == "13.1-64.24"
    assert node.remedy.settings == (ISN,)
    time = next(time for name, time in found.times.items() if name == "CTX561482")
    assert time.since == datetime(2023, 7, 19, tzinfo=UTC)


def test_something_is_unknown() -> None:
    """A train that a bulletin does not name is unknown, and wakes somebody."""
    assert judged("11.0-63.16")[0].code is ExitCode.MAYBE_OPEN


def test_a_node_that_cannot_be_reached_is_told_beside_one_that_applies() -> None:
    """One node's trouble hides nothing of the other, and its code is that of the trouble."""
    pair = make_pair(count=1, build="13.1-48.47")

    def connect(host: Host) -> SimulatedSession:
        if host.name == "ns-b":
            raise Unreachable("ns-b does not answer")
        return SimulatedSession(pair.nodes[0])

    try:
        found = judge_gate(
            make_gate(), ADVISORIES, connect=connect, shown=NOTHING_SHOWN, history=(), now=NOW
        )
    finally:
        pair.close()
    first, second = found.nodes
    assert (first.code, second.code) == (ExitCode.DRIFT, ExitCode.UNREACHABLE)
    assert {one.answer for one in second.exposures} == {UNKNOWN}
    assert found.code is ExitCode.UNREACHABLE


def test_no_bulletin_at_all_is_refused() -> None:
    """Judging by nothing would say that nothing applies."""
    with pytest.raises(InvalidInput):
        judge_gate(
            STANDALONE,
            {},
            connect=lambda _host: pytest.fail("asked"),
            shown=NOTHING_SHOWN,
            history=(),
            now=NOW,
        )


def test_a_page_of_the_same_build_agrees_and_changes_nothing() -> None:
    """Agreement is told beside the bulletins."""
    shown = Recognised(build="12.1-55.18", because="gzip stamp 1579524387")
    found, _ = judged("12.1-55.18", shown=shown)
    assert found.shown_build.answer is Answer.PASS
    assert found.by_shown_build == ()


def test_a_box_that_says_another_build_than_it_shows_is_drift_by_itself() -> None:
    """Neither is taken for the truth: what applies by the page is told besides."""
    shown = Recognised(build="14.1-43.56", because="gzip stamp 1749552827")
    found, answers = judged("14.1-73.46", ISN, shown=shown)
    assert found.shown_build.answer is Answer.FAIL
    assert found.code is ExitCode.DRIFT
    assert set(answers.values()) <= {FIXED, NOT_AFFECTED}
    assert "CTX694788" in found.by_shown_build
    assert "CTX693420" not in found.by_shown_build


def test_a_build_without_a_published_mark_is_not_known_and_no_drift() -> None:
    """The third finding costs no exit code: no build of 2026 is published."""
    found, _ = judged("14.1-73.46", ISN)
    assert found.shown_build.answer is Answer.UNKNOWN
    assert found.code is ExitCode.PROVEN
