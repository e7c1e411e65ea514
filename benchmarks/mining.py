"""How fast sources become pairs, how many of them are found, and what the whole Debian corpus costs.

The reference is the plainest miner that the specification allows: every file parsed in full, every node
visited in Python, calls told apart by name alone. It says which assertions have a pair at all, and how fast
such a walk is.
"""

from __future__ import annotations

import multiprocessing
import re
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
import pyarrow.parquet as pq
from tree_sitter import Node

from benchmarks.contract import Claim, answer, quick
from kdlib.config import Config, DebianSource, FetchedSource, read_config
from kdlib.corpus.assembly.assemble import assemble
from kdlib.corpus.mining.mining import mine_source
from kdlib.files import read_json
from kdlib.java.assertions import assertion_kind, is_test_annotation
from kdlib.java.methods import read_unit
from kdlib.java.syntax import parse, text
from kdlib.sources.fetch import fetch
from kdlib.sources.java_files import JavaFile, java_files

_IN_TESTS = re.compile(r"(^|/)(tests?|src/\w*[tT]est\w*)/")


def archives(config: Config, names: list[str]) -> dict[str, Path]:
    """Return the archive of each source, fetched into the pipeline's cache where it is not there."""
    found = {}
    for name in names:
        source = config.corpus.sources[name]
        assert isinstance(source, FetchedSource)
        found[name] = Path(f"cache/sources/{name}-{source.sha256[:12]}.tar")
        if not found[name].exists():
            fetch(source, found[name])
    return found


def mine(config: Config, name: str, archive: Path, folder: Path, processes: int) -> float:
    """Mine one source into a folder and return the seconds that it took."""
    source = config.corpus.sources[name]
    assert isinstance(source, DebianSource)
    out, report = folder / f"{name}.parquet", folder / f"{name}.json"
    started = time.perf_counter()
    mine_source(name, source, archive, config.corpus.filters, out, report, processes)
    return time.perf_counter() - started


def mine_all(config: Config, found: dict[str, Path], folder: Path, jobs: int) -> float:
    """Mine all sources, ``jobs`` at a time, each by one process, and return the wall seconds."""
    started = time.perf_counter()
    if jobs == 1:
        for name, archive in found.items():
            mine(config, name, archive, folder, 1)
    else:
        largest_first = sorted(found, key=lambda name: -found[name].stat().st_size)
        with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("fork")) as pool:
            made = [pool.submit(mine, config, name, found[name], folder, 1) for name in largest_first]
            for job in made:
                job.result()
    return time.perf_counter() - started


def nodes(root: Node) -> Iterator[Node]:
    """Yield every node of a tree, one by one."""
    yield root
    for child in root.children:
        yield from nodes(child)


def reference_pairs(files: list[JavaFile], max_bytes: int) -> set[tuple[str, int]]:
    """Return (path, first byte) of the assertions of tests with a call that production code declares."""
    trees = {file.path: parse(file.content).root_node for file in files if len(file.content) <= max_bytes}
    units = {path: read_unit(root) for path, root in trees.items() if not root.has_error}
    production = {
        method.name
        for path, unit in units.items()
        if "src/main/" in path or not _IN_TESTS.search(path)
        for kind in unit.types
        for method in (*kind.methods, *kind.constructors)
    }
    return {
        (path, place)
        for path in units
        for method in nodes(trees[path])
        if method.type == "method_declaration" and looks_like_test(method)
        for place in pairs_of(method, production)
    }


def looks_like_test(method: Node) -> bool:
    """Return whether a method is a test by annotation, or by a JUnit 3 name."""
    annotations = [
        text(node).lstrip("@").partition("(")[0].rpartition(".")[2]
        for part in method.named_children
        if part.type == "modifiers"
        for node in part.named_children
    ]
    name, parameters = method.child_by_field_name("name"), method.child_by_field_name("parameters")
    by_name = name is not None and text(name).startswith("test")
    return any(map(is_test_annotation, annotations)) or (
        by_name and parameters is not None and not parameters.named_children
    )


def pairs_of(method: Node, production: set[str]) -> Iterator[int]:
    """Yield the first byte of each assertion of a test up to whose end something of the project is called."""
    called, end = False, -1
    for node in nodes(method):
        if node.type in ("method_invocation", "object_creation_expression"):
            name = node.child_by_field_name("name") or node.child_by_field_name("type")
            called |= name is not None and text(name).partition("<")[0].rpartition(".")[2] in production
        if node.start_byte >= end and assertion_kind(node):
            end = node.end_byte
            inside = (
                part.child_by_field_name("name") for part in nodes(node) if part.type == "method_invocation"
            )
            if called or any(name is not None and text(name) in production for name in inside):
                yield node.start_byte


def shares(config: Config, found: dict[str, Path], folder: Path) -> tuple[float, float]:
    """Return the share of the reference's pairs that were mined, and MB/s of the reference."""
    common = total = size = 0
    seconds = 0.0
    for name, archive in found.items():
        files = list(java_files(archive))
        started = time.perf_counter()
        reference = reference_pairs(files, config.corpus.filters.max_file_bytes)
        seconds += time.perf_counter() - started
        size += sum(len(file.content) for file in files)
        table = pq.read_table(folder / f"{name}.parquet", columns=["occurrences"])
        mined = {
            (where["path"], where["start_byte"]) for row in table["occurrences"].to_pylist() for where in row
        }
        common += len(reference & mined)
        total += len(reference)
    return common / total, size / 1e6 / seconds


@contextmanager
def peak_memory() -> Iterator[Callable[[], float]]:
    """Yield a function that tells the most GiB that this process and its children held together."""
    own, peak, done = psutil.Process(), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            held = 0
            for process in (own, *own.children(recursive=True)):
                try:
                    held += process.memory_full_info().pss
                except psutil.Error:  # it has just ended
                    continue
            peak[0] = max(peak[0], held)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield lambda: peak[0] / 2**30
    finally:
        done.set()
        thread.join()


def main() -> None:
    """Measure and answer."""
    config = read_config([Path("config/config.yaml"), Path("config/debian.yaml")])
    names = ["commons-csv", "commons-codec", "zxing"] if quick() else list(config.corpus.sources)
    scaled = "commons-codec" if quick() else "guava"
    runs = 2 if quick() else 5
    found = archives(config, [*names])
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        pairs = [[mine_all(config, found, folder, jobs) for jobs in (1, 2)] for _ in range(runs)]
        alone = [one for one, _ in pairs]
        size = sum(read_json(folder / f"{name}.json")["java_bytes"] for name in found) / 1e6
        pairs_share, reference_speed = shares(config, found, folder)
        single = [[mine(config, scaled, found[scaled], folder, n) for n in (1, 2)] for _ in range(runs)]
        with peak_memory() as peak:
            started = time.perf_counter()
            mine_all(config, found, folder, 2)
            assemble(
                mined=[folder / f"{name}.parquet" for name in found],
                reports=[folder / f"{name}.json" for name in found],
                split=config.split,
                filters=config.corpus.filters,
                examples=folder / "examples.parquet",
                splits=folder / "splits.parquet",
                card=folder / "card.json",
            )
            minutes = (time.perf_counter() - started) / 60
            gib = peak()
        counts = read_json(folder / "card.json")["counts"]
    speed = size / statistics.median(alone)
    what = f"{len(found)} Debian sources, {size:.1f} MB of Java"
    whole = f"{what}, two sources at a time, then assembled: {counts['distinct']} distinct pairs"
    answer(
        "mining",
        {
            "mb_per_s_core": Claim(
                speed, "MB/s", 4, "higher", f"{what}, archive to Parquet, one process", runs
            ),
            "pairs_share": Claim(pairs_share, "ratio", 0.95, "higher", "pairs of the plain walk found", 1),
            "over_plain_walk": Claim(
                speed / reference_speed,
                "ratio",
                None,
                "higher",
                "MB/s of the plain walk, which writes nothing",
                1,
            ),
            "scaling_2_cores": Claim(
                statistics.median(one / two for one, two in pairs),
                "ratio",
                1.7,
                "higher",
                f"{what}, two sources at a time as the workflow mines them, by one at a time",
                runs,
            ),
            "scaling_one_source": Claim(
                statistics.median(one / two for one, two in single),
                "ratio",
                None,
                "higher",
                f"{scaled} by two processes over its files, by one process",
                runs,
            ),
            "corpus_minutes": Claim(minutes, "min", 4, "lower", whole, 1),
            "peak_gib": Claim(gib, "GiB", 2, "lower", f"{whole}; proportional set size of all processes", 1),
            "distinct_pairs": Claim(
                counts["distinct"], "pairs", None if quick() else 80_000, "higher", what, 1
            ),
        },
    )


if __name__ == "__main__":
    main()
