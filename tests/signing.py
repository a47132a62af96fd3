"""Real SSH keys and lists of signers, for tests in which somebody signs."""

import shutil
import subprocess
from pathlib import Path

from gatectl.core.approvalrequest import NAMESPACE

KEYGEN = shutil.which("ssh-keygen") or "ssh-keygen"
KINDS = ("ed25519", "rsa", "ecdsa")


def make_key(path: Path, kind: str = "ed25519") -> Path:
    """Make an SSH key without a passphrase."""
    bits = ["-b", "2048"] if kind == "rsa" else []
    words = [KEYGEN, "-q", "-t", kind, *bits, "-N", "", "-C", path.name, "-f", str(path)]
    subprocess.run(words, check=True, timeout=60)  # noqa: S603 - a fixed program
    return path


def public(key: Path) -> str:
    """Give type and public key, without the comment."""
    return " ".join(key.with_suffix(".pub").read_text(encoding="ascii").split()[:2])


def fingerprint(key: Path) -> str:
    """Have ssh-keygen tell the fingerprint."""
    words = [KEYGEN, "-lf", str(key.with_suffix(".pub"))]
    done = subprocess.run(words, check=True, timeout=60, capture_output=True, text=True)  # noqa: S603 - a fixed program
    return done.stdout.split()[1]


def sign_with(key: Path, text: bytes, namespace: str = NAMESPACE) -> str:
    """Have ssh-keygen sign, as somebody on another machine would."""
    words = [KEYGEN, "-Y", "sign", "-n", namespace, "-f", str(key)]
    done = subprocess.run(words, check=True, timeout=60, capture_output=True, input=text)  # noqa: S603 - a fixed program
    return done.stdout.decode("ascii")


def signer_line(name: str, key: Path, options: str = f'namespaces="{NAMESPACE}"') -> str:
    """Write one line of an allowed_signers file."""
    return f"{name} {options} {public(key)}\n"
