"""The verb about the gate's certificate: shown from every vantage, pinned when somebody agrees."""

from gatectl.errors import ExitCode
from gatectl.simulator.rehearsal import GATE
from tests.cli.keyboard import Keyboard
from tests.probe_servers import listening, make_credentials, over_tls

WRONG_KEY = "sha256//" + "A" * 43 + "="


def with_keys(keyboard: Keyboard, keys: str) -> None:
    """Add keys to the virtual server."""
    section = f"[gates.{GATE}.vserver]\n"
    keyboard.changed((section, f"{section}{keys}\n")).replace(keyboard.config)


def test_the_key_is_shown_from_both_sides_and_pinned_with_a_yes(bystander: Keyboard) -> None:
    """After --pin --yes the same key is pinned, and everything still trusts the gate."""
    shown = bystander.type("certificates", "--json")
    assert shown.code == ExitCode.PROVEN
    rows = shown.document["certificates"]
    assert [(row["side"], row["pinned"]) for row in rows] == [("inside", False), ("outside", False)]
    (key,) = {row["key"] for row in rows}
    refused = bystander.type("certificates", "--pin")
    assert refused.code == ExitCode.REFUSED
    assert "--yes" in refused.one_sentence_and_a_hint()
    assert bystander.type("certificates", "--pin", "--yes").code == ExitCode.PROVEN
    assert f'certificate_pins = ["{key}"]' in bystander.config.read_text(encoding="utf-8")
    again = bystander.type("certificates", "--pin")
    assert again.code == ExitCode.PROVEN
    assert again.out.count(f"{key}  pinned, good until") == 2
    status = bystander.type("status", "--json")
    assert status.code == ExitCode.PROVEN
    assert status.gate["state"] == "open"


def test_another_key_than_the_pinned_one_is_neither_open_nor_shut(bystander: Keyboard) -> None:
    """Somebody answers at the gate's address, and it is not the gate: the key says who."""
    (key,) = {
        row["key"] for row in bystander.type("certificates", "--json").document["certificates"]
    }
    with_keys(bystander, f'certificate_pins = ["{WRONG_KEY}"]')
    status = bystander.type("status", "--json")
    assert status.code == ExitCode.MAYBE_OPEN
    assert (status.gate["sides"]["outside"], status.gate["sides"]["inside"]) == ("unknown",) * 2
    assert f"its key is {key}, which is not pinned" in status.gate["sides"]["because"]
    shown = bystander.type("certificates")
    assert shown.code == ExitCode.UNREACHABLE
    assert f"{key}  not pinned" in shown.out
    assert "which is not pinned" in shown.out
    doctor = bystander.type("doctor", "--json")
    (found,) = (one for one in doctor.document["findings"] if one["name"] == "certificate")
    assert (found["answer"], found["mend"]) == ("fail", f"gatectl certificates {GATE}")
    assert key in found["found"]


def test_another_key_takes_a_pins_place_only_with_replace(bystander: Keyboard) -> None:
    """A yes is for a first pin; a key that changed wants a word of its own."""
    with_keys(bystander, f'certificate_pins = ["{WRONG_KEY}"]')
    refused = bystander.type("certificates", "--pin", "--yes")
    assert refused.code == ExitCode.REFUSED
    assert "--replace" in refused.one_sentence_and_a_hint()
    assert WRONG_KEY in bystander.config.read_text(encoding="utf-8")
    replaced = bystander.type("certificates", "--pin", "--yes", "--replace")
    assert WRONG_KEY not in bystander.config.read_text(encoding="utf-8")
    assert replaced.code == ExitCode.UNREACHABLE, "what was seen was not what was trusted then"
    assert bystander.type("certificates").code == ExitCode.PROVEN


def test_two_keys_at_one_gate_are_no_good_sign(bystander: Keyboard) -> None:
    """While nothing says which is right, both are shown, and neither is pinned."""
    other = over_tls(make_credentials(bystander.folder), lambda _stream: None)
    with listening(other) as port:
        known = bystander.config.read_text(encoding="utf-8")
        office = 'side = "inside"\n'
        again = '[[gates.{}.vantages]]\nname = "second"\n{}target = "127.0.0.1:{}"\n'
        more = again.format(GATE, office, port)
        bystander.config.write_text(f"{known}\n{more}", encoding="utf-8")
        shown = bystander.type("certificates", "--json")
        assert shown.code == ExitCode.UNREACHABLE
        first, second, _ = (row["key"] for row in shown.document["certificates"])
        assert first != second
        told = bystander.type("certificates")
        assert "these are not the same key" in told.out
        refused = bystander.type("certificates", "--pin", "--yes")
        assert refused.code == ExitCode.REFUSED
        assert "not all shown the same key" in refused.one_sentence_and_a_hint()
        with_keys(bystander, f'certificate_pins = ["{first}", "{second}"]')
        assert bystander.type("certificates").code == ExitCode.PROVEN


def test_authorities_that_cannot_be_read_do_not_keep_the_gate_from_being_closed(
    keyboard: Keyboard,
) -> None:
    """Outside gets no answer, and for that nobody's certificate is needed."""
    with_keys(keyboard, 'certificate_authorities = "gone.pem"')
    keyboard.changed((', "close-vserver"', "")).replace(keyboard.config)
    before = keyboard.type("doctor", "--offline", "--json").document["findings"]
    (found,) = (one for one in before if one["name"] == "authorities")
    assert found["answer"] == "fail"
    assert "gone.pem" in found["found"]
    closed = keyboard.type("close", "--json")
    assert closed.code == ExitCode.MAYBE_OPEN, "whether the offices are in, nobody can say"
    assert "gone.pem cannot be read" in closed.gate["because"]
    assert keyboard.visits() == (False, True)
