"""Jobs of one test at a time: compiled, run, and doubted where something else may have bent the result."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from pathlib import Path

from kdlib.execution.compiler import Compiler
from kdlib.execution.harness import Place, adapter_source
from kdlib.execution.jobs import LONGEST_MESSAGE, ExecutionJob, ExecutionResult
from kdlib.execution.jvm import Ended
from kdlib.execution.runner import Runner, Served, Tools, Verdict
from kdlib.java.compiler import SourceFile
from kdlib.results.measurements import Status

_JOBS_PER_JVM = 500
_PLACES: tuple[Place, ...] = ("first", "second")


@dataclass(slots=True)
class _Tried:
    """A job and its result, None if it should run once more with no other beside it."""

    job: ExecutionJob
    started: float
    classes: dict[str, str] = field(default_factory=dict)
    named: str = ""
    result: ExecutionResult | None = None

    def take(self, verdict: Verdict) -> None:
        seconds = time.perf_counter() - self.started
        message = verdict.message[:LONGEST_MESSAGE]
        self.result = ExecutionResult(
            self.job.id, verdict.status, message, seconds, verdict.cpu_seconds, verdict.asserted
        )

    def ended(self, status: Status, message: str) -> None:
        """Take a result of which no test could tell."""
        self.take(Verdict(status, message, False, 0.0, ""))

    def passed(self) -> bool:
        return self.result is not None and self.result.status == "passed"


class Worker:
    """A JVM that compiles, and two that run the tests of one class path."""

    def __init__(self, tools: Tools) -> None:
        """Start nothing yet.

        Args:
            tools: Tools shared by all workers.
        """
        self._tools = tools
        self._temporary = Path(tempfile.mkdtemp(dir=tools.folder))
        self._compiler = Compiler(tools.jdk, tools.harness, tools.sandbox, self._temporary)
        self._runners: dict[Place, Runner] = {}
        self._alone: Runner | None = None
        self._served: Served | None = None
        self._control: tuple[Sequence[SourceFile], dict[str, str] | None] = ((), None)
        self._stopped = False

    def serves(self, job: ExecutionJob) -> bool:
        """Return whether its JVMs have the class path of a job."""
        return self._served is not None and self._served[:3] == (job.classpath, job.framework, job.project)

    def end(self) -> None:
        """End all JVMs, from whatever thread, and start no other."""
        self._stopped = True
        self._compiler.end()
        for runner in (*self._runners.values(), self._alone):
            if runner is not None:
                runner.end()

    def run(self, jobs: Sequence[ExecutionJob]) -> list[ExecutionResult | None]:
        """Return the results of jobs of one test, None of those that took their JVM along.

        A pass counts if a second JVM confirms it, where jobs run in the opposite order. A failure counts if
        the control passes in the same JVM, or else if a new JVM confirms it.

        Args:
            jobs: Jobs that agree in all but their sources.
        """
        if error := self._serve(jobs[0]):
            return [_not_served(job, error) for job in jobs]
        tried: list[_Tried] = []
        doubted: list[_Tried] = []
        for job in jobs:
            tried.append(self._compiled(job))
            if tried[-1].named:
                self._run_apart(tried[-1])
            elif tried[-1].result is None:
                self._run_first(tried[-1], doubted)
        if not self._settle(doubted):
            self._drop("first")
        for each in reversed(tried):
            if each.passed() and not each.named and each.job.runs > 1:
                self._confirm_pass(each)
        return [each.result for each in tried]

    def run_alone(self, job: ExecutionJob) -> ExecutionResult:
        """Return the result of a job that took a JVM along, from JVMs that have run nothing else."""
        if error := self._serve(job):
            return _not_served(job, error)
        tried = self._compiled(job)
        if tried.result is None:
            self._run_in_new_jvms(tried)
        assert tried.result is not None
        return tried.result

    def _run_first(self, tried: _Tried, doubted: list[_Tried]) -> None:
        """Run a job where others have run; a failure may be due to them."""
        runner = self._runner("first")
        fresh = runner.jobs == 0
        verdict = runner.test(tried.job, tried.classes)
        if isinstance(verdict, Ended):
            self._drop("first")
            self._run_all_in_new_jvms(doubted)
            return
        # Earlier tests may have taken the memory, and others at work the time.
        late = verdict.status == "timed_out" and tried.job.cpu_seconds is None
        if fresh or not (late or verdict.spent == "memory"):
            tried.take(verdict)
        if verdict.status == "failed" and not fresh:
            doubted.append(tried)
        if verdict.spent or runner.jobs >= _JOBS_PER_JVM:
            self._settle(doubted)
            self._drop("first")

    def _settle(self, doubted: list[_Tried]) -> bool:
        """Confirm failures in the JVM in which they were seen, or in new ones.

        Returns:
            Whether that JVM may run more.
        """
        if not doubted:
            return True
        classes = self._control_classes(doubted[0].job)
        control = None if classes is None else self._runner("first").test(doubted[0].job, classes)
        sound = isinstance(control, Verdict) and control.status == "passed"
        if sound:
            doubted.clear()
        else:
            self._run_all_in_new_jvms(doubted)
        return sound and not (isinstance(control, Verdict) and control.spent)

    def _control_classes(self, job: ExecutionJob) -> dict[str, str] | None:
        """Return the class files of a job's control, or None if it has none or that does not compile."""
        if job.control is None:
            return None
        if job.control != self._control[0]:
            compiled = self._compiler.compile(job.classpath, job.control)
            self._control = job.control, None if compiled.error else compiled.classes
        return self._control[1]

    def _confirm_pass(self, tried: _Tried) -> None:
        runner = self._runner("second")
        verdict = runner.test(tried.job, tried.classes)
        if isinstance(verdict, Ended) or verdict.spent or runner.jobs >= _JOBS_PER_JVM:
            self._drop("second")
        if isinstance(verdict, Ended) or verdict.status != "passed":
            self._run_in_new_jvms(tried)

    def _run_all_in_new_jvms(self, doubted: list[_Tried]) -> None:
        for each in doubted:
            self._run_in_new_jvms(each)
        doubted.clear()

    def _run_in_new_jvms(self, tried: _Tried, apart: bool = False) -> None:
        """Set the result that a job has where nothing ran before it."""
        first: Verdict | None = None
        for place in _PLACES[: tried.job.runs]:
            self._alone = self._started(place, apart)
            verdict = self._alone.test(tried.job, tried.classes)
            self._alone.end()
            if isinstance(verdict, Ended):
                late = f"not ended within {self._tools.limits.seconds:g} s"
                tried.ended(
                    "timed_out" if verdict.late else "crashed", late if verdict.late else verdict.reason
                )
                return
            first = first or verdict
            if verdict.status != "passed":
                where = "" if place == "first" else "with another locale, time zone and other hashes: "
                tried.take(verdict._replace(message=where + verdict.message))
                return
        assert first is not None
        tried.take(first)

    def _run_apart(self, tried: _Tried) -> None:
        """Run a job that could reach others, or its own result, where it reaches neither."""
        self._run_in_new_jvms(tried, apart=True)
        if tried.passed() or tried.job.control is None:
            return
        classes = self._control_classes(tried.job)
        control = _Tried(tried.job, tried.started, classes or {})
        self._run_in_new_jvms(control, apart=True)
        if classes is None or not control.passed():
            said = tried.result.message if tried.result else ""
            tried.ended(
                "crashed", f"it names {tried.named}, and apart from others its test never passes: {said}"
            )

    def _compiled(self, job: ExecutionJob) -> _Tried:
        tried = _Tried(job, time.perf_counter())
        compiled = self._compiler.compile(job.classpath, job.files, job.statement)
        tried.classes = compiled.classes
        tried.named = compiled.named
        if compiled.error:
            tried.ended("not_compiled", compiled.error)
        return tried

    def _serve(self, job: ExecutionJob) -> str:
        """Have JVMs for a job's class path, which may still be starting; return why it cannot be served."""
        if self.serves(job):
            return ""
        adapter = self._compiler.compile(job.classpath, [adapter_source(job.framework)])
        if adapter.error:
            return f"its class path has no usable {job.framework} ({adapter.error}); add the jars of JUnit"
        self._served = Served(job.classpath, job.framework, job.project, adapter.classes)
        for place in list(self._runners):
            self._runners.pop(place).end()
        self._runner("first")
        return ""

    def _runner(self, place: Place) -> Runner:
        if place not in self._runners:
            self._runners[place] = self._started(place)
        return self._runners[place]

    def _drop(self, place: Place) -> None:
        """End a JVM and start its successor, which gets ready while the next job is compiled."""
        self._runners.pop(place).end()
        self._runner(place)

    def _started(self, place: Place, apart: bool = False) -> Runner:
        if self._stopped:
            raise CancelledError
        assert self._served is not None
        return Runner(self._tools, self._temporary, self._served, place, apart)


def _not_served(job: ExecutionJob, error: str) -> ExecutionResult:
    return ExecutionResult(job.id, "not_compiled", error[:LONGEST_MESSAGE], 0.0)
