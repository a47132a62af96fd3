"""The `find` of the root shell: by name, kind, age, owner and mode."""

import posixpath
import re
import time

from gatectl.simulator.filesystem import Entry
from gatectl.simulator.shell_files import long_line
from gatectl.simulator.shell_process import Process

FIND_KINDS = {"f": "file", "d": "dir", "l": "link"}


def find(process: Process) -> int:
    """Find files by name, kind, age and mode."""
    arguments = list(process.arguments)
    tops: list[str] = []
    while arguments and not arguments[0].startswith(("-", "!", "(")):
        tops.append(arguments.pop(0))
    status = 0
    for top in tops or ["."]:
        if not process.files.exists(top, cwd=process.cwd):
            process.error(f"find: {top}: No such file or directory\n")
            status = 1
            continue
        full = process.files.resolve(top, cwd=process.cwd)
        for path, entry in process.files.walk(full):
            if _fits(process, path, entry, arguments):
                shown = top + path[len(full) :] if full != "/" else path
                if "-ls" in arguments:
                    shown = long_line(shown, entry)
                process.out(f"{shown}\n")
    return status


def _fits(process: Process, path: str, entry: Entry, tests: list[str]) -> bool:
    queue = [word for word in tests if word not in ("-print", "-ls", "-a", "(", ")")]
    alternatives = [True]
    wanted = True
    while queue:
        word = queue.pop(0)
        if word == "-o":
            alternatives.append(True)
            continue
        if word in ("!", "-not"):
            wanted = False
            continue
        value = queue.pop(0) if queue else ""
        holds = _one_test(process, path, entry, word, value)
        alternatives[-1] = alternatives[-1] and holds == wanted
        wanted = True
    return any(alternatives)


def _one_test(process: Process, path: str, entry: Entry, word: str, value: str) -> bool:
    match word:
        case "-name" | "-iname":
            flags = re.IGNORECASE if word == "-iname" else 0
            pattern = re.escape(value).replace(r"\*", ".*").replace(r"\?", ".")
            return bool(re.fullmatch(pattern, posixpath.basename(path), flags))
        case "-type":
            return FIND_KINDS.get(value) == entry.kind
        case "-newer":
            return entry.modified > process.files.stat(value, cwd=process.cwd).modified
        case "-newermt":
            return entry.modified > time.mktime(time.strptime(value[:10], "%Y-%m-%d"))
        case "-mtime" | "-mmin":
            unit = 86_400 if word == "-mtime" else 60
            age = (time.time() - entry.modified) / unit
            figure = float(value.lstrip("+-") or 0)
            return age < figure if value.startswith("-") else age > figure
        case "-perm":
            return _perm_fits(entry.mode, value)
        case "-user":
            return entry.owner == value
        case "-size":
            figure = int(re.sub(r"\D", "", value) or 0)
            return entry.size > figure if value.startswith("+") else entry.size <= figure
    return True


def _perm_fits(mode: int, value: str) -> bool:
    bits = int(re.sub(r"[^0-7]", "", value) or "0", 8)
    if value.startswith("-"):
        return mode & bits == bits
    if value.startswith(("+", "/")):
        return bool(mode & bits)
    return mode & 0o7777 == bits
