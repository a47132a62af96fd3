"""The printed report: one HTML file, or Markdown."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from gatectl.core.answer import Question
from gatectl.report.language import LANGUAGES, Code
from gatectl.report.page import html, markdown
from tests.report.pages import source

VOID = {"meta", "link", "br", "img"}


class Outline(HTMLParser):
    """Keeps what a screen reader goes by: tags, their order, and where an element is left open."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element without content."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Refuse an element that ends where another one does."""
        assert self.open.pop() == tag


def outline(text: str) -> Outline:
    """Read a page."""
    found = Outline()
    found.feed(text)
    assert found.open == []
    return found


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_page_asks_the_network_for_nothing(code: Code) -> None:
    """No address, no script, no file besides; and the page forbids what it does not need."""
    text = html(source(code))
    assert not re.search(r"https?:|//[a-z]|url\(|@import", text)
    assert "default-src 'none'" in text
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in outline(text).tags}


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_screen_reader_finds_its_way(code: Code) -> None:
    """Language, landmarks, headings without a gap, a picture in words, heads of tables."""
    found = outline(html(source(code)))
    tags = [tag for tag, _ in found.tags]
    attributes = dict(found.tags)
    assert attributes["html"]["lang"] == code
    assert {"header", "main", "footer", "h1", "figcaption", "caption"} <= set(tags)
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert attributes["svg"]["role"] == "img"
    assert str(attributes["svg"]["aria-labelledby"]).split()[0] in found.ids
    assert all(attrs.get("scope") for tag, attrs in found.tags if tag == "th")


def test_every_citation_leads_to_its_record() -> None:
    """A number in brackets is a link to the list of evidence."""
    found = outline(html(source()))
    targets = {attrs["href"] for tag, attrs in found.tags if tag == "a"}
    assert {f"#{one}" for one in found.ids} >= targets
    assert len(found.ids) == len(set(found.ids))


def test_what_somebody_wrote_is_shown_and_never_obeyed() -> None:
    """Markup, signs of Markdown, links and control characters lose their meaning."""
    page, text = html(source()), markdown(source())
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>" not in page
    assert "\\<script\\>" in text
    assert "\\*bold\\*" in text
    assert "\x1b" not in page + text


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_public_version_leaves_out_what_is_private(code: Code) -> None:
    """Neither machines nor addresses nor builds are in it; they are in the other one."""
    for printed in (html, markdown):
        assert "192.0.2.250" in printed(source(code))
        public = printed(source(code, public=True))
        for secret in ("192.0.2.250", "ns-a", "12.1-"):
            assert secret not in public


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_question_is_on_the_first_page_before_the_timeline(code: Code) -> None:
    """One page first, then the picture, then the details."""
    for text in (html(source(code)), markdown(source(code))):
        words = source(code).words
        places = [text.index(str(words.tables["question"][one.value])) for one in Question]
        assert places == sorted(places)
        label = words.label("timeline")
        heading = text.index(f">{label}</h2>") if "</h2>" in text else text.index(f"## {label}")
        assert places[-1] < heading


def test_names_of_staff_are_only_shown_when_they_were_asked_for() -> None:
    """The list of evidence has a column more then."""
    plain = source()
    assert "Who</th>" not in html(plain)
    assert "Who</th>" in html(replace(plain, names={"p-1": "J. Jansen"}))


def test_what_was_entered_by_hand_is_marked() -> None:
    """On the page and in Markdown."""
    assert "entered by hand</span>" in html(source())
    assert "*(entered by hand)*" in markdown(source())
