"""What is wrong with a playbook that reads well: checks that cannot fail, looks that write."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address, ip_network
from typing import assert_never

from gatectl.core.advisory import Advisory
from gatectl.core.check import Answer, Expectation, Seen, judge
from gatectl.core.framing import read_reply
from gatectl.core.gate import AdvisoryId, Gate, Node
from gatectl.core.looks import read_look
from gatectl.core.netscaler import hides_management, is_read_only
from gatectl.core.playbook import (
    PLACEHOLDER,
    CollectStep,
    DeviceStep,
    Holds,
    Playbook,
    Purpose,
    RequestStep,
    ScannerStep,
    Step,
)
from gatectl.core.scanner import hear_scanner
from gatectl.core.traffic import Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class LintProblem:
    """One thing to correct, and in which step."""

    step: str
    sentence: str


def lint_playbook(playbook: Playbook, gates: tuple[Gate, ...]) -> tuple[LintProblem, ...]:
    """Find everything in a playbook that would let it prove or cut what it must not."""
    found = [
        LintProblem(step=step.id, sentence=sentence)
        for step in playbook.step
        for sentence in _problems(step, gates)
    ]
    if playbook.purpose in _ONLY_LOOKS:
        sentence = f"a playbook that is to {playbook.purpose} only looks; a scanner needs another"
        found += [
            LintProblem(step=step.id, sentence=f"{sentence} purpose, such as maintain")
            for step in playbook.step
            if isinstance(step, ScannerStep)
        ]
    return tuple(found)


def _problems(step: Step, gates: tuple[Gate, ...]) -> Iterator[str]:
    match step:
        case DeviceStep():
            yield from _device_problems(step, gates)
        case RequestStep():
            seen = Seen(records=(step.refuses,))
            yield from _check_problems(judge(seen, _bare(step.holds)).answer)
        case ScannerStep():
            yield from _scanner_problems(step)
        case CollectStep():
            if not (step.looks or step.paths):
                yield "a collect step needs looks or paths"
            yield from (f"`{look}` may write" for look in step.looks if not is_read_only(look))
        case _:
            pass


_ONLY_LOOKS = frozenset({Purpose.VERIFY, Purpose.SCAN})


def _scanner_problems(step: ScannerStep) -> Iterator[str]:
    if step.proves:
        # A clean word of somebody else's would stand for our own check.
        yield "a scanner step proves nothing by itself; a judge step takes its word in"
    if "\n" in step.arguments.strip():
        yield "the arguments are one line"
    wanted = {
        "compromised": step.says.compromised,
        "inconclusive": step.says.error,
        "clean": step.says.clean,
    }
    for said, says in wanted.items():
        heard = hear_scanner(says.answer, step.says)
        if heard.said != said:
            yield f"the recorded answer for {said} is understood as {heard.said}: {heard.because}"
    if hear_scanner("", step.says).said != "inconclusive":
        yield "the rule hears something in an output that is empty"


def _device_problems(step: DeviceStep, gates: tuple[Gate, ...]) -> Iterator[str]:
    look = _example(step.look.strip())
    if not is_read_only(look):
        yield f"the look `{step.look.strip()}` is not known to only read"
    if step.changes and not is_read_only(_example(step.changes.strip())):
        yield f"the look `{step.changes.strip()}` is not known to only read"
    if step.idle and not is_read_only(_example(step.idle.strip())):
        yield f"the look `{step.idle.strip()}` is not known to only read"
    reply = read_reply(step.refuses.strip("\n").splitlines(), command=look)
    yield from _check_problems(judge(read_look(look, reply), _bare(step.holds)).answer)
    if step.undo and not step.act:
        yield "there is an undo, but no act that it takes back"
    addresses = [ip_address(node.host.address) for node in _numbered(gates)]
    for line in (*(step.act or "").splitlines(), *(step.undo or "").splitlines()):
        if hides_management(_example(line), addresses):
            yield f"`{line}` could cut the way to a node's own address"


def _check_problems(answer: Answer) -> Iterator[str]:
    match answer:
        case Answer.FAIL:
            return
        case Answer.PASS:
            yield "the check passes on the answer that it must refuse: it cannot fail"
        case Answer.UNKNOWN:
            yield "the recorded answer to refuse cannot be read, so it shows nothing"
        case _ as never:
            assert_never(never)


def _bare(holds: tuple[Holds, ...]) -> tuple[Expectation, ...]:
    """Fill in what a check needs so that it can be judged on its recorded answer alone."""
    return tuple(_expectation(one) for one in holds)


def _expectation(one: Holds) -> Expectation:
    return Expectation(
        field=_example(one.field),
        where={key: _example(value) for key, value in one.where.items()} if one.where else None,
        apart_from={key: _example(value) for key, value in one.apart_from.items()}
        if one.apart_from
        else None,
        lets_in=_TRAFFIC[one.lets_in] if one.lets_in else None,
        equals=_example_or_none(one.equals),
        differs=_example_or_none(one.differs),
        contains=_example_or_none(one.contains),
        matches=_example_or_none(one.matches),
        one_of=tuple(_example(text) for text in one.one_of) if one.one_of else None,
        at_least=one.at_least,
        at_most=one.at_most,
        at_least_build=_example_or_none(one.at_least_build),
        fixed_for=(_NEVER_FIXED,) if one.fixed_for else None,
        within=(_NOBODY,) if one.within else None,
        not_between=(int(_example(one.not_between[0])), int(_example(one.not_between[1])))
        if one.not_between
        else None,
        above=None if one.above is None else int(_example(one.above)),
        not_here=one.not_here,
    )


_EXAMPLES = {
    "vserver.name": "gw_ext",
    "vserver.kind": "vpn",
    "vserver.address": "203.0.113.10",
    "vserver.port": "443",
    "build": "99.1-1.1",
    "office.number": "1",
    "office.range": "10.0.0.0-10.255.255.255",
    "vserver.address6": "2001:db8::10",
    "priority.first": "10",
    "priority.last": "99",
    "priority.deny_tls": "97",
    "front.kind": "cs",
    "front.name": "cs_front",
    "persistence.name": "lb_storefront",
    "setting.show": "show ns tcpparam",
    "setting.field": "enhanced_isn_generation",
    "setting.equals": "ENABLED",
}
"""What the recorded answers speak of; any other parameter gets a word of its own."""

_NEVER_FIXED = Advisory(
    id=AdvisoryId("example"),
    title="a bulletin that no build is fixed for",
    published=date(2000, 1, 1),
    cves=(),
    fixed={f"{release}": f"{release}-999.999" for release in ("11.0", "12.1", "13.0", "13.1")},
)
_NOBODY = ip_network("192.0.2.255/32")
_TRAFFIC = {
    "outsiders": Traffic(
        destination=ip_address("203.0.113.10"), ports=(443, 80), insiders=(_NOBODY,)
    ),
    "outsiders6": Traffic(
        destination=ip_address("2001:db8::10"), ports=(443, 80), insiders=(_NOBODY,)
    ),
}


def _example(text: str) -> str:
    return PLACEHOLDER.sub(lambda found: _EXAMPLES.get(found[1], "example"), text)


def _example_or_none(text: str | None) -> str | None:
    return None if text is None else _example(text)


def _numbered(gates: tuple[Gate, ...]) -> Iterator[Node]:
    """Give the nodes that are known by an address; a name says nothing about rules for ranges."""
    for gate in gates:
        for node in gate.nodes:
            try:
                ip_address(node.host.address)
            except ValueError:
                continue
            yield node
