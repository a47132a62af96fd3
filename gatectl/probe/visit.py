"""One look at the gate as a visitor has it, and one at a control target."""

from dataclasses import replace
from typing import Final, assert_never

from gatectl.core.gate import Vantage
from gatectl.core.page import HttpAnswer, Page, is_redirect, page_of, same_host_path
from gatectl.core.reach import Look, LookKind
from gatectl.core.visible import visible
from gatectl.probe.exchange import (
    LOOK_TIMEOUT_S,
    Answered,
    Ask,
    NoAnswer,
    blank_look,
    exchange,
    open_stream,
)
from gatectl.probe.stream import Deadline, Dialler, Target
from gatectl.probe.trust import Trust

_ANY: Final = Trust()


def look_at(
    vantage: Vantage,
    *,
    dial: Dialler,
    target: Target,
    server_name: str = "",
    timeout_s: float = LOOK_TIMEOUT_S,
    tls: bool = True,
    trust: Trust = _ANY,
) -> Look:
    """Ask for a page as a visitor does, follow one redirect, and tell what came of it."""
    ask = Ask(
        dial=dial,
        target=target,
        server_name=server_name,
        tls=tls,
        trust=trust,
        deadline=Deadline.after(timeout_s),
    )
    blank = blank_look(vantage, target, "https" if tls else "http")
    got = exchange(ask)
    match got:
        case NoAnswer(kind=kind, because=because, certificate_sha256=shown):
            return replace(blank, kind=kind, detail=because, certificate_sha256=shown)
        case Answered(answer=answer, certificate_sha256=shown):
            page, status, detail = _classify(ask, answer)
            return replace(
                blank,
                kind=LookKind.ANSWERED,
                page=page,
                status=status,
                detail=detail,
                certificate_sha256=shown,
            )
        case _ as never:
            assert_never(never)


def control_answers(
    vantage: Vantage,
    *,
    dial: Dialler,
    target: Target,
    timeout_s: float = LOOK_TIMEOUT_S,
) -> Look:
    """See whether the control target takes a connection."""
    blank = blank_look(vantage, target, "tcp")
    stream = open_stream(dial, target, Deadline.after(timeout_s))
    if isinstance(stream, NoAnswer):
        return replace(blank, kind=stream.kind, detail=stream.because)
    stream.close()
    return replace(blank, kind=LookKind.CONNECTED)


def _classify(ask: Ask, first: HttpAnswer) -> tuple[Page, int, str]:
    page = page_of(first)
    location = first.header("location")
    if not is_redirect(first):
        return page, first.status, first.cut
    shown = f"{first.status} to {visible(location, limit=120)}"
    if not ask.tls and location.lower().startswith("https:"):
        return page, first.status, shown
    path = same_host_path(location, frozenset({ask.target[0], ask.server_name.lower()}))
    if not path:
        return page, first.status, shown
    second = exchange(replace(ask, path=path))
    if isinstance(second, NoAnswer):
        # The front door works and what is behind it does not: nobody can sign in.
        return Page.OTHER, first.status, f"{shown}, which gave no answer: {second.because}"
    answer = second.answer
    if page is Page.REDIRECT and is_redirect(answer):
        # Sign-on pages that hand over to another page, or to an identity provider.
        return page, answer.status, shown
    return page_of(answer), answer.status, shown
