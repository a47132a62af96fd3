"""Small real servers on loopback that behave in one way each, for tests that look at them."""

import base64
import contextlib
import datetime as dt
import hashlib
import ipaddress
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

Handler = Callable[[socket.socket], None]
Site = Callable[[str], bytes]
"""Gives the bytes to answer for a request target."""

ADDRESS = "127.0.0.1"
SIGN_ON = b"<html><head><title>Citrix Gateway</title></head><body>frame-busting</body></html>"
NETSCALER_503 = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 62\r\nConnection: close\r\n"
    b"Cache-Control: no-cache,no-store\r\nPragma: no-cache\r\n\r\n"
    b"<html><body><b>Http/1.1 Service Unavailable</b></body> </html>"
)
APACHE_403 = (
    b"HTTP/1.1 403 Forbidden\r\nServer: Apache\r\nContent-Type: text/html\r\n"
    b"Connection: close\r\n\r\n<h1>Forbidden</h1><p>You don't have permission to access /vpns/"
    b" on this server.</p>"
)
MITIGATED_403 = b"HTTP/1.1 403 Forbidden\r\n\r\n"


def ok(body: bytes) -> bytes:
    """Wrap a body in a 200 answer with a length."""
    return b"HTTP/1.1 200 OK\r\nServer: Apache\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def redirect(location: str) -> bytes:
    """Redirect as the packet engine does it."""
    return (
        f"HTTP/1.1 302 Object Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    )


def gateway_site(target: str) -> bytes:
    """Answer as an open gateway: redirect from the front door, then the sign-on page."""
    match target:
        case "/":
            return redirect("/vpn/index.html")
        case "/vpn/index.html":
            return ok(SIGN_ON)
        case _:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A self-signed certificate, which is its own authority."""

    certificate: Path
    key: Path
    sha256: str
    pin: str = ""
    """Of the public key, as `curl --pinnedpubkey` takes it."""


def make_credentials(
    folder: Path, *, name: str = "gate.test", addresses: tuple[str, ...] = (ADDRESS,)
) -> Credentials:
    """Make a certificate for a name and for addresses, loopback unless others are given."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(tz=dt.UTC)
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    made = Credentials(
        certificate=folder / f"{name}.pem",
        key=folder / f"{name}.key",
        sha256=certificate.fingerprint(hashes.SHA256()).hex(),
        pin=pin_of(key),
    )
    made.certificate.write_bytes(certificate.public_bytes(pem))
    made.key.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made


def pin_of(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    """Compute the pin of a key with another library than gatectl's own reading."""
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"sha256//{base64.b64encode(hashlib.sha256(public).digest()).decode()}"


@contextlib.contextmanager
def listening(handler: Handler, *, address: str = ADDRESS, port: int = 0) -> Iterator[int]:
    """Serve each connection with the handler in a thread; gives the port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, port), family=family) as server:
        threading.Thread(target=_accept, args=(server, handler), daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)


def _accept(server: socket.socket, handler: Handler) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(connection, handler), daemon=True).start()


def _serve(connection: socket.socket, handler: Handler) -> None:
    connection.settimeout(10)
    with connection, contextlib.suppress(OSError):
        handler(connection)


@contextlib.contextmanager
def full_backlog() -> Iterator[int]:
    """Listen without ever accepting, with the queue full, so that the kernel drops what comes."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind((ADDRESS, 0))
        server.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        time.sleep(0.05)
        yield server.getsockname()[1]


def over_tls(
    credentials: Credentials, handler: Handler, *, names: list[str | None] | None = None
) -> Handler:
    """Speak TLS first; the names that clients ask for are kept in `names`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(credentials.certificate, credentials.key)
    if names is not None:
        context.sni_callback = lambda _tls, name, _context: names.append(name)

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            handler(tls)

    return serve


def serving(site: Site, *, requests: list[bytes] | None = None) -> Handler:
    """Answer one request from a site; the requests are kept in `requests`."""

    def serve(connection: socket.socket) -> None:
        asked = b""
        while b"\r\n\r\n" not in asked:
            data = connection.recv(4096)
            if not data:
                return
            asked += data
        if requests is not None:
            requests.append(asked)
        connection.sendall(site(asked.split(b" ")[1].decode()))

    return serve


def saying(data: bytes) -> Handler:
    """Say these bytes to whoever spoke first, and end."""

    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(data)

    return serve


def dripping(data: bytes, *, every_s: float = 0.05) -> Handler:
    """Say one byte after another, each in time for a timeout of its own."""

    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        for number in range(200):
            connection.sendall(data[number : number + 1] or b"x")
            time.sleep(every_s)

    return serve


def keeping_quiet(connection: socket.socket) -> None:
    """Take the connection and say nothing until the other end is gone."""
    while connection.recv(4096):
        pass


def hanging_up(connection: socket.socket) -> None:
    """Take what is said and end without a byte."""
    connection.recv(4096)


def resetting(connection: socket.socket) -> None:
    """Take the connection and reset it."""
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
