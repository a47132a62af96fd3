"""A verb on many gates at the command line: which, how many at once, and what is told."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import click
import pytest

from gatectl.cli.fleet import executor_of, rollout_of
from gatectl.core.event import Mode
from gatectl.errors import InvalidInput
from gatectl.fleet.rollout import Rollout, Verb
from gatectl.operation import Operation
from gatectl.simulator.rehearsal import GATE, SimulatedSite
from tests.cli.conftest import SPEED
from tests.cli.keyboard import Shown, type_in

HEALTHY = 6


def place(site: SimulatedSite, folder: Path, name: str) -> str:
    """Give the part of a configuration that describes a site, under a name of its own."""
    text = site.configuration(folder / name)
    return text[text.index(f"[gates.{GATE}]") :].replace(f"gates.{GATE}", f"gates.{name}")


@contextmanager
def silent_port() -> Iterator[int]:
    """Take connections and never say a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        done = threading.Event()
        kept: list[socket.socket] = []

        def take() -> None:
            listener.settimeout(0.2)
            while not done.is_set():
                try:
                    kept.append(listener.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            done.set()
            thread.join()
            for one in kept:
                one.close()


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the configuration of several sites: most are well, three are not."""
    folder = tmp_path_factory.mktemp("fleet")
    with ExitStack() as stack:
        hanging = [str(stack.enter_context(silent_port())) for _ in range(2)]
        wrong = {HEALTHY: ["1", "2"], HEALTHY + 1: hanging}
        parts = [f'[settings]\nstate_dir = "{folder / "state"}"\n']
        for number in range(HEALTHY + 3):
            site = stack.enter_context(SimulatedSite(speed=SPEED))
            name = f"gate-{number}"
            part = place(site, folder, name)
            ports = [str(node.port) for node in site.access().nodes]
            for port, dead in zip(ports, wrong.get(number, ports), strict=True):
                part = part.replace(f"port = {port}\n", f"port = {dead}\n")
            if number == HEALTHY + 2:
                for file in (folder / name).glob("password*"):
                    file.write_text("not the password\n", encoding="utf-8")
            tag = 'tags = ["south"]\n' if number == 0 else ""
            parts.append(part.replace(f"[gates.{name}]\n", f"[gates.{name}]\n{tag}", 1))
        parts.append('[groups]\nnorth = ["gate-2", "gate-1"]\n')
        path = folder / "config.toml"
        path.write_text("\n".join(parts), encoding="utf-8")
        yield path


def typed(fleet: Path, *words: str) -> Shown:
    """Type a command line for the fleet."""
    return type_in("--config", str(fleet), *words)


def test_a_group_is_closed_and_another_by_its_tag(fleet: Path) -> None:
    """Groups of the configuration and tags of gates are named alike; a table tells the result."""
    shown = typed(fleet, "close", "--group", "north", "--group", "south")
    assert shown.code == 0, shown.err
    assert shown.out.splitlines()[-1] == "3 gates: 3 shut, 0 open, 0 unknown"
    for name in ("gate-0", "gate-1", "gate-2"):
        assert any(line.startswith(name) and " shut " in line for line in shown.out.splitlines())
    assert "[3/3]" in shown.err


def closed(shown: Shown) -> dict[str, int]:
    """Give each gate's exit code."""
    return {gate["name"]: gate["exit_code"] for gate in shown.document["gates"]}


def test_gates_that_cannot_be_reached_stop_nobody_else(fleet: Path) -> None:
    """A dead node and a refused login are told by name; the worst code wins."""
    shown = typed(fleet, "close", "gate-0", "gate-6", "gate-1", "gate-8", "--json")
    assert closed(shown) == {"gate-0": 0, "gate-6": 5, "gate-1": 0, "gate-8": 5}
    assert shown.code == 5


@pytest.mark.long
def test_a_gate_that_hangs_is_named_as_well(fleet: Path) -> None:
    """Nodes that take connections and say nothing cost their own gate its time, and no other."""
    codes = closed(typed(fleet, "close", "--all", "--json"))
    assert {name for name, code in codes.items() if code} == {"gate-6", "gate-7", "gate-8"}
    assert codes["gate-7"] == 5


def test_all_and_names_together_are_refused(fleet: Path) -> None:
    """It is said what was meant, or nothing is done."""
    assert typed(fleet, "status", "--all", "gate-1").code == 2
    assert "no group or tag is called 'nort'" in typed(fleet, "close", "--group", "nort").err


def test_a_canary_that_fails_is_the_only_one_begun(fleet: Path) -> None:
    """The others are told as not begun."""
    words = ("verify", "gate-6", "gate-0", "gate-1", "--canary", "1")
    last = typed(fleet, *words).out.splitlines()[-1]
    assert last == "worst of all: 4, a host could not be reached or trusted"
    shown = typed(fleet, *words, "--json")
    codes = [gate["exit_code"] for gate in shown.document["gates"]]
    assert codes[0] != 0
    assert codes[1:] == [6, 6]


def test_closing_goes_to_all_at_once_and_all_else_one_at_a_time() -> None:
    """Unless somebody says otherwise."""
    context = click.Context(click.Command("close"), obj={})
    assert rollout_of(context, 200, closing=True) == Rollout(batch=200)
    assert rollout_of(context, 200, closing=False) == Rollout(batch=1)
    context.obj["rollout"] = {"canary": 3, "batch": 20, "max_failures": 2}
    assert rollout_of(context, 200, closing=True) == Rollout(canary=3, batch=20, failures_max=2)
    assert rollout_of(context, 2, closing=False).canary == 2


def verb_that_asks(typed: str | None) -> Verb:
    """Make a verb that asks whoever sits here, so that it cannot go elsewhere."""
    return partial(Operation.reopen, mode=Mode.REAL, agreed=lambda _gate: typed is None)


def test_a_large_fleet_is_worked_on_by_processes() -> None:
    """From the size on at which one process would be slower; what asks the operator stays here."""
    close = partial(Operation.close, mode=Mode.REAL)
    context = click.Context(click.Command("close"), obj={})
    assert executor_of(context, Rollout(batch=100), close) == "threads"
    assert executor_of(context, Rollout(batch=101), close) == "processes"
    assert executor_of(context, Rollout(batch=101), verb_that_asks(None)) == "threads"
    context.obj["rollout"] = {"executor": "dask://127.0.0.1:8786"}
    assert executor_of(context, Rollout(), close) == "dask://127.0.0.1:8786"
    with pytest.raises(InvalidInput, match="threads alone"):
        executor_of(context, Rollout(), verb_that_asks(None))


def test_gates_are_worked_on_by_other_processes(fleet: Path) -> None:
    """The same results as by threads, and one record of it all."""
    words = ("close", "gate-3", "gate-4", "--executor", "processes", "--json")
    assert closed(typed(fleet, *words)) == {"gate-3": 0, "gate-4": 0}
    log = typed(fleet, "log", "gate-3", "--json", "--limit", "5000").document["gates"][0]["events"]
    kinds = [one["event"]["kind"] for one in log]
    assert kinds.count("run.started") == kinds.count("run.ended") == 1


@pytest.mark.parametrize(
    ("where", "told"),
    [("elsewhere", "no place to work at"), ("dask://nobody", "not the address")],
)
def test_a_place_that_is_none_is_refused(fleet: Path, where: str, told: str) -> None:
    """Nothing is sent to any gate."""
    shown = typed(fleet, "close", "--group", "north", "--executor", where)
    assert shown.code == 2
    assert told in shown.err
