import gzip
import io
import tarfile

import pytest

from gatectl.simulator.firmware import image_name, make_image


def test_an_image_is_a_real_archive_with_installer_version_and_kernel() -> None:
    """Ordinary tar opens it, and the version inside is the build."""
    with tarfile.open(fileobj=io.BytesIO(make_image("12.1-55.18")), mode="r:gz") as archive:
        names = archive.getnames()
        version = archive.extractfile(".ns.version")
        kernel = archive.extractfile("ns-12.1-55.18.gz")
        assert version is not None
        assert kernel is not None
        assert version.read() == b"12.1-55.18\n"
        assert gzip.decompress(kernel.read())
    assert "installns" in names


def test_the_same_build_gives_the_same_bytes() -> None:
    """A digest in a playbook stays right from one run to the next."""
    assert make_image("12.1-55.18") == make_image("12.1-55.18")
    assert make_image("12.1-55.18") != make_image("12.1-55.24")


def test_an_image_needs_a_build() -> None:
    """A name that is no build makes no image."""
    with pytest.raises(ValueError, match="not a build"):
        make_image("latest")


def test_the_file_name_is_the_vendors() -> None:
    """The usual name carries the build and the word size."""
    assert image_name("12.1-55.18") == "build-12.1-55.18_nc_64.tgz"
