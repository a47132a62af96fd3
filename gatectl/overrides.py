"""What may be gone on without, by name and for a reason."""

from collections.abc import Mapping

from gatectl.core.interlock import OVERRIDABLE_AT_REOPENING
from gatectl.core.window import INTERLOCK as WINDOW
from gatectl.errors import Refused


def refuse_strange_overrides(overrides: Mapping[str, str]) -> None:
    """Refuse a name that would override nothing, and what no reason makes up for."""
    overridable = {*OVERRIDABLE_AT_REOPENING, WINDOW}
    strange = sorted(set(overrides) - overridable)
    if strange:
        known = ", ".join(sorted(overridable))
        raise Refused(
            f"{strange[0]!r} cannot be overridden when a gate is reopened",
            hint=f"These can, each for a reason: {known}.",
        )
