from gatectl.simulator.texts import TEXTS, Refused


def test_a_refusal_says_the_text_of_its_number() -> None:
    """The text is the device's own, with what it is about behind it."""
    assert str(Refused(258)) == "No such resource"
    assert str(Refused(258, detail=" [id, 123]")) == "No such resource [id, 123]"
    assert all(text and text == text.strip() for text in TEXTS.values())
