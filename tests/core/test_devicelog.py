import gzip
from datetime import UTC, datetime

import pytest

from gatectl.core import devicelog
from gatectl.core.devicelog import LogUnreadable, commands_in, time_of, unpack

WRITTEN = datetime(2020, 1, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("plain", [b"", b"a\n", b"\xff\x00" * 999])
def test_unpack_gives_plain_and_packed_content_alike(plain: bytes) -> None:
    """A rotated log reads as it did before it was packed, whatever bytes it holds."""
    assert unpack(plain) == plain
    assert unpack(gzip.compress(plain)) == plain


def test_unpack_reads_all_members() -> None:
    """What was appended to a packed log is not overlooked."""
    assert unpack(gzip.compress(b"a\n") + gzip.compress(b"b\n")) == b"a\nb\n"


@pytest.mark.parametrize(
    "content",
    [b"\x1f\x8b\x08", b"\x1f\x8bgarbage", gzip.compress(b"x" * 500)[:-9], b"BZh9", b"\xfd7zXZ\x00"],
    ids=["head", "no-gzip", "cut", "bzip2", "xz"],
)
def test_unpack_refuses_what_it_cannot_read_whole(content: bytes) -> None:
    """A damaged, cut or otherwise packed log is unread, never empty."""
    with pytest.raises(LogUnreadable):
        unpack(content)


def test_unpack_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file that unpacks to a huge one is refused before it fills the memory."""
    monkeypatch.setattr(devicelog, "UNPACKED_BYTES_MAX", 1000)
    assert len(unpack(gzip.compress(b"x" * 1000))) == 1000
    with pytest.raises(LogUnreadable):
        unpack(gzip.compress(b"x" * 600) + gzip.compress(b"x" * 401))


@pytest.mark.parametrize(
    ("line", "time"),
    [
        (b"Jan 19 23:39:59 <local7.notice> ns", datetime(2020, 1, 19, 23, 39, 59, tzinfo=UTC)),
        (b"Jan  9 03:39:59 ns", datetime(2020, 1, 9, 3, 39, 59, tzinfo=UTC)),
        (b"Dec 24 08:00:00 ns", datetime(2019, 12, 24, 8, 0, tzinfo=UTC)),
        (
            b'1.1.1.1 - - [18/Jan/2020:01:15:29 +0100] "GET',
            datetime(2020, 1, 18, 0, 15, 29, tzinfo=UTC),
        ),
        (b"[Wed Jan 15 15:09:05 2020] [debug]", datetime(2020, 1, 15, 15, 9, 5, tzinfo=UTC)),
        (b"[Wed Jan 15 15:09:05.123456 2020] x", datetime(2020, 1, 15, 15, 9, 5, tzinfo=UTC)),
        (b"Jan 19 24:23:56 ns", None),
        (b"Feb 29 10:00:00 ns", None),
        (b"curl: (7) Failed to connect", None),
        (b"", None),
    ],
)
def test_time_of_reads_each_form(line: bytes, time: datetime | None) -> None:
    """Every form that the appliance writes is read; the year comes from when it was written."""
    assert time_of(line, written=WRITTEN) == time


def test_commands_in_names_whole_commands() -> None:
    """Shell commands, CLI commands and requests are read whole, quotes inside included."""
    shell = b'ns bash[1]: root on /dev/pts/0 shell_command="echo "a" > /tmp/x"'
    assert commands_in(shell) == {'echo "a" > /tmp/x'}
    cli = b'User nsroot - Remote_ip 10.0.0.9 - Command "show ns version" - Status "Success"'
    assert commands_in(cli) == {"show ns version"}
    web = b'1.1.1.1 - - [x] "GET /vpn/../vpns/ HTTP/1.1" 403 0 "-" "curl"'
    assert commands_in(web) == {"GET /vpn/../vpns/"}
    assert commands_in(b"\xff nothing") == frozenset()
