import random

from gatectl.simulator.filesystem import Entry, FileSystem, persistent
from gatectl.simulator.traces import plant_traces

AT = 1578716417.0


def planted(seed: int = 1) -> tuple[FileSystem, tuple[str, ...]]:
    """Plant the traces beside one line of somebody else's visit."""
    files = FileSystem()
    before = Entry(kind="file", content=bytearray(b"10.0.0.1 - - a visit\n"))
    files.place("/var/log/httpaccess.log", before)
    rng = random.Random(seed)  # noqa: S311 - the point is that the seed repeats it
    return files, plant_traces(files, rng=rng, at=AT)


def test_each_published_place_holds_a_trace() -> None:
    """Template, bookmark, cron line, binary and log are there, with owner and time."""
    files, paths = planted()
    (template,) = [path for path in paths if path.startswith("/netscaler/portal/templates/")]
    (bookmark,) = [path for path in paths if path.startswith("/var/vpn/bookmark/")]
    for path in (template, bookmark):
        assert b"'BLOCK'" in files.read(path)
        assert files.stat(path).owner == "nobody"
        assert files.stat(path).modified == AT
    assert files.read("/var/cron/tabs/nobody").startswith(b"*/1 * * * * ")
    assert files.stat("/var/tmp/netscalerd").mode == 0o755


def test_the_log_keeps_what_it_had_and_gains_both_requests() -> None:
    """The write and the read of the template follow each other in the log, by name and time."""
    files, paths = planted()
    first, second, third = files.read("/var/log/httpaccess.log").decode().splitlines()
    name = paths[0].rpartition("/")[2]
    assert first == "10.0.0.1 - - a visit"
    assert '[11/Jan/2020:04:20:17 +0000] "POST /vpn/../vpns/portal/scripts/newbm.pl' in second
    assert f'[11/Jan/2020:04:20:18 +0000] "GET /vpn/../vpns/portal/{name} HTTP/1.1" 200' in third


def test_some_traces_survive_a_reboot_and_some_do_not() -> None:
    """Only evidence that is taken before a reboot holds the template."""
    _, paths = planted()
    assert {persistent(path) for path in paths} == {True, False}


def test_the_seed_decides_the_names() -> None:
    """The same seed plants the same paths, another seed others."""
    assert planted(1)[1] == planted(1)[1]
    assert planted(1)[1] != planted(2)[1]
