"""Print which share of a run's mined tests can be executed, by source, with the reasons why others cannot.

``python tools/executable.py results/debian > docs/executable.md`` needs the class paths of its sources
(``snakemake cache/classpaths/NAME-PIN``), a JDK and a sandbox; ``--rows 50`` takes a sample of each.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from kdlib.config import Execution
from kdlib.evaluation.execution.runnable import executable_rows
from kdlib.execution.jobs import ExecutionLimits
from kdlib.execution.pool import run
from kdlib.execution.sandbox import find_sandbox
from kdlib.files import iter_examples

HEAD = """# Which mined tests can be executed

Written by `tools/executable.py`. A row is executable if its test, put back as it was, compiles and passes in
the sandbox.

| source | mined rows | tried | executable | share |
|---|---:|---:|---:|---:|"""
SHOWN = 5  # reasons of a source


def main() -> None:
    """Run the tool."""
    arguments = _arguments()
    settings = Execution()
    rows: dict[str, list[str]] = defaultdict(list)
    for example in iter_examples(arguments.run / "corpus/examples.parquet"):
        rows[example.occurrences[0].source].append(example.id)
    pool = partial(
        run,
        limits=ExecutionLimits(seconds=settings.timeout_s, memory_mb=settings.memory_mb),
        workers=arguments.workers,
        cache=arguments.cache.absolute(),
        sandbox=find_sandbox(),
    )
    reasons: dict[str, Counter[str]] = {}
    print(HEAD)
    for source, own in sorted(rows.items()):
        folders = sorted(arguments.classpaths.glob(f"{source}-*"))
        if not folders or (arguments.source and source not in arguments.source):
            continue
        chosen = random.Random(arguments.seed).sample(own, min(arguments.rows or len(own), len(own)))
        paths = {source: folders[0].absolute()}
        found, refused = executable_rows(chosen, arguments.run / "corpus/examples.parquet", paths, pool)
        reasons[source] = Counter(map(_shape, refused.values()))
        cells = (source, f"{len(own):,}", f"{len(chosen):,}", f"{len(found):,}")
        print(f"| {' | '.join(cells)} | {len(found) / len(chosen):.1%} |", flush=True)
    print("\n".join(_listed(reasons)))


def _listed(reasons: Mapping[str, Counter[str]]) -> Iterator[str]:
    yield "\nWhy the others are not, the commonest reasons of each source:\n"
    for source, counts in reasons.items():
        yield from (
            f"- {source}: {count:,}\N{MULTIPLICATION SIGN} `{why}`"
            for why, count in counts.most_common(SHOWN)
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of a run, e.g. results/debian")
    parser.add_argument("--classpaths", type=Path, default=Path("cache/classpaths"))
    parser.add_argument("--cache", type=Path, default=Path("cache/executions"))
    parser.add_argument("--source", action="append", help="only these")
    parser.add_argument("--rows", type=int, default=0, help="rows of each source, chosen by seed; 0 for all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


def _shape(reason: str) -> str:
    """Return a reason without the numbers that make each one different."""
    return re.sub(r"\b\d+\b", "N", reason).replace("`", "'")[:110]


if __name__ == "__main__":
    main()
