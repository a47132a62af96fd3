"""Where one answer of the command line ends: the prompt, the echo and the terminator.

The text arrives in pieces of any size. Nothing is concluded from a prompt alone, since output
holds `>` too, and nothing from ` Done` alone, since the login prints one as well.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto

from gatectl.core.netscaler import Reply

_TAIL = 4096
"""Enough of the end of a reply to see its last line, its prompt or a question."""
_PROMPT_LENGTH_MAX = 200

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][0-9A-Z]")
_PAGER = re.compile(r"--More--[ \t]*+(?:\(\d+%\))?+")
_PAGER_GONE = re.compile(_PAGER.pattern + r"[ \t\r\x08]*(?=[^ \t\r\x08])")
"""A pager that was answered: it is wiped out on the screen, and then text follows."""
_DONE = re.compile(r" ?Done[ \t]*")
_ERROR = re.compile(r"ERROR:\s*(.*)")
_WARNING = re.compile(r"(?:\[WARNING\]|warning)\s*:\s*(.*)", re.IGNORECASE)
_NOTICE = re.compile(r"Warning: (?:One or more RPC nodes|You are connected to a secondary node).*")
"""What the device says of itself around any command, also around a file's content."""
_QUESTION = re.compile(
    r".*(?:[(\[]\s*(?:y|yes)\s*/\s*(?:n|no)\s*[)\]]\s*\??\s*(?:\[\w*\])?\s*[:?]?"
    r"|password[^:]{0,40}:|terminal type\?|continue connecting[^:]{0,40}\?)[ \t]*",
    re.IGNORECASE,
)
_ROLES = ("primary", "secondary", "standalone", "unknown", "up", "down", "staysecondary")


class Stage(Enum):
    """How far an answer has come."""

    UNFINISHED = auto()
    PAGED = auto()
    """The device waits for a key before it shows more."""
    QUESTION = auto()
    """The device waits for an answer that nobody expected to give."""
    WHOLE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A prompt as it was learnt; clock, counter and role in it may change."""

    text: str

    def stands_in(self, line: str) -> bool:
        """Say whether a line is this prompt and nothing else."""
        return re.fullmatch(self._pattern(), line.strip(), re.IGNORECASE) is not None

    def _pattern(self) -> str:
        parts = re.split(r"(\d+|[A-Za-z]+)", self.text.strip())
        return "".join(_prompt_part(part) for part in parts)


def _prompt_part(part: str) -> str:
    if part.isdigit():
        return r"\d+"
    if part.casefold() in _ROLES:
        return f"(?:{'|'.join(_ROLES)})"
    return re.escape(part)


def learn_prompt(text: str) -> Prompt | None:
    """Learn the prompt from what a login and some empty lines gave; none if it is not sure yet.

    The last two lines must be the same prompt, and nothing may stand behind it.
    """
    lines = [line.strip() for line in _clean(text[-_TAIL:]).split("\n")]
    shown = [line for line in lines if line]
    if len(shown) < 2 or not lines[-1] or not shown[-1].endswith(">"):  # noqa: PLR2004 - twice
        return None
    prompt = Prompt(text=shown[-1])
    if len(prompt.text) > _PROMPT_LENGTH_MAX or not prompt.stands_in(shown[-2]):
        return None
    return prompt


def asks(text: str) -> str | None:
    """Return the question that a text ends in, if it does."""
    last = _clean(text[-_TAIL:]).rsplit("\n", 1)[-1]
    return last.strip() if _QUESTION.fullmatch(last) else None


def shows_content(command: str) -> bool:
    """Say whether a command prints a file or the like, in which any line may stand."""
    words = command.casefold().split()
    return words[:1] in (["shell"], ["diff"]) or any(
        word in {"runningconfig", "savedconfig", "ns.conf"} for word in words[1:3]
    )


class Framing:
    """Reads the answer to one command as it arrives; more text can always take a verdict back."""

    def __init__(self, *, command: str, prompt: Prompt) -> None:
        self.content = shows_content(command)
        """Any line may stand in the answer, one that looks like its end too."""
        self._command = command
        self._prompt = prompt
        self._text = ""
        self._pages_answered = 0

    def feed(self, text: str) -> Stage:
        """Take the next piece of text and say how far the answer has come."""
        self._text += text
        return self.stage()

    def stage(self) -> Stage:
        """Say how far the answer has come, judged by its end alone."""
        tail = _clean(self._text[-_TAIL:])
        before, _, last = tail.rpartition("\n")
        if _PAGER.fullmatch(last.strip()) and self._pages() > self._pages_answered:
            return Stage.PAGED
        if self._prompt.stands_in(last) and self._ended(before):
            return Stage.WHOLE
        if last.strip() and _QUESTION.fullmatch(last) and not self._is_echo(last):
            return Stage.QUESTION
        return Stage.UNFINISHED

    def page_answered(self) -> None:
        """Note that the key for the next page was sent."""
        self._pages_answered = self._pages()

    def question(self) -> str:
        """Return the device's question, for the error that it becomes."""
        return _clean(self._text[-_TAIL:]).rpartition("\n")[2].strip()

    def begins_with_echo(self) -> bool:
        """Say whether the command itself came back first, as on a terminal it must."""
        return _after_echo(self._text, self._command) is not None

    def reply(self) -> Reply:
        """Take the whole answer apart; only of use once the stage says so."""
        text = _after_echo(self._text, self._command)
        lines = _clean(self._text if text is None else text).split("\n")
        return read_reply(lines[:-1], command=self._command)

    def _pages(self) -> int:
        return self._text.count("--More--")

    def _is_echo(self, line: str) -> bool:
        # A command may itself hold (y/n): its echo asks nothing.
        return line.strip().endswith(self._command.strip()) if self._command.strip() else False

    def _ended(self, before: str) -> bool:
        lines = [line for line in before.split("\n") if line.strip()]
        if not lines:
            return False
        if is_terminator(lines[-1], content=self.content):
            return True
        return not self.content and any(_ERROR.match(line) for line in lines[-20:])


def is_terminator(line: str, *, content: bool) -> bool:
    """Say whether a line can be the last of an answer."""
    if content and line.rstrip().endswith(" Done"):
        # A file that does not end its last line has the terminator behind it.
        return True
    return _DONE.fullmatch(line) is not None or _ERROR.match(line) is not None


def read_reply(lines: list[str], *, command: str) -> Reply:
    """Take an answer apart in text, error and warnings; the terminator is still in it."""
    body, error = _without_terminator(lines, content=shows_content(command))
    if shows_content(command):
        warnings = [line.strip() for line in body if _NOTICE.fullmatch(line.strip())]
        kept = [line for line in body if not _NOTICE.fullmatch(line.strip())]
    else:
        found = [match[1] for line in body if (match := _ERROR.match(line))]
        error = error if error is not None else next(iter(found), None)
        warnings = [line.strip() for line in body if _WARNING.match(line.strip())]
        kept = [line for line in body if not (_WARNING.match(line.strip()) or _ERROR.match(line))]
    if error is not None:
        # Two lines point at a mistake: a caret under the word, then the error.
        kept = [line for line in kept if line.strip() != "^"]
    return Reply(text="\n".join(kept), error=error, warnings=tuple(warnings))


def _without_terminator(lines: list[str], *, content: bool) -> tuple[list[str], str | None]:
    body = list(lines)
    while body and not body[-1].strip():
        body.pop()
    if not body:
        return body, None
    last = body[-1]
    if _DONE.fullmatch(last):
        return body[:-1], None
    if match := _ERROR.match(last):
        return body[:-1], match[1].strip()
    if content and last.rstrip().endswith(" Done"):
        return [*body[:-1], last.rstrip().removesuffix(" Done")], None
    return body, None


def _clean(text: str) -> str:
    """Take out what only a terminal needs, and make every line end the same."""
    text = _PAGER_GONE.sub("", _CONTROL.sub("", text))
    return re.sub(r"\r+\n|\r", "\n", text).replace("\x00", "")


def _after_echo(text: str, command: str) -> str | None:
    """Return what follows the command's echo, wherever the terminal broke its line."""
    text = _CONTROL.sub("", text)
    first, line_end, rest = text.partition("\n")
    if line_end and first.rstrip().endswith(command.rstrip()):
        # The editor may draw its prompt again in front of what was typed.
        return rest
    wanted = "".join(command.split())
    position, matched = 0, 0
    while matched < len(wanted):
        if position >= len(text):
            return None
        character = text[position]
        if character == wanted[matched]:
            matched += 1
        elif character not in " \t\r\n\x08\x00":
            return None
        position += 1
    return re.sub(r"\A[ \t\x08]*(?:\r+\n?|\n)", "", text[position:])
