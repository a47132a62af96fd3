"""Puts together what a verb works with: configuration, journal, evidence, sessions and display."""

import getpass
import logging
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import structlog

from gatectl.clock import Clock, SystemClock
from gatectl.config.bulletins import advisories_of
from gatectl.config.configuration import (
    Configuration,
    find_configuration,
    read_configuration,
)
from gatectl.config.playbooks import playbook_folders
from gatectl.config.shipped import read_indicators
from gatectl.core.event import Recorded
from gatectl.core.gate import Gate, GateName
from gatectl.desk import Desk
from gatectl.errors import GatectlError, InvalidInput, JournalDamaged, JournalUnavailable
from gatectl.journal.emergency import EmergencyRecord, emergency_desk, emergency_folders, take_in
from gatectl.journal.evidence import EvidenceStore
from gatectl.journal.journal import Journal
from gatectl.journal.opening import open_journal, place_of
from gatectl.journal.recorder import Listener
from gatectl.keyring import Keyring
from gatectl.log import configure, let_go, step_record
from gatectl.messages import Messenger
from gatectl.people import People
from gatectl.site import GateLookout
from gatectl.stop import SignalStop

PEOPLE_FILE = "people.json"
_SOMEBODY = "operator"
_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """A desk, the gates that a verb was called for, and how it is stopped."""

    desk: Desk
    configuration: Configuration
    gates: tuple[Gate, ...]
    stop: SignalStop


def configuration_of(
    ctx: click.Context, *, unpinned: bool = False, closing: bool = False
) -> Configuration:
    """Read the configuration that this command line is for."""
    given = ctx.obj["config"]
    path = find_configuration(Path(given) if given else None, os.environ)
    return read_configuration(path, unpinned=unpinned, closing=closing)


@contextmanager
def workplace(
    ctx: click.Context,
    names: Sequence[str],
    listeners: tuple[Listener, ...] = (),
    *,
    rehearsal: bool = False,
    closing: bool = False,
) -> Iterator[Workplace]:
    """Open all that a verb needs; nothing is contacted before the verb begins.

    Closing goes on without a journal, if there is none to be had. Only a rehearsal may keep its
    journal where a restart would lose it.
    """
    configuration = configuration_of(ctx, closing=closing)
    for sentence in configuration.left_out:
        _tell(f"left out: {sentence}")
    gates = chosen(configuration, _names(ctx, configuration, names))
    keyring = Keyring(_ask_on_terminal())
    state = configuration.settings.state_dir
    clock = SystemClock()
    people = People(state / PEOPLE_FILE)
    actor, accounts = _at_work(configuration, people)
    stop = SignalStop()
    journal, trouble = _journal(
        configuration, keyring, clock=clock, actor=actor, rehearsal=rehearsal, closing=closing
    )
    _start_log(ctx, state / "gatectl.log.jsonl", keyring)
    messenger = Messenger(configuration.messages, _tell)
    with journal, stop.listening(), ExitStack() as records:
        desk = Desk(
            journal=journal,
            evidence=EvidenceStore(configuration.settings.evidence_dir),
            clock=clock,
            connect=keyring.connect,
            lookout=GateLookout,
            advisories=advisories_of(configuration.bulletins),
            indicators=read_indicators,
            playbook_folders=playbook_folders(configuration.settings),
            listeners=(_log_listener(), messenger, *listeners),
            stop=stop,
            actor=actor,
            accounts=accounts,
            emergency=lambda exc: _without_journal(desk, state, exc, records),
            lanes=True,
            windows=configuration.windows,
        )
        desk = desk if trouble is None else desk.emergency(trouble)
        try:
            yield Workplace(desk=desk, configuration=configuration, gates=gates, stop=stop)
        finally:
            messenger.close()
            let_go()


def _journal(
    configuration: Configuration,
    keyring: Keyring,
    *,
    clock: Clock,
    actor: str,
    rehearsal: bool,
    closing: bool,
) -> tuple[Journal, GatectlError | None]:
    """Open the journal; for closing give one in memory instead at need, and why."""
    with ExitStack() as refused:
        try:
            journal = open_journal(
                place_of(configuration.settings),
                clock=clock,
                actor=actor,
                origin=socket.gethostname(),
                unsafe_any_file_system=rehearsal,
                fetch=keyring.fetch_alone,
            )
            refused.callback(journal.close)
            _take_in(journal, configuration.settings.state_dir, closing=closing)
        except (JournalUnavailable, JournalDamaged) as exc:
            if not closing:
                raise
            return Journal.in_memory(clock=clock, actor=actor, origin="emergency"), exc
        refused.pop_all()
    return journal, None


def _take_in(journal: Journal, state: Path, *, closing: bool) -> None:
    """Take in what was recorded without a journal; for closing, a broken file is no obstacle."""
    try:
        take_in(journal, state)
    except JournalDamaged as exc:
        if not closing:
            raise
        _tell(exc.sentence)


def _at_work(configuration: Configuration, people: People) -> tuple[str, Mapping[str, str]]:
    """Say who goes on record, and whose pseudonyms are known; nobody is kept waiting for a name."""
    settings = configuration.settings
    try:
        name = settings.operator
        actor = people.enrol(name).pseudonym if settings.operator_is_account else name
        return actor, people.names()
    except (JournalUnavailable, JournalDamaged):
        # Without a disk there is no table of names; closing goes on, and so does every look.
        return _SOMEBODY, {}


def _tell(text: str) -> None:
    click.echo(f"gatectl: {text}", err=True)


def _without_journal(desk: Desk, state: Path, trouble: GatectlError, records: ExitStack) -> Desk:
    record = EmergencyRecord(emergency_folders(state), desk.clock.now())
    records.callback(record.close)
    return emergency_desk(desk, record, trouble, _tell)


def _names(ctx: click.Context, configuration: Configuration, names: Sequence[str]) -> Sequence[str]:
    """Put together the gates that were named one by one, by group, or as all."""
    every, groups = ctx.obj.get("every_gate", False), ctx.obj.get("groups", ())
    if not every and not groups:
        return names
    if every and (names or groups):
        raise InvalidInput("--all means every gate", hint="Name gates or groups, or --all.")
    grouped = [gate for group in groups for gate in configuration.group(group)]
    found = configuration.gates if every else dict.fromkeys((*names, *grouped))
    return tuple(found)


def chosen(configuration: Configuration, names: Sequence[str]) -> tuple[Gate, ...]:
    """Find the gates by name; a single gate may be left unnamed, and none is taken twice."""
    if not names:
        return (configuration.gate(None),)
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise InvalidInput(f"{', '.join(twice)} is named twice", hint="Name each gate once.")
    return tuple(configuration.gate(GateName(name)) for name in names)


def _ask_on_terminal() -> Callable[[str], str] | None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return lambda prompt: getpass.getpass(prompt, stream=sys.stderr)


def _start_log(ctx: click.Context, file: Path, keyring: Keyring) -> None:
    verbose: int = ctx.obj["verbose"]
    level = _LEVELS[min(verbose, len(_LEVELS) - 1)]
    configure(
        console=sys.stderr if verbose else None,
        colour=sys.stderr.isatty() and "NO_COLOR" not in os.environ,
        level=min(level, logging.INFO),
        file=file,
        secrets=keyring.known,
    )


def _log_listener() -> Listener:
    log = structlog.get_logger()

    def tell(recorded: Recorded) -> None:
        event, pairs = step_record(recorded)
        log.info(event, **pairs)

    return tell
