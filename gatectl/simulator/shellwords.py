"""The grammar of the root shell: a line becomes pipelines of simple commands."""

from dataclasses import dataclass, field

OPERATORS = ("&&", "||", "2>&1", "2>", ">>", ">", "<", "|", ";", "\n")


@dataclass(slots=True, kw_only=True)
class Simple:
    """One program with its words and redirections; an unquoted `*` is marked by a zero byte."""

    words: list[str] = field(default_factory=list)
    output: str = ""
    append: bool = False
    error: str = ""
    input: str = ""


@dataclass(slots=True, kw_only=True)
class Pipeline:
    """Programs joined by `|`, and the list operator that stands before them."""

    after: str = ";"
    commands: list[Simple] = field(default_factory=list)


def parse(line: str) -> list[Pipeline]:
    """Read a line; ValueError says what is wrong with it, in the shell's words."""
    pipelines: list[Pipeline] = []
    pipeline = Pipeline(commands=[Simple()])
    redirect = ""
    for text, is_operator in _pieces(line):
        simple = pipeline.commands[-1]
        if not is_operator:
            _place(simple, redirect, text)
            redirect = ""
        elif redirect:
            raise ValueError("Missing name for redirect.")
        elif text == "2>&1":
            simple.error = "&1"
        elif text in (">", ">>", "2>", "<"):
            redirect = text
        elif text == "|":
            if not simple.words:
                raise ValueError("Invalid null command.")
            pipeline.commands.append(Simple())
        else:
            pipelines.append(pipeline)
            pipeline = Pipeline(after=";" if text == "\n" else text, commands=[Simple()])
    if redirect:
        raise ValueError("Missing name for redirect.")
    if len(pipeline.commands) > 1 and not pipeline.commands[-1].words:
        raise ValueError("Invalid null command.")
    pipelines.append(pipeline)
    return [found for found in pipelines if found.commands[0].words or found.commands[0].output]


def _place(simple: Simple, redirect: str, text: str) -> None:
    match redirect:
        case ">" | ">>":
            simple.output = text.replace("\0", "")
            simple.append = redirect == ">>"
        case "2>":
            simple.error = text.replace("\0", "")
        case "<":
            simple.input = text.replace("\0", "")
        case _:
            simple.words.append(text)


def _pieces(line: str) -> list[tuple[str, bool]]:
    found: list[tuple[str, bool]] = []
    position = 0
    while position < len(line):
        if line[position] in " \t\r":
            position += 1
            continue
        if line[position] == "#":
            break
        operator = next((o for o in OPERATORS if line.startswith(o, position)), "")
        if operator:
            found.append((operator, True))
            position += len(operator)
            continue
        text, position = _word(line, position)
        found.append((text, False))
    return found


def _word(line: str, position: int) -> tuple[str, int]:
    letters: list[str] = []
    quote = ""
    while position < len(line):
        letter = line[position]
        following = line[position + 1 : position + 2]
        if quote:
            if letter == "\\" and quote == '"' and following and following in '"\\$`':
                letters.append(following)
                position += 1
            elif letter == quote:
                quote = ""
            else:
                letters.append(letter)
        elif letter in "\"'":
            quote = letter
        elif letter == "\\" and following:
            letters.append(following)
            position += 1
        elif letter in " \t\r\n;|<>" or line.startswith("&&", position):
            break
        else:
            letters.append("\0*" if letter == "*" else letter)
        position += 1
    if quote:
        raise ValueError(f"Unmatched {quote}.")
    return "".join(letters), position
