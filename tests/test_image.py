"""Mounted images and unpacked bundles, some of them hostile."""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatectl.config.shipped import read_indicators
from gatectl.core.collection import CollectedFile
from gatectl.core.indicators import (
    CompromiseAnswer,
    CompromiseVerdict,
    Indicator,
    Kind,
    Severity,
    judge_collection,
)
from gatectl.errors import InvalidInput
from gatectl.image import IMAGE, Bounds, read_image
from tests.indicator_samples import CLEAN_FILES, NOW, SAMPLES, access_line, file

INDICATORS = read_indicators()
FILE_INDICATORS = [one for one in INDICATORS if isinstance(SAMPLES[one.id], CollectedFile)]
IDS = [one.id for one in FILE_INDICATORS]
NUMBERS = {"root": 0, "nobody": 65534}
as_root = os.geteuid() == 0


def lay_out(root: Path, files: Iterable[CollectedFile]) -> Path:
    """Write files as they lay on an appliance."""
    for one in files:
        path = Path(f"{root}{one.path}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x\n" if one.content is None else one.content)
        if as_root:
            os.chown(path, NUMBERS.get(one.owner) or int(one.owner.replace("root", "0")), 0)
        path.chmod(one.mode & 0o7777)
        os.utime(path, (one.mtime.timestamp(), one.mtime.timestamp()))
    return root


def judge(
    root: Path, *, since: datetime | None = None, bounds: Bounds | None = None
) -> CompromiseVerdict:
    """Judge a folder by all that is shipped."""
    collection = read_image(root, INDICATORS, now=NOW, bounds=bounds)
    return judge_collection(
        collection, INDICATORS, exposed_since=since, expected_users=frozenset({"backup-operator"})
    )


def fired(verdict: CompromiseVerdict) -> set[str]:
    """Name the indicators that fired."""
    return {finding.indicator for finding in verdict.findings}


def test_clean_tree_is_clean(tmp_path: Path) -> None:
    """An appliance in daily use shows no sign, and nothing is missing."""
    verdict = judge(lay_out(tmp_path, CLEAN_FILES))
    assert (verdict.answer, verdict.findings, verdict.doubts) == (CompromiseAnswer.CLEAN, (), ())


def test_empty_folder_is_inconclusive(tmp_path: Path) -> None:
    """Nothing proves nothing."""
    assert judge(tmp_path).answer is CompromiseAnswer.INCONCLUSIVE


@pytest.mark.parametrize("indicator", FILE_INDICATORS, ids=IDS)
def test_each_trace_on_a_clean_tree_is_found(indicator: Indicator, tmp_path: Path) -> None:
    """A single trace is found by its own indicator and by no other."""
    if indicator.owners and not as_root:
        pytest.skip("only root may give files to others")
    sample = SAMPLES[indicator.id]
    assert isinstance(sample, CollectedFile)
    verdict = judge(lay_out(tmp_path, (*CLEAN_FILES, sample)))
    assert fired(verdict) == {indicator.id}
    tried = indicator.severity is Severity.ATTEMPT
    assert verdict.answer is (CompromiseAnswer.SCANNED if tried else CompromiseAnswer.COMPROMISED)


@pytest.mark.parametrize("indicator", FILE_INDICATORS, ids=IDS)
def test_each_trace_alone_in_a_folder_is_found(indicator: Indicator, tmp_path: Path) -> None:
    """A folder that holds one trace and nothing else is compromised, or cannot be judged."""
    if indicator.owners and not as_root:
        pytest.skip("only root may give files to others")
    sample = SAMPLES[indicator.id]
    assert isinstance(sample, CollectedFile)
    verdict = judge(lay_out(tmp_path, (sample,)))
    weak = indicator.severity is Severity.ATTEMPT or indicator.kind is Kind.NEWER_THAN_BUILD
    wanted = CompromiseAnswer.INCONCLUSIVE if weak else CompromiseAnswer.COMPROMISED
    assert verdict.answer is wanted


def test_folder_around_a_bundle_is_passed_over(tmp_path: Path) -> None:
    """An unpacked bundle has everything in one folder of its own name."""
    bundle = tmp_path / "collector_P_192.0.2.11_1Jan2026_10_00"
    lay_out(bundle, (*CLEAN_FILES, file("/var/tmp/netscalerd")))
    verdict = judge(tmp_path)
    assert fired(verdict) == {"19781-coin-miner"}
    assert {finding.path for finding in verdict.findings} == {"/var/tmp/netscalerd"}


def test_a_folder_of_the_appliance_is_no_folder_around_it(tmp_path: Path) -> None:
    """An image that holds /var alone still has /var in its paths."""
    lay_out(tmp_path, (file("/var/tmp/netscalerd"),))
    assert judge(tmp_path).answer is CompromiseAnswer.COMPROMISED


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    """A file, or nothing, is the wrong name and not a clean image."""
    (tmp_path / "file").write_bytes(b"")
    for name in ("file", "none"):
        with pytest.raises(InvalidInput):
            read_image(tmp_path / name, INDICATORS, now=NOW)


def test_no_link_is_followed_out_of_the_image(tmp_path: Path) -> None:
    """A link to this machine's own files would judge the wrong machine; it is a doubt."""
    outside = lay_out(tmp_path / "outside", (file("/bash.log", "password\n"),))
    image = lay_out(tmp_path / "image", CLEAN_FILES)
    (image / "var/log/bash.log.0").symlink_to(outside / "bash.log")
    (image / "var/vpn/loop").symlink_to("../..")
    (image / "var/python").symlink_to(outside)
    collection = read_image(image, INDICATORS, now=NOW)
    assert all(b"password" not in (one.content or b"") for one in collection.files)
    assert len(collection.files) == len(CLEAN_FILES)
    verdict = judge(image)
    assert verdict.answer is CompromiseAnswer.INCONCLUSIVE
    assert "/var/log/bash.log.0" in verdict.because


def test_link_inside_the_image_is_no_doubt(tmp_path: Path) -> None:
    """An appliance has links of its own, and what they lead to is read under its own name."""
    image = lay_out(tmp_path, CLEAN_FILES)
    (image / "etc/rc.conf").symlink_to("/nsconfig/rc.netscaler")
    assert judge(image).answer is CompromiseAnswer.CLEAN


def test_link_under_the_name_of_a_trace_is_a_trace(tmp_path: Path) -> None:
    """A path that nobody should have is a sign, whatever lies there."""
    image = lay_out(tmp_path, CLEAN_FILES)
    (image / "var/tmp/netscalerd").symlink_to("/flash/x")
    assert "19781-coin-miner" in fired(judge(image))


def test_pipe_under_the_name_of_a_log_is_not_waited_for(tmp_path: Path) -> None:
    """Opening a pipe waits for a writer that never comes."""
    image = lay_out(tmp_path, CLEAN_FILES)
    os.mkfifo(image / "var/log/bash.log.0")
    verdict = judge(image)
    assert verdict.answer is CompromiseAnswer.INCONCLUSIVE
    assert "not a plain file" in verdict.because


def test_huge_file_is_bounded(tmp_path: Path) -> None:
    """A log of a terabyte, all of it a hole, is named and not read."""
    image = lay_out(tmp_path, CLEAN_FILES)
    with (image / "var/log/bash.log.0").open("wb") as log:
        log.truncate(2**40)
    verdict = judge(image)
    assert verdict.answer is CompromiseAnswer.INCONCLUSIVE
    assert "/var/log/bash.log.0" in verdict.because


@pytest.mark.parametrize(
    "bounds",
    [
        Bounds(entries_max=5),
        Bounds(depth_max=1),
        Bounds(file_bytes_max=10),
        Bounds(total_bytes_max=100),
    ],
    ids=["entries", "depth", "file", "total"],
)
def test_every_bound_makes_the_answer_inconclusive(tmp_path: Path, bounds: Bounds) -> None:
    """What was not read cannot clear anybody."""
    image = lay_out(tmp_path, CLEAN_FILES)
    assert judge(image, bounds=bounds).answer is CompromiseAnswer.INCONCLUSIVE


def test_names_that_are_no_text_are_read_and_can_be_shown(tmp_path: Path) -> None:
    """New lines, control signs and bytes that are no text are all allowed in names."""
    image = lay_out(tmp_path, CLEAN_FILES)
    name = b"/var/vpn/bookmark/a\n\x1b[2J\xff.xml"
    with open(os.fsencode(image) + name, "wb") as evil:  # noqa: PTH123 - a name that is no text
        evil.write(b'<b url="[% template.new %]"/>')
    (finding,) = judge(image).findings
    assert finding.indicator == "19781-template-code"
    assert finding.path.isprintable()
    assert finding.path.encode("ascii")


@pytest.mark.skipif(as_root, reason="root may read everything")
def test_unreadable_folder_is_named_as_missing(tmp_path: Path) -> None:
    """What may not be read may hold the sign."""
    image = lay_out(tmp_path, CLEAN_FILES)
    (image / "var/vpn").chmod(0)
    try:
        assert judge(image).answer is CompromiseAnswer.INCONCLUSIVE
    finally:
        (image / "var/vpn").chmod(0o700)


def test_logs_must_go_back_to_the_exposure(tmp_path: Path) -> None:
    """An image whose first log line is younger than the exposure may have lost the attack."""
    image = lay_out(tmp_path, CLEAN_FILES)
    assert judge(image, since=datetime(2020, 1, 10, tzinfo=UTC)).answer is CompromiseAnswer.CLEAN
    late = judge(image, since=datetime(2019, 12, 17, tzinfo=UTC))
    assert late.answer is CompromiseAnswer.INCONCLUSIVE


def test_second_look_gives_the_same_answer(tmp_path: Path) -> None:
    """Reading changes nothing, and order comes from names."""
    lines = access_line("GET /vpn/../vpns/portal/x.xml", 200)
    image = lay_out(tmp_path, (*CLEAN_FILES, file("/var/log/httpaccess.log.0", lines, mtime=NOW)))
    assert judge(image) == judge(image)
    assert read_image(image, INDICATORS, now=NOW).nodes == (IMAGE,)
