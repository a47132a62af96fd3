"""Firmware images: real tar archives with an installer, a version file and a kernel."""

import gzip
import hashlib
import io
import tarfile

from gatectl.simulator.builds import numbers

KERNEL_BYTES = 65_536
_INSTALLER = b"#!/bin/sh\n# installs the kernel that lies beside this file\nexit 0\n"


def image_name(build: str) -> str:
    """Name the file as the vendor does."""
    return f"build-{build}_nc_64.tgz"


def kernel(build: str) -> bytes:
    """Make the compressed kernel of a build; the same build gives the same bytes."""
    blocks = (
        hashlib.sha256(f"{build}/{number}".encode()).digest()
        for number in range(KERNEL_BYTES // 32)
    )
    return gzip.compress(b"".join(blocks), mtime=0)


def make_image(build: str) -> bytes:
    """Make a small image for a build; the same build gives the same bytes."""
    numbers(build)
    payload = kernel(build)
    digest = hashlib.sha256(payload).hexdigest()
    members = (
        ("installns", _INSTALLER, 0o755),
        (".ns.version", f"{build}\n".encode(), 0o644),
        (f"ns-{build}.gz", payload, 0o644),
        (f"ns-{build}.sha2", f"SHA256 (ns-{build}.gz) = {digest}\n".encode(), 0o644),
    )
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data, mode in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            member.mode = mode
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(buffer.getvalue(), mtime=0)
