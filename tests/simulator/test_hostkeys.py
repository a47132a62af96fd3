import base64
import hashlib

from gatectl.simulator.hostkeys import make_host_keys


def test_a_fingerprint_has_the_form_of_openssh() -> None:
    """SHA256, a colon, and base64 without padding, over the public key."""
    keys = make_host_keys()
    digest = hashlib.sha256(keys.ed25519.asbytes()).digest()
    assert keys.ed25519_sha256 == "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
    assert keys.rsa_sha256 != keys.ed25519_sha256


def test_each_box_has_keys_of_its_own() -> None:
    """Two boxes never share a key."""
    assert make_host_keys().ed25519_sha256 != make_host_keys().ed25519_sha256
