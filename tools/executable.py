"""Print which share of a run's mined tests can be executed, by source, with the reasons why others cannot.

``python tools/executable.py results/debian --rows 50`` needs the class paths of its sources
(``snakemake cache/classpaths/NAME-PIN``), a JDK and a sandbox.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import Counter, defaultdict
from functools import partial
from pathlib import Path

from kdlib.config import Execution
from kdlib.evaluation.execution import executable_rows
from kdlib.evaluation.outputs import Row
from kdlib.execution.jobs import Limits
from kdlib.execution.pool import run
from kdlib.execution.sandbox import find_sandbox
from kdlib.files import iter_examples


def main() -> None:
    """Run the tool."""
    arguments = _arguments()
    settings = Execution()
    rows: dict[str, list[Row]] = defaultdict(list)
    for example in iter_examples(arguments.run / "corpus/examples.parquet"):
        rows[example.occurrences[0].source].append(Row(example.id, example.references, 0))
    pool = partial(
        run,
        limits=Limits(seconds=settings.timeout_s, memory_mb=settings.memory_mb),
        workers=arguments.workers,
        cache=arguments.cache.absolute(),
        sandbox=find_sandbox(),
    )
    for source, own in sorted(rows.items()):
        folders = sorted(arguments.classpaths.glob(f"{source}-*"))
        if not folders or (arguments.source and source not in arguments.source):
            continue
        chosen = random.Random(arguments.seed).sample(own, min(arguments.rows, len(own)))
        paths = {source: folders[0].absolute()}
        found, refused = executable_rows(chosen, arguments.run / "corpus/examples.parquet", paths, pool)
        print(
            f"{source}: {len(found)} of {len(chosen)} rows ({len(found) / len(chosen):.1%}), {len(own)} mined"
        )
        for reason, count in Counter(map(_shape, refused.values())).most_common(8):
            print(f"  {count:5d}  {reason}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of a run, e.g. results/debian")
    parser.add_argument("--classpaths", type=Path, default=Path("cache/classpaths"))
    parser.add_argument("--cache", type=Path, default=Path("cache/executions"))
    parser.add_argument("--source", action="append", help="only these")
    parser.add_argument("--rows", type=int, default=50, help="rows of each source, chosen by seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


def _shape(reason: str) -> str:
    """Return a reason without the numbers that make each one different."""
    return re.sub(r"\d+", "N", reason)[:110]


if __name__ == "__main__":
    main()
