"""How long a node's answer is waited for, and how the answer to a line of an act goes on record."""

from typing import Literal, assert_never

from gatectl.core.event import ActAnswered
from gatectl.core.gate import NodeName
from gatectl.core.netscaler import Reply
from gatectl.core.plan import PlannedId
from gatectl.errors import GatectlError

LOOK_TIMEOUT_S = 30.0
_EXCERPT = 500

Came = Reply | GatectlError | None
"""What came of a line; None is a session that ended before an answer, as expected."""


def answered(
    step: PlannedId, node: NodeName, line: str, came: Came, *, elapsed_s: float
) -> ActAnswered:
    """Turn what came of a line into the event that keeps it."""
    answer, text = _told(came)
    return ActAnswered(
        step=step,
        node=node,
        line=line,
        answer=answer,
        text=text[:_EXCERPT],
        elapsed_s=round(elapsed_s, 3),
    )


def _told(came: Came) -> tuple[Literal["done", "error", "cut"], str]:
    match came:
        case None:
            return "cut", "the session ended, as expected"
        case GatectlError(sentence=sentence):
            return "cut", sentence
        case Reply(error=str() as error):
            return "error", error
        case Reply(text=text):
            return "done", text
        case _ as never:
            assert_never(never)
