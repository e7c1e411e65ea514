"""What the user inside of a sandbox, who owns nothing outside, can read of files of ours."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

_ALL_MAY_READ = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH
_ALL_MAY_ENTER = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


def open_to_others(folder: Path) -> None:
    """Let every user read a folder of ours and what it holds, whatever the umask was when it was written."""
    for path in _with_all_below(folder):
        if not path.is_symlink():
            wanted = _ALL_MAY_READ | (_ALL_MAY_ENTER if path.is_dir() else 0)
            path.chmod(stat.S_IMODE(path.stat().st_mode) | wanted)


def readable_copy(path: Path, copies: Path) -> Path:
    """Return a path, or a copy that every user can read if the path is not so.

    Args:
        path: File or folder.
        copies: Folder for copies; one of the same path that is there is taken again.
    """
    if all(map(_open, _with_all_below(path))):
        return path
    copy = copies / hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    if not copy.exists():
        copies.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=copies) as folder:
            made = Path(folder, "made")
            if path.is_dir():
                shutil.copytree(path, made, symlinks=True)
            else:
                shutil.copyfile(path, made)
            open_to_others(made)
            try:
                made.rename(copy)
            except OSError:
                if not copy.exists():  # another thread was faster
                    raise
    return copy


def _open(path: Path) -> bool:
    mode = path.lstat().st_mode
    if stat.S_ISDIR(mode):
        return bool(mode & stat.S_IROTH and mode & stat.S_IXOTH)
    return stat.S_ISLNK(mode) or bool(mode & stat.S_IROTH)


def _with_all_below(path: Path) -> Iterator[Path]:
    # A link may stand for the file or folder; those below are not followed.
    yield path.resolve() if path.is_symlink() else path
    for folder, folders, files in os.walk(path):
        yield from (Path(folder, name) for name in (*folders, *files))
