"""Archives that the device makes of its own files."""

import io
import tarfile

from gatectl.simulator.filesystem import FileSystem


def pack(files: FileSystem, tops: tuple[str, ...]) -> bytes:
    """Pack everything below some directories into a compressed archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for top in tops:
            for path, entry in files.walk(top):
                if entry.kind == "file":
                    data = bytes(entry.data())
                    member = tarfile.TarInfo(path.lstrip("/"))
                    member.size = len(data)
                    member.mtime = int(entry.modified)
                    archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()
