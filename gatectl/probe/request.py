"""One question to the gate, and what the answer is worth: a request, or a look for its build."""

from collections.abc import Callable
from typing import Final, assert_never

from gatectl.core.check import Observation, Seen, Unreadable
from gatectl.core.fingerprint import (
    SIGN_ON_PATH,
    STAMP_PATH,
    Finding,
    Unrecognised,
    build_from_hash,
    build_from_stamp,
    join_findings,
)
from gatectl.core.page import HttpAnswer, page_of
from gatectl.core.visible import visible
from gatectl.probe.exchange import LOOK_TIMEOUT_S, Answered, Ask, NoAnswer, exchange
from gatectl.probe.stream import Deadline, Dialler, Target
from gatectl.probe.trust import Trust

_BODY_SHOWN: Final = 500
_ANY: Final = Trust()


def request(
    dial: Dialler,
    target: Target,
    *,
    method: str = "GET",
    path: str = "/",
    headers: tuple[tuple[str, str], ...] = (),
    server_name: str = "",
    tls: bool = True,
    timeout_s: float = LOOK_TIMEOUT_S,
    trust: Trust = _ANY,
) -> HttpAnswer | NoAnswer:
    """Send one request, byte for byte, and give the answer; redirects are not followed."""
    got = exchange(
        Ask(
            dial=dial,
            target=target,
            server_name=server_name,
            tls=tls,
            trust=trust,
            deadline=Deadline.after(timeout_s),
            method=method,
            path=path,
            headers=headers,
        )
    )
    return got.answer if isinstance(got, Answered) else got


def answer_record(got: HttpAnswer | NoAnswer) -> Observation:
    """Make an answer comparable; one that did not come, or not whole, can be read as nothing."""
    match got:
        case NoAnswer(kind=kind, because=because):
            return Unreadable(because=f"no answer: {kind.value} ({because})")
        case HttpAnswer(cut=cut) if cut:
            return Unreadable(because=f"the answer {got.status} was cut: {cut}")
        case HttpAnswer():
            record = {
                "status": str(got.status),
                "reason": visible(got.reason),
                "body_empty": "no" if got.body else "yes",
                "body": visible(got.body.decode("utf-8", "replace"), limit=_BODY_SHOWN),
                "server": visible(got.header("server")),
                "location": visible(got.header("location")),
                "last_modified": visible(got.header("last-modified")),
                "length": visible(got.header("content-length")),
                "page": page_of(got).value,
            }
            return Seen(records=(record,))
        case _ as never:
            assert_never(never)


def look_for_build(
    dial: Dialler,
    target: Target,
    *,
    server_name: str = "",
    timeout_s: float = LOOK_TIMEOUT_S,
    trust: Trust = _ANY,
) -> Finding:
    """Read what the gateway shows of its build to a visitor without a login."""

    def fetch(path: str) -> HttpAnswer | NoAnswer:
        return request(
            dial, target, path=path, server_name=server_name, timeout_s=timeout_s, trust=trust
        )

    packed = fetch(STAMP_PATH)
    if isinstance(packed, NoAnswer):
        # A gate that is shut keeps whoever asks waiting, and would do so once more.
        return Unrecognised(because=f"no answer ({packed.because or packed.kind.value})")
    return join_findings(
        _finding(STAMP_PATH, packed, build_from_stamp),
        _finding(SIGN_ON_PATH, fetch(SIGN_ON_PATH), build_from_hash),
    )


def _finding(path: str, got: HttpAnswer | NoAnswer, judge: Callable[[bytes], Finding]) -> Finding:
    match got:
        case NoAnswer(because=because):
            return Unrecognised(because=f"{path} gave no answer: {because}")
        case HttpAnswer(status=200, body=body):
            return judge(body)
        case HttpAnswer(status=status):
            return Unrecognised(because=f"{path} gave status {status}")
        case _ as never:
            assert_never(never)
