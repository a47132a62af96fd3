"""The page in a real browser: nothing runs out of its place, and nobody is asked for anything."""

import html as markup
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gatectl.report.language import LANGUAGES, Code
from gatectl.report.page import html
from tests.report.pages import source

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--disable-dev-shm-usage",
)
WIDTHS = (360, 1200)
MEASURE = """
<script>
addEventListener("load", () => setTimeout(() => {
  const found = {};
  for (const frame of document.querySelectorAll("iframe")) {
    const page = frame.contentDocument, width = page.documentElement.clientWidth;
    const phone = frame.width < 641;
    const hidden = (one) => one.closest(phone ? ".skip, thead" : ".skip");
    found[frame.width] = {
      scrolls: page.documentElement.scrollWidth > width,
      out: [...page.body.querySelectorAll("*")].filter((one) => {
        const box = one.getBoundingClientRect();
        return !hidden(one) && box.width > 0 && (box.right > width + 1 || box.left < -1);
      }).map((one) => one.outerHTML.slice(0, 90)),
      clipped: [...page.body.querySelectorAll("p, li, td, th, h1, h2, h3, pre, dd")].filter(
        (one) => !hidden(one) && one.scrollWidth > one.clientWidth + 1
      ).map((one) => one.outerHTML.slice(0, 90)),
      asked: page.defaultView.performance.getEntriesByType("resource").map((one) => one.name),
      text: page.body.innerText.length,
      drawn: [...page.querySelectorAll("svg")].filter((one) => one.clientWidth > 0).length,
    };
  }
  document.body.innerHTML = "<pre id=found></pre>";
  document.getElementById("found").textContent = JSON.stringify(found);
}, 200));
</script>
"""

pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")


def measured(page: str, folder: Path) -> dict[str, Any]:
    """Open a page at both widths, and measure every element of it."""
    frames = "".join(
        f'<iframe width="{width}" height="900" srcdoc="{markup.escape(page)}"></iframe>'
        for width in WIDTHS
    )
    file = folder / "frames.html"
    file.write_text(f"<!DOCTYPE html><body>{frames}{MEASURE}</body>", encoding="utf-8")
    command = [
        str(BROWSER),
        *FLAGS,
        f"--user-data-dir={folder / 'profile'}",
        "--window-size=1400,1000",
        "--virtual-time-budget=4000",
        "--dump-dom",
        file.as_uri(),
    ]
    done = subprocess.run(  # noqa: S603 - a browser that is installed here, and words of this test
        command, capture_output=True, text=True, timeout=90, check=False
    )
    match = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert match is not None, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(markup.unescape(match.group(1)))
    return found


@pytest.mark.parametrize("code", LANGUAGES)
def test_nothing_overflows_on_a_phone_or_on_a_desk(code: Code, tmp_path: Path) -> None:
    """At both widths every element is within the page, text and one picture are there."""
    found = measured(html(source(code)), tmp_path)
    assert set(found) == {str(width) for width in WIDTHS}
    for width, one in found.items():
        assert one["text"] > 1000, width
        assert one["drawn"] == 1, width
        assert not one["scrolls"], width
        assert one["out"] == [], width
        assert one["clipped"] == [], width
        assert one["asked"] == [], width


def test_an_overflow_would_be_seen(tmp_path: Path) -> None:
    """The measure finds what is too wide, and what is asked of the network."""
    page = html(source()).replace(
        "<main>",
        '<main><div style="width: 5000px">wide</div><img src="http://127.0.0.1:9/missing.png">',
    )
    page = page.replace("default-src 'none'", "img-src *")
    found = measured(page, tmp_path)
    for one in found.values():
        assert one["scrolls"]
        assert any("5000px" in element for element in one["out"])
        assert any("missing.png" in name for name in one["asked"])
