"""Whether a run can work in a folder: files can be written there, and no other run uses it."""

from __future__ import annotations

import errno
import fcntl
import os
import platform
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from kdlib.files import DataError

NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}  # of a file system that has none


def check_writable(folders: Iterable[Path]) -> None:
    """Make sure that files can be written below folders, or below the nearest folder above that exists.

    Raises:
        DataError: If one is on a read-only file system or not this user's to write.
    """
    for folder in folders:
        existing = next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
        if not os.access(existing, os.W_OK | os.X_OK):
            raise DataError(
                f"{folder}: {existing} cannot be written to: it is read-only or another user's; make it "
                "writable, or copy the project and its results to a folder that is"
            )


def hold(lock: Path) -> IO[str]:
    """Take a folder for this process, until it ends; meanwhile no other process can take it.

    Snakemake's own lock is looked for and then written, so that two runs started at once may both get it; and
    it outlives a killed process, so that it may be removed while its owner runs.

    Args:
        lock: A file in the folder that names the process which holds it.

    Returns:
        The open file; closing it lets go.

    Raises:
        DataError: If another process holds it.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    file = lock.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        owner = file.read().strip()
        file.close()
        raise DataError(
            f"another run works in this folder ({owner}); wait until it has ended, or copy the project and "
            "run there"
        ) from None
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        return file
    file.truncate(0)
    file.write(f"process {os.getpid()} on {platform.node()}, since {time.strftime('%Y-%m-%d %H:%M:%S')}\n")
    file.flush()
    return file
