"""What a source's entry in the configuration says of its files: their version, licence and digest."""

from __future__ import annotations

from kdlib.config import ArchiveSource, DebianSource, GitSource, MinedSource, PathSource, SampleSource
from kdlib.files import DataError

_SAMPLE_LICENCE = "MIT"


def stated_licence(source: MinedSource) -> str:
    """Return the SPDX id of a source's licence, which holds for files whose header names no other."""
    return _SAMPLE_LICENCE if isinstance(source, SampleSource) else source.licence


def version_of(source: MinedSource, sha256: str) -> str:
    """Return the version of a source: its revision, its release, or the first digits of its digest.

    Args:
        source: Entry of the source in the configuration.
        sha256: ``content_digest`` of its Java files.
    """
    if isinstance(source, GitSource):
        return source.revision
    return source.version if isinstance(source, ArchiveSource | DebianSource) else sha256[:16]


def check_pin(name: str, source: MinedSource, sha256: str) -> None:
    """Compare the files of a folder with the digest in its entry, if there is one.

    Args:
        name: Name of the source in the configuration.
        source: Entry of the source in the configuration.
        sha256: ``content_digest`` of its Java files.

    Raises:
        DataError: If they differ.
    """
    if isinstance(source, PathSource) and source.sha256 not in (None, sha256):
        raise DataError(
            f"{name}: the Java files of {source.path} have sha256 {sha256}, the configuration expects "
            f"{source.sha256}; if they are the ones you want, set their sha256"
        )
