"""JUnit XML: of the right form, with the right counts, whatever a device has answered."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema

from gatectl.core.drift import Weight
from gatectl.exporters.junit import junit_text
from tests.exporters.audits import DRIFTED, OTHER, UNKNOWN, WELL

SCHEMA = xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))


def test_the_report_is_valid_and_counts_what_it_has() -> None:
    """A drift fails, what is not known is an error, what is known is skipped."""
    text = junit_text([DRIFTED, OTHER])
    SCHEMA.validate(text)
    first, second = ET.fromstring(text).findall("testsuite")  # noqa: S314 - our own text
    counts = {name: first.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "4", "failures": "1", "errors": "1", "skipped": "1"}
    assert (second.get("name"), second.get("failures")) == ("zwolle", "0")
    (failure,) = first.iter("failure")
    assert "nothing is unsaved" in (failure.get("message") or "")


def test_what_no_xml_may_hold_is_left_out() -> None:
    """An escape sequence of a device's would make the whole report unreadable."""
    text = junit_text([DRIFTED])
    assert "\x1b" not in text
    assert "\x00" not in text
    assert "&lt;rules&gt; &amp;" in text


def test_the_schema_refuses_what_is_not_a_report() -> None:
    """The checker above can say no."""
    broken = (
        junit_text([WELL])
        .replace("<testcase", "<testcases", 1)
        .replace("/testcase>", "/testcases>")
    )
    assert not SCHEMA.is_valid(broken)
    with pytest.raises(xmlschema.XMLSchemaException):
        SCHEMA.validate(junit_text([WELL]).replace(' tests="1"', ""))


def test_a_mark_that_is_not_shown_is_skipped() -> None:
    """What most gates do not show is no error of a report, and stands in it all the same."""
    mark = replace(UNKNOWN, name="shown-build", weight=Weight.MARK)
    text = junit_text([replace(WELL, compared=(*WELL.compared, mark))])
    SCHEMA.validate(text)
    (suite,) = ET.fromstring(text).findall("testsuite")  # noqa: S314 - our own text
    assert (suite.get("errors"), suite.get("skipped")) == ("0", "1")
    assert len(list(suite.iter("skipped"))) == 1
