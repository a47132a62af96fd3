"""Firmware on the box: unpacking an image and installing the kernel that is in it."""

import gzip
import io
import posixpath
import re
import tarfile
import zlib

from gatectl.simulator.shell_process import Process
from gatectl.simulator.tree import loader_conf

STEPS = 6
KNOWN_FLAGS = frozenset("hYynNcGFLMgDA")
ARCHIVE_LIMIT_BYTES = 2_000_000_000


def tar(process: Process) -> int:
    """Unpack or list a compressed archive."""
    if not process.arguments:
        process.error("tar: Must specify one of -c, -r, -t, -u, -x\n")
        return 1
    letters = process.arguments[0].lstrip("-")
    names = process.arguments[1:]
    target = process.cwd
    if "-C" in names:
        position = names.index("-C")
        target = process.files.resolve(names[position + 1], cwd=process.cwd)
        names = names[:position] + names[position + 2 :]
    if not names or "f" not in letters or not set(letters) & {"x", "t"}:
        process.error("tar: Error opening archive: only x and t with f are known here\n")
        return 1
    data = process.files.read(names[0], cwd=process.cwd)
    try:
        return _each_member(process, data, target=target, letters=letters)
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and error.strerror and "space" in error.strerror:
            process.error("tar: Write error: No space left on device\n")
        else:
            process.error("tar: Error opening archive: Unrecognized archive format\n")
        return 1


def _each_member(process: Process, data: bytes, *, target: str, letters: str) -> int:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:*") as archive:
        for member in archive:
            name = posixpath.normpath(member.name)
            if name.startswith(("/", "..")) or member.size > ARCHIVE_LIMIT_BYTES:
                process.error(f"tar: {member.name}: refused\n")
                return 1
            if "t" in letters:
                process.out(f"{name}\n")
                continue
            if "v" in letters:
                process.error(f"x {name}\n")
            path = posixpath.join(target, name)
            if member.isdir():
                process.files.mkdir(path, parents=True)
            elif (content := archive.extractfile(member)) is not None:
                process.files.mkdir(posixpath.dirname(path), parents=True)
                process.files.write(path, content.read(), mode=member.mode)
    return 0


def install(process: Process) -> int:
    """Install the kernel that lies beside the installer, and make it the one to boot."""
    flags = set("".join(word[1:] for word in process.arguments if word.startswith("-")))
    if flags - KNOWN_FLAGS or "h" in flags:
        process.out("usage: installns [-hYynNcGFLM]\n")
        return 0 if "h" in flags else 1
    folder = process.cwd
    names = process.files.names(folder)
    kernels = [found[1] for name in names if (found := re.fullmatch(r"ns-(.+)\.gz", name))]
    if "installns" not in names or not kernels:
        process.error("./installns: Command not found.\n")
        return 127
    build = kernels[0]
    for number, text in enumerate(_announcement(build)):
        process.out(text)
        if number < STEPS:
            process.terminal.wait(
                process.box.switches.real_s(process.box.switches.install_s) / STEPS
            )
        if number == 1 and _refused(process, flags):
            return 1
    return _finish(process, build, flags)


def _announcement(build: str) -> tuple[str, ...]:
    release = build.split("-", maxsplit=1)[0]
    return (
        (
            f"installns version ({build}) kernel (ns-{build}.gz)\n\n"
            f"The Netscaler version {build} checksum file is located on\n"
            "http://www.mycitrix.com under Support > Downloads > Citrix NetScaler.\n"
            f'Select the Release {release} link and expand the "Show Documentation" link\n'
            f"to view the SHA2 checksum file for build {build}.\n\n"
        ),
        "Checking device for update ...\n",
        "Checking for available space ...\n",
        "Installing XML API WSDL ...\n",
        f"Copying ns-{build}.gz to /flash/ns-{build}.gz ...\n",
        f"Changing /flash/boot/loader.conf for ns-{build} ...\n",
    )


def _refused(process: Process, flags: set[str]) -> bool:
    if "disk-full" in process.box.faults:
        process.out("ERROR: No space on file system. Please check the log file /var/tmp/install\n")
        return True
    if "install-fails" in process.box.faults:
        process.out("ERROR: Installation failed. [Failed to copy kernel]\n")
        return True
    del flags
    return False


def _finish(process: Process, build: str, flags: set[str]) -> int:
    files = process.files
    data = files.read(f"ns-{build}.gz", cwd=process.cwd)
    try:
        gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        process.out("ERROR: Installation failed. [Extraction failed]\n")
        return 1
    files.write(f"/flash/ns-{build}.gz", data)
    files.write("/flash/boot/loader.conf", loader_conf(build))
    files.write("installns_state_post_reboot", f"{build}\n", cwd=process.cwd)
    process.out("\nInstallation has completed.\n\n")
    if "n" in flags:
        return 0
    reboots = bool(flags & {"y", "Y"})
    if not reboots:
        reboots = process.terminal.ask("Reboot NOW? [Y/N] ").strip().lower().startswith("y")
    if reboots:
        process.out("Rebooting ...\n")
        process.box.reboot_after(0.05)
        process.terminal.wait(1.0)
    return 0
