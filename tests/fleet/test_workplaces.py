"""Where gates are worked on is said in a word, and bounded."""

from typing import cast

import pytest

from gatectl.desk import Desk
from gatectl.errors import InvalidInput
from gatectl.fleet.rollout import AT_ONCE_MAX, PROCESSES, THREADS
from gatectl.fleet.workforce import Workforce
from gatectl.fleet.workplaces import workers

NOBODY = cast("Desk", None)
"""Nothing is carried out here."""


@pytest.mark.parametrize(("wanted", "many"), [(1, 1), (40, 40), (5000, AT_ONCE_MAX)])
def test_threads_are_ours_and_bounded(wanted: int, many: int) -> None:
    """More than about a hundred in one process make all of them slower."""
    with workers(NOBODY, THREADS, wanted) as (at_once, elsewhere):
        assert (at_once, elsewhere) == (many, None)


def test_a_process_a_core_shares_the_gates_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two cores take two hundred gates at the same time, and no process more than a hundred."""
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    with workers(NOBODY, PROCESSES, 5000) as (at_once, elsewhere):
        assert at_once == 2 * AT_ONCE_MAX
        assert elsewhere is not None
        assert isinstance(elsewhere.executor, Workforce)
        assert len(elsewhere.executor.processes) == 2


def test_any_other_word_is_refused() -> None:
    """With all that there are."""
    with pytest.raises(InvalidInput, match="no place to work") as caught, workers(NOBODY, "x", 1):
        pass
    assert "threads, processes and dask://HOST:PORT" in caught.value.hint
