"""A JVM that stays: a line of JSON in, one out, over a socket and with a deadline."""

from __future__ import annotations

import json
import os
import signal
import socket
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
    """A Java process that answers each line with one, over a socket that is none of its standard streams."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        allowed: Together | None = None,
    ) -> None:
        """Start it, without waiting until it is ready.

        Args:
            command: Program with arguments; the number of the socket is added as the last one.
            environment: Complete environment of the process.
            folder: Working directory, unless a sandbox gives it another.
            allowed: What it and all that it starts may take together.
        """
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the process)
        self._late = False
        self._malformed = False
        self._exceeded = ""
        self._socket, its = socket.socketpair()
        with its:
            self._process = subprocess.Popen(
                [*command, str(its.fileno())],
                stdin=subprocess.DEVNULL,
                # Whatever a test writes there is nobody's answer.
                stdout=subprocess.DEVNULL,
                stderr=self._said,
                env=dict(environment),
                cwd=folder,
                pass_fds=[its.fileno()],
                # Of the files that it writes; the same for every user.
                umask=0o022,
                # Whatever it forks outside a sandbox ends with it.
                start_new_session=True,
            )
        self._watch = Watch(self._process.pid, allowed, self._end_exceeding) if allowed else None
        self._answers = self._socket.makefile("rb")

    def ask(self, request: Mapping[str, Any], seconds: float, longest: int) -> dict[str, Any] | Ended:
        """Return the answer to a request.

        Args:
            request: Request, sent as JSON.
            seconds: Time limit in seconds, after which the JVM is ended.
            longest: Bytes of the answer; with a longer one the JVM is ended.
        """
        watch = threading.Timer(seconds, self._end_late)
        watch.daemon = True
        watch.start()
        try:
            answer = self._exchange(json.dumps(request) + "\n", longest)
        finally:
            watch.cancel()
        return self._ended() if answer is None else answer

    def end(self) -> None:
        """End it and all its children at once."""
        self._kill()
        self._wait()
        for stream in (self._answers, self._socket, self._said):
            stream.close()

    def _exchange(self, line: str, longest: int) -> dict[str, Any] | None:
        """Return the answer, or None if the JVM ends before it or what it answers is none."""
        try:
            self._socket.sendall(line.encode())
            found = self._answers.readline(longest)
        except (BrokenPipeError, ConnectionResetError):
            return None
        if not found:
            return None
        try:
            answer = json.loads(found) if found.endswith(b"\n") else None
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            self._malformed = True
            return None
        return answer

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
        # Its socket is closed or what it wrote makes no sense, but it may live on.
        if not self._malformed:
            with suppress(subprocess.TimeoutExpired):
                self._wait(_SECONDS_TO_END)
        self._kill()
        status = self._wait()
        if self._exceeded:
            return Ended(self._late, self._exceeded)
        self._said.seek(0)
        lines = self._said.read(1 << 16).decode(errors="replace").splitlines()
        said = next((line.strip() for line in lines if line.strip() and "warning" not in line.lower()), "")
        how = "gave no answer that makes sense" if self._malformed else f"ended with status {status}"
        reason = f"its JVM {how}" + (f": {said}" if said else "")
        return Ended(self._late, reason[:_LONGEST_REASON])
