import base64
import copy
import io
import itertools
import json
import logging
import pickle
import sys
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatectl import secret as module
from gatectl.core.gate import SecretRef
from gatectl.errors import LoginRefused
from gatectl.secret import (
    HIDDEN,
    Agent,
    HidingSink,
    KeyFile,
    KnownSecrets,
    Secret,
    resolve,
    scrub,
)

CANARY = "c4n4ry/w\u00f6rd+1"


def fetched(kind: str, target: str) -> str:
    """Resolve a reference without anybody to ask, and return the value."""
    found = resolve(SecretRef(kind=kind, target=target), ask=None)  # type: ignore[arg-type]
    assert isinstance(found, Secret)
    return found.reveal()


def test_a_secret_has_no_text_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    """However it is printed, formatted or logged, only a stand-in shows."""
    secret = Secret(CANARY)
    with caplog.at_level(logging.INFO):
        logging.getLogger("x").info("%s %r", secret, secret)
    shown = f"{secret} {secret!r} {secret!s} {secret:>9} {[secret]}" + caplog.text
    assert CANARY not in shown
    assert HIDDEN in shown
    assert secret.reveal() == CANARY


def test_a_secret_is_neither_stored_nor_compared() -> None:
    """Pickles end up in files, and comparisons answer questions."""
    secret = Secret(CANARY)
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.copy(secret)
    with pytest.raises(TypeError):
        assert secret == CANARY
    with pytest.raises(TypeError):
        hash(secret)
    assert not hasattr(secret, "__dict__")


def test_a_password_file_gives_its_one_line(tmp_path: Path) -> None:
    """The line end of an editor is no part of the password, blanks are."""
    path = tmp_path / "password"
    path.write_text(f" {CANARY} \n")
    path.chmod(0o600)
    assert fetched("password_file", str(path)) == f" {CANARY} "


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610])
@pytest.mark.parametrize("kind", ["password_file", "key_file"])
def test_a_file_that_others_can_reach_is_refused(tmp_path: Path, kind: str, mode: int) -> None:
    """A secret that others could have read or changed is none."""
    path = tmp_path / "password"
    path.write_text(CANARY)
    path.chmod(mode)
    with pytest.raises(LoginRefused, match="other users") as caught:
        fetched(kind, str(path))
    assert "chmod 600" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"x" * 5000])
def test_a_file_without_a_usable_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    """Empty, binary and endless files are mistakes, and their bytes are not shown."""
    path = tmp_path / "password"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(LoginRefused) as caught:
        fetched("password_file", str(path))
    assert "xxx" not in str(caught.value)


@pytest.mark.parametrize("kind", ["password_file", "key_file"])
@pytest.mark.parametrize("name", ["none", "."])
def test_a_file_that_is_not_there_or_no_file_is_refused(
    tmp_path: Path, kind: str, name: str
) -> None:
    """The error concerns the login of one host."""
    with pytest.raises(LoginRefused):
        fetched(kind, str(tmp_path / name))


def test_keys_are_references_until_the_ssh_library_reads_them(tmp_path: Path) -> None:
    """A key file is checked and named, an agent is only meant."""
    path = tmp_path / "key"
    path.write_text("x")
    path.chmod(0o600)
    assert resolve(SecretRef(kind="key_file", target=str(path)), ask=None) == KeyFile(path=path)
    assert resolve(SecretRef(kind="agent"), ask=None) == Agent()


def test_a_command_prints_the_secret() -> None:
    """The line is split in words and run without a shell."""
    program = f"{sys.executable} -c 'print(\"a b; echo $HOME\")'"
    assert fetched("command", program) == "a b; echo $HOME"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "empty"),
        ("'unclosed", "split"),
        ("/does/not/exist", "started"),
        (f"{sys.executable} -c 'print(\"c4n4ry\"); raise SystemExit(3)'", "status 3"),
    ],
)
def test_a_command_that_fails_gives_no_secret(line: str, words: str) -> None:
    """What it printed before it failed is neither used nor shown."""
    with pytest.raises(LoginRefused, match=words) as caught:
        fetched("command", line)
    assert "c4n4ry" not in str(caught.value)


def test_a_command_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password store that waits for a person must not hold a close up for ever."""
    monkeypatch.setattr(module, "_COMMAND_TIMEOUT_S", 0.2)
    with pytest.raises(LoginRefused, match="no password in"):
        fetched("command", f"{sys.executable} -c 'import time; time.sleep(5)'")


def test_a_systemd_credential_is_read_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is the unit's, the name is ours and stays inside it."""
    (tmp_path / "ns").write_text(CANARY)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(LoginRefused, match="CREDENTIALS_DIRECTORY"):
        fetched("credential", "ns")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert fetched("credential", "ns") == CANARY
    for name in ("none", "../ns"):
        with pytest.raises(LoginRefused):
            fetched("credential", name)


def test_a_prompt_needs_somebody_to_ask() -> None:
    """Without a terminal there is an error instead of a wait."""
    with pytest.raises(LoginRefused, match="no terminal"):
        fetched("prompt", "")
    found = resolve(SecretRef(kind="prompt", target="For ns-a: "), ask=lambda text: text + CANARY)
    assert isinstance(found, Secret)
    assert found.reveal() == f"For ns-a: {CANARY}"


def encodings(value: str) -> dict[str, str]:
    """Write a value in the ways in which it might leak."""
    data = value.encode()
    return {
        "itself": value,
        "backwards": value[::-1],
        "base64": base64.b64encode(data).decode(),
        "base64 for addresses": base64.urlsafe_b64encode(data).decode(),
        "hex": data.hex(),
        "HEX": data.hex().upper(),
        "address": quote(value),
        "address, all": quote(value, safe=""),
        "JSON": json.dumps(value)[1:-1],
    }


@pytest.mark.parametrize("form", encodings("x"))
def test_a_secret_is_hidden_in_each_of_its_forms(form: str) -> None:
    """Encoded, backwards or as it is: nothing of it stays in a text."""
    shown = encodings(CANARY)[form]
    cleaned = scrub(f"before {shown} after", [Secret("other one"), Secret(CANARY)])
    assert shown not in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")
    assert HIDDEN in cleaned


@given(st.text(max_size=9), st.text(max_size=9))
def test_a_secret_is_hidden_inside_other_base64(before: str, after: str) -> None:
    """A header of basic authentication holds the password at any offset."""
    secret = "s3cret-w0rd-that-is-long"
    shown = base64.b64encode(f"{before}{secret}{after}".encode()).decode()
    assert HIDDEN in scrub(shown, [Secret(secret)])


def test_a_text_without_secrets_stays_as_it_is() -> None:
    """Nothing is hidden where nothing is secret, and a short secret only as it is."""
    assert scrub("text", []) == "text"
    assert scrub("a1 31 MQ", [Secret("1")]) == f"a{HIDDEN} 3{HIDDEN} MQ"


def test_many_secrets_are_found_by_one_walk_through_a_text() -> None:
    """Each of several hundred is hidden, in whatever order they came up, and known once only."""
    known = KnownSecrets()
    values = [f"pass-{number:03}-{'x' * (number % 7)}" for number in range(300)]
    for value in (*values, *values):
        known.add(Secret(value))
    assert len(known) == len(values)
    assert scrub(" ".join(values), known) == " ".join([HIDDEN] * len(values))
    assert scrub("pass-30", known) == "pass-30"


@given(st.lists(st.text("ab", max_size=6), max_size=4), st.text("ab", max_size=20))
def test_the_walk_finds_what_a_search_for_each_form_finds(values: list[str], text: str) -> None:
    """No form is missed where one is part of another, and nothing else is hidden."""
    known = KnownSecrets(Secret(value) for value in values)
    forms = {form for value in values for form in module._forms(value) if form}
    assert known.found_in(text) == {form for form in forms if form in text}


PARTS = st.lists(st.binary(max_size=9), max_size=6)
LONG_SECRET = "s3cret-w0rd-that-is-long"


@given(PARTS, PARTS, st.data())
def test_a_secret_is_hidden_wherever_a_file_is_cut_in_parts(
    before: list[bytes], after: list[bytes], data: st.DataObject
) -> None:
    """Across any two parts, in any of its forms: what is passed on is the same as in one piece."""
    form = data.draw(st.sampled_from(sorted(encodings(LONG_SECRET).values())))
    whole = b"".join(before) + form.encode() + b"".join(after)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    kept, at_once = io.BytesIO(), io.BytesIO()
    hiding = HidingSink(kept, [Secret(LONG_SECRET)])
    for begin, end in itertools.pairwise([0, *cuts, len(whole)]):
        assert hiding.write(whole[begin:end]) == end - begin
    hiding.finish()
    one = HidingSink(at_once, [Secret(LONG_SECRET)])
    one.write(whole)
    one.finish()
    assert kept.getvalue() == at_once.getvalue()
    assert form.encode() not in kept.getvalue()
    assert HIDDEN.encode() in kept.getvalue()
    assert (hiding.hidden, hiding.sha256) == (one.hidden, sha256(kept.getvalue()).hexdigest())


@given(st.binary(max_size=200))
def test_a_file_without_secrets_is_passed_on_byte_for_byte(content: bytes) -> None:
    """Whether any secret is known or none."""
    for secrets in ([], [Secret(LONG_SECRET)]):
        kept = io.BytesIO()
        hiding = HidingSink(kept, secrets)
        hiding.write(content)
        hiding.finish()
        assert (kept.getvalue(), hiding.hidden) == (content, 0)
