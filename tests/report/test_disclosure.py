"""What a public version leaves out."""

import pytest

from gatectl.report.disclosure import veil_for
from tests.builders import make_gate

VEIL = veil_for(make_gate(), "[-]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("from 203.0.113.10:443 and 10.0.0.0/8", "from [-] and [-]"),
        ("at 2001:db8::10 or fe80::1", "at [-] or [-]"),
        ("build 12.1-55.18 on NS13.1: Build 49.13.nc", "build [-] on [-]"),
        ("on ns-a as gatectl behind gw_ext", "on [-] as [-] behind [-]"),
        ("mail j.jansen@almelo.example", "mail [-]"),
        ("typed add ns acl GATECTL_DENY_TLS DENY. Then", "typed [-]. Then"),
        ("typed `whoami`", "typed [-]"),
    ],
)
def test_what_is_private_is_blacked_out(text: str, shown: str) -> None:
    """Addresses, builds, names of machines and accounts, and commands."""
    assert VEIL(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Closed on 18 January 2020 at 20:00.",
        "Op 18 januari 2020 om 20:00 uur is besloten te sluiten.",
        "CVE-2019-19781 and CTX267027",
        "Who works from home came to an office.",
        "NCSC N-1 2020-01-16",
    ],
)
def test_what_everybody_may_read_stays(text: str) -> None:
    """Times, bulletins and plain words are not mistaken for addresses."""
    assert VEIL(text) == text
