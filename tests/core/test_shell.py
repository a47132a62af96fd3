import pytest

from gatectl.core.shell import grep_reads, shell_reads


@pytest.mark.parametrize("line", ["cat /nsconfig/ns.conf", "ls -la /tmp | grep x", '"df -h"'])
def test_a_known_program_in_a_known_form_only_reads(line: str) -> None:
    """The programs of the evidence collection pass, quoted as a whole or not."""
    assert shell_reads(line)


@pytest.mark.parametrize("line", ["", "|", "cat x |", "| grep x", "python x", "cat 'a' | 'sh'"])
def test_a_line_that_is_not_known_may_write(line: str) -> None:
    """What is not on the list, or not a whole line, is refused."""
    assert not shell_reads(line)


def test_grep_needs_something_to_look_for() -> None:
    """Without a pattern, grep waits for input that never comes."""
    assert not grep_reads([])
    assert grep_reads(["-c", "x"])
