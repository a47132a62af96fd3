"""A request is one text: written in one way, read back exactly, and told in plain words."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gatectl.core.approvalrequest import (
    ApprovalRequest,
    InterlockAsked,
    NodeAsked,
    NotARequest,
    OverrideAsked,
    read_request,
    request_digest,
    request_text,
    words_of_request,
)
from tests.builders import ALMELO, NS_A, START

REQUEST = ApprovalRequest(
    gate=ALMELO,
    lineage="6f0c5d0e",
    run="r1",
    plan="ab" * 32,
    evidence="cd" * 32,
    evidence_pieces=3,
    nodes=(NodeAsked(name=NS_A, build="12.1-55.18", boot=""),),
    interlocks=(InterlockAsked(name="nodes-fixed", answer="pass", because="fixed"),),
    asked_by="j.jansen",
    asked=START,
    expires=START + timedelta(hours=1),
    nonce="0f" * 16,
)


def test_a_request_comes_back_as_it_was_written() -> None:
    """Its text is ASCII in lines, and its digest changes with every part."""
    text = request_text(REQUEST)
    assert text.isascii()
    assert read_request(text) == REQUEST
    other = request_text(replace(REQUEST, nonce="0e" * 16))
    assert request_digest(other) != request_digest(text)


@pytest.mark.parametrize(
    ("old", "new", "because"),
    [
        ("{", "", "Invalid JSON"),
        ('"gate": "almelo"', '"gate": "almelo", "gate": "utrecht"', "not in the form"),
        ('"nonce"', '"other": 1,\n "nonce"', "not in the form"),
        (" ", "  ", "not in the form"),
        ('"action": "reopen"', '"action": "close"', "action"),
        ('"expires"', '"expired"', "expires"),
    ],
)
def test_a_text_that_could_be_read_in_two_ways_is_refused(old: str, new: str, because: str) -> None:
    """What somebody read before signing is all that there is to it."""
    with pytest.raises(NotARequest, match=because):
        read_request(request_text(REQUEST).replace(old, new, 1))


def test_an_endless_request_is_refused() -> None:
    """Nobody would read it before signing."""
    with pytest.raises(NotARequest, match="longer"):
        read_request("{" * 300_000)


def test_the_words_name_all_that_is_agreed_to() -> None:
    """Gate, nodes with builds, interlocks with answers, evidence, plan, expiry and number."""
    words = dict(words_of_request(REQUEST))
    assert words["you agree"] == "that almelo lets everybody in again"
    assert words["node ns-a"] == "runs build 12.1-55.18, its boot is not on record"
    assert words["pass: nodes-fixed"] == "fixed"
    assert words["evidence"].startswith("3 pieces, cdcd")
    assert words["plan"] == REQUEST.plan
    assert words["expires"] == "2026-01-18 21:00:00 UTC"
    assert words["number"] == REQUEST.nonce


def test_a_request_for_an_override_names_it_and_its_reason() -> None:
    """And no request is both: what is signed as one can never be used as the other."""
    asked = OverrideAsked(interlock="compromise-check", reason="the river rises")
    request = replace(REQUEST, action="override", override=asked)
    assert read_request(request_text(request)) == request
    words = dict(words_of_request(request))
    assert words["you agree"] == "that almelo is reopened although compromise-check is not so"
    assert words["the reason"] == "the river rises"
    for mixed in (replace(REQUEST, override=asked), replace(REQUEST, action="override")):
        with pytest.raises(NotARequest, match="overridden"):
            read_request(request_text(mixed))
