"""The verbs on a case: open it, look at it, close it, and keep its deadlines."""

from datetime import datetime
from typing import Any

import click

from gatectl.cli import options
from gatectl.cli.casework import (
    MOMENT,
    case_desk,
    dossier_of,
    dossiers,
    of_case,
    people_of,
)
from gatectl.cli.desk import workplace
from gatectl.cli.output import plain_table, print_document, print_line, print_table
from gatectl.config.values import typed_label
from gatectl.core.advice import unsettled
from gatectl.core.case import Case, decided_at
from gatectl.core.casework import CaseName, IncidentDeclared, IncidentReported, Stage
from gatectl.core.deadline import Deadline, Pressure, deadlines, overdue
from gatectl.core.gate import Gate
from gatectl.core.visible import visible
from gatectl.errors import ExitCode
