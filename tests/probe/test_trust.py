"""Whose certificate is accepted: by its key, by who signed it, or anybody's."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from gatectl.errors import InvalidInput
from gatectl.probe.trust import Trust, trust_for
from tests.builders import make_gate
from tests.probe_servers import Credentials, make_credentials


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    """Make one certificate for all tests of this module."""
    return make_credentials(tmp_path_factory.mktemp("tls"))


def trust_in(path: Path, *pins: str) -> Trust:
    """Trust what a configuration with this file says."""
    vserver = replace(make_gate().vserver, certificate_pins=pins, certificate_authorities=str(path))
    return trust_for(vserver)


def test_trust_without_anything_accepts_all_and_with_pins_only_those() -> None:
    """What cannot be read is not accepted where something is asked of it."""
    assert Trust().refusal(b"no certificate") == ""
    assert Trust().accepts_any
    pinned = Trust(pins=frozenset({"sha256//x="}))
    assert "cannot be read" in pinned.refusal(b"no certificate")
    assert not pinned.accepts_any


def test_trust_in_something_that_is_no_certificate_is_refused() -> None:
    """A broken authority file must not become a gate that seems shut."""
    with pytest.raises(InvalidInput):
        Trust(authorities_pem="-----BEGIN nonsense").context()


def test_no_tls_session_of_an_earlier_look_can_be_taken_up_again() -> None:
    """A session lives in its settings, and these are new each time."""
    trust = Trust()
    assert trust.context() is not trust.context()


def test_what_the_configuration_says_is_taken(tmp_path: Path, credentials: Credentials) -> None:
    """Words between the certificates are passed over, as openssl writes them."""
    assert trust_for(make_gate().vserver) == Trust()
    path = tmp_path / "ca.pem"
    pem = credentials.certificate.read_text()
    path.write_text(f"# Autorité\n{pem}", encoding="utf-8")
    trust = trust_in(path, credentials.pin)
    assert trust.pins == {credentials.pin}
    assert trust.authorities_pem.endswith(pem)
    assert trust.unreadable == ""


@pytest.mark.parametrize(
    "what", ["missing", "folder", "pipe", "empty", "no certificate", "endless"]
)
def test_authorities_that_cannot_be_read_are_told_and_trust_nobody(
    tmp_path: Path, what: str
) -> None:
    """The look goes on all the same: a gate that is being closed is not kept open by a file."""
    path = tmp_path / "ca.pem"
    match what:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "empty":
            path.touch()
        case "no certificate":
            path.write_bytes(b"\xff\x00 nothing")
        case "endless":
            with path.open("wb") as file:
                file.truncate(3_000_000)
    trust = trust_in(path)
    assert str(path) in trust.unreadable
    assert trust.refusal(b"") == trust.unreadable
    assert not trust.accepts_any
