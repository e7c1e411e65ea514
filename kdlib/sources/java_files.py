"""Java files of a source: from a folder, or out of an archive that is never unpacked."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NoReturn

from kdlib.files import DataError
from kdlib.sources.archives import has_control_characters, is_java, members

CACHE_TAG = "CACHEDIR.TAG"  # marks a folder whose files are copies of others, https://bford.info/cachedir/
_OUTPUTS = frozenset({"build", "target"})


@dataclass(frozen=True, slots=True)
class JavaFile:
    """A Java file of a source, or another file that the caller wants.

    Attributes:
        path: Path inside the source, with forward slashes; an archive's top folder is left out.
        content: Bytes, in whatever encoding.
    """

    path: str
    content: bytes


def java_files(source_root: Path, wanted: Callable[[str], bool] = is_java) -> Iterator[JavaFile]:
    """Yield the Java files of a source, sorted by path.

    Hidden folders, build outputs and caches with a ``CACHEDIR.TAG`` are left out, and links are not followed.
    The files of a folder are read one by one, those of an archive are held together:
    ``archives.ArchiveLimits`` says how many bytes at most.

    Args:
        source_root: A folder, or an archive: ``.tar`` in any usual compression, ``.zip`` or ``.jar``.
        wanted: Whether a file is read, given its path inside the source; Java files by default.

    Raises:
        DataError: If there is neither folder nor readable archive, the archive is one to refuse (see
            ``archives.members``), or a file of the folder cannot be read.
    """
    if not source_root.is_dir():
        return iter(_packed(source_root, wanted))
    paths = [source_root / path for path in sorted(_walk(source_root, wanted))]
    return (JavaFile(path.relative_to(source_root).as_posix(), _content(path)) for path in paths)


def java_paths(folder: Path) -> list[Path]:
    """Return the files that ``java_files`` reads of a folder, in the same order."""
    return [folder / path for path in sorted(_walk(folder, is_java))]


def files_below(root: Path) -> list[Path]:
    """Return every file below a folder, sorted; anything else stands for itself."""
    return sorted(path for path in root.rglob("*") if path.is_file()) if root.is_dir() else [root]


def content_digest(files: Iterable[JavaFile]) -> str:
    r"""Return the digest of a set of Java files, whatever their order.

    It is the sha256 of the lines ``{path}\0{sha256 of the content}\n``, sorted by path.
    """
    digests = sorted((file.path, hashlib.sha256(file.content).hexdigest()) for file in files)
    lines = "".join(f"{path}\0{digest}\n" for path, digest in digests)
    return hashlib.sha256(lines.encode()).hexdigest()


def _walk(root: Path, wanted: Callable[[str], bool]) -> Iterator[str]:
    for folder, folders, files in os.walk(root, onerror=_unreadable):
        inside = PurePosixPath(Path(folder).relative_to(root).as_posix())
        if CACHE_TAG in files and folder != str(root):
            folders.clear()
            continue
        folders[:] = [name for name in folders if not _skipped(inside / name)]
        for name in files:
            path = Path(folder, name)
            if wanted(str(inside / name)) and path.is_file() and not path.is_symlink():
                yield _plain(str(inside / name), path)


def _unreadable(error: OSError) -> NoReturn:
    raise DataError(
        f"{error.filename}: cannot be read ({error.strerror}); leave it as it is during a run"
    ) from None


def _plain(inside: str, path: Path) -> str:
    """Return a path, if it is text on one line."""
    try:
        inside.encode()
    except UnicodeEncodeError:
        raise DataError(f"{str(path)!r}: its name is not UTF-8; rename it") from None
    if has_control_characters(inside):
        raise DataError(f"{str(path)!r}: its name has control characters; rename it")
    return inside


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        _unreadable(error)


def _packed(archive: Path, wanted: Callable[[str], bool]) -> list[JavaFile]:
    tops: set[str] = set()
    contents: dict[PurePosixPath, bytes] = {}
    for path, content in members(archive, wanted=wanted):
        tops.add(path.parts[0])
        if content is not None:
            # The last of a name counts, as it does for who unpacks.
            contents[path] = content
    depth = 1 if len(tops) == 1 and all(len(path.parts) > 1 for path in contents) else 0
    files = [
        JavaFile("/".join(path.parts[depth:]), content)
        for path, content in contents.items()
        if not any(
            _skipped(PurePosixPath(*path.parts[depth:end])) for end in range(depth + 1, len(path.parts))
        )
    ]
    return sorted(files, key=lambda file: file.path)


def _skipped(folder: PurePosixPath) -> bool:
    # Below src, `build` and `target` are names of packages.
    return folder.name.startswith(".") or (folder.name in _OUTPUTS and "src" not in folder.parts)
