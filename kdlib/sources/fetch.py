"""Archives of pinned sources: fetched, and kept only if they have the expected sha256."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from kdlib.config import ArchiveSource, DebianSource, FetchedSource, GitSource
from kdlib.files import DataError, atomic, sha256
from kdlib.sources.debian import download_upstream
from kdlib.sources.download import download
from kdlib.sources.git import pack


def fetch(source: FetchedSource, archive: Path) -> None:
    """Fetch the archive of a source and check its sha256.

    The part of an interrupted download stays beside ``archive`` under a hidden name, and is resumed.

    Args:
        source: An archive, a revision of a git repository or a Debian source package.
        archive: File to write; its name need not match its format.

    Raises:
        DataError: If it cannot be fetched or has another sha256; nothing is left at ``archive``.
    """
    with atomic(archive) as partial:
        match source:
            case ArchiveSource():
                name = source.url
                _download_or_copy(source, archive.with_name(f".{archive.name}.download"), partial)
            case GitSource():
                name = f"{source.url} at {source.revision}"
                pack(source.url, source.revision, archive.with_name(f".{archive.name}.git"), partial)
            case DebianSource():
                name = f"{source.package} {source.version}"
                download_upstream(source.package, source.version, partial)
        found = sha256(partial)
        size = partial.stat().st_size
        if found != source.sha256:
            raise DataError(
                f"{name}: has sha256 {found}, the configuration expects {source.sha256}; "
                "if what came is what you want, set its sha256"
            )
    print(f"{name}: {size} bytes with the right sha256", flush=True)


def _download_or_copy(source: ArchiveSource, kept: Path, archive: Path) -> None:
    """Download an archive by way of ``kept``, or copy it if it is on this machine."""
    scheme = source.url.partition("://")[0].lower() if "://" in source.url else ""
    if scheme in {"http", "https"}:
        download(source.url, kept, source.sha256)
        os.replace(kept, archive)
        return
    if scheme not in {"", "file"}:
        raise DataError(f"{source.url}: an archive comes over http or https or from a file, not by {scheme}")
    path = Path(url2pathname(urlsplit(source.url).path) if scheme else source.url)
    try:
        shutil.copyfile(path, archive)
    except OSError as error:
        raise DataError(f"{source.url}: {path} cannot be copied ({error.strerror or error})") from None
