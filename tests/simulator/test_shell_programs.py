from gatectl.simulator.shell import READ_ONLY
from gatectl.simulator.shell_programs import PROGRAMS


def test_programs_that_change_things_are_not_called_harmless() -> None:
    """No writer stands in the list of looks."""
    writers = {"rm", "mv", "cp", "mkdir", "touch", "chmod", "sed", "tar", "installns", "reboot",
               "nsapimgr", "nsapimgr_wr.sh", "nscli"}  # fmt: skip
    assert writers <= set(PROGRAMS)
    assert not writers & READ_ONLY
