"""A list of signers that says too little is refused, line by line."""

import pytest

from gatectl.core.signers import (
    SIGNERS_CHARACTERS_MAX,
    Signer,
    SignersRefused,
    principals_of,
    read_signers,
)

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0"
OURS = 'namespaces="gatectl-approve@gatectl"'


def test_a_good_list_is_read_line_by_line() -> None:
    """Comments and empty lines are left out; options may come in any order."""
    text = (
        "# who may approve\n\n"
        f"anna@example {OURS} {KEY} her laptop\n"
        f'bert@example valid-before="20300101Z",namespaces="git,gatectl-anchor" {KEY}\n'
    )
    anna, bert = read_signers(text)
    assert anna == Signer(
        principal="anna@example",
        fingerprint=anna.fingerprint,
        namespaces=("gatectl-approve@gatectl",),
    )
    assert anna.fingerprint.startswith("SHA256:")
    assert bert.namespaces == ("git", "gatectl-anchor")


def test_a_key_belongs_to_those_who_may_use_it_for_this_purpose() -> None:
    """The same key under two names proves neither, and for another purpose nobody."""
    text = (
        f"anna@example {OURS} {KEY}\nbert@example {OURS} {KEY}\n"
        f'carl@example namespaces="git" {KEY}\n'
    )
    signers = read_signers(text)
    found = principals_of(signers, signers[0].fingerprint, "gatectl-approve@gatectl")
    assert found == ("anna@example", "bert@example")
    assert principals_of(signers, signers[0].fingerprint, "gatectl") == ()
    assert principals_of(signers, "SHA256:other", "git") == ()


@pytest.mark.parametrize(
    ("line", "because"),
    [
        (f"anna@example {KEY}", "may sign anything"),
        (f'anna@example valid-before="20300101Z" {KEY}', "may sign anything"),
        (f"*@example {OURS} {KEY}", "not the name of one person"),
        (f"anna@example,bert@example {OURS} {KEY}", "not the name of one person"),
        (f'"anna@example" {OURS} {KEY}', "not the name of one person"),
        (f'anna@example namespaces="*" {KEY}', "named one by one"),
        (f'anna@example namespaces="" {KEY}', "named one by one"),
        (f"anna@example cert-authority,{OURS} {KEY}", "cert-authority has no place"),
        (f"anna@example {OURS},{OURS} {KEY}", "given twice"),
        (f"anna@example {OURS}", "no public key"),
        (f"anna@example {OURS} ssh-ed25519", "no public key"),
        (f"anna@example {OURS} ssh-ed25519 !!!", "no base64"),
    ],
)
def test_a_line_that_is_too_generous_is_refused_by_its_number(line: str, because: str) -> None:
    """One such line spoils the list, wherever it stands."""
    with pytest.raises(SignersRefused, match=because) as caught:
        read_signers(f"# first\n{line}\n")
    assert str(caught.value).startswith("line 2: ")


def test_an_endless_list_is_refused() -> None:
    """No list of people is a megabyte long."""
    with pytest.raises(SignersRefused, match="longer"):
        read_signers("#" * (SIGNERS_CHARACTERS_MAX + 1))
