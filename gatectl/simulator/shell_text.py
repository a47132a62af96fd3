"""Programs of the root shell that read and change text."""

import gzip
import re
import zlib

from gatectl.simulator.shell_process import Process

DEFAULT_LINES = 10


def options(process: Process, *, with_value: str = "") -> dict[str, str]:
    """Sort a program's arguments into flags, with their values, and operands."""
    found: dict[str, str] = {}
    queue = list(process.arguments)
    while queue:
        word = queue.pop(0)
        if word == "--":
            process.operands += queue
            break
        if not word.startswith("-") or word == "-":
            process.operands.append(word)
            continue
        for position, letter in enumerate(word[1:], 1):
            if letter in with_value:
                rest = word[position + 1 :]
                found[letter] = rest or (queue.pop(0) if queue else "")
                break
            found[letter] = ""
    process.flags = set(found)
    return found


def concatenate(process: Process) -> int:
    """Print files."""
    options(process)
    for _, text in process.texts():
        process.out(text)
    return 0


def concatenate_compressed(process: Process) -> int:
    """Print compressed files."""
    options(process)
    for path in process.operands:
        data = process.files.read(path, cwd=process.cwd)
        try:
            process.out(gzip.decompress(data).decode("utf-8", "surrogateescape"))
        except (OSError, EOFError, zlib.error):
            process.error(f"zcat: {path}: not in gzip format\n")
            return 1
    return 0


def _line_count(process: Process) -> int:
    if process.arguments and re.fullmatch(r"-\d+", process.arguments[0]):
        process.arguments[:1] = ["-n", process.arguments[0][1:]]
    value = options(process, with_value="nc").get("n", "")
    return int(value.lstrip("+-")) if value.lstrip("+-").isdigit() else DEFAULT_LINES


def head(process: Process) -> int:
    """Print the first lines."""
    count = _line_count(process)
    for _, text in process.texts():
        process.out("".join(text.splitlines(keepends=True)[:count]))
    return 0


def tail(process: Process) -> int:
    """Print the last lines."""
    count = _line_count(process)
    for _, text in process.texts():
        process.out("".join(text.splitlines(keepends=True)[-count:] if count else []))
    return 0


def grep(process: Process) -> int:
    """Print the lines that a pattern fits."""
    found = options(process, with_value="eABCm")
    patterns = [found["e"]] if "e" in found else process.operands[:1]
    if not patterns:
        process.error("usage: grep [-abcdDEFGHhIiJLlmnOoPqRSsUVvwxZ] [pattern] [file ...]\n")
        return 2
    if "e" not in found:
        process.operands.pop(0)
    wanted = _pattern(patterns[0], process.flags)
    if process.flags & {"r", "R"}:
        process.operands = [
            path
            for top in process.operands
            for path, entry in process.files.walk(top, cwd=process.cwd)
            if entry.kind == "file"
        ]
    prefix = (len(process.operands) > 1 or process.flags & {"r", "R"}) and "h" not in found
    any_hit = False
    for path, text in process.texts():
        any_hit = _grep_one(process, wanted, f"{path}:" if prefix else "", text, path) or any_hit
    return 0 if any_hit else 1


def _pattern(text: str, flags: set[str]) -> re.Pattern[str]:
    if "F" in flags:
        text = re.escape(text)
    elif "E" not in flags:
        text = _basic_to_extended(text)
    if "x" in flags:
        text = f"^(?:{text})$"
    elif "w" in flags:
        text = rf"\b(?:{text})\b"
    return re.compile(text, re.IGNORECASE if "i" in flags else 0)


def _basic_to_extended(text: str) -> str:
    r"""In a basic expression `\|` and `\(` are the operators, and `|` and `(` are letters."""
    return re.sub(
        r"\\([|(){}+?])|([|(){}+?])",
        lambda found: found[1] or f"\\{found[2]}",
        text,
    )


def _grep_one(process: Process, wanted: re.Pattern[str], prefix: str, text: str, path: str) -> bool:
    inverted = "v" in process.flags
    hits = [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if bool(wanted.search(line)) != inverted
    ]
    if "q" in process.flags:
        return bool(hits)
    if "l" in process.flags:
        process.out(f"{path}\n" if hits else "")
    elif "c" in process.flags:
        process.out(f"{prefix}{len(hits)}\n")
    else:
        numbered = "n" in process.flags
        for number, line in hits:
            process.out(f"{prefix}{f'{number}:' if numbered else ''}{line}\n")
    return bool(hits)


def echo(process: Process) -> int:
    """Print the arguments."""
    words = process.arguments
    silent_end = bool(words) and words[0] == "-n"
    process.out(" ".join(words[1:] if silent_end else words) + ("" if silent_end else "\n"))
    return 0


def edit(process: Process) -> int:
    """Delete or substitute lines, in place with `-i ''`, otherwise to the output."""
    found = options(process, with_value="ie")
    scripts = [found["e"]] if "e" in found else process.operands[:1]
    if "e" not in found:
        process.operands = process.operands[1:]
    if not scripts:
        process.error("usage: sed script [-Ealn] [-i extension] [file ...]\n")
        return 1
    for path, text in process.texts():
        changed = _edited(scripts[0], text)
        if changed is None:
            process.error(f'sed: 1: "{scripts[0]}": command expected\n')
            return 1
        if "i" in found and path:
            process.files.write(path, changed, cwd=process.cwd)
        else:
            process.out(changed)
    return 0


def _edited(script: str, text: str) -> str | None:
    lines = text.splitlines(keepends=True)
    delete = re.fullmatch(r"/(.*)/d", script) or re.fullmatch(r"\\(.)(.*)\1d", script)
    if delete is not None:
        wanted = _pattern(delete[delete.lastindex or 1], set())
        return "".join(line for line in lines if not wanted.search(line.rstrip("\n")))
    substitute = re.fullmatch(r"s([^\w\s])((?:\\.|(?!\1).)*)\1((?:\\.|(?!\1).)*)\1(g?)", script)
    if substitute is not None:
        wanted = _pattern(substitute[2], set())
        into = substitute[3].replace("\\/", "/")
        count = 0 if substitute[4] else 1
        return "".join(wanted.sub(lambda _found: into, line, count=count) for line in lines)
    numbered = re.fullmatch(r"(\d+)(?:,(\d+))?d", script)
    if numbered is not None:
        first, last = int(numbered[1]), int(numbered[2] or numbered[1])
        return "".join(line for n, line in enumerate(lines, 1) if not first <= n <= last)
    return None


def count(process: Process) -> int:
    """Count lines, words and bytes."""
    options(process)
    for path, text in process.texts():
        figures = {
            "l": text.count("\n"),
            "w": len(text.split()),
            "c": len(text.encode("utf-8", "surrogateescape")),
        }
        wanted = [figures[flag] for flag in "lwc" if not process.flags or flag in process.flags]
        name = f" {path}" if path else ""
        process.out("".join(f"{figure:8d}" for figure in wanted) + f"{name}\n")
    return 0


def sort(process: Process) -> int:
    """Print the lines in order."""
    options(process, with_value="k")
    lines = sorted(line for _, text in process.texts() for line in text.splitlines())
    if "u" in process.flags:
        lines = list(dict.fromkeys(lines))
    if "r" in process.flags:
        lines.reverse()
    process.out("".join(f"{line}\n" for line in lines))
    return 0


def unique(process: Process) -> int:
    """Print each line that differs from the one before it."""
    options(process)
    for _, text in process.texts():
        before: str | None = None
        for line in text.splitlines():
            if line != before:
                process.out(f"{line}\n")
            before = line
    return 0
