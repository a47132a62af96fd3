"""The sessions of one process, and the secrets that were fetched for them."""

from gatectl.core.gate import Host, SecretRef
from gatectl.secret import Ask, Credential, KnownSecrets, Secret, resolve
from gatectl.transport.contract import Timeouts, Transport
from gatectl.transport.scrubbed import Scrubbed
from gatectl.transport.ssh import SshTransport


class Keyring:
    """Fetches a secret at its moment of use, and remembers it so that it can be left out."""

    def __init__(self, ask: Ask | None, timeouts: Timeouts | None = None) -> None:
        self._ask = ask
        self._timeouts = timeouts
        self._known = KnownSecrets()

    def known(self) -> KnownSecrets:
        """Give all secrets that were fetched so far."""
        return self._known

    def connect(self, host: Host) -> Transport:
        """Make a session that connects at its first command and never repeats a secret."""
        transport = SshTransport(
            host, secrets=lambda _ref: self._fetch(host), timeouts=self._timeouts
        )
        return Scrubbed(transport, self.known)

    def fetch_alone(self, ref: SecretRef) -> Credential:
        """Fetch a secret that is no host's; nobody is asked for it."""
        return self._kept(resolve(ref, ask=None))

    def _fetch(self, host: Host) -> Credential:
        return self._kept(resolve(host.secret, ask=self._ask))

    def _kept(self, credential: Credential) -> Credential:
        if isinstance(credential, Secret):
            self._known.add(credential)
        return credential
