"""Plans in files: written by `plan -o`, read by `run --plan`."""

from collections.abc import Sequence
from pathlib import Path

from gatectl.clock import SystemClock
from gatectl.core.event import Mode
from gatectl.core.plan import Plan
from gatectl.core.planfile import PlanFile, PlanFileInvalid, plan_file_text, read_plan_file
from gatectl.desk import Result
from gatectl.errors import InvalidInput, PlaybookInvalid
from gatectl.operation import Operation

_FILE_BYTES_MAX = 16_777_216


def keep_plans(plans: Sequence[Plan], path: Path, made_by: str) -> None:
    """Write plans to a new file; an existing one is left alone."""
    text = plan_file_text(tuple(plans), made=SystemClock().now(), made_by=made_by)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as exc:
        raise InvalidInput(f"{path} exists", hint="Name another file.") from exc
    except OSError as exc:
        raise InvalidInput(f"{path} cannot be written: {exc.strerror}") from exc


def read_kept(path: Path) -> PlanFile:
    """Read plans back; raises PlaybookInvalid if they are not as they were written."""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_FILE_BYTES_MAX)
    except (OSError, UnicodeDecodeError) as exc:
        raise InvalidInput(f"{path} cannot be read: {exc}") from exc
    try:
        return read_plan_file(text)
    except PlanFileInvalid as exc:
        raise PlaybookInvalid(
            f"{path}: {exc}", hint="`gatectl plan PLAYBOOK -o FILE` makes one. Nothing was sent."
        ) from exc


def run_kept(kept: PlanFile, operation: Operation, *, mode: Mode) -> Result:
    """Carry out the plan of one gate."""
    plan = kept.of(operation.gate_name)
    if plan is None:
        raise InvalidInput(
            f"there is no plan for {operation.gate_name} in this file",
            hint=f"It has plans for {', '.join(kept.gates)}.",
        )
    return operation.run_planned(plan, mode)
