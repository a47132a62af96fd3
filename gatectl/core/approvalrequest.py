"""What others are asked to agree to: a reopening, with all that it rests on, as one signed text."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final, Literal

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from gatectl.core.gate import GateName, NodeName

NAMESPACE: Final = "gatectl-approve@gatectl"
"""A signature for anything else, by the same key, agrees to nothing."""

REQUEST_BYTES_MAX: Final = 262_144


class NotARequest(ValueError):
    """A text that asks for nothing that gatectl knows; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeAsked:
    """One appliance, as it was seen when the request was made."""

    name: NodeName
    build: str
    boot: str
    """Stands for one boot of it; empty if none is on record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterlockAsked:
    """How an interlock was answered when the request was made."""

    name: str
    answer: Literal["pass", "fail", "unknown"]
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideAsked:
    """An interlock that is to be overridden at the reopening, and for which reason."""

    interlock: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequest:
    """One request; an agreement to it is good for this opening, on this evidence, and once."""

    format: Literal["gatectl approval request 1"] = "gatectl approval request 1"
    action: Literal["reopen", "override"] = "reopen"
    override: OverrideAsked | None = None
    """What alone is agreed to where the action is an override; the opening itself is not."""
    gate: GateName
    lineage: str
    """Names the one journal that it belongs to."""
    run: str
    """The last run that could change anything: any later one makes this request void."""
    plan: str
    """Digest of the plan that opens."""
    evidence: str
    """Digest over the kept evidence and what the compromise check made of it."""
    evidence_pieces: int
    nodes: tuple[NodeAsked, ...]
    interlocks: tuple[InterlockAsked, ...]
    asked_by: str
    asked: datetime
    expires: datetime
    nonce: str


@cache
def _request_type() -> TypeAdapter[ApprovalRequest]:
    return TypeAdapter(ApprovalRequest)


def request_text(request: ApprovalRequest) -> str:
    """Write a request in the one way that is signed; in lines, for whoever reads before signing."""
    document = to_jsonable_python(request)
    if request.override is None:
        del document["override"]
    return json.dumps(document, sort_keys=True, indent=1, ensure_ascii=True) + "\n"


def request_digest(text: str) -> str:
    """Name a request's text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read_request(text: str) -> ApprovalRequest:
    """Read a request; a text that could be read in two ways is none."""
    if len(text) > REQUEST_BYTES_MAX:
        raise NotARequest("it is longer than any request")
    try:
        request = _request_type().validate_json(text)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the text"
        raise NotARequest(f"{where}: {first['msg']}") from exc
    if (request.action == "override") is not (request.override is not None):
        raise NotARequest("it does not say what is to be overridden, or says it of a reopening")
    if request_text(request) != text:
        raise NotARequest("it is not in the form in which gatectl writes requests")
    return request


def words_of_request(request: ApprovalRequest) -> Iterator[tuple[str, str]]:
    """Tell in plain words what somebody would agree to: what, and its value."""
    if request.override is None:
        yield "you agree", f"that {request.gate} lets everybody in again"
    else:
        asked = request.override
        yield "you agree", f"that {request.gate} is reopened although {asked.interlock} is not so"
        yield "the reason", asked.reason
    for node in request.nodes:
        boot = f", boot {node.boot[:16]}" if node.boot else ", its boot is not on record"
        yield f"node {node.name}", f"runs build {node.build or 'unknown'}{boot}"
    for one in request.interlocks:
        yield f"{one.answer}: {one.name}", one.because
    yield "evidence", f"{request.evidence_pieces} pieces, {request.evidence}"
    yield "plan", request.plan
    yield "last run", request.run or "none is on record"
    yield "journal", request.lineage
    yield "asked", f"by {request.asked_by}, {_time(request.asked)}"
    yield "expires", _time(request.expires)
    yield "number", request.nonce


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
