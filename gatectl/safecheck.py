"""Sends the harmless requests of bulletins, byte for byte, from where the gateway serves people."""

from collections.abc import Iterable, Iterator

from gatectl.core.advisory import Advisory
from gatectl.core.exposure import NodeExposure
from gatectl.core.gate import Gate, Side
from gatectl.core.safecheck import CheckFinding, build_is_fixed, judge_safe_check, serves
from gatectl.ports import Lookout
from gatectl.site import Connect, GateLookout
from gatectl.transport.readonly import ReadOnly


def send_safe_checks(
    gate: Gate,
    connect: Connect,
    advisories: Iterable[Advisory],
    exposures: Iterable[NodeExposure],
) -> tuple[CheckFinding, ...]:
    """Send every safe check of these bulletins, and judge it beside the builds."""
    lookout = GateLookout(gate, lambda host: ReadOnly(connect(host)))
    try:
        return tuple(_findings(lookout, advisories, tuple(exposures)))
    finally:
        lookout.close()


def _findings(
    lookout: Lookout, advisories: Iterable[Advisory], exposures: tuple[NodeExposure, ...]
) -> Iterator[CheckFinding]:
    for advisory in advisories:
        for check in advisory.safe_checks:
            # From outside while the gate is open, and from inside while it is closed.
            side, passing = Side.OUTSIDE, lookout.request(Side.OUTSIDE, "GET", check.served)
            if not serves(passing.observation):
                side, passing = Side.INSIDE, lookout.request(Side.INSIDE, "GET", check.served)
            blocked = lookout.request(side, check.method, check.path)
            if not serves(blocked.observation):
                # A way that broke in between would make an open gap look blocked.
                passing = lookout.request(side, "GET", check.served)
            behaviour, because = judge_safe_check(
                check,
                blocked.observation,
                passing.observation,
                fixed=build_is_fixed(exposures, advisory.id),
            )
            yield CheckFinding(
                advisory=advisory.id, check=check, side=side, behaviour=behaviour, because=because
            )
