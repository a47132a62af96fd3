from dataclasses import dataclass

import pytest

from gatectl.simulator.dialect import parse_arguments, resolve, split_line, tokenise
from gatectl.simulator.texts import Refused


@dataclass(frozen=True)
class Shape:
    text: str
    operands: str = ""
    options: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """Give the command's own words."""
        return tuple(self.text.split())


KNOWN = [
    Shape(text)
    for text in (
        "show ns ip", "show ns acl", "show ns acl6", "show ha node", "show vpn vserver",
        "show lb vserver", "shell", "save ns config", "set ns config", "reboot",
    )
]  # fmt: skip


def meant(line: str) -> str:
    """Name the known command that a line means."""
    return resolve(tokenise(line), KNOWN)[0].text


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sh ha node", "show ha node"),
        ("SHOW NS ACL", "show ns acl"),
        ("sho acl", "show ns acl"),
        ("show node 0", "show ha node"),
        ("sh lb vs", "show lb vserver"),
        ("save config", "save ns config"),
        ("shell ls", "shell"),
    ],
)
def test_words_can_be_short_and_the_group_left_out(line: str, expected: str) -> None:
    """Each level may be abbreviated, and the group is optional when that is clear."""
    assert meant(line) == expected


@pytest.mark.parametrize(
    ("line", "code"),
    [("frobnicate", 1088), ("show foo", 1088), ("show", 1128), ("show vserver", 1089),
     ("s ns config", 1089)],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(line: str, code: int) -> None:
    """Unknown, unfinished and ambiguous are three different refusals."""
    with pytest.raises(Refused) as caught:
        meant(line)
    assert caught.value.code == code


def test_quotes_group_and_save_a_quote_but_leave_other_backslashes() -> None:
    r"""A `\r` in a quoted word is for the expression to read."""
    words = tokenise(r'add x "\"HTTP/1.1 403\r\n\"" ' + "'a b'")
    assert [word.text for word in words] == ["add", "x", r'"HTTP/1.1 403\r\n"', "a b"]
    with pytest.raises(Refused) as caught:
        tokenise('show "x')
    assert caught.value.code == 1115


def test_a_separator_inside_quotes_separates_nothing() -> None:
    """Only a bare semicolon ends a command, and each part knows its column."""
    assert split_line('a "b;c"; d', ";") == [(0, 'a "b;c"'), (8, " d")]


def test_options_are_sorted_out_of_the_words() -> None:
    """Operators, abbreviations, choices and flags come out complete."""
    shape = Shape(
        "x",
        "name action:ALLOW|DENY",
        "srcIP:range priority:1..100 established:flag state:ENABLED|DISABLED",
    )
    found = parse_arguments(tokenise("N allow -src != 10.0.0.1 -est -prio 7 -state dis"), shape)
    assert found.operands == {"name": "N", "action": "ALLOW"}
    assert found.options == {
        "srcIP": "!= 10.0.0.1", "established": "YES", "priority": "7", "state": "DISABLED",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("N", 1095), ("N BLOCK", 1097), ("N DENY more", 1098), ("N DENY -x 1", 1090),
        ("N DENY -p 1", 1099), ("N DENY -priority", 1091), ("N DENY -priority 101", 1108),
        ("N DENY -priority 0", 1109), ("N DENY -priority x", 1097),
    ],
)  # fmt: skip
def test_wrong_arguments_have_their_own_refusals(line: str, code: int) -> None:
    """Each mistake is answered with its number."""
    shape = Shape("x", "name action:ALLOW|DENY", "priority:1..100 protocol:TCP|UDP")
    with pytest.raises(Refused) as caught:
        parse_arguments(tokenise(line), shape)
    assert caught.value.code == code
