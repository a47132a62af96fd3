import hashlib
import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest

from gatectl.simulator.certificates import make_certificate


def test_files_are_private_and_never_overwritten(tmp_path: Path) -> None:
    """Each file is readable by its owner only, and a second certificate needs its own folder."""
    made = make_certificate(tmp_path, host_name="gw", address="127.0.0.1")
    for path in (made.certificate_path, made.key_path, made.authority_path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        make_certificate(tmp_path, host_name="gw", address="127.0.0.1")


@pytest.mark.parametrize(
    ("asked", "trusted"), [("127.0.0.1", True), ("gw.example", True), ("127.0.0.9", False)]
)
def test_a_strict_client_accepts_the_certificate_for_its_names_only(
    tmp_path: Path, asked: str, trusted: bool
) -> None:
    """Chain, name and fingerprint hold in a real handshake, and another address is refused."""
    made = make_certificate(tmp_path, host_name="gw.example", address="127.0.0.1")
    here, there = socket.socketpair()
    with here, there:
        server = threading.Thread(target=_serve_once, args=(there, made.certificate_path))
        server.start()
        client = ssl.create_default_context(cafile=str(made.authority_path))
        here.settimeout(5)
        try:
            with client.wrap_socket(here, server_hostname=asked) as connection:
                shown = connection.getpeercert(binary_form=True)
                assert shown is not None
                assert hashlib.sha256(shown).hexdigest() == made.fingerprint
                accepted = True
        except ssl.SSLCertVerificationError:
            accepted = False
        server.join(5)
    assert accepted is trusted


def _serve_once(connection: socket.socket, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    connection.settimeout(5)
    try:
        with context.wrap_socket(connection, server_side=True) as served:
            served.recv(1)
    except OSError:
        return  # the client did not trust the certificate
