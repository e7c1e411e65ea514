"""Jobs in, results out: warm JVMs that are replaced when a test spoils them, and a cache by content."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, replace
from pathlib import Path

from kdlib.execution.harness import build_harness, harness_digest
from kdlib.execution.jobs import ExecutionJob, ExecutionLimits, ExecutionResult
from kdlib.execution.result_cache import ResultCache, content_key, path_digest, read_by
from kdlib.execution.runner import Tools
from kdlib.execution.sandbox import Sandbox
from kdlib.execution.worker import Worker
from kdlib.java.compiler import find_jdk

_LOOK_AHEAD = 512
# Fewer would start the control more often, more would leave one worker with all.
_MOST_AT_ONCE = 16


Pool = Callable[[Iterable[ExecutionJob]], Iterator[ExecutionResult]]


@contextmanager
def open_pool(limits: ExecutionLimits, workers: int, cache: Path, sandbox: Sandbox) -> Iterator[Pool]:
    """Yield a function that compiles and runs each of some jobs, or takes its result from the cache.

    No job changes the result of another, whatever their order: see ``Worker.run``. A job that takes its JVM
    along runs once more, in new JVMs and with no other beside it, before it counts as crashed. The function
    takes jobs with distinct ids, maybe from a generator: some hundreds are held, those of a test run
    together. It gives one result a job, in the order of finishing; take all before it is called again. Its
    JVMs stay from one call to the next.

    Args:
        limits: Resources that each job may use.
        workers: Jobs at a time; each has a JVM that compiles and two that run.
        cache: Folder for results and the compiled harness.
        sandbox: Sandbox of the tests, from ``find_sandbox``.

    Raises:
        DataError: Without a JDK, or if a class path is not there.
    """
    jdk = find_jdk()
    harness = build_harness(jdk, cache)
    surroundings = f"{jdk.version} {harness_digest()} {astuple(limits)} {sandbox}"
    with ExitStack() as stack:
        results = ResultCache(cache / "results.sqlite")
        stack.callback(results.close)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kdlib-tests-")))
        tools = Tools(jdk, harness, limits, sandbox, folder)
        pool = [Worker(tools) for _ in range(workers)]
        for worker in pool:
            # Once more at the end: a thread may have started a JVM just before it was stopped.
            stack.callback(worker.end)
        threads = stack.enter_context(ThreadPoolExecutor(workers))
        # Called before the threads are waited for: what they ask of is then gone.
        stack.callback(_stop, pool, threads)
        yield lambda jobs: _answered(jobs, surroundings, results, pool, threads)


def run(
    jobs: Iterable[ExecutionJob], limits: ExecutionLimits, workers: int, cache: Path, sandbox: Sandbox
) -> Generator[ExecutionResult, None, None]:
    """Run jobs in a pool of their own, with the arguments of ``open_pool``; yield a result for each."""
    with open_pool(limits, workers, cache, sandbox) as pool:
        yield from pool(jobs)


def _stop(pool: list[Worker], threads: ThreadPoolExecutor) -> None:
    threads.shutdown(wait=False, cancel_futures=True)
    for worker in pool:
        worker.end()


def _answered(
    jobs: Iterable[ExecutionJob],
    surroundings: str,
    results: ResultCache,
    pool: list[Worker],
    threads: ThreadPoolExecutor,
) -> Iterator[ExecutionResult]:
    """Yield results: of the cache at once, else as jobs end; jobs of equal content run once."""
    digests: dict[Path, str] = {}
    same: dict[bytes, list[ExecutionJob]] = {}
    idle = list(pool)
    running: dict[Future[list[ExecutionResult | None]], tuple[list[bytes], Worker]] = {}
    doubtful: list[bytes] = []

    def ended(futures: Iterable[Future[list[ExecutionResult | None]]]) -> Iterator[ExecutionResult]:
        for future in futures:
            keys, worker = running.pop(future)
            idle.append(worker)
            for key, result in zip(keys, future.result(), strict=True):
                if result is None:
                    doubtful.append(key)
                else:
                    results.keep(key, result)
                    yield from (replace(result, id=job.id) for job in same.pop(key))

    for jobs_of_test in _grouped(jobs):
        new: dict[bytes, ExecutionJob] = {}
        for job in jobs_of_test:
            digests |= {path: path_digest(path) for path in read_by(job) if path not in digests}
            key = content_key(job, surroundings, digests)
            if key in same:
                same[key].append(job)
            elif (known := results.find(key, job.id)) is not None:
                yield known
            else:
                same[key] = [job]
                new[key] = job
        if new:
            if not idle:
                yield from ended(wait(running, return_when=FIRST_COMPLETED).done)
            one = jobs_of_test[0]
            worker = next((worker for worker in idle if worker.serves(one)), idle[0])
            idle.remove(worker)
            running[threads.submit(worker.run, list(new.values()))] = list(new), worker
    yield from ended(list(wait(running).done))
    for key in doubtful:
        result = pool[0].run_alone(same[key][0])
        results.keep(key, result)
        yield from (replace(result, id=job.id) for job in same.pop(key))


def _grouped(jobs: Iterable[ExecutionJob]) -> Iterator[Sequence[ExecutionJob]]:
    """Yield jobs of one test together, those of a class path one after another, as far as one looks ahead."""
    left = iter(jobs)
    while ahead := list(itertools.islice(left, _LOOK_AHEAD)):
        ahead.sort(key=lambda job: (*_class_path(job), job.test_class, job.method))
        for _, together in itertools.groupby(ahead, key=_test):
            batch = list(together)
            for first in range(0, len(batch), _MOST_AT_ONCE):
                yield batch[first : first + _MOST_AT_ONCE]


def _class_path(job: ExecutionJob) -> tuple[object, ...]:
    return job.classpath, job.framework, str(job.project)


def _test(job: ExecutionJob) -> tuple[object, ...]:
    return *_class_path(job), job.test_class, job.method, job.control
