"""Jobs for the pool and their results."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kdlib.java.compiler import SourceFile
from kdlib.results.measurements import Status

Framework = Literal["junit4", "junit5"]

LONGEST_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class ExecutionJob:
    """One test method, run with changed sources.

    Attributes:
        id: Identifier, distinct within a run; the result carries it.
        files: Sources that shadow the class path: the changed test class and, for a mutant, the changed
            class under test.
        test_class: Binary name, e.g. ``p.OuterTest$Inner``.
        method: Name of the test method.
        classpath: Jars and folders of classes, JUnit among them; for JUnit 5 its launcher and engine too.
        framework: JUnit that runs it; JUnit 4 also runs tests of JUnit 3.
        project: Folder whose entries stand in the test's working directory, as in that of a build tool, but
            read-only; none without a sandbox, where the test could write there.
        cpu_seconds: Processor time that the test's thread may take; None leaves it to the limits' wall time.
    """

    id: str
    files: tuple[SourceFile, ...]
    test_class: str
    method: str
    classpath: tuple[Path, ...]
    framework: Framework
    project: Path | None = None
    cpu_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ExecutionResult:
    """The result of a job.

    Attributes:
        id: Id of the job.
        status: A test that was skipped, or is not there, has ``failed``; ``crashed`` took its JVM along.
        message: First diagnostic of javac or first line of the failure, at most 500 characters.
        seconds: Wall time of compiling and running it, as first measured where it came from the cache.
    """

    id: str
    status: Status
    message: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ExecutionLimits:
    """Resources that one job may use.

    Attributes:
        seconds: Wall time of the test in seconds; javac has 60 s.
        memory_mb: Java heap in megabytes.
        processes: Threads and processes, those of the JVM itself (some 25) included.
        output_mb: Megabytes that the test may write into files, or past System.out to the JVM's standard
            output.
    """

    seconds: float = 10.0
    memory_mb: int = 256
    processes: int = 128
    output_mb: int = 64
