import gzip
import json
import random
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from pydantic import TypeAdapter

import gatectl
from gatectl.core.check import Answer
from gatectl.core.collection import (
    CollectedFile,
    Collection,
    CommandOutput,
    Footprint,
    MissingPart,
    OwnCommand,
    OwnFile,
)
from gatectl.core.gate import NodeName
from gatectl.core.indicators import (
    CompromiseAnswer,
    CompromiseVerdict,
    Indicator,
    IndicatorError,
    IndicatorId,
    Kind,
    Severity,
    judge_collection,
    judge_depth,
)
from tests.indicator_samples import (
    CLEAN,
    INSTALLED,
    NODE,
    NOW,
    NS_CONF,
    SAMPLES,
    TRAVERSAL,
    Sample,
    access_line,
    file,
    ps,
    shell_line,
    shell_log,
)

EXPOSED_SINCE = datetime(2020, 1, 10, tzinfo=UTC)
USERS = frozenset({"backup-operator"})
FOLDER = Path(gatectl.__file__).parent / "indicators"


def shipped() -> Iterator[Indicator]:
    """Read the indicators as they are shipped."""
    adapter = TypeAdapter(tuple[Indicator, ...])
    for path in sorted(FOLDER.glob("*.toml")):
        yield from adapter.validate_python(tomllib.loads(path.read_text())["indicator"])


INDICATORS = tuple(shipped())
IDS = [indicator.id for indicator in INDICATORS]


def with_pieces(*pieces: Sample, base: Collection = CLEAN) -> Collection:
    """Add evidence to a collection."""
    files = tuple(piece for piece in pieces if isinstance(piece, CollectedFile))
    outputs = tuple(piece for piece in pieces if isinstance(piece, CommandOutput))
    return replace(base, files=base.files + files, outputs=base.outputs + outputs)


def judge(
    collection: Collection,
    *,
    since: datetime | None = EXPOSED_SINCE,
    users: frozenset[str] | None = USERS,
) -> CompromiseVerdict:
    """Judge with all shipped indicators."""
    return judge_collection(collection, INDICATORS, exposed_since=since, expected_users=users)


def fired(verdict: CompromiseVerdict) -> set[str]:
    """Name the indicators that fired."""
    return {finding.indicator for finding in verdict.findings}


def test_clean_collection_is_clean() -> None:
    """An appliance in daily use, mitigation and backups included, shows no sign at all."""
    verdict = judge(CLEAN)
    assert (verdict.answer, verdict.findings, verdict.doubts) == (CompromiseAnswer.CLEAN, (), ())


@pytest.mark.parametrize("indicator", INDICATORS, ids=IDS)
def test_each_indicator_fires_alone_on_its_sample(indicator: Indicator) -> None:
    """A single trace on a clean appliance is found by its own indicator and by no other."""
    verdict = judge(with_pieces(SAMPLES[indicator.id]))
    assert fired(verdict) == {indicator.id}
    tried = indicator.severity is Severity.ATTEMPT
    assert verdict.answer is (CompromiseAnswer.SCANNED if tried else CompromiseAnswer.COMPROMISED)
    assert {finding.source for finding in verdict.findings} == {indicator.source}


@pytest.mark.parametrize("indicator", INDICATORS, ids=IDS)
def test_trace_alone_in_an_image_is_still_a_compromise(indicator: Indicator) -> None:
    """A folder that holds one trace and nothing else says compromised, or that it cannot tell."""
    sample = SAMPLES[indicator.id]
    collection = with_pieces(sample, base=Collection(files=(), collected_at=NOW))
    verdict = judge(collection)
    weak = indicator.severity is Severity.ATTEMPT or indicator.kind is Kind.NEWER_THAN_BUILD
    wanted = CompromiseAnswer.INCONCLUSIVE if weak else CompromiseAnswer.COMPROMISED
    assert verdict.answer is wanted


def test_no_sample_and_no_indicator_is_left_over() -> None:
    """Every sample belongs to an indicator, and ids are unique."""
    assert set(SAMPLES) == set(IDS)
    assert len(IDS) == len(set(IDS))


def test_each_indicator_names_its_source() -> None:
    """Nobody is called compromised on the word of nobody."""
    assert all(indicator.source and indicator.title and indicator.about for indicator in INDICATORS)


def test_empty_collection_is_inconclusive() -> None:
    """An empty folder proves nothing."""
    assert judge(Collection(files=(), collected_at=NOW)).answer is CompromiseAnswer.INCONCLUSIVE


def test_no_indicators_is_inconclusive() -> None:
    """Judging by nothing clears nobody."""
    verdict = judge_collection(CLEAN, (), exposed_since=None)
    assert verdict.answer is CompromiseAnswer.INCONCLUSIVE


def test_missing_part_is_inconclusive() -> None:
    """A part that could not be collected may hold the sign, and is named."""
    part = MissingPart(node=NODE, part="/var/log/ns.log", because="the connection broke")
    verdict = judge(replace(CLEAN, missing=(part,)))
    assert verdict.answer is CompromiseAnswer.INCONCLUSIVE
    assert "/var/log/ns.log" in verdict.because


def test_compromise_wins_over_missing_part() -> None:
    """What is proven stays proven, whatever else is missing."""
    part = MissingPart(node=NODE, part="/tmp", because="refused")
    verdict = judge(replace(with_pieces(SAMPLES["19781-coin-miner"]), missing=(part,)))
    assert verdict.answer is CompromiseAnswer.COMPROMISED
    assert verdict.doubts


def test_missing_part_wins_over_attempts() -> None:
    """Attempts with a hole in the evidence are not merely attempts."""
    part = MissingPart(node=NODE, part="/tmp", because="refused")
    verdict = judge(replace(with_pieces(SAMPLES["19781-scan-refused"]), missing=(part,)))
    assert verdict.answer is CompromiseAnswer.INCONCLUSIVE


def test_node_without_evidence_is_inconclusive() -> None:
    """One node of a pair does not clear the other."""
    verdict = judge(replace(CLEAN, nodes=(NODE, NodeName("ns2"))))
    assert verdict.answer is CompromiseAnswer.INCONCLUSIVE


def drop(path: str) -> Callable[[CollectedFile], CollectedFile | None]:
    """Leave one file out."""
    return lambda given: None if given.path == path else given


def changed(rule: Callable[[CollectedFile], CollectedFile | None]) -> Collection:
    """Give the clean collection with each file changed, or left out, by a rule."""
    files = tuple(kept for given in CLEAN.files if (kept := rule(given)) is not None)
    return replace(CLEAN, files=files)


@pytest.mark.parametrize("path", ["/var/log/httpaccess.log", "/var/log/bash.log"])
def test_missing_log_is_inconclusive(path: str) -> None:
    """An appliance without its logs may have had them removed."""
    assert judge(changed(drop(path)), since=None).answer is CompromiseAnswer.INCONCLUSIVE


@pytest.mark.parametrize("path", ["/var/log/httpaccess.log", "/var/log/bash.log"])
def test_emptied_log_is_inconclusive(path: str) -> None:
    """A log of no bytes says as little as no log."""
    rule = drop(path)
    emptied = changed(lambda given: rule(given) or replace(given, size=0, content=b""))
    assert judge(emptied, since=None).answer is CompromiseAnswer.INCONCLUSIVE


def test_logs_that_start_after_the_exposure_are_inconclusive() -> None:
    """What was rotated away before the first line may hold the attack; both logs are named."""
    verdict = judge(CLEAN, since=datetime(2019, 12, 17, tzinfo=UTC))
    assert verdict.answer is CompromiseAnswer.INCONCLUSIVE
    assert len(verdict.doubts) == 2


def test_hole_in_a_row_of_rotated_logs_is_inconclusive() -> None:
    """Rotation drops the oldest log, never one from the middle."""
    logs = [file(f"/var/log/bash.log.{n}", shell_line("ls"), mtime=NOW) for n in (0, 2)]
    verdict = judge(with_pieces(*logs))
    assert verdict.doubts == ("ns1: /var/log/bash.log.1 is missing between its neighbours",)


@pytest.mark.parametrize(
    "content",
    [None, gzip.compress(b"x" * 900)[:-20], b"\x1f\x8bnonsense", b"BZh91AY"],
    ids=["not-fetched", "cut", "no-gzip", "bzip2"],
)
def test_unreadable_log_is_inconclusive(content: bytes | None) -> None:
    """A log that was not fetched, or is cut or damaged, is a hole and no crash."""
    verdict = judge(with_pieces(file("/var/log/bash.log.0.gz", content, mtime=NOW)))
    assert verdict.answer is CompromiseAnswer.INCONCLUSIVE
    assert "/var/log/bash.log.0.gz" in verdict.because


def test_unknown_time_of_installation_is_inconclusive() -> None:
    """Without the day of the build nobody can say which system file is newer."""
    base = changed(drop("/flash/ns-12.1-55.18.gz"))
    page = file("/netscaler/ns_gui/admin_ui/php/log.php")
    assert judge(with_pieces(page, base=base)).answer is CompromiseAnswer.INCONCLUSIVE


def test_told_time_of_installation_is_used() -> None:
    """The journal's time of the installation replaces the traces on the appliance."""
    page = file("/netscaler/ns_gui/admin_ui/php/log.php", mtime=NOW)
    verdict = judge_collection(
        with_pieces(page), INDICATORS, exposed_since=None, installed_at={NODE: NOW}
    )
    assert verdict.answer is CompromiseAnswer.CLEAN


def test_files_of_the_installation_itself_are_not_newer() -> None:
    """What the installation writes within hours belongs to it; what comes days later does not."""
    path = "/netscaler/ns_gui/admin_ui/php/log.php"
    during = file(path, mtime=INSTALLED + timedelta(hours=5))
    assert judge(with_pieces(during)).answer is CompromiseAnswer.CLEAN
    after = file(path, mtime=INSTALLED + timedelta(days=2))
    assert judge(with_pieces(after)).answer is CompromiseAnswer.COMPROMISED


def test_big_file_is_left_to_indicators_without_a_limit() -> None:
    """A client package that is too big to be fetched is no hole in the evidence."""
    package = replace(file("/netscaler/ns_gui/vpn/scripts/linux/n.deb", None), size=50_000_000)
    assert judge(with_pieces(package)).answer is CompromiseAnswer.CLEAN
    small = replace(package, size=1000)
    assert judge(with_pieces(small)).answer is CompromiseAnswer.INCONCLUSIVE


def own_command(command: str, at: datetime) -> Footprint:
    """Make the footprint of one command."""
    return Footprint(commands=(OwnCommand(node=NODE, at=at, command=command),))


READ_KEYS = "cat /flash/nsconfig/keys/updated/F1.key"
READ_AT = datetime(2020, 1, 19, 23, 26, 52, tzinfo=UTC)


def test_own_command_is_subtracted() -> None:
    """What gatectl typed itself is no sign, so a second scan answers as the first."""
    collection = with_pieces(shell_log(READ_KEYS))
    ours = replace(collection, footprint=own_command(f"shell {READ_KEYS}", READ_AT))
    assert judge(ours).answer is CompromiseAnswer.CLEAN


def test_own_command_is_subtracted_by_the_device_clock() -> None:
    """A node whose clock is an hour ahead logs gatectl's commands an hour later."""
    footprint = own_command(READ_KEYS, READ_AT - timedelta(hours=1))
    collection = replace(with_pieces(shell_log(READ_KEYS)), footprint=footprint)
    assert judge(collection).answer is CompromiseAnswer.COMPROMISED
    skewed = replace(collection, device_skew_s={NODE: 3600.0})
    assert judge(skewed).answer is CompromiseAnswer.CLEAN


@pytest.mark.parametrize(
    "footprint",
    [
        own_command(READ_KEYS, READ_AT + timedelta(hours=1)),
        own_command("cat /flash/nsconfig", READ_AT),
        Footprint(
            commands=(OwnCommand(node=NodeName("ns2"), at=READ_AT, command=READ_KEYS),),
        ),
    ],
    ids=["other-time", "other-command", "other-node"],
)
def test_command_of_somebody_else_is_kept(footprint: Footprint) -> None:
    """The same words at another time, more words, or another node are not gatectl's own."""
    collection = replace(with_pieces(shell_log(READ_KEYS)), footprint=footprint)
    assert judge(collection).answer is CompromiseAnswer.COMPROMISED


def test_own_command_does_not_hide_a_second_one_behind_it() -> None:
    """A line that holds gatectl's command and goes on is not gatectl's."""
    collection = with_pieces(shell_log(f"{READ_KEYS}; ldapsearch -x"))
    ours = replace(collection, footprint=own_command(READ_KEYS, READ_AT))
    assert judge(ours).answer is CompromiseAnswer.COMPROMISED


def test_own_probe_is_subtracted() -> None:
    """The safe check of CVE-2019-19781 that gatectl sends is no scan by a stranger."""
    at = datetime(2020, 1, 18, 0, 15, 29, tzinfo=UTC)
    collection = with_pieces(SAMPLES["19781-scan-refused"])
    ours = replace(collection, footprint=own_command(f"{TRAVERSAL}/cfg/smb.conf", at))
    assert judge(ours).answer is CompromiseAnswer.CLEAN


def test_own_process_is_subtracted() -> None:
    """A scanner that gatectl runs from /var/tmp is in the process list, and is not a sign."""
    command = "sh /var/tmp/scanner.sh"
    collection = with_pieces(ps(f"root 7 {command}"))
    assert judge(collection).answer is CompromiseAnswer.COMPROMISED
    ours = replace(collection, footprint=own_command(f"shell {command}", NOW))
    assert judge(ours).answer is CompromiseAnswer.CLEAN


def test_own_file_is_subtracted_until_it_changes() -> None:
    """A file that gatectl wrote is its own only as long as it has gatectl's content."""
    copy = file("/tmp/n.conf", NS_CONF, mode=0o100644)
    own = OwnFile(node=NODE, at=NOW, path=copy.path, sha256=copy.sha256)
    collection = replace(with_pieces(copy), footprint=Footprint(files=(own,)))
    assert judge(collection).answer is CompromiseAnswer.CLEAN
    other = replace(collection, footprint=Footprint(files=(replace(own, sha256="0" * 64),)))
    assert judge(other).answer is CompromiseAnswer.COMPROMISED


def test_same_evidence_gives_the_same_verdict_in_any_order() -> None:
    """The answer, its findings and its reason do not depend on the order of collection."""
    collection = with_pieces(*SAMPLES.values())
    files = list(collection.files)
    random.Random(19781).shuffle(files)  # noqa: S311 - an order, no secret
    assert judge(collection) == judge(replace(collection, files=tuple(files)))


def test_unknown_users_are_judged_only_when_the_known_ones_are_told() -> None:
    """A site's own administrators are no intruders; those on the list are expected."""
    mine = file("/flash/nsconfig/ns.conf", "add system user backup-operator x\n")
    assert judge(with_pieces(mine)).answer is CompromiseAnswer.CLEAN
    assert judge(with_pieces(mine), users=frozenset()).answer is CompromiseAnswer.COMPROMISED
    assert judge(with_pieces(mine), users=None).answer is CompromiseAnswer.CLEAN


def test_finding_says_where_it_was_seen() -> None:
    """A finding in a log names the file, the line's number and the line."""
    lines = access_line("GET /", 200) + access_line(f"{TRAVERSAL}/portal/x.xml", 200)
    (finding,) = judge(with_pieces(file("/var/log/httpaccess.log.0", lines, mtime=NOW))).findings
    assert (finding.path, finding.line_number) == ("/var/log/httpaccess.log.0", 2)
    assert "/portal/x.xml" in finding.excerpt


def test_odd_names_and_bytes_can_be_shown() -> None:
    """Whatever an attacker calls a file or writes into it, the findings are printable text."""
    odd = file("/var/vpn/bookmark/\x1b[2J\udcff.xml", b"\xff\xfe\x1b]0;[% x %]\x00\n")
    (finding,) = judge(with_pieces(odd)).findings
    assert json.dumps([finding.path, finding.excerpt], ensure_ascii=False).encode().isascii()
    assert finding.path.isprintable()
    assert finding.excerpt.isprintable()


def test_findings_in_one_file_are_bounded() -> None:
    """A log full of attempts does not fill the report."""
    lines = access_line(f"{TRAVERSAL}/cfg/smb.conf", 403) * 500
    verdict = judge(with_pieces(file("/var/log/httpaccess.log.0", lines, mtime=NOW)))
    assert 0 < len(verdict.findings) <= 20


def test_verdict_has_no_truth_value() -> None:
    """Nobody lets inconclusive through with a bare `if`."""
    with pytest.raises(TypeError):
        bool(judge(CLEAN))


@pytest.mark.parametrize(
    ("kind", "paths", "pattern", "command"),
    [
        (Kind.PATH_EXISTS, (), "", ""),
        (Kind.CONTENT_REGEX, ("/a",), "", ""),
        (Kind.CONTENT_REGEX, ("/a",), "(", ""),
        (Kind.PATH_EXISTS, ("/a",), "x", ""),
        (Kind.OUTPUT_REGEX, (), "x", ""),
        (Kind.OUTPUT_REGEX, ("/a",), "x", "ps"),
        (Kind.LOG_REGEX, ("/a",), "x", "ps"),
    ],
)
def test_indicator_that_could_never_fire_is_refused(
    kind: Kind, paths: tuple[str, ...], pattern: str, command: str
) -> None:
    """An indicator without a place or a pattern would pass every appliance."""
    with pytest.raises(IndicatorError):
        Indicator(
            id=IndicatorId("x"),
            title="x",
            about="x",
            source="x",
            kind=kind,
            paths=paths,
            pattern=pattern,
            command=command,
        )


def test_indicator_of_names_needs_a_group() -> None:
    """Without a group nothing could be compared with the expected names."""
    with pytest.raises(IndicatorError):
        Indicator(
            id=IndicatorId("x"),
            title="x",
            about="x",
            source="x",
            kind=Kind.CONTENT_REGEX,
            paths=("/a",),
            pattern="x",
            names="users",
        )


EXPOSED = datetime(2026, 11, 20, tzinfo=UTC)
NOT_ON_RECORD = "no examination off the box is on record"


@pytest.mark.parametrize(
    ("answer", "exposed", "examined", "required", "expected", "words"),
    [
        ("clean", None, "no", True, Answer.PASS, "clean"),
        ("clean", EXPOSED, "no", True, Answer.UNKNOWN, NOT_ON_RECORD),
        ("scanned", EXPOSED, "no", True, Answer.UNKNOWN, NOT_ON_RECORD),
        ("clean", EXPOSED, "no", False, Answer.PASS, NOT_ON_RECORD),
        ("clean", EXPOSED, "clean", True, Answer.PASS, "clean"),
        ("clean", EXPOSED, "compromised", True, Answer.FAIL, "found a compromise"),
        ("clean", None, "compromised", False, Answer.FAIL, "found a compromise"),
        ("inconclusive", None, "clean", False, Answer.UNKNOWN, "inconclusive"),
        ("inconclusive", None, "compromised", False, Answer.FAIL, "found a compromise"),
        ("compromised", None, "clean", False, Answer.FAIL, "compromised"),
    ],
)
def test_judge_depth_asks_for_an_examination_where_the_gate_stood_exposed(
    answer: str,
    exposed: datetime | None,
    examined: Literal["clean", "compromised", "no"],
    required: bool,
    expected: Answer,
    words: str,
) -> None:
    """A box that stood open to known attacks cannot clear itself, and nothing outweighs a find."""
    judged = CompromiseVerdict(
        answer=CompromiseAnswer(answer), findings=(), doubts=(), because="as judged"
    )
    verdict = judge_depth(judged, exposed_since=exposed, examined=examined, required=required)
    assert verdict.answer is expected
    assert words in verdict.because
