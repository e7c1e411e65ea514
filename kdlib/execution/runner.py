"""A JVM in the sandbox that runs the tests of one class path."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, get_args

from kdlib.execution.harness import ADAPTERS, Place, runner_command
from kdlib.execution.jobs import ExecutionJob, ExecutionLimits, Framework
from kdlib.execution.jvm import Ended, Jvm
from kdlib.execution.sandbox import ENVIRONMENT, Sandbox, together
from kdlib.files import DataError
from kdlib.java.compiler import Jdk
from kdlib.results.measurements import Status

_START_SECONDS = 60.0
# A JVM may need its time to notice that a test's is over.
_GRACE_SECONDS = 5.0
_LONGEST_ANSWER = 1 << 20


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


class Served(NamedTuple):
    """The tests that a JVM can run.

    Attributes:
        classpath: Jars and folders of classes.
        framework: JUnit that runs them.
        project: Folder whose entries stand in the working directory.
        adapter: Binary name: class file in base64, of what calls this JUnit.
    """

    classpath: tuple[Path, ...]
    framework: Framework
    project: Path | None
    adapter: dict[str, str]


class Verdict(NamedTuple):
    """How a test ended by itself.

    Attributes:
        status: passed, failed or timed_out.
        message: First line that says why; empty if it passed.
        asserted: Whether it failed by an ``AssertionError``.
        cpu_seconds: Processor time of its thread.
        spent: What it left, for which the JVM should run no more; empty if nothing.
    """

    status: Status
    message: str
    asserted: bool
    cpu_seconds: float
    spent: str


class Runner:
    """A JVM of one class path, in one of two places that differ in locale, time zone and hashes."""

    def __init__(self, tools: Tools, folder: Path, served: Served, place: Place, apart: bool = False) -> None:
        """Start it, without waiting until it is ready.

        Args:
            tools: What workers share.
            folder: Temporary folder outside the sandbox.
            served: Tests that it can run.
            place: Locale, time zone and hashes.
            apart: Whether it lacks what a test could use to forge its result; it should run one job only.
        """
        self.jobs = 0
        self._tools = tools
        self._served = served
        self._apart = apart
        self._ready = False
        readable = served.classpath if served.project is None else (*served.classpath, served.project)
        command = runner_command(
            tools.jdk, tools.harness, readable, tools.limits, tools.sandbox, folder, place, apart
        )
        self._jvm = Jvm(command, ENVIRONMENT, folder, together(tools.limits))

    def end(self) -> None:
        """End it at once."""
        self._jvm.end()

    def test(self, job: ExecutionJob, classes: dict[str, str]) -> Verdict | Ended:
        """Run a job.

        Args:
            job: A test of what it serves.
            classes: Class files of the job's sources, in base64 by binary name.

        Raises:
            DataError: If the JVM does not start.
        """
        self._await()
        self.jobs += 1
        limits = self._tools.limits
        request = {
            "classes": classes,
            "adapter": ADAPTERS[job.framework],
            "testClass": job.test_class,
            "method": job.method,
            "seconds": limits.seconds,
            "cpuSeconds": job.cpu_seconds,
        }
        answer = self._jvm.ask(request, limits.seconds + _GRACE_SECONDS, _LONGEST_ANSWER)
        return answer if isinstance(answer, Ended) else _verdict(answer)

    def _await(self) -> None:
        if self._ready:
            return
        project = self._served.project
        beside = project is not None and self._tools.sandbox != "unsafe"
        first = {
            "classPath": [str(path) for path in self._served.classpath],
            "adapters": self._served.adapter,
            "beside": sorted(str(path) for path in project.iterdir()) if project and beside else [],
            "apart": self._apart,
        }
        answer = self._jvm.ask(first, _START_SECONDS, _LONGEST_ANSWER)
        if isinstance(answer, Ended):
            raise DataError(
                f"no JVM starts in the sandbox {self._tools.sandbox}: {answer.reason}; "
                f"its memory is limited to {self._tools.limits.memory_mb} MB"
            )
        self._ready = True


def _verdict(answer: dict[str, Any]) -> Verdict | Ended:
    """Return what an answer says, or that it says nothing."""
    match answer:
        case {
            "status": str(status),
            "message": str(message),
            "asserted": bool(asserted),
            "cpuSeconds": float(cpu_seconds),
            "spent": str(spent),
        } if status in get_args(Status):
            return Verdict(status, message, asserted, cpu_seconds, spent)  # type: ignore[arg-type]
    return Ended(False, "its JVM gave no answer that makes sense")
