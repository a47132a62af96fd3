"""P29: what a closing takes is measured and told, and hardly judged: machines differ."""

import time
from pathlib import Path

from gatectl.errors import ExitCode
from gatectl.simulator.rehearsal import SimulatedSite
from tests.cli.keyboard import Keyboard

FAR_TOO_LONG_S = 60.0


def test_a_closing_of_the_pair_is_measured(tmp_path: Path) -> None:
    """From the verb to the proof on both nodes; the figure is printed (`-rP` shows it)."""
    with SimulatedSite() as site:
        keyboard = Keyboard.at(site, tmp_path)
        began = time.monotonic()
        assert keyboard.type("close").code == ExitCode.PROVEN
        took_s = time.monotonic() - began
    print(f"close took {took_s:.2f} s, promised are 10 s at 50 ms to and fro")
    assert took_s < FAR_TOO_LONG_S
