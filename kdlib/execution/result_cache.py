"""Results by content, so that the same job under the same limits is run once."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from kdlib.execution.jobs import ExecutionJob, ExecutionResult
from kdlib.files import DataError, sha256

_SECONDS_BETWEEN_WRITES = 1.0
_WAIT_FOR_OTHERS = 60.0


def content_key(job: ExecutionJob, surroundings: str, digests: Mapping[Path, str]) -> bytes:
    """Return the sha256 of all that a result depends on.

    Args:
        job: Job; its id is not part of the key.
        surroundings: JDK, harness, limits and sandbox.
        digests: Digest of the content of each part of the class path and of the project's folder.
    """
    parts = [surroundings, job.test_class, job.method, job.framework]
    parts += [digests[path] for path in read_by(job)]
    parts += [f"{job.cpu_seconds:g} s"] if job.cpu_seconds is not None else []
    parts += [f"{job.runs} runs", f"statement {job.statement}"]
    sha = hashlib.sha256("\0".join(parts).encode())
    for file in job.files:
        sha.update(f"\0{file.name}\0{len(file.content)}\0".encode() + file.content)
    return sha.digest()


def read_by(job: ExecutionJob) -> tuple[Path, ...]:
    """Return the files and folders that a test reads, beside the job's own."""
    return job.classpath if job.project is None else (*job.classpath, job.project)


def path_digest(path: Path) -> str:
    """Return the sha256 of a jar, or of the names and contents of all files of a folder.

    Raises:
        DataError: If there is neither.
    """
    if path.is_file():
        return sha256(path)
    if not path.is_dir():
        raise DataError(f"{path}: on the class path of a test, but not there; make the class path again")
    whole = hashlib.sha256()
    for file in sorted(file for file in path.rglob("*") if file.is_file()):
        whole.update(f"{file.relative_to(path).as_posix()}\0{sha256(file)}\n".encode())
    return whole.hexdigest()


class ResultCache:
    """A table of results in one SQLite file; several processes may share it."""

    def __init__(self, path: Path) -> None:
        """Open or make the file.

        Raises:
            DataError: If it is damaged or no such table.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._table = sqlite3.connect(path, timeout=_WAIT_FOR_OTHERS)
        # Written in batches: a transaction that stays open would keep other processes from writing.
        self._new: dict[bytes, ExecutionResult] = {}
        self._written = time.monotonic()
        with self._readable():
            self._table.execute(
                "CREATE TABLE IF NOT EXISTS verdicts (key BLOB PRIMARY KEY, status TEXT, message TEXT, "
                "seconds REAL, cpu_seconds REAL, asserted INTEGER) WITHOUT ROWID"
            )
            self._table.commit()

    def find(self, key: bytes, job: str) -> ExecutionResult | None:
        """Return the result of a content, for a job's id."""
        if key in self._new:
            return replace(self._new[key], id=job)
        with self._readable():
            row = self._table.execute(
                "SELECT status, message, seconds, cpu_seconds, asserted FROM verdicts WHERE key = ?", (key,)
            ).fetchone()
        if row is None:
            return None
        status, message, seconds, cpu_seconds, asserted = row
        return ExecutionResult(job, status, message, seconds, cpu_seconds, bool(asserted))

    def keep(self, key: bytes, result: ExecutionResult) -> None:
        """Keep a result; those of the last second are lost where the process is killed."""
        self._new[key] = result
        if time.monotonic() - self._written > _SECONDS_BETWEEN_WRITES:
            self.write()

    def write(self) -> None:
        """Write what is kept."""
        rows = [
            (key, made.status, made.message, made.seconds, made.cpu_seconds, made.asserted)
            for key, made in self._new.items()
        ]
        with self._readable():
            self._table.executemany("INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?)", rows)
            self._table.commit()
        self._new.clear()
        self._written = time.monotonic()

    def close(self) -> None:
        """Write all and close the file."""
        self.write()
        self._table.close()

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise DataError(
                f"{self._path}: cannot be used as a table of results ({error}); "
                "where it is damaged, delete it and run again"
            ) from None
