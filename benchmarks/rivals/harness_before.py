"""The harness as it was at an earlier commit, in a process of its own."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from types import TracebackType

from kdlib.execution.jobs import ExecutionJob

COMMIT = "0510d16"
# Run with the kdlib of that commit: jobs in, then for each count the seconds that so many results took.
_SCRIPT = """
import base64, itertools, json, sys, time
from pathlib import Path
from kdlib.execution.jobs import Job, Limits
from kdlib.execution.pool import run
from kdlib.execution.sandbox import find_sandbox
from kdlib.java.compiler import SourceFile

asked = json.loads(sys.stdin.readline())
jobs = [
    Job(
        job["id"],
        tuple(SourceFile(name, base64.b64decode(content)) for name, content in job["files"]),
        job["test_class"], job["method"], tuple(map(Path, job["classpath"])), job["framework"],
    )
    for job in asked["jobs"]
]
answers = run(jobs, Limits(), asked["workers"], Path(asked["cache"]), find_sandbox())
for line in sys.stdin:
    started = time.perf_counter()
    count = sum(1 for _ in itertools.islice(answers, int(line)))
    print(json.dumps([count, time.perf_counter() - started]), flush=True)
answers.close()
"""


class HarnessBefore:
    """Runs the same jobs, in the same order, as the present harness."""

    def __init__(self, jobs: Sequence[ExecutionJob], workers: int, folder: Path) -> None:
        """Start it.

        Args:
            jobs: Jobs in order.
            workers: Jobs at a time.
            folder: Folder for its code and its cache.
        """
        code = subprocess.run(["git", "archive", COMMIT, "kdlib"], capture_output=True, check=True).stdout
        folder.mkdir()
        with tarfile.open(fileobj=BytesIO(code)) as archive:
            archive.extractall(folder / "code", filter="data")
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _SCRIPT],
            env={**os.environ, "PYTHONPATH": str(folder / "code")},
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        asked = {"workers": workers, "cache": str(folder / "cache"), "jobs": [_as_json(job) for job in jobs]}
        self._say(json.dumps(asked))

    def __enter__(self) -> HarnessBefore:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self._process.communicate(timeout=60)

    def seconds(self, count: int) -> float:
        """Return seconds a candidate over the next ones."""
        self._say(str(count))
        assert self._process.stdout is not None
        done, seconds = json.loads(self._process.stdout.readline())
        assert done == count
        return seconds / count

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()


def _as_json(job: ExecutionJob) -> dict[str, object]:
    return {
        "id": job.id,
        "files": [(file.name, base64.b64encode(file.content).decode()) for file in job.files],
        "test_class": job.test_class,
        "method": job.method,
        "classpath": [str(path) for path in job.classpath],
        "framework": job.framework,
    }
