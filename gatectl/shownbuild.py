"""The build as a visitor sees it, looked at from both sides over ways that cannot write."""

from gatectl.core.fingerprint import Finding
from gatectl.core.gate import Gate
from gatectl.site import Connect, GateLookout
from gatectl.transport.readonly import ReadOnly


def see_shown_build(gate: Gate, connect: Connect) -> Finding:
    """Look at what the gateway shows of its build; nothing is signed in to."""
    lookout = GateLookout(gate, lambda host: ReadOnly(connect(host)))
    try:
        return lookout.build()
    finally:
        lookout.close()
