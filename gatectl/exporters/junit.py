"""Audits as JUnit XML: a suite a gate, a case a comparison; drift fails, unknown is an error."""

import re
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from gatectl.audit import Audited
from gatectl.core.check import Answer
from gatectl.core.drift import Compared
from gatectl.errors import ExitCode

_NOT_XML = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_text(audits: Iterable[Audited]) -> str:
    """Write the audits as one document."""
    root = ET.Element("testsuites", name="gatectl audit")
    for audited in audits:
        root.append(_suite(audited))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(audited: Audited) -> ET.Element:
    compared = audited.compared
    failures = len(audited.drifted)
    errors = len(audited.unknown)
    skipped = sum(1 for one in compared if _is_skipped(one))
    suite = ET.Element(
        "testsuite",
        name=_text(audited.gate.name),
        tests=str(len(compared)),
        failures=str(failures),
        errors=str(errors),
        skipped=str(skipped),
        time=f"{audited.elapsed_s:.3f}",
        timestamp=f"{audited.at:%Y-%m-%dT%H:%M:%S}",
    )
    for one in compared:
        suite.append(_case(one))
    return suite


def _case(one: Compared) -> ET.Element:
    where = f".{one.node}" if one.node is not None else ""
    case = ET.Element(
        "testcase", name=_text(one.name), classname=_text(f"{one.gate}{where}"), time="0.000"
    )
    sentence = _text(one.sentence())
    if _is_skipped(one):
        ET.SubElement(case, "skipped", message=sentence)
    elif one.answer is Answer.FAIL:
        ET.SubElement(case, "failure", message=sentence, type="drift").text = sentence
    elif one.answer is Answer.UNKNOWN:
        ET.SubElement(case, "error", message=sentence, type="unknown").text = sentence
    return case


def _is_skipped(one: Compared) -> bool:
    """Say whether it is told and changes nothing: accepted drift, or a mark that is not shown."""
    return one.answer is not Answer.PASS and one.code is ExitCode.PROVEN


def _text(text: str) -> str:
    """Leave out what no XML document may hold; a device's answer may hold anything."""
    return _NOT_XML.sub("?", text)
