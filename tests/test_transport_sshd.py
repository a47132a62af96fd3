"""gatectl's transport against a real OpenSSH server, started here on loopback."""

# Only OpenSSH's own programs are started, with arguments that stand here.
# ruff: noqa: S603, S607

import hashlib
import io
import os
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from gatectl.errors import CommandRefused, ConversationCut, ImageInvalid, InvalidInput, Untrusted
from gatectl.secret import KeyFile
from gatectl.transport.contract import Timeouts
from gatectl.transport.hostkeys import fetch_host_keys
from gatectl.transport.ssh import SshTransport
from tests.openssh import NO_SSHD, SSHD, Sshd, running_sshd
from tests.ports import HoldPort

pytestmark = pytest.mark.skipif(SSHD is None, reason=NO_SSHD)

COMMAND_LINE = r"""
import hashlib, os, sys

def answer(command):
    if command == "show ns version":
        print("\tNetScaler NS12.1: Build 55.18.nc, Date: Jan 24 2020, 01:02:03   (64-bit)")
    elif command.startswith("shell sha256 "):
        path = command.split()[2]
        if not os.path.exists(path):
            print("ERROR: External program failed")
            return
        with open(path, "rb") as file:
            print(f"SHA256 ({path}) = {hashlib.sha256(file.read()).hexdigest()}")
    elif command == "kill me":
        os._exit(0)
    elif command:
        print("     ^\nERROR: No such command")
        return
    if command:
        print(" Done")

asked = os.environ.get("SSH_ORIGINAL_COMMAND", "")
if "sftp-server" in asked:
    os.execvp("sh", ["sh", "-c", asked])
print(" Done")
if asked:
    answer(asked)
    sys.exit(0)
while True:
    sys.stdout.write("> ")
    sys.stdout.flush()
    line = sys.stdin.readline()
    if line.strip() in {"exit", ""} and line != "\n":
        print("Bye!")
        break
    answer(line.strip())
"""


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """Run an OpenSSH server whose every session is the small command line above."""
    with running_sshd(tmp_path_factory.mktemp("sshd"), command_line=COMMAND_LINE) as server:
        yield server


@pytest.fixture
def transport(sshd: Sshd) -> Iterator[SshTransport]:
    """Make a transport to the server, logged in by key."""
    made = SshTransport(
        sshd.host(),
        secrets=lambda ref: KeyFile(path=Path(ref.target)),
        timeouts=Timeouts(connect_s=5, login_s=10),
    )
    try:
        yield made
    finally:
        made.close()


def test_a_session_with_a_real_terminal_answers_commands(transport: SshTransport) -> None:
    """Echo, line ends and prompt of a real terminal are taken off."""
    version = transport.send("show ns version", timeout_s=5)
    assert version.text.strip().startswith("NetScaler NS12.1: Build 55.18.nc")
    assert transport.send("show foo", timeout_s=5).error == "No such command"


def test_exec_requests_are_answered_too(sshd: Sshd) -> None:
    """The configured alternative gives the same replies."""
    made = SshTransport(
        sshd.host(session="exec"), secrets=lambda ref: KeyFile(path=Path(ref.target))
    )
    try:
        assert "55.18" in made.send("show ns version", timeout_s=5).text
        assert made.send("show foo", timeout_s=5).error == "No such command"
    finally:
        made.close()


def test_a_session_that_dies_is_a_cut_and_the_next_command_works(transport: SshTransport) -> None:
    """A cut in the middle is never a short answer."""
    with pytest.raises(ConversationCut, match="ended"):
        transport.send("kill me", timeout_s=5)
    assert "55.18" in transport.send("show ns version", timeout_s=5).text


def test_the_host_keys_are_the_ones_that_openssh_prints(sshd: Sshd) -> None:
    """Each type is asked for, and the fingerprints are written as ssh-keygen does."""
    assert set(fetch_host_keys("127.0.0.1", sshd.port, 10)) == set(sshd.pins)
    printed = subprocess.run(
        ["ssh-keygen", "-lf", str(sshd.folder / "ed25519.pub")],
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    )
    assert printed.stdout.split()[1] == sshd.pins[0]


def image(folder: Path, size: int = 700_000) -> tuple[Path, str]:
    """Make a file of some size and return it with its hash."""
    path = folder / "build.tgz"
    path.write_bytes(hashlib.sha512(b"seed").digest() * (size // 64))
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_image_arrives_whole_and_under_its_name(transport: SshTransport, tmp_path: Path) -> None:
    """Folders are made, progress is told, and the part does not stay."""
    source, digest = image(tmp_path)
    target = tmp_path / "var" / "nsinstall" / "build.tgz"
    seen: list[tuple[int, int]] = []
    transport.put(
        source,
        str(target),
        sha256=digest.upper(),
        timeout_s=30,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert target.read_bytes() == source.read_bytes()
    assert seen[-1] == (source.stat().st_size, source.stat().st_size)
    assert [path.name for path in target.parent.iterdir()] == ["build.tgz"]


def test_an_image_that_is_there_is_not_sent_again(transport: SshTransport, tmp_path: Path) -> None:
    """The second time nothing is written."""
    source, digest = image(tmp_path)
    target = tmp_path / "there.tgz"
    target.write_bytes(source.read_bytes())
    before = target.stat()
    seen: list[int] = []
    transport.put(
        source, str(target), sha256=digest, timeout_s=30, progress=lambda done, _: seen.append(done)
    )
    assert target.stat().st_mtime_ns == before.st_mtime_ns
    assert seen == []


@pytest.mark.parametrize("spoilt", [False, True])
def test_a_part_that_was_left_behind_is_gone_on_with(
    transport: SshTransport, tmp_path: Path, *, spoilt: bool
) -> None:
    """What arrived before a cut is kept, unless the whole turns out to be something else."""
    source, digest = image(tmp_path)
    target = tmp_path / "resumed.tgz"
    half = source.read_bytes()[:300_000]
    (tmp_path / "resumed.tgz.part").write_bytes(b"x" * 300_000 if spoilt else half)
    first: list[int] = []
    transport.put(
        source,
        str(target),
        sha256=digest,
        timeout_s=30,
        progress=lambda done, _: first.append(done),
    )
    assert target.read_bytes() == source.read_bytes()
    assert first[0] > 300_000
    assert (min(first[1:]) < 300_000) is spoilt


def test_an_image_of_another_hash_is_not_sent(transport: SshTransport, tmp_path: Path) -> None:
    """What was not promised is not uploaded."""
    source, _ = image(tmp_path)
    with pytest.raises(ImageInvalid, match="promised"):
        transport.put(source, "/tmp/never.tgz", sha256="0" * 64, timeout_s=5)
    with pytest.raises(ImageInvalid, match="cannot be read"):
        transport.put(tmp_path / "none", "/tmp/never.tgz", sha256="0" * 64, timeout_s=5)


@pytest.mark.parametrize("target", ["relative.tgz", "/a b", "/a;b", "-x", "/a'b"])
def test_a_target_that_a_command_could_not_name_is_refused(
    transport: SshTransport, tmp_path: Path, target: str
) -> None:
    """Its hash is asked for by name on the device."""
    source, digest = image(tmp_path)
    with pytest.raises(InvalidInput):
        transport.put(source, target, sha256=digest, timeout_s=5)


def test_a_folder_that_cannot_be_written_is_the_devices_refusal(
    transport: SshTransport, tmp_path: Path
) -> None:
    """The device's own words are told; the session goes on."""
    source, digest = image(tmp_path)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CommandRefused):
        transport.put(source, f"{tmp_path}/file/x.tgz", sha256=digest, timeout_s=5)
    assert "55.18" in transport.send("show ns version", timeout_s=5).text


def test_a_file_is_fetched_with_its_facts_and_hash(transport: SshTransport, tmp_path: Path) -> None:
    """Size, mode, owner, time and hash are those of the file."""
    path, digest = image(tmp_path)
    path.chmod(0o640)
    os.utime(path, (1_579_340_000, 1_579_340_000))
    sink = io.BytesIO()
    found = transport.get(str(path), sink, limit=10_000_000)
    assert sink.getvalue() == path.read_bytes()
    assert (found.sha256, found.size, found.mode) == (digest, path.stat().st_size, 0o640)
    assert (found.uid, found.truncated) == (os.getuid(), False)
    assert found.mtime.timestamp() == 1_579_340_000


def test_a_file_longer_than_the_limit_is_fetched_in_part_and_says_so(
    transport: SshTransport, tmp_path: Path
) -> None:
    """A part must not pass for the whole."""
    path, _ = image(tmp_path)
    sink = io.BytesIO()
    found = transport.get(str(path), sink, limit=1000)
    assert sink.getvalue() == path.read_bytes()[:1000]
    assert found.truncated
    assert found.sha256 == hashlib.sha256(sink.getvalue()).hexdigest()


def test_what_is_no_file_is_not_read(transport: SshTransport, tmp_path: Path) -> None:
    """A pipe would never end; a missing file is told by name."""
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "none"):
        with pytest.raises(CommandRefused, match=name):
            transport.get(str(tmp_path / name), io.BytesIO(), limit=10)


def test_a_tree_is_walked_without_following_links(transport: SshTransport, tmp_path: Path) -> None:
    """Links are told as links, odd names survive, and nothing outside is entered."""
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    (tmp_path / "tree" / "a").write_text("a")
    (tmp_path / "tree" / "deep" / "b c\u00e9").write_text("b")
    (tmp_path / "tree" / "loop").symlink_to(tmp_path)
    (tmp_path / "tree" / "a").chmod(0o4755)
    found = {file.path: file for file in transport.walk(str(tmp_path / "tree"), limit=100)}
    names = {path.removeprefix(f"{tmp_path}/tree/"): file.kind for path, file in found.items()}
    assert names == {"a": "file", "deep/b c\u00e9": "file", "loop": "link"}
    assert found[f"{tmp_path}/tree/a"].mode & stat.S_ISUID
    assert [file.path for file in transport.walk(f"{tmp_path}/tree/a", limit=9)] == [
        f"{tmp_path}/tree/a"
    ]
    assert list(transport.walk(f"{tmp_path}/none", limit=9)) == []


def test_a_tree_larger_than_the_limit_is_not_told_as_whole(
    transport: SshTransport, tmp_path: Path
) -> None:
    """Files up to the limit come, and then the reason why it is not all."""
    for number in range(4):
        (tmp_path / f"f{number}").write_text("x")
    files = transport.walk(str(tmp_path), limit=3)
    assert len([next(files) for _ in range(3)]) == 3
    with pytest.raises(CommandRefused, match="more than 3"):
        next(files)


def test_dialling_through_a_real_server_reaches_and_refuses(
    transport: SshTransport, shut_port: HoldPort
) -> None:
    """An open port gives a stream, a closed one the error of a socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        stream = transport.dial("127.0.0.1", port, timeout_s=5)
        peer, _ = listener.accept()
        peer.sendall(b"hello")
        stream.settimeout(5)
        assert stream.recv(5) == b"hello"
        stream.close()
        peer.close()
    with pytest.raises(ConnectionRefusedError):
        transport.dial("127.0.0.1", shut_port(), timeout_s=5)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_server_of_sha1_alone_needs_the_older_library_and_a_setting(
    tmp_path: Path, *, legacy: bool
) -> None:
    """Old appliances are reached on purpose or not at all, and the error says how."""
    old = "KexAlgorithms diffie-hellman-group14-sha1\nHostKeyAlgorithms ssh-rsa\n"
    speaks_sha1 = int(paramiko.__version__.split(".", 1)[0]) <= 4
    with running_sshd(tmp_path, settings=old, command_line=COMMAND_LINE) as server:
        made = SshTransport(
            server.host(legacy_algorithms=legacy),
            secrets=lambda ref: KeyFile(path=Path(ref.target)),
        )
        try:
            if legacy and speaks_sha1:
                assert "55.18" in made.send("show ns version", timeout_s=5).text
                return
            with pytest.raises(Untrusted, match="diffie-hellman-group14-sha1") as caught:
                made.send("show ns version", timeout_s=5)
        finally:
            made.close()
    assert "ssh-rsa" in str(caught.value)
    assert "legacy_algorithms = true" in caught.value.hint
    assert speaks_sha1 or "pip install 'paramiko<5'" in caught.value.hint
