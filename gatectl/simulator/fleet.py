"""Many stand-alone sites in one process, each at an address of its own; some are in trouble.

A trouble is the management side's alone: the gate goes on serving whoever comes.
"""

import contextlib
import json
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self, TextIO

from gatectl.simulator.faults import UNREACHABLE
from gatectl.simulator.login import REFUSES_LOGINS
from gatectl.simulator.rehearsal import DEFAULT_BUILD, SimulatedSite, told_to_stop, wait_for
from gatectl.simulator.site_configuration import write_gate, write_settings
from gatectl.simulator.ssh import SILENT

Trouble = Literal["unreachable", "refusing", "silent", "mute"]
"""Nobody answers; no login is right; a connection without a word; a login and then no answer."""

GATES_MAX: Final = 1000
_MARKS: Final[dict[Trouble, str]] = {
    "unreachable": UNREACHABLE,
    "refusing": REFUSES_LOGINS,
    "silent": SILENT,
    "mute": "always-hang:",
}
_ADDRESSES_A_NET: Final = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubles:
    """How many gates of a fleet are in which trouble."""

    unreachable: int = 0
    refusing: int = 0
    hanging: int = 0
    """Silent and mute ones in turn."""

    def kinds(self) -> list[Trouble]:
        """Give one word a gate that is in trouble."""
        hanging: list[Trouble] = ["silent", "mute"]
        unreachable: list[Trouble] = ["unreachable"]
        refusing: list[Trouble] = ["refusing"]
        return [
            *unreachable * self.unreachable,
            *refusing * self.refusing,
            *(hanging[number % 2] for number in range(self.hanging)),
        ]


class SimulatedFleet:
    """Running sites with one configuration; a context manager that leaves nothing behind."""

    def __init__(
        self,
        count: int,
        *,
        troubles: Troubles | None = None,
        build: str = DEFAULT_BUILD,
        seed: int = 0,
        speed: float = 60.0,
    ) -> None:
        if not 1 <= count <= GATES_MAX:
            raise ValueError(f"a simulated fleet has 1 to {GATES_MAX} gates, not {count}")
        kinds = (troubles or Troubles()).kinds()
        if len(kinds) > count:
            raise ValueError(f"{len(kinds)} gates cannot be in trouble where there are {count}")
        self.sites: Final = {
            site.name: site
            for site in (
                SimulatedSite(
                    name=f"gate-{number:03}",
                    address=f"127.20.{number // _ADDRESSES_A_NET}.{number % _ADDRESSES_A_NET + 1}",
                    nodes=1,
                    build=build,
                    seed=seed + number,
                    speed=speed,
                )
                for number in range(count)
            )
        }
        chance = random.Random(seed)  # noqa: S311 - chance that can be repeated
        self.troubles: Final = dict(
            zip(chance.sample(sorted(self.sites), len(kinds)), kinds, strict=True)
        )
        self._closing: Final = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            for name, site in self.sites.items():
                stack.enter_context(site)
                trouble = self.troubles.get(name)
                if trouble is not None:
                    site.mark(_MARKS[trouble])
            self._closing.push(stack.pop_all())
        return self

    def __exit__(self, *_exception: object) -> None:
        self._closing.close()

    def configuration(self, folder: Path) -> str:
        """Write each gate's password file, and give the text of one configuration for all."""
        gates = (write_gate(site.access(), folder / name) for name, site in self.sites.items())
        return "\n".join((write_settings(folder), *gates))


def serve_fleet(
    count: int,
    *,
    config_out: Path,
    troubles: Troubles,
    build: str,
    seed: int,
    speed: float,
    output: TextIO | None = None,
) -> None:
    """Run a fleet until SIGINT or SIGTERM; says which gates are in trouble as a line of JSON."""
    fleet = SimulatedFleet(count, troubles=troubles, build=build, seed=seed, speed=speed)
    with told_to_stop() as stop, fleet:
        config_out.write_text(fleet.configuration(config_out.absolute().parent), encoding="utf-8")
        ready = {"gates": count, "troubles": fleet.troubles, "config": str(config_out)}
        print(json.dumps(ready), file=output or sys.stdout, flush=True)
        wait_for(stop)
