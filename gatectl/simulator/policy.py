"""What responder policies do to a request that reaches the gateway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gatectl.simulator import builds
from gatectl.simulator.expression import Request, parse_rule, parse_text

if TYPE_CHECKING:
    from gatectl.simulator.configuration import Binding, Configuration
    from gatectl.simulator.switches import Switches

AAA_BIND_POINT_SINCE = (13, 1)
RequestPhase = Literal["request", "aaa"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponderAnswer:
    """What the first policy whose rule is true does."""

    kind: Literal["respondwith", "drop", "reset", "redirect"]
    payload: bytes = b""
    """The raw HTTP answer as it was configured; for a redirect the address."""
    policy: str = ""
    action: str = ""


def responder_works(configuration: Configuration, build: str, switches: Switches) -> bool:
    """Say whether the build looks at responder policies at all for the gateway."""
    if "RESPONDER" not in configuration.features:
        return False
    return not (switches.old_builds_ignore_responder and builds.ignores_responder(build))


def order(
    configuration: Configuration, *, vserver: str, phase: RequestPhase, hides_sign_in: bool
) -> list[Binding]:
    """Give the bindings in the order in which they are asked."""
    steps: tuple[tuple[str, bool], ...] = (
        ("REQ_OVERRIDE", True),
        ("REQUEST", False),
        ("REQ_DEFAULT", True),
    )
    if phase == "aaa" and hides_sign_in:
        steps = (("AAA_REQUEST", False),)
    found: list[Binding] = []
    for kind, is_global in steps:
        at_this_point = [
            binding
            for binding in configuration.bindings
            if binding.kind == kind
            and (not binding.vserver if is_global else binding.vserver.lower() == vserver.lower())
        ]
        found += sorted(at_this_point, key=lambda binding: binding.priority)
    return found


def hides_sign_in(build: str, switches: Switches) -> bool:
    """Say whether REQUEST and global bindings are blind to sign-in traffic."""
    return switches.new_builds_hide_sign_in and builds.release(build) >= AAA_BIND_POINT_SINCE


def answer(
    configuration: Configuration, bindings: list[Binding], request: Request
) -> ResponderAnswer | None:
    """Give what the first policy with a true rule does; a NOOP does nothing."""
    for binding in bindings:
        policy = configuration.policies.get(binding.policy.lower())
        if policy is None or not parse_rule(policy.rule)(request):
            continue
        if policy.action == "NOOP":
            return None
        if policy.action in ("RESET", "DROP"):
            kind: Literal["reset", "drop"] = "reset" if policy.action == "RESET" else "drop"
            return ResponderAnswer(kind=kind, policy=policy.name)
        action = configuration.actions.get(policy.action.lower())
        if action is None or action.operation not in ("respondwith", "redirect"):
            return None
        return ResponderAnswer(
            kind="redirect" if action.operation == "redirect" else "respondwith",
            payload=parse_text(action.target).encode(),
            policy=policy.name,
            action=action.name,
        )
    return None
