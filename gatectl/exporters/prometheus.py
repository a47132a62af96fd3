"""Audits as metrics in a textfile of node_exporter's, with the time of the last success."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from gatectl.audit import Audited
from gatectl.core.check import Answer
from gatectl.errors import ExitCode, InvalidInput

_VALUES = {Answer.PASS: 0, Answer.FAIL: 1, Answer.UNKNOWN: 2}
_SUCCESS = "gatectl_audit_last_success_timestamp_seconds"
_FILE_BYTES_MAX = 4_194_304


def write_metrics(audits: Iterable[Audited], path: Path) -> None:
    """Write the metrics aside and put them in place at once; raises InvalidInput.

    A gate whose audit did not succeed keeps the time of its last success, from the file that is
    replaced; so does a gate that was not audited this time.
    """
    text = metrics_text(audits, _successes(path))
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # Whoever scrapes is another user; there is nothing in it that others may not see.
        aside.chmod(0o644)
        aside.replace(path)
    except OSError as exc:
        aside.unlink(missing_ok=True)
        raise InvalidInput(f"the metrics cannot be written to {path}: {exc.strerror}") from exc


def metrics_text(audits: Iterable[Audited], successes: Mapping[str, float]) -> str:
    """Write the metrics; `successes` are the times of the last success so far, by gate."""
    try:
        from prometheus_client import (  # noqa: PLC0415 - an optional library
            CollectorRegistry,
            Gauge,
            generate_latest,
        )
    except ImportError as exc:
        raise InvalidInput(
            "metrics need the library prometheus_client",
            hint="pip install 'gatectl[metrics]' brings it.",
        ) from exc
    registry = CollectorRegistry()
    gate = ("gate",)
    answer = Gauge(
        "gatectl_audit_answer",
        "0 as it should be, 1 other than it should be, 2 not known; known drift has known=yes.",
        ("gate", "node", "name", "known"),
        registry=registry,
    )
    code = Gauge("gatectl_audit_exit_code", "Exit code of the audit.", gate, registry=registry)
    ran = Gauge("gatectl_audit_last_run_timestamp_seconds", "When it ran.", gate, registry=registry)
    success = Gauge(_SUCCESS, "When it last found all as it should be.", gate, registry=registry)
    seconds = Gauge("gatectl_audit_duration_seconds", "What it took.", gate, registry=registry)
    for name, at in successes.items():
        success.labels(name).set(at)
    for audited in audits:
        name = audited.gate.name
        for one in audited.compared:
            known = "yes" if one.known is not None else "no"
            answer.labels(name, one.node or "", one.name, known).set(_VALUES[one.answer])
        code.labels(name).set(int(audited.code))
        ran.labels(name).set(audited.at.timestamp())
        seconds.labels(name).set(audited.elapsed_s)
        if audited.code is ExitCode.PROVEN:
            success.labels(name).set(audited.at.timestamp())
    return generate_latest(registry).decode()


def _successes(path: Path) -> dict[str, float]:
    """Read the times of the last success; a file that cannot be read has none."""
    try:
        from prometheus_client.parser import (  # noqa: PLC0415 - an optional library
            text_string_to_metric_families,
        )

        with path.open(encoding="utf-8") as file:
            text = file.read(_FILE_BYTES_MAX)
        return {
            sample.labels["gate"]: sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == _SUCCESS and "gate" in sample.labels
        }
    except (ImportError, OSError, ValueError):
        return {}
