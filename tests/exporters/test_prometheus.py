"""Metrics: read back by prometheus_client's own parser, and never seen half-written."""

import builtins
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gatectl.errors import InvalidInput
from gatectl.exporters.prometheus import write_metrics
from tests.exporters.audits import AT, DRIFTED, OTHER, WELL

SUCCESS = "gatectl_audit_last_success_timestamp_seconds"


def samples(path: Path) -> Mapping[tuple[str, ...], float]:
    """Read the file as Prometheus would: name and labels, and the value."""
    text = path.read_text(encoding="utf-8")
    return {
        (sample.name, *(f"{key}={value}" for key, value in sorted(sample.labels.items()))): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_every_answer_is_a_metric_that_the_parser_reads(tmp_path: Path) -> None:
    """0 as it should be, 1 drift, 2 unknown; known drift says so."""
    path = tmp_path / "gatectl.prom"
    write_metrics([DRIFTED], path)
    read = samples(path)
    name = "gatectl_audit_answer"
    assert read[name, "gate=almelo", "known=no", "name=disk", "node=ns-a"] == 0
    assert read[name, "gate=almelo", "known=no", "name=saved", "node=ns-a"] == 1
    assert read[name, "gate=almelo", "known=no", "name=clock", "node=ns-b"] == 2
    assert read[name, "gate=almelo", "known=yes", "name=certificate", "node="] == 1
    assert read["gatectl_audit_exit_code", "gate=almelo"] == 7
    assert (SUCCESS, "gate=almelo") not in read


def test_the_time_of_the_last_success_outlives_a_failure(tmp_path: Path) -> None:
    """An alert on its age tells that audits have stopped, or have failed for days."""
    path = tmp_path / "gatectl.prom"
    write_metrics([WELL, OTHER], path)
    later = replace(DRIFTED, at=AT + timedelta(days=1))
    write_metrics([later], path)
    read = samples(path)
    assert read[SUCCESS, "gate=almelo"] == AT.timestamp()
    assert read[SUCCESS, "gate=zwolle"] == AT.timestamp()
    assert read["gatectl_audit_last_run_timestamp_seconds", "gate=almelo"] == later.at.timestamp()
    write_metrics([replace(WELL, at=later.at)], path)
    assert samples(path)[SUCCESS, "gate=almelo"] == later.at.timestamp()


def test_the_file_is_put_in_place_at_once_and_others_may_read_it(tmp_path: Path) -> None:
    """Nothing is left beside it, and the collector is another user."""
    path = tmp_path / "gatectl.prom"
    path.write_text("garbage that is { no metric", encoding="utf-8")
    before = path.stat().st_ino
    write_metrics([WELL], path)
    assert path.stat().st_ino != before
    assert path.stat().st_mode & 0o777 == 0o644
    assert [one.name for one in tmp_path.iterdir()] == ["gatectl.prom"]


def test_a_folder_that_is_not_there_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    """An audit whose metrics go nowhere must not seem to have told them."""
    with pytest.raises(InvalidInput, match="cannot be written"):
        write_metrics([WELL], tmp_path / "missing" / "gatectl.prom")


def test_without_the_library_the_command_that_installs_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an extra, and most people do not need it."""
    really = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name.startswith("prometheus_client"):
            raise ImportError(name)
        return really(name, *rest)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InvalidInput) as caught:
        write_metrics([WELL], tmp_path / "gatectl.prom")
    assert "gatectl[metrics]" in caught.value.hint
