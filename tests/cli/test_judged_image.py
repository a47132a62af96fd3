"""The compromise check of a folder, as it is typed and printed."""

import gzip
from pathlib import Path

import pytest

from gatectl.core.collection import CollectedFile
from gatectl.errors import ExitCode
from tests.cli.keyboard import Shown, type_in
from tests.indicator_samples import CLEAN_FILES, access_line, file, shell_line
from tests.test_image import lay_out


def scanned(folder: Path, *words: str) -> Shown:
    """Judge a folder."""
    return type_in("scan", "--image", str(folder), *words)


def test_a_clean_tree_exits_with_0(tmp_path: Path) -> None:
    """No configuration is needed, and none is looked for."""
    shown = scanned(lay_out(tmp_path, CLEAN_FILES))
    assert shown.code == ExitCode.PROVEN
    assert "clean - no indicator fired" in shown.out


def test_an_attempt_alone_exits_with_0(tmp_path: Path) -> None:
    """Tried, and no sign of success."""
    lines = access_line("GET /vpn/../vpns/cfg/smb.conf", 403)
    tried = file("/var/log/httpaccess.log.0", lines)
    shown = scanned(lay_out(tmp_path, (*CLEAN_FILES, tried)), "--json")
    assert shown.code == ExitCode.PROVEN
    assert shown.document["verdict"] == "scanned"


@pytest.mark.parametrize(
    ("trace", "indicator"),
    [
        (file("/var/tmp/netscalerd"), "19781-coin-miner"),
        (
            file("/netscaler/portal/templates/n.html", "[% template.new({'BLOCK'='print 1'}) %]"),
            "19781-template-perl",
        ),
        (file("/var/cron/tabs/nobody", "* * * * * /x\n"), "19781-cron-of-nobody"),
        (
            file(
                "/var/log/bash.log.0.gz",
                gzip.compress(shell_line("echo '<?php x' > /netscaler/a.php").encode()),
            ),
            "3519-shell-planting",
        ),
    ],
)
def test_a_compromise_exits_with_5_and_names_its_sign(
    tmp_path: Path, trace: CollectedFile, indicator: str
) -> None:
    """A folder with one trace and nothing else says so, with path, indicator and source."""
    shown = scanned(lay_out(tmp_path, (trace,)), "--json")
    assert shown.code == ExitCode.MAYBE_OPEN
    assert shown.document["verdict"] == "compromised"
    finding = next(one for one in shown.document["findings"] if one["indicator"] == indicator)
    assert finding["source"]
    assert finding["path"].startswith("/")


def test_an_empty_folder_exits_with_5(tmp_path: Path) -> None:
    """Inconclusive is unknown, and unknown is never a pass."""
    shown = scanned(tmp_path)
    assert shown.code == ExitCode.MAYBE_OPEN
    assert "inconclusive" in shown.out
    assert "in doubt: " in shown.out


def test_the_exposed_time_can_be_told(tmp_path: Path) -> None:
    """Logs that begin after it leave a doubt."""
    folder = lay_out(tmp_path, CLEAN_FILES)
    assert scanned(folder, "--exposed-since", "2020-01-10").code == ExitCode.PROVEN
    assert scanned(folder, "--exposed-since", "2019-12-17").code == ExitCode.MAYBE_OPEN


def test_findings_are_printed_with_their_place(tmp_path: Path) -> None:
    """A person sees the file, the line and who published the sign."""
    lines = access_line("GET /", 200) + access_line("GET /vpn/../vpns/portal/x.xml", 200)
    shown = scanned(lay_out(tmp_path, (*CLEAN_FILES, file("/var/log/httpaccess.log.0", lines))))
    assert "19781-template-fetched  /var/log/httpaccess.log.0:2\n" in shown.out
    assert "    source: FireEye" in shown.out
    assert "compromised - 19781-template-fetched" in shown.out


@pytest.mark.parametrize(
    "words",
    [("almelo", "--image", "."), ("--exposed-since", "2020-01-10"), ("--image", "/no/such/folder")],
)
def test_words_that_do_not_fit_are_refused(words: tuple[str, ...]) -> None:
    """A gate and an image are two questions."""
    shown = type_in("scan", *words)
    assert shown.code == ExitCode.INVALID
    assert shown.err


def test_users_of_an_image_are_compared_when_somebody_says_who_is_expected(tmp_path: Path) -> None:
    """The command line names them; those of a gate stand in its configuration."""
    trace = file("/flash/nsconfig/ns.conf", "add system user operator\nadd system user eve\n")
    folder = lay_out(tmp_path, (*CLEAN_FILES, trace))
    assert scanned(folder).code == ExitCode.PROVEN
    shown = scanned(folder, "--expected-user", "operator", "--json")
    assert shown.code == ExitCode.MAYBE_OPEN
    (finding,) = shown.document["findings"]
    assert (finding["indicator"], "eve" in finding["excerpt"]) == ("generic-unknown-user", True)
    refused = type_in("scan", "--expected-user", "operator")
    assert refused.code == ExitCode.INVALID
    assert "expected_users" in refused.err
