"""What may be gone on without when a gate is reopened, and what no reason makes up for."""

import pytest

from gatectl.core.interlock import OVERRIDABLE_AT_REOPENING, RULES, Interlock
from gatectl.core.window import INTERLOCK as WINDOW
from gatectl.errors import Refused
from gatectl.overrides import refuse_strange_overrides

ALLOWED = sorted({*OVERRIDABLE_AT_REOPENING, WINDOW})
SEEN_ON_APPLIANCES = sorted({rule.interlock for rule in RULES} - OVERRIDABLE_AT_REOPENING)


@pytest.mark.parametrize("name", ALLOWED)
def test_what_people_answer_for_may_be_overridden(name: str) -> None:
    """Alone and with others."""
    refuse_strange_overrides({name: "the mayor said so"})
    refuse_strange_overrides(dict.fromkeys(ALLOWED, "the mayor said so"))


@pytest.mark.parametrize("name", [*SEEN_ON_APPLIANCES, "no-such-interlock"])
def test_what_is_seen_on_the_appliances_may_not_be_overridden(name: str) -> None:
    """A misspelt name would override nothing, and is refused as well; all that may is told."""
    with pytest.raises(Refused, match=name) as caught:
        refuse_strange_overrides({Interlock.APPROVALS: "alone tonight", name: "in a hurry"})
    assert all(one in caught.value.hint for one in ALLOWED)
