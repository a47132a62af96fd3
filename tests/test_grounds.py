"""Four interlocks that each block a reopening, are cleared, or overridden by name and told so."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from gatectl.errors import ExitCode
from gatectl.simulator.rehearsal import GATE, SimulatedSite
from tests.cli.keyboard import Keyboard, Shown

NAMES = ("advice-answered", "config-as-before", "mitigation-proven", "settings-in-place")
REOPEN = ("reopen", "--confirm", GATE)
ADVICE = (
    *("advice", "add", "--source", "NCSC", "--id", "N-1", "--by", "officer", "--revision", "1"),
    *("--received", "2020-01-18T15:30+01:00", "--says", "switch-off", "--text", "Switch it off."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What was shown at each reopening that was tried, and the report of it all."""

    blocked: Shown
    decided: Shown
    half: Shown
    opened: Shown
    confirmed: Shown
    report: str


def overriding(*names: str) -> tuple[str, ...]:
    """Override interlocks by their names, with one reason."""
    return (*(word for name in names for word in ("--override", name)), "--reason", "the river")


def behind_its_back(keyboard: Keyboard) -> None:
    """Unbind the mitigation and rename the host, and save it, as a colleague might."""
    primary = keyboard.site.pair.primary
    assert primary is not None
    for line in (
        "unbind responder global ctx267027 -type REQ_OVERRIDE",
        "set ns hostName elsewhere",
        "save ns config",
    ):
        primary.run_quietly(line, origin="cli")


@pytest.fixture(name="night", scope="module")
def _night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """Close a fixed gate under advice to switch off; then change what it was behind our back."""
    with SimulatedSite(speed=240.0, build="13.1-64.24") as site:
        keyboard = Keyboard.at(site, tmp_path_factory.mktemp("night"))
        keyboard.open_for_long()
        keyboard.changed(('["CTX267027"]', '["CTX697096"]')).replace(keyboard.config)
        for words in (("case", "open", "winter"), ADVICE, ("mitigate",), ("close",), ("scan",)):
            shown = keyboard.type(*words)
            assert shown.code == 0, (words, shown.out, shown.err)
        behind_its_back(keyboard)
        blocked = keyboard.type(*REOPEN, "--json")
        keyboard.type("decide", "reopen", "--by", "board", "--why", "fixed", "--on", "NCSC N-1 1")
        decided = keyboard.type(*REOPEN, "--json")
        half = keyboard.type(*REOPEN, *overriding(*NAMES[:2]), "--json")
        opened = keyboard.type(*REOPEN, *overriding(*NAMES))
        confirmed = keyboard.type("confirm")
        report = keyboard.type("report", "winter", "--lang", "en").out
        yield Night(
            blocked=blocked,
            decided=decided,
            half=half,
            opened=opened,
            confirmed=confirmed,
            report=report,
        )


def against(shown: Shown) -> dict[str, dict[str, str]]:
    """Name what stood in the way."""
    return {one["interlock"]: one for one in shown.gate["blockers"]}


def test_all_four_block_at_once_each_with_its_reason_and_command(night: Night) -> None:
    """Advice in force, another configuration, a mitigation that is gone, a setting that is not."""
    assert night.blocked.code == ExitCode.REFUSED
    found = against(night.blocked)
    assert set(found) == set(NAMES)
    assert "NCSC N-1 1 (switch-off) is in force" in found["advice-answered"]["because"]
    assert "set ns hostName" in found["config-as-before"]["because"]
    assert "responder" not in found["config-as-before"]["because"]
    assert "mitigation-proven" in found
    clears = {name: one["clears"] for name, one in found.items()}
    assert clears == {
        "advice-answered": f"gatectl decide reopen --gate {GATE} --by ROLE --why TEXT",
        "config-as-before": f"gatectl verify {GATE}",
        "mitigation-proven": f"gatectl mitigate {GATE} --undo",
        "settings-in-place": f"gatectl patch {GATE}",
    }


def test_a_decision_to_reopen_clears_the_one_that_asks_for_it(night: Night) -> None:
    """And no other."""
    assert set(against(night.decided)) == set(NAMES) - {"advice-answered"}


def test_an_override_lifts_what_it_names_and_no_other(night: Night) -> None:
    """By name and reason only."""
    assert night.half.code == ExitCode.REFUSED
    assert set(against(night.half)) == {"mitigation-proven", "settings-in-place"}


def test_what_was_overridden_at_the_reopening_does_not_block_its_confirmation(
    night: Night,
) -> None:
    """The decision is taken once, and holds for the opening that was made on it."""
    assert night.opened.code == ExitCode.PROVEN, night.opened.err
    assert night.confirmed.code == ExitCode.PROVEN, night.confirmed.err


def test_each_override_stands_on_the_first_page_with_its_reason(night: Night) -> None:
    """Loudly: what was overridden is an answer of its own, before any detail."""
    first_page = night.report[: night.report.index("## Timeline")]
    for name in NAMES[1:]:
        assert name in first_page
    assert "the river" in first_page
