"""Programs of the root shell that work on files."""

import hashlib
import posixpath
import re
import stat
import time

from gatectl.simulator.filesystem import Entry
from gatectl.simulator.shell_process import Process
from gatectl.simulator.shell_text import options

HALF_YEAR_S = 182 * 86_400
MOUNTS = (("/dev/md0c", "/"), ("/dev/da0s1a", "/flash"), ("/dev/da0s1e", "/var"))
KIND_LETTERS = {"dir": "d", "file": "-", "link": "l"}


def mode_text(entry: Entry) -> str:
    """Write an entry's kind and mode as `ls -l` does."""
    return KIND_LETTERS[entry.kind] + stat.filemode(entry.mode)[1:]


def long_line(name: str, entry: Entry) -> str:
    """Write an entry's line in `ls -l`."""
    moment = time.gmtime(entry.modified)
    recent = abs(time.time() - entry.modified) < HALF_YEAR_S
    when = time.strftime("%H:%M", moment) if recent else f" {moment.tm_year}"
    date = f"{time.strftime('%b', moment)} {moment.tm_mday:2d} {when}"
    shown = f"{name} -> {entry.target}" if entry.kind == "link" else name
    links = 2 if entry.kind == "dir" else 1
    return (
        f"{mode_text(entry)}  {links} {entry.owner:<6} {entry.group:<6} {entry.size:>9} {date} "
        f"{shown}"
    )


def list_files(process: Process) -> int:
    """List directories and files."""
    options(process)
    status = 0
    targets = process.operands or ["."]
    for number, path in enumerate(targets):
        if not process.files.exists(path, cwd=process.cwd):
            process.error(f"ls: {path}: No such file or directory\n")
            status = 1
            continue
        if not process.files.is_dir(path, cwd=process.cwd) or "d" in process.flags:
            found = [(path, process.files.stat(path, cwd=process.cwd))]
            _print_entries(process, found)
            continue
        if len(targets) > 1 or "R" in process.flags:
            process.out(f"{chr(10) if number else ''}{path}:\n")
        _list_directory(process, path)
    return status


def _list_directory(process: Process, path: str) -> None:
    files = process.files
    full = files.resolve(path, cwd=process.cwd)
    found = [
        (name, files.stat(posixpath.join(full, name), follow=False)) for name in files.names(full)
    ]
    if "a" in process.flags:
        above = posixpath.dirname(full)
        found = [(".", files.stat(full)), ("..", files.stat(above)), *found]
    elif "A" not in process.flags:
        found = [(name, entry) for name, entry in found if not name.startswith(".")]
    if "l" in process.flags:
        process.out(f"total {sum(-(-entry.size // 1024) for _, entry in found)}\n")
    _print_entries(process, found)
    if "R" in process.flags:
        for name, entry in found:
            if entry.kind == "dir" and name not in (".", ".."):
                below = posixpath.join(path, name)
                process.out(f"\n{below}:\n")
                _list_directory(process, below)


def _print_entries(process: Process, found: list[tuple[str, Entry]]) -> None:
    if "t" in process.flags:
        found = sorted(found, key=lambda item: -item[1].modified)
    if "r" in process.flags:
        found = found[::-1]
    long = "l" in process.flags
    for name, entry in found:
        process.out(f"{long_line(name, entry) if long else name}\n")


def make_directories(process: Process) -> int:
    """Make directories."""
    options(process, with_value="m")
    for path in process.operands:
        process.files.mkdir(path, cwd=process.cwd, parents="p" in process.flags)
    return 0


def remove(process: Process) -> int:
    """Remove files and directories."""
    options(process)
    recursive = bool(process.flags & {"r", "R"})
    status = 0
    for path in process.operands:
        try:
            if process.files.is_dir(path, cwd=process.cwd) and not recursive:
                process.error(f"rm: {path}: is a directory\n")
                status = 1
                continue
            process.files.remove(path, cwd=process.cwd, recursive=recursive)
        except FileNotFoundError:
            if "f" not in process.flags:
                process.error(f"rm: {path}: No such file or directory\n")
                status = 1
    return status


def move(process: Process) -> int:
    """Rename a file."""
    options(process)
    if len(process.operands) != 2:  # noqa: PLR2004 - from and to
        process.error("usage: mv [-f | -i | -n] [-v] source target\n")
        return 64
    process.files.rename(process.operands[0], process.operands[1], cwd=process.cwd)
    return 0


def copy(process: Process) -> int:
    """Copy a file."""
    options(process)
    if len(process.operands) != 2:  # noqa: PLR2004 - from and to
        process.error("usage: cp source target\n")
        return 64
    source, target = process.operands
    if process.files.is_dir(target, cwd=process.cwd):
        target = posixpath.join(target, posixpath.basename(source))
    entry = process.files.stat(source, cwd=process.cwd)
    process.files.write(target, bytes(entry.data()), cwd=process.cwd, mode=entry.mode)
    return 0


def touch(process: Process) -> int:
    """Set a file's time to now, making it if need be."""
    options(process, with_value="t")
    for path in process.operands:
        process.files.append(path, b"", cwd=process.cwd)
    return 0


def change_mode(process: Process) -> int:
    """Change a file's mode; octal and `+x` only."""
    options(process)
    mode, *paths = process.operands or [""]
    for path in paths:
        entry = process.files.stat(path, cwd=process.cwd)
        if re.fullmatch(r"[0-7]{3,4}", mode):
            entry.mode = int(mode, 8)
        elif mode.endswith("+x"):
            entry.mode |= 0o111
        else:
            process.error(f"chmod: Invalid file mode: {mode}\n")
            return 1
    return 0


def change_directory(process: Process) -> int:
    """Change the shell's directory."""
    path = process.arguments[0] if process.arguments else "/root"
    if not process.files.is_dir(path, cwd=process.cwd):
        process.error(f"{path}: No such file or directory.\n")
        return 1
    process.shell.cwd = process.files.resolve(path, cwd=process.cwd)
    return 0


def print_directory(process: Process) -> int:
    """Print the shell's directory."""
    process.out(f"{process.cwd}\n")
    return 0


def digest_sha256(process: Process) -> int:
    """Print SHA-256 digests in BSD form."""
    return _digests(process, "sha256")


def digest_md5(process: Process) -> int:
    """Print MD5 digests in BSD form."""
    return _digests(process, "md5")


def _digests(process: Process, name: str) -> int:
    options(process)
    for path in process.operands:
        data = process.files.read(path, cwd=process.cwd)
        value = hashlib.new(name, data).hexdigest()
        process.out(
            f"{value}\n" if "q" in process.flags else f"{name.upper()} ({path}) = {value}\n"
        )
    return 0


def print_facts(process: Process) -> int:
    """Print size and time of files."""
    found = options(process, with_value="f")
    for path in process.operands:
        entry = process.files.stat(path, cwd=process.cwd, follow=False)
        form = found.get("f", "%Sp %z %m %N")
        for mark, value in (
            ("%Sp", mode_text(entry)),
            ("%z", str(entry.size)),
            ("%m", str(int(entry.modified))),
            ("%N", path),
            ("%Su", entry.owner),
        ):
            form = form.replace(mark, value)
        process.out(f"{form}\n")
    return 0


def test(process: Process) -> int:
    """Tell by the exit status whether a file is there."""
    flag, path = [*process.arguments, "", ""][:2]
    there = process.files.exists(path, cwd=process.cwd)
    if flag == "-d":
        there = process.files.is_dir(path, cwd=process.cwd)
    elif flag == "-s":
        there = there and process.files.stat(path, cwd=process.cwd).size > 0
    return 0 if there else 1


def disk_free(process: Process) -> int:
    """Print how full the file systems are."""
    options(process)
    human = "h" in process.flags
    wanted = {_mount_of(process.files.resolve(path)) for path in process.operands}
    process.out(
        "Filesystem     Size    Used   Avail Capacity  Mounted on\n"
        if human
        else "Filesystem  1K-blocks     Used    Avail Capacity  Mounted on\n"
    )
    for device, mount in MOUNTS:
        if wanted and mount not in wanted:
            continue
        total, used = process.files.usage(mount)
        share = f"{used * 100 // total}%"
        figures = [_human(n) if human else str(n // 1024) for n in (total, used, total - used)]
        process.out(
            f"{device:<12} {figures[0]:>7} {figures[1]:>7} {figures[2]:>7} {share:>7}    {mount}\n"
        )
    return 0


def _mount_of(path: str) -> str:
    return next((m for _, m in reversed(MOUNTS) if path == m or path.startswith(f"{m}/")), "/")


def _human(size: int) -> str:
    figure = float(size)
    for unit in "BKMGT":
        if figure < 1000:  # noqa: PLR2004 - four digits do not fit the column
            return f"{figure:.1f}{unit}" if figure < 10 else f"{figure:.0f}{unit}"  # noqa: PLR2004
        figure /= 1024
    return f"{figure:.0f}P"
