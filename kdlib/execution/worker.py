"""One job at a time: a JVM that compiles and one that runs, both in the sandbox."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any, NamedTuple

from kdlib.execution.compiler import Compiler
from kdlib.execution.harness import ADAPTERS, adapter_source, runner_command
from kdlib.execution.jobs import (
    LONGEST_MESSAGE,
    ExecutionJob,
    ExecutionLimits,
    ExecutionResult,
    Framework,
    Status,
)
from kdlib.execution.jvm import Ended, Jvm
from kdlib.execution.sandbox import ENVIRONMENT, Sandbox, together
from kdlib.files import DataError
from kdlib.java.compiler import Jdk

_START_SECONDS = 60.0
# A JVM may need its time to notice that a test's is over.
_GRACE_SECONDS = 5.0
_LONGEST_CLASSES = 256 << 20
_JOBS_PER_JVM = 500


class Tools(NamedTuple):
    """What all workers share.

    Attributes:
        jdk: JDK that compiles and runs.
        harness: Folder of the harness' classes.
        limits: Resources that a test may use.
        sandbox: Sandbox of the tests.
        folder: Temporary folder outside the sandbox.
    """

    jdk: Jdk
    harness: Path
    limits: ExecutionLimits
    sandbox: Sandbox
    folder: Path


class Worker:
    """A JVM that compiles and one that runs the tests of one class path."""

    def __init__(self, tools: Tools) -> None:
        """Start nothing yet.

        Args:
            tools: Tools shared by all workers.
        """
        self._tools = tools
        self._temporary = Path(tempfile.mkdtemp(dir=tools.folder))
        self._compiler = Compiler(tools.jdk, tools.harness, tools.sandbox, self._temporary)
        self._runner: Jvm | None = None
        self._serves: tuple[tuple[Path, ...], Framework, Path | None] | None = None
        self._adapter: dict[str, str] = {}
        self._ready = False
        self._jobs = 0
        self._crash = ""
        self._stopped = False

    def serves(self, job: ExecutionJob) -> bool:
        """Return whether its JVM has the class path of a job."""
        return self._serves == (job.classpath, job.framework, job.project)

    def end(self) -> None:
        """End both JVMs, from whatever thread, and start no other."""
        self._stopped = True
        self._compiler.end()
        if self._runner is not None:
            self._runner.end()

    def run(self, job: ExecutionJob) -> ExecutionResult | None:
        """Return a job's result, or None if it took its JVM along and should run once more, alone."""
        started = time.perf_counter()
        self._serve(job)
        classes, error = self._compiler.compile(job.classpath, job.files)
        if error:
            return _result(job, "not_compiled", error, started)
        self._await()
        fresh = self._jobs == 0
        answer = self._test(job, classes)
        if isinstance(answer, Ended):
            self._renew()
            self._crash = answer.reason
            late = f"not ended within {self._tools.limits.seconds:g} s"
            return _result(job, "timed_out", late, started) if answer.late else None
        if answer["spent"] or self._jobs >= _JOBS_PER_JVM:
            self._renew()
        if answer["spent"] == "memory" and not fresh:
            # What earlier tests left may have taken it.
            return None
        return _result(job, answer["status"], answer["message"], started)

    def run_alone(self, job: ExecutionJob) -> ExecutionResult:
        """Return the result of a job that took a JVM along, from a JVM that has run nothing else."""
        started = time.perf_counter()
        self._serves = None
        return self.run(job) or _result(job, "crashed", self._crash, started)

    def _serve(self, job: ExecutionJob) -> None:
        """Have a JVM for a job's class path, which may still be starting."""
        if self.serves(job):
            return
        classes, error = self._compiler.compile(job.classpath, [adapter_source(job.framework)])
        if error:
            raise DataError(
                f"{job.id}: its class path has no usable {job.framework} ({error}); add the jars of JUnit"
            )
        self._adapter = classes
        self._serves = job.classpath, job.framework, job.project
        self._renew()

    def _await(self) -> None:
        """Wait until the JVM takes jobs."""
        if self._ready:
            return
        assert self._runner is not None
        assert self._serves is not None
        nonce = secrets.token_hex(16)
        classpath, _, project = self._serves
        beside = project is not None and self._tools.sandbox != "unsafe"
        first = {
            "nonce": nonce,
            "classPath": [str(path) for path in classpath],
            "adapters": self._adapter,
            "beside": sorted(str(path) for path in project.iterdir()) if project and beside else [],
        }
        answer = self._runner.ask(first, f"{nonce} ", _START_SECONDS, _LONGEST_CLASSES)
        if isinstance(answer, Ended):
            raise DataError(
                f"no JVM starts in the sandbox {self._tools.sandbox}: {answer.reason}; "
                f"its memory is limited to {self._tools.limits.memory_mb} MB"
            )
        self._ready = True

    def _renew(self) -> None:
        """Start a new JVM for the same class path, which gets ready while the next job is compiled."""
        if self._runner is not None:
            self._runner.end()
        assert self._serves is not None
        classpath, _, project = self._serves
        tools = self._tools
        readable = classpath if project is None else (*classpath, project)
        command = runner_command(
            tools.jdk, tools.harness, readable, tools.limits, tools.sandbox, self._temporary
        )
        self._runner = self._started(command)
        self._ready = False
        self._jobs = 0

    def _started(self, command: Sequence[str]) -> Jvm:
        if self._stopped:
            raise CancelledError
        return Jvm(command, ENVIRONMENT, self._temporary, together(self._tools.limits))

    def _test(self, job: ExecutionJob, classes: dict[str, str]) -> dict[str, Any] | Ended:
        assert self._runner is not None
        limits = self._tools.limits
        # A test could print the answer, but for this.
        nonce = secrets.token_hex(16)
        request = {
            "nonce": nonce,
            "classes": classes,
            "adapter": ADAPTERS[job.framework],
            "testClass": job.test_class,
            "method": job.method,
            "seconds": limits.seconds,
            "cpuSeconds": job.cpu_seconds,
        }
        self._jobs += 1
        return self._runner.ask(request, f"{nonce} ", limits.seconds + _GRACE_SECONDS, limits.output_mb << 20)


def _result(job: ExecutionJob, status: Status, message: str, started: float) -> ExecutionResult:
    return ExecutionResult(job.id, status, message[:LONGEST_MESSAGE], time.perf_counter() - started)
