"""Sessions of one process, and what it knows of secrets."""

from dataclasses import replace
from pathlib import Path

import pytest

from gatectl.core.gate import SecretRef
from gatectl.errors import Unreachable
from gatectl.keyring import Keyring
from gatectl.simulator.rehearsal import SimulatedSite
from tests.builders import make_gate
from tests.cli.conftest import SPEED


def test_a_secret_is_known_from_its_first_use_on(tmp_path: Path) -> None:
    """Nothing is fetched before a session connects, and then it is known once."""
    with SimulatedSite(nodes=1, speed=SPEED) as site:
        (node,) = site.access().nodes
        password = tmp_path / "password"
        password.write_text(site.password, encoding="utf-8")
        password.chmod(0o600)
        host = replace(
            make_gate().nodes[0].host,
            address=node.host,
            port=node.port,
            username=node.username,
            secret=SecretRef(kind="password_file", target=str(password)),
            host_keys=(node.host_key_sha256,),
        )
        keyring = Keyring(None)
        for _ in range(2):
            session = keyring.connect(host)
            assert len(keyring.known()) in {0, 1}
            assert "12.1" in session.send("show ns version", timeout_s=10.0).text
            session.close()
        assert [secret.reveal() for secret in keyring.known()] == [site.password]


def test_a_session_that_never_connects_fetches_nothing() -> None:
    """A host that is not there costs no password."""
    host = make_gate().nodes[0].host
    keyring = Keyring(None)
    session = keyring.connect(replace(host, address="127.0.0.1", port=1))
    with pytest.raises(Unreachable):
        session.send("show ns version", timeout_s=1.0)
    session.close()
