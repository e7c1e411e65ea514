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
        statement: Bytes of the first file, from and to, whose author nobody knows: if they name what could
            reach other jobs or forge a result, the job runs in JVMs of its own that lack it.
        control: Sources with which the same test passes: if they do so in the JVM in which a job failed, the
            JVM was not to blame. Without them a failure is confirmed in a new JVM.
        runs: JVMs in which a pass must be seen: two differ in locale, time zone, hashes and order.
    """

    id: str
    files: tuple[SourceFile, ...]
    test_class: str
    method: str
    classpath: tuple[Path, ...]
    framework: Framework
    project: Path | None = None
    cpu_seconds: float | None = None
    statement: tuple[int, int] | None = None
    control: tuple[SourceFile, ...] | None = None
    runs: Literal[1, 2] = 2


@dataclass(frozen=True, slots=True)
class ExecutionResult:
    """The result of a job.

    Attributes:
        id: Id of the job.
        status: A test that was skipped, or is not there, has ``failed``; ``crashed`` took its JVM along.
        message: First diagnostic of javac or first line of the failure, at most 500 characters.
        seconds: Wall time of compiling and running it, as first measured where it came from the cache.
        cpu_seconds: Processor time of the test's thread in its first run.
        asserted: Whether it failed by an ``AssertionError``, as checks do, and not by another exception.
    """

    id: str
    status: Status
    message: str
    seconds: float
    cpu_seconds: float = 0.0
    asserted: bool = False


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
