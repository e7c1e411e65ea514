"""Java files of a source: from a folder, or out of an archive that is never unpacked."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kdlib.files import DataError

_OUTPUTS = frozenset({"build", "target"})


@dataclass(frozen=True, slots=True)
class JavaFile:
    """A Java file of a source.

    Attributes:
        path: Path inside the source, with forward slashes; an archive's top folder is left out.
        content: Bytes, in whatever encoding.
    """

    path: str
    content: bytes


def java_files(source_root: Path) -> Iterator[JavaFile]:
    """Yield the Java files of a source, sorted by path.

    Hidden folders and build outputs are left out, links and archive entries that point outside are ignored.

    Args:
        source_root: A folder, or a ``.tar`` archive in any compression.

    Raises:
        DataError: If there is neither folder nor readable archive.
    """
    if source_root.is_dir():
        paths = java_paths(source_root)
        return (JavaFile(path.relative_to(source_root).as_posix(), path.read_bytes()) for path in paths)
    return iter(sorted(_unpacked(source_root), key=lambda file: file.path))


def java_paths(folder: Path) -> list[Path]:
    """Return the files that ``java_files`` reads of a folder, in the same order."""
    return [folder / path for path in sorted(_walk(folder))]


def _walk(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        inside = PurePosixPath(Path(folder).relative_to(root).as_posix())
        folders[:] = [name for name in folders if not _skipped(inside / name)]
        for name in files:
            if name.endswith(".java") and not Path(folder, name).is_symlink():
                yield str(inside / name)


def _unpacked(archive: Path) -> list[JavaFile]:
    try:
        # Not "r|*": a stream that breaks off looks like one that ends.
        with tarfile.open(archive, "r:*") as tar:
            entries = [(PurePosixPath(entry.name), _content(tar, entry)) for entry in tar]
    except (OSError, tarfile.TarError, EOFError) as error:
        raise DataError(f"{archive}: neither a folder nor a readable .tar archive ({error})") from None
    depth = 1 if len({path.parts[0] for path, _ in entries if path.parts}) == 1 else 0
    return [
        JavaFile("/".join(path.parts[depth:]), content)
        for path, content in entries
        if content is not None and not path.is_absolute() and ".." not in path.parts
        if not any(
            _skipped(PurePosixPath(*path.parts[depth:end])) for end in range(depth + 1, len(path.parts))
        )
    ]


def _content(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes | None:
    """Return the bytes of a plain Java file, None for anything else."""
    if not entry.isfile() or not entry.name.endswith(".java"):
        return None
    file = tar.extractfile(entry)
    return file.read() if file else None


def _skipped(folder: PurePosixPath) -> bool:
    # Below src, `build` and `target` are names of packages.
    return folder.name.startswith(".") or (folder.name in _OUTPUTS and "src" not in folder.parts)
