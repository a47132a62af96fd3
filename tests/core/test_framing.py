import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatectl.core.framing import Framing, Prompt, Stage, asks, learn_prompt, read_reply

PROMPT = Prompt(text=">")

ANSWERS = {
    "plain": ("show ns hostName", "show ns hostName\r\n\tHostname:  ns-a\r\n Done\r\n> "),
    "empty": ("show ns acl", "show ns acl\r\n Done\r\n> "),
    "error": ("show foo", "show foo\r\n     ^\r\nERROR: No such command\r\n> "),
    "warning": (
        "add responder policy p true RESET",
        (
            "add responder policy p true RESET\r\nWarning: Feature(s) not enabled [RESPONDER]\r\n"
            " Done\r\n> "
        ),
    ),
    "bracketed": (
        "force ha failover -force",
        (
            "force ha failover -force\r\n[WARNING]:Force Failover may cause losses\r\n\r\n"
            "- HA heartbeats not seen on some interfaces\r\n\r\n Done\r\n> "
        ),
    ),
    "arrow": (
        "show aaa session",
        "show aaa session\r\nUser Name: Joe\r\n\t10.1.1.1 (1 ) -> 10.2.2.2 (443 )\r\n Done\r\n> ",
    ),
    "unended file": ("shell cat /f", "shell cat /f\r\nlast words Done\r\n> "),
    "done in a line": (
        "shell nsapimgr_wr.sh -ys x=0",
        "shell nsapimgr_wr.sh -ys x=0\r\nChanging x from 1 to 0 ... Done.\r\n Done\r\n> ",
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
@given(data=st.data())
def test_an_answer_in_any_pieces_ends_only_at_its_end(name: str, data: st.DataObject) -> None:
    """However the text is split, every piece but the last leaves the answer unfinished."""
    command, text = ANSWERS[name]
    cuts = sorted(data.draw(st.sets(st.integers(1, len(text) - 1), max_size=12)))
    framing = Framing(command=command, prompt=PROMPT)
    stages = [
        framing.feed(text[begin:end])
        for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True)
    ]
    # The prompt's own last blank may come by itself.
    before = [stage for stage, end in zip(stages, cuts, strict=False) if end < len(text) - 1]
    assert Stage.WHOLE not in before
    assert stages[-1] is Stage.WHOLE


def whole(command: str, text: str) -> Framing:
    """Feed a whole answer, and insist that it is one."""
    framing = Framing(command=command, prompt=PROMPT)
    assert framing.feed(text) is Stage.WHOLE
    return framing


def test_a_reply_has_neither_echo_nor_terminator_nor_prompt() -> None:
    """The text of a reply is what the device said to the command."""
    reply = whole(*ANSWERS["plain"]).reply()
    assert (reply.text, reply.error, reply.warnings) == ("\tHostname:  ns-a", None, ())


def test_an_error_and_its_caret_are_not_text() -> None:
    """The device's own words for a mistake are the error, the caret line is nothing."""
    reply = whole(*ANSWERS["error"]).reply()
    assert (reply.text, reply.error) == ("", "No such command")


def test_warnings_are_kept_apart_in_both_spellings() -> None:
    """A warning is information beside the text of the reply."""
    assert whole(*ANSWERS["warning"]).reply().warnings == (
        "Warning: Feature(s) not enabled [RESPONDER]",
    )
    reply = whole(*ANSWERS["bracketed"]).reply()
    assert len(reply.warnings) == 1
    assert "heartbeats" in reply.text


def test_a_file_that_does_not_end_its_last_line_is_read_whole() -> None:
    """The terminator behind a file's last words is taken off, the words stay."""
    assert whole(*ANSWERS["unended file"]).reply().text == "last words"


def test_words_like_a_warning_in_a_file_stay_in_its_text() -> None:
    """A file's content is evidence: only the device's own notices are taken out."""
    notice = (
        "Warning: You are connected to a secondary node; configuration changes made in this "
        "session will not be propagated to, or saved on, other nodes"
    )
    text = f"shell cat /f\r\n{notice}\r\nWarning: mine\r\nERROR: mine\r\nx\r\n Done\r\n> "
    reply = whole("shell cat /f", text).reply()
    assert reply.text == "Warning: mine\nERROR: mine\nx"
    assert reply.error is None
    assert reply.warnings == (notice,)


def test_an_end_in_the_middle_is_taken_back_when_more_comes() -> None:
    """A forged terminator and prompt count no more once the real output goes on."""
    framing = Framing(command="shell cat /f", prompt=PROMPT)
    assert framing.feed("shell cat /f\r\n Done\r\n> ") is Stage.WHOLE
    assert framing.feed("more\r\nand more\r\n") is Stage.UNFINISHED
    assert framing.feed(" Done\r\n> ") is Stage.WHOLE
    assert framing.reply().text == " Done\n> more\nand more"


@pytest.mark.parametrize(
    "text",
    ["show x\r\n> ", "show x\r\nvalue\r\n> ", "show x\r\n Done\r\n", "show x\r\n Done\r\n>x"],
)
def test_neither_prompt_nor_terminator_alone_ends_an_answer(text: str) -> None:
    """Only the terminator followed by the prompt at a line's start is an end."""
    assert Framing(command="show x", prompt=PROMPT).feed(text) is not Stage.WHOLE


def test_an_error_that_stands_in_a_file_does_not_end_it() -> None:
    """Only the last line before the prompt can be the device's own word on a file."""
    framing = Framing(command="shell cat /f", prompt=PROMPT)
    assert framing.feed("shell cat /f\r\nERROR: mine\r\nmore\r\n> ") is Stage.UNFINISHED
    refused = Framing(command="a; b", prompt=PROMPT)
    assert refused.feed("a; b\r\nERROR: No such command\r\nmore\r\n> ") is Stage.WHOLE


def test_a_pager_wants_a_key_and_leaves_no_trace() -> None:
    """Each page is asked for once, and the pager's own words are not in the text."""
    framing = Framing(command="show ns acl", prompt=PROMPT)
    assert framing.feed("show ns acl\r\none\r\n--More--") is Stage.PAGED
    framing.page_answered()
    assert framing.feed("\r        \r") is Stage.UNFINISHED
    assert framing.feed("two\r\n--More-- (50%)") is Stage.PAGED
    framing.page_answered()
    assert framing.feed("\x08 \x08\r\x1b[Kthree\r\n Done\r\n> ") is Stage.WHOLE
    assert framing.reply().text.split() == ["one", "two", "three"]


@pytest.mark.parametrize(
    "question",
    [
        "Please confirm whether you want force-failover (Y/N)? [N]:",
        "Are you sure you want to restart NetScaler (Y/N)? [N]:",
        "Do you want to reboot the system now? [y/n]",
        "Continue (yes/no)? ",
        "Password:",
        "Enter new password for nsroot: ",
        "Terminal type? ",
    ],
)
def test_a_question_is_no_end_and_no_silence(question: str) -> None:
    """A question that nobody expected is a result of its own."""
    framing = Framing(command="reboot", prompt=PROMPT)
    assert framing.feed(f"reboot\r\n{question}") is Stage.QUESTION
    assert framing.question() == question.strip()
    assert asks(f"Last login\r\n{question}") == question.strip()


def test_a_question_in_the_middle_of_a_text_is_none() -> None:
    """Output that mentions a question goes on in the same line."""
    framing = Framing(command="shell cat /f", prompt=PROMPT)
    assert framing.feed("shell cat /f\r\nsay [y/n] to go on") is Stage.UNFINISHED


def test_the_echo_of_a_command_that_holds_a_question_asks_nothing() -> None:
    """What was typed comes back, and is not what the device asks."""
    framing = Framing(command="shell grep [y/n]", prompt=PROMPT)
    assert framing.feed("shell grep [y/n]") is Stage.UNFINISHED


@pytest.mark.parametrize(
    ("echo", "seen"),
    [
        ("show ns version\r\n", True),
        ("show ns ver\r\nsion\r\n", True),
        ("> show ns version\r\n", True),
        ("\x1b[Kshow ns version\r\n", True),
        ("something else\r\n", False),
        ("", False),
    ],
)
def test_the_echo_is_known_however_the_terminal_draws_it(echo: str, *, seen: bool) -> None:
    """A wrapped or redrawn echo is the command; other text in its place is not."""
    framing = whole("show ns version", f"{echo}\tNetScaler\r\n Done\r\n> ")
    assert framing.begins_with_echo() is seen
    if seen:
        assert framing.reply().text == "\tNetScaler"


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("Last login: x\r\n Done\r\n> \r\n> ", ">"),
        (" Done\r\nns-a 15:16> \r\nns-a 15:17> ", "ns-a 15:17>"),
        (" Done\r\nSecondary:> \r\nPrimary:> ", "Primary:>"),
        (
            (
                " Done\r\nPrimary|nsroot@adc126-2025/10/15-07:25> \r\n"
                "Primary|nsroot@adc126-2025/10/15-07:26> "
            ),
            "Primary|nsroot@adc126-2025/10/15-07:26>",
        ),
    ],
)
def test_a_prompt_is_learnt_from_two_that_are_the_same(text: str, prompt: str) -> None:
    """Clock, counter and role may change between two prompts, nothing else."""
    assert learn_prompt(text) == Prompt(text=prompt)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "> ",
        " Done\r\n> ",
        "<html>\r\n> ",
        "> \r\n> \r\n",
        "root@ns# \r\nroot@ns# ",
        "a> \r\nb> ",
    ],
)
def test_a_prompt_is_not_learnt_from_less(text: str) -> None:
    """One prompt, output with an angle bracket, or a root shell teach nothing."""
    assert learn_prompt(text) is None


def test_a_learnt_prompt_is_matched_literally_but_for_clock_and_role() -> None:
    """Another host's prompt, or any line with a bracket, is not ours."""
    prompt = Prompt(text="Primary|nsroot@adc126-07:25>")
    assert prompt.stands_in("Secondary|nsroot@adc126-23:59> ")
    assert not prompt.stands_in("Primary|nsroot@adcX-07:25> ")
    assert not prompt.stands_in("x Primary|nsroot@adc126-07:25> ")


def test_an_error_before_the_terminator_is_an_error() -> None:
    """Of several commands in a line, one refused is enough for the reply to be refused."""
    reply = read_reply(["ERROR: No such resource", "text", " Done"], command="show x")
    assert (reply.error, reply.text) == ("No such resource", "text")
