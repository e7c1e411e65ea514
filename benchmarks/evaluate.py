"""What evaluation costs: pairs a second by all text metrics, CodeBLEU against its package, generation.

Texts are the assertions of the sample library, each with a number of its own put into it, so that no two are
equal and nothing is read twice. A prediction is another assertion of the same library, which is what a model
that is wrong writes.
"""

from __future__ import annotations

import random
import re
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from javalang.tokenizer import Keyword

from benchmarks.contract import Claim, answer, quick
from benchmarks.engines import SAMPLE, dataset, ours, training_of
from benchmarks.rivals.codebleu_package import package_seconds
from kdlib.config import Evaluation, Filters, SampleSource, Size
from kdlib.config.presets import presets
from kdlib.corpus.mining.mining import mine_source
from kdlib.evaluation.scores.score import report_of, text_of_systems
from kdlib.evaluation.text.statistics import Answer, text_columns
from kdlib.files import read_examples
from kdlib.metrics.codebleu import codebleu_statistics, codebleu_values, read

PROCESSES = 2
PAIRS = 2_000 if quick() else 26_000
PACKAGE_PAIRS = 100 if quick() else 500
RUNS = 1 if quick() else 5
BEAMS, BATCH, TOKENS = 4, 32, 48
# The first name after the assertion's own; a keyword with a number would be a syntax error.
FIRST_WORD = re.compile(rf"""(?<=[(.\s",-])(?!(?:{"|".join(Keyword.VALUES)}|true|false|null)\b)[A-Za-z]\w*""")


def pairs(folder: Path, number: int) -> list[Answer]:
    """Return so many distinct pairs of texts, none of which is equal to another.

    Args:
        folder: For the mined examples.
        number: Pairs.
    """
    out = folder / "examples.parquet"
    mine_source("sample", SampleSource(kind="sample"), SAMPLE, Filters(), out, folder / "mined.json", 1)
    # What cannot be told apart by the number of a name is left out: fail();
    texts = [text for example in read_examples(out) if FIRST_WORD.search(text := example.references[0])]
    chosen = random.Random(1).choices(texts, k=2 * number)
    distinct = [FIRST_WORD.sub(rf"\g<0>{at}", text, count=1) for at, text in enumerate(chosen)]
    if len(set(distinct)) < len(distinct):
        raise RuntimeError(f"{len(distinct) - len(set(distinct))} texts are equal to others")
    return [Answer([said], (right,)) for said, right in zip(distinct[::2], distinct[1::2], strict=True)]


def pairs_per_second(answers: Sequence[Answer]) -> float:
    """Return how many pairs all text metrics read in a second, processes and their start included."""
    started = time.perf_counter()
    text_columns(answers, 1, PROCESSES)
    return len(answers) / (time.perf_counter() - started)


def seconds_with_intervals(answers: Sequence[Answer]) -> float:
    """Return how long one system takes from texts to every metric with its interval."""
    started = time.perf_counter()
    columns, details = text_of_systems({"one": answers}, 1, PROCESSES)
    report_of(columns, details, Evaluation(), "row", [], [], {}, [])
    return time.perf_counter() - started


def codebleu_seconds(answers: Sequence[Answer]) -> float:
    """Return how long our CodeBLEU takes for the value of every pair, from texts."""
    started = time.perf_counter()
    said = [read(one.candidates[0]) for one in answers]
    right = [[read(text) for text in one.references] for one in answers]
    values = codebleu_values(codebleu_statistics(said, right))
    seconds = time.perf_counter() - started
    if len(values) != len(answers):
        raise RuntimeError("CodeBLEU has not given a value for every pair")
    return seconds


def generation(folder: Path) -> tuple[float, str]:
    """Return how much faster our generation is than ``generate`` row by row, and on what."""
    from benchmarks.generation import over_batch1

    (folder / "data").mkdir()
    data = dataset(folder / "data", 64 if quick() else 1_000, 1_024)
    size = Size(**presets()["sizes"]["mini"])
    ours(data, size, training_of(1), PROCESSES, folder / "teacher")
    return over_batch1(data, folder / "teacher/out/best_model", BEAMS, BATCH, TOKENS, PROCESSES, RUNS)


def main() -> None:
    """Measure and print the answer."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        answers = pairs(folder, PAIRS)
        some = answers[:PACKAGE_PAIRS]
        ratios = [package_seconds(some) / codebleu_seconds(some) for _ in range(RUNS)]
        speeds = [pairs_per_second(answers) for _ in range(RUNS)]
        seconds = [seconds_with_intervals(answers) for _ in range(RUNS)]
        generated, what = generation(folder)
    tokens = f"{PAIRS:,} distinct pairs of assertions, no cache, {PROCESSES} processes"
    found = {
        "pairs_per_s": Claim(
            statistics.median(speeds),
            "1/s",
            1_000,
            "higher",
            f"all text metrics but semantic; {tokens}",
            RUNS,
        ),
        "codebleu_over_package": Claim(
            statistics.median(ratios),
            "ratio",
            5,
            "higher",
            f"calc_codebleu of the package codebleu, the value of each of {len(some)} pairs, one thread each",
            RUNS,
        ),
        "generate_over_batch1": Claim(generated, "ratio", 2.5, "higher", what, RUNS),
        "score_26k_s": Claim(
            statistics.median(seconds),
            "s",
            90,
            "lower",
            f"all text metrics with intervals of {Evaluation().resamples:,} resamples; {tokens}",
            RUNS,
        ),
    }
    answer("evaluate", found)


if __name__ == "__main__":
    main()
