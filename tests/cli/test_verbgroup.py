"""The group of verbs: in the order of an incident, and nothing but verbs."""

import click

from gatectl.cli.verbgroup import Catalogue


def test_an_unknown_verb_is_none() -> None:
    """The catalogue imports nothing for a word that is no verb."""
    assert Catalogue().get_command(click.Context(Catalogue()), "os:system") is None


def test_the_verbs_stand_in_the_order_of_an_incident() -> None:
    """Closing comes first in the help, and reopening after patch, verify and scan."""
    names = Catalogue().list_commands(click.Context(Catalogue()))
    assert names[0] == "close"
    assert names.index("patch") < names.index("verify") < names.index("scan")
    assert names.index("scan") < names.index("reopen") < names.index("confirm")
