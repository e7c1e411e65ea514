"""A JVM that stays: a line in, a line out, with a deadline."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from kdlib.execution.watch import Together, Watch

_LONGEST_REASON = 300
_SECONDS_TO_END = 1.0


class Ended(NamedTuple):
    """How a JVM ended without an answer.

    Attributes:
        late: Whether it was ended because its time was over.
        reason: Exit status and first line of its standard error.
    """

    late: bool
    reason: str


class Jvm:
    """A Java process that answers each line on its standard input with one on its standard output."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        allowed: Together | None = None,
    ) -> None:
        """Start it, without waiting until it is ready.

        Args:
            command: Program with arguments.
            environment: Complete environment of the process.
            folder: Working directory, unless a sandbox gives it another.
            allowed: What it and all that it starts may take together.
        """
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the process)
        self._late = False
        self._exceeded = ""
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env=dict(environment),
            cwd=folder,
            # Of the files that it writes; the same for every user.
            umask=0o022,
            # Whatever it forks outside a sandbox ends with it.
            start_new_session=True,
        )
        self._watch = Watch(self._process.pid, allowed, self._end_exceeding) if allowed else None

    def ask(
        self, request: Mapping[str, Any], prefix: str, seconds: float, longest: int
    ) -> dict[str, Any] | Ended:
        """Return the answer to a request.

        Args:
            request: Request, sent as JSON.
            prefix: Beginning of the answer's line; other lines are dropped.
            seconds: Time limit in seconds, after which the JVM is ended.
            longest: Bytes that it may write before its answer ends; with more the JVM is ended.
        """
        watch = threading.Timer(seconds, self._end_late)
        watch.daemon = True
        watch.start()
        try:
            answer = self._exchange(json.dumps(request) + "\n", prefix.encode(), longest)
        finally:
            watch.cancel()
        return self._ended() if answer is None else json.loads(answer)

    def end(self) -> None:
        """End it and all its children at once."""
        self._kill()
        self._wait()
        for stream in (self._process.stdin, self._process.stdout, self._said):
            if stream is not None and not stream.closed:
                _close(stream)

    def _exchange(self, line: str, prefix: bytes, longest: int) -> bytes | None:
        """Return the answer without its prefix, or None if the JVM ends or writes too much before."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            return None
        left = longest
        while left > 0:
            found = self._process.stdout.readline(left)
            if found.startswith(prefix) and found.endswith(b"\n"):
                return found.removeprefix(prefix)
            if not found:
                return None
            left -= len(found)
        self._said.write(f"it wrote more than {longest >> 20} MB".encode())
        return None

    def _end_late(self) -> None:
        self._late = True
        self._kill()

    def _end_exceeding(self, reason: str) -> None:
        self._exceeded = reason
        self._kill()

    def _wait(self, seconds: float | None = None) -> int:
        status = self._process.wait(seconds)
        if self._watch is not None:
            self._watch.stop()
        return status

    def _kill(self) -> None:
        # The group, for the process itself may be gone and its children not.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _ended(self) -> Ended:
        # Its output is closed or too long, but it may live on.
        with suppress(subprocess.TimeoutExpired):
            self._wait(_SECONDS_TO_END)
        self._kill()
        status = self._wait()
        if self._exceeded:
            return Ended(self._late, self._exceeded)
        self._said.seek(0)
        lines = self._said.read(1 << 16).decode(errors="replace").splitlines()
        said = next((line.strip() for line in lines if line.strip() and "warning" not in line.lower()), "")
        reason = f"its JVM ended with status {status}" + (f": {said}" if said else "")
        return Ended(self._late, reason[:_LONGEST_REASON])


def _close(stream: Any) -> None:  # noqa: ANN401  (raw or buffered)
    try:
        stream.close()
    except BrokenPipeError:  # what was not sent to a process that is gone
        stream.detach()
