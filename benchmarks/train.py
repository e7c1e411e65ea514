"""What the training engine is worth: over a plain Seq2SeqTrainer, and with stored signals over a teacher.

Both sides train the same model on the same rows of the sample library: T5 of size mini from scratch, batches
of 16, one epoch, dropout 0.1, single precision, two threads. Samples per second are those of all steps but
the first; validation and checkpoints lie outside, this project's records and gradient norms inside.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.contract import Claim, answer, quick
from benchmarks.engines import (
    BATCH,
    Data,
    Trained,
    dataset,
    distilled,
    ours,
    parameters,
    plain,
    store,
    training_of,
)
from benchmarks.train_memory import SAMPLES, SIZES, memory_growth
from kdlib.config import Hidden, Signals, Size, Student
from kdlib.config.presets import presets
from kdlib.models.batch import read_rows
from kdlib.training.loop.sampling import EpochSampler

THREADS = 2
RUNS = 1 if quick() else 5
# Suffix of the claim: vocabulary and rows. First that of config/config.yaml, then that of CodeT5.
SETTINGS = {"": (1024, 48)} if quick() else {"": (1024, 1024), "_32k": (32_100, 512)}
STUDENT = Size(**presets()["sizes"]["mini"])
# Four times the student's parameters, of which the vocabulary holds few or most.
TEACHERS = {
    1024: STUDENT.model_copy(update={"d_model": 256, "d_ff": 1136}),
    32_100: STUDENT.model_copy(update={"d_model": 384, "d_ff": 1152}),
}


class Pairs(NamedTuple):
    """Interleaved runs, one pair for each seed."""

    first: list[Trained]
    second: list[Trained]

    def speed(self) -> float:
        """Return the median ratio of samples per second."""
        return statistics.median(
            one.samples_per_second / other.samples_per_second
            for one, other in zip(self.first, self.second, strict=True)
        )


def pairs(first: Callable[[int, Path], Trained], second: Callable[[int, Path], Trained]) -> Pairs:
    """Run two trainings in turn, each in a folder of its own; the argument is the seed."""
    found = Pairs([], [])
    for seed in range(RUNS):
        for run, results in ((first, found.first), (second, found.second)):
            with tempfile.TemporaryDirectory() as folder:
                results.append(run(seed, Path(folder)))
    return found


def over_plain(data: Data) -> Pairs:
    """Train on cross entropy with both engines."""
    return pairs(
        lambda seed, folder: ours(data, STUDENT, training_of(seed), THREADS, folder),
        lambda seed, folder: plain(data, STUDENT, training_of(seed), THREADS, folder),
    )


def loss_difference(data: Data) -> float:
    """Return the largest difference of a step's loss between the engines when both read the same batches."""
    training, rows = training_of(1, dropout=0.0), read_rows(data.train)
    order = list(EpochSampler(rows, BATCH, training.seed, lambda: 0))
    with tempfile.TemporaryDirectory() as folder:
        own = ours(data, STUDENT, training, THREADS, Path(folder) / "ours")
        other = plain(data, STUDENT, training, THREADS, Path(folder) / "plain", order)
    return max(abs(a - b) for a, b in zip(own.losses, other.losses, strict=True))


def over_online(data: Data, size: Size, folder: Path) -> tuple[Pairs, float]:
    """Distil from a store and with the teacher online; return both, and the teacher's size in students."""
    ours(data, size, training_of(0, dropout=0.0), THREADS, folder / "teacher")
    teacher = folder / "teacher" / "out" / "best_model"
    codec = Hidden(kind="hidden", precision="int8")
    manifest = store(data, teacher, Signals(codec=codec, shards=1), THREADS, folder / "store")

    def student(whence: str, seed: int) -> Student:
        keys = {"teacher": "one", "size": STUDENT, "loss": "traditional", "signals": whence}
        return Student.model_validate({**keys, "training": training_of(seed)})

    def run(whence: str) -> Callable[[int, Path], Trained]:
        return lambda seed, place: distilled(data, student(whence, seed), manifest, teacher, THREADS, place)

    share = parameters(data, size) / parameters(data, STUDENT)
    return pairs(run("stored"), run("online")), share


def lengths(data: Data) -> str:
    """Return the lengths of the rows in words."""
    rows = read_rows(data.train)
    sources, targets = [len(row.source_ids) for row in rows], [len(row.target_ids) for row in rows]
    mean = statistics.mean
    middle = f"{mean(sources):.0f} tokens in (longest {max(sources)})"
    return f"{len(rows)} rows of {middle} and {mean(targets):.0f} out (longest {max(targets)})"


def claims(name: str, data: Data, folder: Path) -> dict[str, Claim]:
    """Return the claims on one vocabulary."""
    what = f"vocabulary {SETTINGS[name][0]:,}, {lengths(data)}"
    engines = over_plain(data)
    signals, share = over_online(data, TEACHERS[SETTINGS[name][0]], folder)
    usual = "Seq2SeqTrainer with DataCollatorForSeq2Seq, its default random order and optimiser"
    validation = [[run.validation for run in side] for side in engines]
    spread = max(validation[1]) - min(validation[1])
    found = {
        "samples_over_seq2seqtrainer": Claim(
            engines.speed(), "ratio", 1.3, "higher", f"{usual}; {what}", RUNS
        ),
        "validation_difference": Claim(
            abs(statistics.mean(validation[0]) - statistics.mean(validation[1])),
            "nats/token",
            None,
            "lower",
            f"{usual}; mean after the epoch; its own runs are {spread:.3f} apart with other seeds",
            RUNS,
        ),
        "step_loss_difference": Claim(
            loss_difference(data), "nats/token", 1e-3, "lower", "the same on the same batches, any step", 1
        ),
        "stored_over_online": Claim(
            signals.speed(),
            "ratio",
            1.6,
            "higher",
            f"loss traditional, hidden int8 on disk, the teacher {share:.1f} times as large; {what}",
            RUNS,
        ),
    }
    return {claim + name: value for claim, value in found.items()}


def main() -> None:
    """Measure and print the answer."""
    found: dict[str, Claim] = {}
    for name, (vocabulary, number) in SETTINGS.items():
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            (place / "data").mkdir()
            data = dataset(place / "data", number, vocabulary)
            found |= claims(name, data, place)
    rows = (1_000, 10_000) if quick() else SIZES
    found["memory_growth_10x"] = Claim(
        memory_growth(rows),
        "share",
        0.05,
        "lower",
        f"{rows[1]:,} rows over {rows[0]:,}, highest anonymous memory; Trident, {SAMPLES} rows an epoch",
        1,
    )
    answer("train", found)


if __name__ == "__main__":
    main()
