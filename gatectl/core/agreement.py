"""What people put their name under, as it stands on record: approvals and attestations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequested:
    """Somebody asked others to agree to a reopening, in exactly these words."""

    kind: Literal["approval.requested"] = "approval.requested"
    nonce: str
    digest: str
    """SHA-256 of the request."""
    request: str = ""
    """The very text that is signed; it is kept here so that no file can take its place."""
    expires: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalGiven:
    """Somebody signed a request; what the signature is worth is judged when it is used."""

    kind: Literal["approval.given"] = "approval.given"
    nonce: str
    principal: str
    role: str = ""
    fingerprint: str = ""
    signature: str = ""
    verified_with: str = ""
    """The version of OpenSSH that verified it when it came in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalUsed:
    """A gate is about to be opened on this request; it serves no second opening."""

    kind: Literal["approval.used"] = "approval.used"
    nonce: str
    principals: tuple[str, ...] = ()
    override: str = ""
    """The interlock that they agreed to override; empty for the opening itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestationGiven:
    """Somebody gave his word that something was done which gatectl cannot see."""

    kind: Literal["attestation.given"] = "attestation.given"
    name: str
    by: str
    says: str = ""
    sha256: str | None = None
    """Of the file that was handed in with it; kept as evidence under this name."""
