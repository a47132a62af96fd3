"""The log: structlog, set up here alone; the journal is the record, the log is for who watches.

Every event goes through the same steps, whoever wrote it: made plain, cleared of secrets, put in
order, and then shown on the console and added to the file. Nothing that fails here stops a run.
"""

import json
import logging
import os
import sys
import textwrap
import threading
import traceback
from collections.abc import Callable, Collection, Mapping, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn, TextIO, assert_never

import structlog

from gatectl.core.agreement import (
    ApprovalGiven,
    ApprovalRequested,
    ApprovalUsed,
    AttestationGiven,
)
from gatectl.core.casework import (
    AdviceReceived,
    CaseClosed,
    CaseOpened,
    CostIncurred,
    Decided,
    HoursSpent,
    IncidentDeclared,
    IncidentReported,
    Remarked,
)
from gatectl.core.checkpoint import StandingKept
from gatectl.core.event import (
    ActAnswered,
    ActIntended,
    CompromiseJudged,
    ConfigurationSeen,
    Event,
    EvidenceKept,
    Examined,
    InterlocksJudged,
    LookMade,
    Noted,
    Recorded,
    Refusal,
    RunEnded,
    RunResumed,
    RunStarted,
    ScannerRun,
    SidesSeen,
    Signalled,
    StepEnded,
    StepStarted,
)
from gatectl.core.upkeep import AuditEnded, DeadlinePassed, MaintenanceSkipped
from gatectl.core.visible import visible
from gatectl.logfile import LogFile
from gatectl.secret import Secret, scrub

Fields = MutableMapping[str, Any]
Secrets = Callable[[], Collection[Secret]]
"""Gives all secrets that are known at the moment of a record."""

ORDER: Final = (
    *("timestamp", "level", "event", "action", "object", "result", "origin", "actor"),
    *("gate", "run", "node", "step", "sequence"),
)
"""These fields come first and in this order; the others follow by name."""

_DEPTH_MAX = 6
_CONSOLE_VALUE_CHARACTERS = 2000
_CONSOLE_TRACEBACK_CHARACTERS = 8000
_FILE_VALUE_CHARACTERS = 65_536


def configure(
    *,
    console: TextIO | None,
    colour: bool,
    level: int,
    file: Path | None,
    secrets: Secrets,
) -> None:
    """Set the log up for this process; lines for people on a terminal, JSON Lines elsewhere."""
    let_go()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _stamped,
            # Tracebacks in plain text: the other formatters print local variables.
            structlog.processors.format_exc_info,
            _Redaction(secrets),
            _ordered,
            _Outlets(console=console, colour=colour, file=file, secrets=secrets),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # The outlets are the last processor: no logger ever has anything left to print.
        logger_factory=structlog.ReturnLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    _route_libraries()


def let_go() -> None:
    """Close the log's file, which is kept open between lines; the log stays set up."""
    for step in structlog.get_config()["processors"]:
        if isinstance(step, _Outlets):
            step.close()


def step_record(recorded: Recorded) -> tuple[str, dict[str, object]]:
    """Give an event of the journal as a log record: its kind, and who did what with which result.

    This is for the eye, and for a collector of logs; the journal has all of it.
    """
    event = recorded.event
    action, subject, result = _told(event)
    pairs: dict[str, object] = {
        "timestamp": recorded.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "action": action,
        "object": subject or recorded.gate,
        "result": result,
        "origin": recorded.origin,
        "actor": recorded.actor,
        "gate": recorded.gate,
        "run": recorded.run,
        "sequence": recorded.sequence,
    }
    for name in ("step", "node", "because", "elapsed_s"):
        value = getattr(event, name, None)
        if value is not None:
            pairs[name] = value
    if isinstance(event, LookMade | StepEnded):
        pairs["because"] = event.verdict.because
    return event.kind, pairs


def _told(event: Event) -> tuple[str, str, str]:  # noqa: C901, PLR0911, PLR0912 - one short case an event
    """Name action, object and result; no object means the gate."""
    match event:
        case RunStarted():
            return f"start {event.mode}", event.plan.playbook, "started"
        case RunResumed():
            return "resume run", "", "started"
        case RunEnded():
            return "end run", "", event.ending
        case StepStarted():
            return "start step", event.step, "started"
        case LookMade():
            return "look", event.step, event.verdict.answer
        case ActIntended():
            return "act", event.step, "intended"
        case ActAnswered():
            return "act", event.step, event.answer
        case StepEnded():
            return "end step", event.step, event.outcome
        case SidesSeen():
            return "look", "", f"outside {event.outside}, inside {event.inside}"
        case EvidenceKept():
            return "keep evidence", event.name, event.what
        case Examined():
            return "attest examination", event.file, event.finding
        case ScannerRun():
            return "run scanner", event.script, event.said
        case CompromiseJudged():
            return "judge compromise", "", event.answer
        case Signalled():
            return f"signal {event.signal}", "", event.after
        case InterlocksJudged():
            return "judge interlocks", "", "blocked" if event.blockers else "clear"
        case Refusal():
            return event.verb, "", f"refused: {event.sentence}"
        case Noted():
            return "note", "", event.text
        case StandingKept():
            return "keep standing", "", "kept"
        case CaseOpened() | CaseClosed():
            return event.kind, event.case, "opened" if event.kind == "case.opened" else "closed"
        case AdviceReceived():
            return "receive advice", event.key, event.says
        case Decided():
            return "decide", event.case, event.decision
        case HoursSpent():
            return "spend hours", event.case, f"{event.hours:.2f} by {event.who}"
        case CostIncurred():
            return "incur cost", event.case, event.what
        case Remarked():
            return "remark", event.about, event.text
        case IncidentDeclared():
            return "declare incident", event.case, event.why
        case IncidentReported():
            return "report incident", event.stage, event.to
        case ApprovalRequested():
            return "request approval", event.nonce, "requested"
        case ApprovalGiven():
            return "approve", event.nonce, f"signed by {event.principal} ({event.role})"
        case ApprovalUsed():
            return "use approval", event.nonce, "used"
        case AttestationGiven():
            return "attest", event.name, f"attested by {event.by}"
        case AuditEnded():
            return "audit", "", f"exit {event.exit_code}"
        case MaintenanceSkipped():
            return "maintain", event.playbook, "skipped"
        case ConfigurationSeen():
            return "keep configuration", event.node, event.by
        case DeadlinePassed():
            return "see deadline", event.what, "overdue"
        case _ as never:
            assert_never(never)


def _stamped(_logger: object, _method: str, fields: Fields) -> Fields:
    """Add the time, unless the record is of something that has its own."""
    if "timestamp" not in fields:
        now = datetime.now(tz=UTC).isoformat(timespec="milliseconds")
        fields["timestamp"] = now.replace("+00:00", "Z")
    return fields


def _ordered(_logger: object, _method: str, fields: Fields) -> Fields:
    first = {name: fields[name] for name in ORDER if name in fields}
    return first | {name: fields[name] for name in sorted(fields) if name not in first}


class _Redaction:
    """Turns an event into plain values and takes every secret out of its names and values."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def known(self) -> Collection[Secret]:
        """Give the secrets that are known at this moment."""
        return self._secrets()

    def __call__(self, _logger: object, _method: str, fields: Fields) -> Fields:
        # An empty tuple says so at once, for each of the names and values.
        known = self.known() or ()
        return {scrub(str(name), known): _plain(value, known, 0) for name, value in fields.items()}


def _plain(value: object, secrets: Collection[Secret], depth: int) -> Any:
    if type(value) is str:
        # Nearly all are, and a fleet writes thousands of lines.
        return _shortened(scrub(value, secrets))
    if value is None:
        return None
    if depth < _DEPTH_MAX:
        if isinstance(value, Mapping):
            return {
                scrub(_text(name), secrets): _plain(inner, secrets, depth + 1)
                for name, inner in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [_plain(inner, secrets, depth + 1) for inner in value]
    text = _text(value)
    clean = scrub(text, secrets)
    # A number or a truth stays what it is, unless its digits are a secret.
    if isinstance(value, bool | int | float) and clean == text:
        return value
    return _shortened(clean)


def _text(value: object) -> str:
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "backslashreplace")
    try:
        return str(value)
    except Exception as exc:  # noqa: BLE001 - a value that cannot be printed must not stop a close
        return f"<a {type(value).__name__} that cannot be printed: {type(exc).__name__}>"


def _shortened(text: str) -> str:
    left_out = len(text) - _FILE_VALUE_CHARACTERS
    if left_out <= 0:
        return text
    return f"{text[:_FILE_VALUE_CHARACTERS]}...[{left_out} characters more]"


class _Outlets:
    """Writes an event to where it belongs; the first trouble of each outlet is told once."""

    def __init__(
        self, *, console: TextIO | None, colour: bool, file: Path | None, secrets: Secrets
    ) -> None:
        self._console = console
        self._for_people = console is not None and console.isatty()
        self._renderer = structlog.dev.ConsoleRenderer(
            colors=colour,
            sort_keys=False,
            # Tracebacks come here as text; should one ever come otherwise, the default would show
            # local variables as soon as `rich` is installed.
            exception_formatter=structlog.dev.plain_traceback,
        )
        self._file = LogFile(file) if file is not None else None
        self._secrets = secrets
        self._lock = threading.Lock()
        self._troubled: set[str] = set()

    def __call__(self, _logger: object, _method: str, fields: Fields) -> NoReturn:
        known = self._secrets()
        # Once more over the whole line: a secret may only come about by a name and its value.
        line = scrub(_json_line(fields), known)
        with self._lock:
            if self._console is not None:
                self._show(scrub(self._rendered(fields), known) if self._for_people else line)
            if self._file is not None:
                self._add(self._file, line)
        raise structlog.DropEvent

    def close(self) -> None:
        """Let go of the file; a line that still comes opens it again."""
        with self._lock:
            if self._file is not None:
                self._file.close()

    def _rendered(self, fields: Fields) -> str:
        shown = {_shown_name(name): _shown_value(name, value) for name, value in fields.items()}
        return self._renderer(None, "", shown)

    def _show(self, line: str) -> None:
        console = self._console
        if console is None:
            return
        encoding = getattr(console, "encoding", None) or "utf-8"
        try:
            console.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
            console.flush()
        except (OSError, ValueError) as exc:
            self._tell_once("console", f"the log cannot be shown: {exc}")

    def _add(self, file: LogFile, line: str) -> None:
        try:
            file.add(line.encode("ascii"))
        except (OSError, ValueError) as exc:
            self._tell_once("file", f"the log file {file.path} cannot be written: {exc}")

    def _tell_once(self, outlet: str, sentence: str) -> None:
        if outlet in self._troubled:
            return
        self._troubled.add(outlet)
        try:
            sys.stderr.write(f"gatectl: {visible(sentence)}\n")
        except (OSError, ValueError):
            # There is nowhere left to tell it, and the run must go on.
            return


def _json_line(fields: Fields) -> str:
    # ASCII alone: nothing in a log file can act on the terminal that it is read on.
    return json.dumps(fields, ensure_ascii=True)


def _shown_name(name: str) -> str:
    return visible(name, limit=_CONSOLE_VALUE_CHARACTERS)


def _shown_value(name: str, value: object) -> object:
    if isinstance(value, dict | list):
        return visible(json.dumps(value), limit=_CONSOLE_VALUE_CHARACTERS)
    if not isinstance(value, str):
        return value
    if name == "exception":
        # Indented, since an error's own words could pass for a line of the log.
        lines = visible(value, limit=_CONSOLE_TRACEBACK_CHARACTERS, keep_newlines=True)
        return textwrap.indent(lines, "    ")
    return visible(value, limit=_CONSOLE_VALUE_CHARACTERS)


class _LibraryHandler(logging.Handler):
    """Sends what libraries log, paramiko above all, the same way as our own events."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = str(record.msg)
        structlog.get_logger().log(
            # structlog knows the five levels alone; a library may have others.
            min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL),
            "library.logged",
            library=record.name,
            message=message,
            exc_info=record.exc_info,
        )


def _route_libraries() -> None:
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, _LibraryHandler):
            root.removeHandler(handler)
    root.addHandler(_LibraryHandler())
    # Below this paramiko tells every packet, and with hexdump on the password as well.
    root.setLevel(logging.WARNING)


def cleared(text: str) -> str:
    """Take every secret that this process's log knows of out of a text."""
    known = [
        secret
        for step in structlog.get_config()["processors"]
        if isinstance(step, _Redaction)
        for secret in step.known()
    ]
    return scrub(text, known)


def record_crash(crash: Exception) -> Path:
    """Keep an unexpected error's traceback, without local variables or secrets, for a report."""
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    folder = Path(state) / "gatectl"
    path = folder / f"crash-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{os.getpid()}.txt"
    text = cleared("".join(traceback.format_exception(crash)))
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        # Whoever has no place for the file still gets the traceback.
        sys.stderr.write(text)
    return path
