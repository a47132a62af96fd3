"""A hook is told what happened, gets nothing else, and cannot stop what it is called from."""

import json
import sys
from pathlib import Path

import pytest

from gatectl.hook import call_hook

WRITES = "import json, os, sys; json.dump(dict(os.environ), open(sys.argv[1], 'w'))"


def test_hook_is_told_what_happened_and_no_secret_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its environment has the event, and nothing of ours beyond the harmless variables."""
    monkeypatch.setenv("GATECTL_PASSWORD", "canary")
    monkeypatch.setenv("SOME_TOKEN", "canary")
    file = tmp_path / "environment.json"
    command = f'{sys.executable} -c "{WRITES}" {file}'
    assert not call_hook(command, {"event": "may-be-open", "gate": "almelo"})
    environment = json.loads(file.read_text())
    assert environment["GATECTL_EVENT"] == "may-be-open"
    assert environment["GATECTL_GATE"] == "almelo"
    assert "canary" not in environment.values()


@pytest.mark.parametrize(
    ("command", "trouble"),
    [
        ("/nowhere/at-all", "did not run"),
        ("'", "did not run"),
        ("", "did not run"),
        (f'{sys.executable} -c "import sys; sys.exit(3)"', "ended with 3"),
    ],
)
def test_hook_that_fails_is_told_and_raises_nothing(command: str, trouble: str) -> None:
    """Whatever is wrong with the command comes back as a sentence."""
    assert trouble in call_hook(command, {"event": "held"})
