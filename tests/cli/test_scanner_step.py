"""A vendor's scanner as a step: the README's playbook on simulated nodes that run a script."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatectl.errors import ExitCode
from gatectl.simulator.rehearsal import GATE, SimulatedSite
from tests.cli.keyboard import FIXED_BUILD, REPOSITORY, Keyboard, Shown

SCRIPT = """\
#!/bin/bash
# A stand-in with the words of the published one.
echo "[info]: example:  MATCH: description-of-evidence-here"
ls /var/tmp/netscalerd >/dev/null 2>&1 && echo "MATCH: known path to malware: /var/tmp/netscalerd"
ls /var/tmp/netscalerd >/dev/null 2>&1 && echo "Evidence of compromise found          : Yes"
ls /var/tmp/netscalerd >/dev/null 2>&1 || echo "Evidence of compromise found          : No"
exit 0
"""


@pytest.fixture(scope="module")
def patched_site() -> Iterator[SimulatedSite]:
    """Run a pair with a build that is fixed; each test cleans up after itself."""
    with SimulatedSite(speed=240.0, build=FIXED_BUILD) as site:
        yield site


@pytest.fixture
def site(patched_site: SimulatedSite, tmp_path: Path) -> Keyboard:
    """Sit down in front of the open pair that many tests share."""
    return seated(patched_site, tmp_path)


@pytest.fixture
def own_site(tmp_path: Path) -> Iterator[Keyboard]:
    """Sit down in front of a pair that may be closed."""
    with SimulatedSite(speed=240.0, build=FIXED_BUILD) as site:
        yield seated(site, tmp_path)


def seated(site: SimulatedSite, tmp_path: Path) -> Keyboard:
    """Put the README's playbook and a script beside the configuration."""
    keyboard = Keyboard.at(site, tmp_path)
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- scanner example.*?```toml\n(.*?)```", readme, re.DOTALL)
    assert found is not None
    (tmp_path / "vendor-scan.toml").write_text(found[1], encoding="utf-8")
    (tmp_path / "scanner.sh").write_text(SCRIPT, encoding="utf-8")
    return keyboard


def scan(site: Keyboard, *words: str, sha256: str = "") -> Shown:
    """Run the playbook with the script that lies there."""
    script = site.folder / "scanner.sh"
    promised = sha256 or hashlib.sha256(script.read_bytes()).hexdigest()
    return site.type(
        "run",
        str(site.folder / "vendor-scan.toml"),
        *("-p", f"script={script}", "-p", f"sha256={promised}"),
        *words,
    )


def left_over(site: Keyboard) -> list[str]:
    """List what of gatectl's lies in the temporary folder of any node."""
    names = [name for node in site.site.pair.nodes for name in node.files.names("/var/tmp")]
    return [name for name in names if name.startswith("gatectl")]


def said(site: Keyboard) -> list[tuple[str, str]]:
    """Give what the scanner said, by node, as it is on record."""
    events = [one for one in site.events() if one["kind"] == "scanner.run"]
    assert all(one["evidence"] for one in events if one["said"] != "inconclusive")
    return [(one["node"], one["said"]) for one in events]


def test_the_playbook_of_the_readme_reads_and_has_nothing_to_correct(site: Keyboard) -> None:
    """Whoever copies it begins with something that works."""
    shown = site.type("lint", str(site.folder / "vendor-scan.toml"))
    assert shown.code == ExitCode.PROVEN, shown.out


def test_a_dry_run_prints_the_exact_lines_and_brings_nothing(site: Keyboard) -> None:
    """The plan and the dry run name the upload, the run and the removal; nothing leaves."""
    shown = scan(site, "-n")
    assert shown.code == ExitCode.DRIFT
    assert shown.written == ()
    words = " ".join((shown.out + shown.err).split())
    digest = hashlib.sha256(SCRIPT.encode()).hexdigest()[:12]
    folder = f"/var/tmp/gatectl-scanner-{digest}"
    for line in (
        f"put {site.folder / 'scanner.sh'} {folder}/scanner",
        f"shell bash {folder}/scanner",
        f"shell rm -rf {folder}",
    ):
        assert line in words
    assert left_over(site) == []
    assert said(site) == []


def test_another_script_than_the_promised_one_is_refused_before_any_contact(
    site: Keyboard,
) -> None:
    """A wrong hash is invalid input, and no node has heard of it."""
    shown = scan(site, sha256="ab" * 32)
    assert (shown.code, shown.arrived) == (ExitCode.INVALID, ())
    shown.one_sentence_and_a_hint()


def test_a_clean_word_is_on_record_and_proves_nothing_by_itself(site: Keyboard) -> None:
    """Our own check has not been made: without it the gate is not cleared."""
    shown = scan(site)
    assert shown.code == ExitCode.PROVEN, shown.err
    assert said(site) == [("ns-a", "clean"), ("ns-b", "clean")]
    assert left_over(site) == []
    judged = [one for one in site.events() if one["kind"] == "compromise.judged"]
    assert {one["answer"] for one in judged} == {"inconclusive"}


def test_a_compromise_that_the_scanner_finds_keeps_the_gate_shut(own_site: Keyboard) -> None:
    """It exits with 0 all the same; a clean check of our own from before does not outweigh it."""
    assert own_site.type("close").code == ExitCode.PROVEN
    assert own_site.type("scan").code == ExitCode.PROVEN
    word = "echo MATCH: planted for this test\n"
    (own_site.folder / "scanner.sh").write_text(SCRIPT.replace("exit 0", word + "exit 0"))
    shown = scan(own_site)
    assert shown.code == ExitCode.FAILED_SHUT
    assert "MATCH: planted for this test" in " ".join(shown.err.split())
    assert left_over(own_site) == []
    refused = own_site.type("reopen", "--confirm", GATE, "--json")
    assert refused.code == ExitCode.REFUSED
    blockers = {one["interlock"]: one for one in refused.gate["blockers"]}
    assert "MATCH: planted" in blockers["compromise-check"]["because"]
    again = own_site.type("scan")
    assert again.code == ExitCode.FAILED_SHUT
    assert "compromised - vendor-scanner" in " ".join(again.err.split())


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo nothing that anybody knows\n", "it says nothing that the playbook knows"),
        ("for node in a b\n", "it did not go through"),
        ('echo "[erro]: not root"\necho "Evidence of compromise found : No"\n', "not root"),
    ],
    ids=["silent", "not-understood", "error-and-clean"],
)
def test_what_is_not_clear_is_inconclusive_and_the_script_is_gone(
    site: Keyboard, script: str, words: str
) -> None:
    """An error is never outweighed by a clean line behind it."""
    (site.folder / "scanner.sh").write_text(script, encoding="utf-8")
    shown = scan(site)
    assert shown.code == ExitCode.MAYBE_OPEN
    assert words in " ".join(shown.err.split())
    assert left_over(site) == []
