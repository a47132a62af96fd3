import pytest

from gatectl.simulator.shellwords import parse


def test_lists_pipes_and_redirections_are_told_apart() -> None:
    """Each operator does its own thing."""
    first, second, third = parse("cd /x && tar xf a 2>/dev/null | head -1 > out; echo 'a;b' >> log")
    assert (first.after, second.after, third.after) == (";", "&&", ";")
    assert [simple.words for simple in second.commands] == [["tar", "xf", "a"], ["head", "-1"]]
    assert second.commands[0].error == "/dev/null"
    assert (second.commands[1].output, second.commands[1].append) == ("out", False)
    assert third.commands[0].words == ["echo", "a;b"]
    assert third.commands[0].append


@pytest.mark.parametrize("line", ["echo 'x", "ls >", "| ls", "ls |"])
def test_half_a_line_is_refused(line: str) -> None:
    """The shell says what is missing."""
    with pytest.raises(ValueError, match=r"\."):
        parse(line)


def test_quotes_keep_what_they_hold() -> None:
    """Single quotes keep everything, double ones let a quote be saved; a comment is nothing."""
    (only,) = parse(r"""echo 'a "b" \n' "c \" d" e\ f  # rest""")
    assert only.commands[0].words == ["echo", r'a "b" \n', 'c " d', "e f"]
