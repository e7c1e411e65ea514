"""Four demonstrations on the sample library that check what they show: ``make demo``.

Each prints what was measured, and fails if that is not what the documentation claims.
"""

from __future__ import annotations

import csv
import io
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kdlib.config import Dataset, Filters, SampleSource, Signals, Split, Student, Teacher
from kdlib.files import read_json, sha256
from kdlib.records import Split as SplitName

ROOT = Path(__file__).resolve().parent.parent
NANO = {"d_model": 32, "d_ff": 64, "encoder_layers": 1, "decoder_layers": 1, "heads": 2}
# What a run for use would set: few rows at a time, many a step, checkpoints within epochs, an early end.
PRODUCTION = {
    "epochs": 6,
    "batch_size": 4,
    "accumulation": 4,
    "learning_rate": 1e-2,
    "warmup_ratio": 0.15,
    "clip": 1.0,
    "patience": 2,
    "save_steps": 2,
    "gradient_checkpointing": True,
}
Steps = list[dict[str, str]]


@dataclass(frozen=True)
class Corpus:
    """Token rows of the sample library, and where runs go.

    Attributes:
        folder: Temporary folder.
        train: Token rows.
        validation: Token rows.
        tokenizer: Folder.
    """

    folder: Path
    train: Path
    validation: Path
    tokenizer: Path


class ClaimError(Exception):
    """A demonstration did not show what it claims."""


def check(claim: bool, statement: str) -> None:
    """Print a measured statement, or fail with it."""
    if not claim:
        raise ClaimError(statement)
    print(f"  {statement}")


def sample(folder: Path, rows: int) -> Corpus:
    """Mine the sample library and write its token rows.

    Args:
        folder: Where to.
        rows: Training rows at most.
    """
    from kdlib.corpus.assembly.assemble import assemble
    from kdlib.corpus.mining.mining import mine_source
    from kdlib.dataset.build import build

    source, filters = SampleSource(kind="sample"), Filters()
    mined, report = folder / "mined.parquet", folder / "mined.json"
    mine_source("sample", source, ROOT / "examples/sample-java", filters, mined, report, 1)
    examples, splits = folder / "examples.parquet", folder / "splits.parquet"
    assemble([mined], [report], Split(), filters, examples, splits, folder / "card.json")
    config = Dataset.model_validate(
        {
            "max_source_tokens": 96,
            "max_target_tokens": 32,
            "max_train_samples": rows,
            "max_validation_samples": 16,
            "tokenizer": {"vocab_size": 512},
        }
    )
    train, validation = folder / "train.parquet", folder / "validation.parquet"
    out: dict[SplitName, Path] = {"train": train, "validation": validation, "test": folder / "test.parquet"}
    build(examples, splits, config, 1, folder / "tokenizer", out, folder / "counts.json")
    return Corpus(folder, train, validation, folder / "tokenizer")


def fine_tuned(corpus: Corpus, name: str, **training: Any) -> Path:  # noqa: ANN401
    """Fine-tune a small teacher and return its folder."""
    from kdlib.training.finetune import finetune
    from kdlib.training.inputs import TeacherInputs
    from kdlib.training.loop.job import Job

    out = corpus.folder / name
    teacher = Teacher.model_validate({"size": NANO, "training": {"dropout": 0, **training}})
    inputs = TeacherInputs(corpus.train, corpus.validation, corpus.tokenizer)
    with redirect_stdout(io.StringIO()):
        finetune(name, teacher, inputs, Job(out, corpus.folder / "checkpoints", threads=1))
    return out


def steps_of(run: Path) -> Steps:
    """Return the rows of a run's ``step_metrics.csv``."""
    with (run / "step_metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def column(steps: Steps, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return a column as numbers."""
    return np.array([float(row[name]) for row in steps])


def warm_up_and_decay(corpus: Corpus) -> None:
    """The learning rate rises to its peak in a share of the steps, and falls to a floor."""
    peak, floor, share = 2e-3, 0.2, 0.25
    run = fine_tuned(
        corpus, "rate", epochs=5, batch_size=16, learning_rate=peak, floor=floor, warmup_ratio=share
    )
    rates = column(steps_of(run), "learning_rate")
    total = len(rates)
    done = np.arange(total)  # steps before each step
    expected = np.interp(done, [0, round(share * total), total], [0, peak, floor * peak])
    error = float(np.abs(rates - expected).max())
    check(
        rates.argmax() == round(share * total),
        f"peak {rates.max():.1e} after {rates.argmax()} of {total} steps",
    )
    check(rates[-1] < peak / 2, f"last step at {rates[-1] / peak:.0%} of it, on the way to {floor:.0%}")
    check(error < 1e-12, f"off the two straight lines by at most {error:.0e}")


def accumulation(corpus: Corpus) -> None:
    """Four passes over four rows each are one pass over sixteen, though rows differ in length."""
    from safetensors.torch import load_file

    from kdlib.models.batch import read_rows

    rows = len(read_rows(corpus.train))
    shared = {"epochs": 4, "learning_rate": 1e-3, "warmup_ratio": 0.0}
    whole = fine_tuned(corpus, "whole", batch_size=rows, **shared)
    parts = fine_tuned(corpus, "parts", batch_size=-(-rows // 4), accumulation=4, **shared)
    losses = [by_step(steps_of(run), "total_loss_weighted") for run in (whole, parts)]
    counts = [len(steps_of(run)) for run in (whole, parts)]
    check(
        counts[1] == 4 * counts[0], f"{counts[0]} passes over {rows} rows against {counts[1]} over a quarter"
    )
    difference = float(np.abs(losses[0] / losses[1] - 1).max())
    check(difference < 1e-4, f"losses of all {len(losses[0])} steps equal but for {difference:.0e} of them")
    weights = [load_file(run / "final_model" / "model.safetensors") for run in (whole, parts)]
    apart = max(float((weights[0][name] - weights[1][name]).abs().max()) for name in weights[0])
    moved = float(np.sum(column(steps_of(whole), "learning_rate")))
    check(
        apart < 0.05 * moved,
        f"weights apart by {apart:.0e} at most, where each may have moved by {moved:.0e}",
    )


def by_step(steps: Steps, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the sums of a column over the passes of each step."""
    numbers = np.array([int(row["step"]) for row in steps])
    return np.bincount(numbers, column(steps, name))[1:].astype(np.float64)


def moving_weights(corpus: Corpus) -> None:
    """The weights of a multi-component loss move in straight lines, and the parts add up to the total."""
    from kdlib.training.distill import distill
    from kdlib.training.inputs import StudentInputs
    from kdlib.training.loop.job import Job

    teacher = fine_tuned(corpus, "teacher", epochs=4, batch_size=16, learning_rate=1e-2) / "best_model"
    preset = Student.model_validate(
        {
            "teacher": "teacher",
            "size": NANO,
            "components": {"focal": {}, "jsd": {}, "semantic": {}},
            "schedule": "trident",
            "training": {"epochs": 5, "batch_size": 16, "learning_rate": 1e-2, "dropout": 0},
        }
    )
    out = corpus.folder / "trident"
    inputs = StudentInputs(
        train=corpus.train,
        validation=corpus.validation,
        tokenizer=corpus.tokenizer,
        gold_embeddings=corpus.folder / "gold_embeddings",
        signals=stored(corpus, teacher),
        teacher=teacher,
    )
    with redirect_stdout(io.StringIO()):
        distill("trident", preset, inputs, Job(out, corpus.folder / "checkpoints", threads=1))
    steps, weights = steps_of(out), preset.weights()
    progress = np.arange(len(steps)) / len(steps)
    for name, (first, last) in weights.items():
        found = column(steps, f"{name}_weight")
        error = float(np.abs(found - (first + progress * (last - first))).max())
        check(
            error < 1e-12, f"{name}: {found[0]:.2f} → {found[-1]:.2f} towards {last:.2f}, off by {error:.0e}"
        )
    parts = sum(column(steps, f"{name}_loss_weighted") for name in weights)
    total = column(steps, "total_loss_weighted")
    error = float(np.abs(parts / total - 1).max())
    check(error < 1e-5, f"weighted parts add up to the total but for {error:.0e} of it")
    beta = (
        column(steps, "semantic_loss_weighted")[1:]
        / (column(steps, "semantic_weight") * column(steps, "semantic_loss_raw"))[1:]
    )
    check(bool(np.allclose(beta, 5, rtol=1e-5)), f"semantic is scaled by β = {beta.mean():.3f}, once")
    nll = read_json(out / "training_report.json")["validation_nll"]
    check(nll[-1] < nll[0], f"validation {nll[0]:.2f} → {nll[-1]:.2f} nats/token")


def stored(corpus: Corpus, teacher: Path) -> Path:
    """Store a teacher's signals and return the manifest."""
    from kdlib.records import digest
    from kdlib.signals.extract import ExtractionJob, extract
    from kdlib.signals.manifest import write_manifest
    from kdlib.signals.prepare import prepare

    folder, signals = corpus.folder / "signals", Signals(shards=1)
    codec, shards = folder / "codec.safetensors", []
    prepare(teacher, corpus.train, signals, 1, codec)
    dataset = digest(map(sha256, (corpus.train, corpus.validation)))
    job = ExtractionJob(teacher, corpus.tokenizer, signals, 32, 1, "demo")
    for split in ("train", "validation"):
        shards.append(folder / split / "0.parquet")
        rows = getattr(corpus, split)
        extract(job, rows, dataset, codec, split, 0, shards[-1])
    write_manifest(shards, codec, folder / "manifest.json")
    return folder / "manifest.json"


def production(corpus: Corpus) -> None:
    """A run for use: accumulation, clipping, recomputed activations, early stopping, the best model kept."""
    from kdlib.models.batch import read_rows
    from kdlib.models.generate import log_probabilities
    from kdlib.models.load import load

    run = fine_tuned(corpus, "production", **PRODUCTION)
    report, steps = read_json(run / "training_report.json"), steps_of(run)
    rows = {row["effective_batch_size"] for row in steps}
    check("16" in rows, f"{len(steps)} passes over 4 rows made {report['steps']} steps over 16")
    history = report["validation_nll"]
    best = min(history)
    check(report["best_validation_nll"] == best, f"best of {len(history)} validations: {best:.3f} nats/token")
    validation = read_rows(corpus.validation)
    model = load(run / "best_model")
    golds = [
        line[range(len(row.target_ids)), row.target_ids]
        for row in validation
        for line in log_probabilities(model, [row])
    ]
    again = -sum(float(line.sum()) for line in golds) / sum(len(line) for line in golds)
    check(abs(again - best) < 1e-4, f"best_model, read from disk, has {again:.3f}")
    twin = fine_tuned(corpus, "twin", **PRODUCTION)
    digests = [sha256(folder / "final_model" / "model.safetensors") for folder in (run, twin)]
    check(digests[0] == digests[1], f"trained again, the same bytes: sha256 {digests[0][:12]}…")
    left = list((corpus.folder / "checkpoints").iterdir())
    check(not left, f"checkpoints left behind: {len(left)}")


DEMONSTRATIONS: Mapping[str, tuple[Callable[[Corpus], None], int]] = {
    "warm-up and decay": (warm_up_and_decay, 64),
    "accumulation equals the full batch": (accumulation, 30),
    "a multi-component loss with moving weights": (moving_weights, 64),
    "a production configuration": (production, 64),
}


def main() -> None:
    """Run the demonstrations.

    Raises:
        ClaimError: If one does not show what it claims.
    """
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, (show, rows)) in enumerate(DEMONSTRATIONS.items(), 1):
            own = Path(folder) / str(number)
            own.mkdir()
            print(f"{number}. {name}", flush=True)
            show(sample(own, rows))


if __name__ == "__main__":
    try:
        main()
    except ClaimError as error:
        sys.exit(f"not so: {error}")
