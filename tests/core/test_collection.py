from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gatectl.core.collection import (
    CollectedFile,
    Collection,
    gaps,
    installations,
    matches_any,
    printable,
)
from gatectl.core.gate import NodeName

NODE = NodeName("ns1")
NOW = datetime(2020, 1, 24, 12, 0, tzinfo=UTC)


def log(path: str, content: bytes | None) -> CollectedFile:
    """Make a log as it was collected."""
    return CollectedFile(
        node=NODE,
        path=path,
        size=len(content or b"x"),
        mode=0o100600,
        owner="root",
        mtime=NOW,
        sha256="",
        content=content,
    )


ACCESS = log(
    "/var/log/httpaccess.log", b'a - - [09/Jan/2020:05:00:00 +0000] "GET / HTTP/1.1" 200\n'
)
SHELL = log("/var/log/bash.log", b"Jan  8 10:00:00 ns bash[1]: x\n")


def doubts(*files: CollectedFile, since: datetime | None = None) -> list[str]:
    """List what keeps these files from clearing a gate."""
    return list(gaps(Collection(files=files, collected_at=NOW), exposed_since=since))


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("/var/tmp/*", "/var/tmp/the", True),
        ("/var/tmp/*", "/var/tmp/a/the", False),
        ("/var/tmp/**", "/var/tmp/a/the", True),
        ("/a/**/*.xml", "/a/x.xml", True),
        ("/a/**/*.xml", "/a/b/c/x.xml", True),
        ("/a/**/*.xml", "/a/x.xml.ttc2", False),
        ("/{flash/,}nsconfig/x", "/nsconfig/x", True),
        ("/{flash/,}nsconfig/x", "/flash/nsconfig/x", True),
        ("/a.b", "/aXb", False),
        ("/a,b", "/a,b", True),
        ("/a/*", "/a/line\nbreak\udcff", True),
        ("/a/?", "/a/b", True),
    ],
)
def test_globs_match_whole_paths(glob: str, path: str, matches: bool) -> None:
    """A star stays in its folder, two stars do not, braces hold choices, odd names count."""
    assert matches_any((glob,), path) is matches


def test_no_glob_matches_nothing() -> None:
    """An empty list of globs is no wildcard."""
    assert not matches_any((), "/a")


def test_complete_evidence_has_no_gaps() -> None:
    """Both logs there, and reaching back far enough, leave nothing to doubt."""
    assert doubts(ACCESS, SHELL, since=datetime(2020, 1, 10, tzinfo=UTC)) == []


def test_each_web_log_must_reach_back() -> None:
    """A long log of the management pages does not stand in for a short one of the gateway."""
    line = b'a - - [20/Jan/2020:05:00:00 +0000] "GET / HTTP/1.1" 200\n'
    found = doubts(
        ACCESS, SHELL, log("/var/log/httpaccess-vpn.log", line), since=NOW - timedelta(9)
    )
    assert len(found) == 1
    assert "2020-01-20" in found[0]


def test_log_without_times_does_not_reach_back() -> None:
    """Lines that cannot be dated prove nothing about the time before."""
    found = doubts(log("/var/log/httpaccess.log", b"noise\n"), SHELL, since=NOW)
    assert found == ["ns1: no time can be read in the web access log"]


def test_installation_is_the_newest_trace() -> None:
    """Several kernels lie in /flash; the last one put there is the running build's."""
    early = NOW - timedelta(days=90)
    old = replace(log("/flash/ns-12.1-55.13.gz", None), mtime=early)
    new = log("/flash/ns-12.1-55.18.gz", None)
    collection = Collection(files=(new, old), collected_at=NOW, device_skew_s={NODE: 60})
    assert installations(collection, {}) == {NODE: NOW}
    told = installations(collection, {NODE: early})
    assert told == {NODE: early + timedelta(seconds=60)}


def test_printable_keeps_names_and_escapes_the_rest() -> None:
    """An ordinary name stays as it is; control characters and broken bytes can be shown."""
    assert printable("/var/log/é") == "/var/log/é"
    assert printable("/a\x1b\n\udcff") == "/a\\x1b\\n\\xff"
