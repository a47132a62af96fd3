"""A report's source, for tests of what becomes of it."""

from dataclasses import replace
from datetime import timedelta, timezone

from gatectl.core.casereport import case_report
from gatectl.core.casework import CaseName, Remarked
from gatectl.core.gate import Side, UserGroup
from gatectl.report.disclosure import veil_for
from gatectl.report.language import Code, language
from gatectl.report.page import Provenance, Revision, Source
from tests.builders import BULLETINS, make_gate
from tests.casefile import CASE, CaseFile, at, followed

CET = timezone(timedelta(hours=1), "CET")
HOSTILE = "<script>alert(1)</script> | *bold* https://evil.example/x \x1b[31m ns-a 192.0.2.250"


def told() -> CaseFile:
    """Tell the followed case, with a remark that means no good."""
    file = followed()
    file.add(Remarked(case=CaseName(CASE), about="other", text=HOSTILE, by="x"), run=None)
    return file


def source(code: Code = "en", *, public: bool = False, file: CaseFile | None = None) -> Source:
    """Make the source of a report of a case."""
    users = (UserGroup(group="Home workers", count=1, side=Side.OUTSIDE),)
    gate = replace(make_gate(), users=users)
    veil = veil_for(gate, "[-]") if public else None
    return Source(
        report=case_report((file or told()).case(), gate, BULLETINS, at(28)),
        words=language(code, zone=CET, veil=veil),
        provenance=Provenance(lineage="l", sequence=9, hash="ff" * 32),
        revisions=(Revision(advice="NCSC N-1 2", lines=("-old", "+new")),),
    )
