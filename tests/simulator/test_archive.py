import io
import tarfile

from gatectl.simulator.archive import pack
from gatectl.simulator.filesystem import FileSystem


def test_an_archive_holds_what_lies_below_a_directory() -> None:
    """Files come with their paths, and nothing else comes."""
    files = FileSystem()
    files.mkdir("/flash/nsconfig/ssl", parents=True)
    files.write("/flash/nsconfig/ssl/key", "1")
    files.write("/flash/other", "2")
    with tarfile.open(fileobj=io.BytesIO(pack(files, ("/flash/nsconfig",)))) as archive:
        assert archive.getnames() == ["flash/nsconfig/ssl/key"]
