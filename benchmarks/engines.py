"""Trainings to be timed on rows of the sample corpus: this project's and that of a plain Seq2SeqTrainer."""

from __future__ import annotations

import csv
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import AddedToken
from torch.utils.data import Sampler
from transformers import (
    DataCollatorForSeq2Seq,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    TrainerCallback,
    set_seed,
)

from kdlib.config import (
    Dataset,
    SampleSource,
    Signals,
    Size,
    Student,
    Teacher,
    Tokenizer,
    Training,
    read_config,
)
from kdlib.corpus.assembly.assemble import assemble
from kdlib.corpus.mining.mining import mine_source
from kdlib.dataset.build import build as build_dataset
from kdlib.files import sha256
from kdlib.models.batch import Row, batches, read_rows
from kdlib.models.generate import log_probabilities
from kdlib.models.scratch import build
from kdlib.models.tokenizer import load_tokenizer
from kdlib.records import SPLITS, digest
from kdlib.signals.extract import ExtractionJob, extract
from kdlib.signals.manifest import write_manifest
from kdlib.signals.prepare import prepare
from kdlib.training.distill import distill
from kdlib.training.finetune import finetune
from kdlib.training.inputs import StudentInputs, TeacherInputs
from kdlib.training.loop.job import Job

SAMPLE = Path("examples/sample-java")
BATCH = 16


@dataclass(frozen=True)
class Data:
    """Files that the dataset stage wrote."""

    tokenizer: Path
    train: Path
    validation: Path


@dataclass(frozen=True)
class Trained:
    """What came of one epoch.

    Attributes:
        samples_per_second: Of all steps but the first, which warms up.
        losses: Cross entropy of every step, in nats per token.
        validation: Negative log-likelihood of the validation rows afterwards, in nats per token.
    """

    samples_per_second: float
    losses: list[float]
    validation: float


def dataset(folder: Path, rows: int, vocabulary: int) -> Data:
    """Run the pipeline on the sample library of this repository, up to token rows.

    Args:
        folder: Where all goes.
        rows: Training rows.
        vocabulary: Entries of the tokenizer; where the corpus has fewer word pieces, unused ones fill up.
    """
    config = read_config([Path("config/config.yaml")])
    mined, report, examples = folder / "mined.parquet", folder / "mined.json", folder / "examples.parquet"
    filters = config.corpus.filters
    mine_source("sample", SampleSource(kind="sample"), SAMPLE, filters, mined, report, 1)
    splits = folder / "splits.parquet"
    assemble([mined], [report], config.split, filters, examples, splits, folder / "card.json")
    keys = {"max_train_samples": rows, "max_validation_samples": 128, "max_test_samples": 16}
    given = config.dataset.model_dump(exclude={"tokenizer", *keys})
    chosen = Dataset(**given, **keys, tokenizer=Tokenizer(vocab_size=vocabulary))
    out = {split: folder / f"{split}.parquet" for split in SPLITS}
    build_dataset(examples, splits, chosen, 1, folder / "tokenizer", out, folder / "counts.json")
    _fill_up(folder / "tokenizer", vocabulary)
    return Data(folder / "tokenizer", out["train"], out["validation"])


def _fill_up(tokenizer: Path, vocabulary: int) -> None:
    """Add entries that no text contains, until there are as many as in the vocabulary asked for."""
    words = load_tokenizer(tokenizer)
    words.add_tokens([AddedToken(f"<unused {n}>") for n in range(len(words), vocabulary)])
    words.save_pretrained(str(tokenizer))


def training_of(seed: int, **changes: float) -> Training:
    """Return the settings that all trainings share: one epoch, the rate falling to zero as is plain."""
    return Training(epochs=1, batch_size=BATCH, floor=0, seed=seed, **changes)


def ours(data: Data, size: Size, training: Training, threads: int, folder: Path) -> Trained:
    """Train with this project, as the teacher stage does."""
    inputs = TeacherInputs(data.train, data.validation, data.tokenizer)
    job = Job(folder / "out", folder / "checkpoints", threads)
    finetune("one", Teacher(size=size, training=training), inputs, job)
    return _trained(folder / "out", read_rows(data.train))


def _trained(out: Path, rows: Sequence[Row]) -> Trained:
    """Return what the records of a run say."""
    with (out / "step_metrics.csv").open(newline="") as file:
        steps = list(csv.DictReader(file))
    report = json.loads((out / "training_report.json").read_text())
    seconds = float(steps[-1]["timestamp"]) - float(steps[0]["timestamp"])
    losses = [float(row["ce_loss_raw"]) for row in steps]
    return Trained((len(rows) - BATCH) / seconds, losses, report["best_validation_nll"])


class _Clock(TrainerCallback):
    """Notes the time after every step."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def on_step_end(self, *_: object, **__: object) -> None:
        """Note it (signature of transformers)."""
        self.times.append(time.time())


class _InOrder(Seq2SeqTrainer):
    """A plain trainer that reads rows in a given order."""

    order: Sequence[int] = ()

    def _get_train_sampler(self, *_: object) -> Sampler[int]:
        return self.order  # type: ignore[return-value]


def plain(
    data: Data,
    size: Size,
    training: Training,
    threads: int,
    folder: Path,
    order: Sequence[int] | None = None,
) -> Trained:
    """Train with a plain Seq2SeqTrainer: its own defaults, but for what is measured and what both share.

    Args:
        data: Files of the dataset.
        size: Of the model.
        training: What both share: batch, rate, warm-up, weight decay, clipping, seed.
        threads: CPU threads.
        folder: Where it writes.
        order: Numbers of the rows, in the order of their reading; None for its own random one. Every step's
            loss is logged then.
    """
    words, rows, clock = load_tokenizer(data.tokenizer), read_rows(data.train), _Clock()
    torch.set_num_threads(threads)
    set_seed(training.seed)
    model = build(size, words, training.dropout, training.seed)
    arguments = Seq2SeqTrainingArguments(
        output_dir=str(folder),
        num_train_epochs=training.epochs,
        per_device_train_batch_size=training.batch_size,
        learning_rate=training.learning_rate,
        warmup_steps=round(training.warmup_ratio * math.ceil(len(rows) / training.batch_size)),
        weight_decay=training.weight_decay,
        max_grad_norm=training.clip,
        seed=training.seed,
        logging_steps=500 if order is None else 1,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
    )
    trainer = (Seq2SeqTrainer if order is None else _InOrder)(
        model=model,
        args=arguments,
        train_dataset=[{"input_ids": row.source_ids, "labels": row.target_ids} for row in rows],
        data_collator=DataCollatorForSeq2Seq(words, model=model),
        callbacks=[clock],
    )
    if order is not None:
        trainer.order = order
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    speed = (len(rows) - BATCH) / (clock.times[-1] - clock.times[0])
    return Trained(speed, losses, _nll(model.eval(), read_rows(data.validation)))


def _nll(model: torch.nn.Module, rows: Sequence[Row]) -> float:
    """Return the mean negative log-likelihood of the rows' target tokens."""
    total, tokens = 0.0, 0
    for batch in batches(rows, 32):
        for row, line in zip(batch, log_probabilities(model, batch), strict=True):
            total -= float(line[range(len(row.target_ids)), row.target_ids].sum())
            tokens += len(row.target_ids)
    return total / tokens


def store(data: Data, teacher: Path, signals: Signals, threads: int, folder: Path) -> Path:
    """Store a teacher's signals on the training and validation rows and return the manifest."""
    codec, shards = folder / "codec.safetensors", []
    prepare(teacher, data.train, signals, threads, codec)
    origin = digest(map(sha256, (data.train, data.validation)))
    job = ExtractionJob(teacher, data.tokenizer, signals, 48, threads, "")
    for split, rows in (("train", data.train), ("validation", data.validation)):
        shards.append(folder / split / "0.parquet")
        extract(job, rows, origin, codec, split, 0, shards[-1])
    write_manifest(shards, codec, folder / "manifest.json")
    return folder / "manifest.json"


def distilled(
    data: Data, student: Student, manifest: Path, teacher: Path, threads: int, folder: Path
) -> Trained:
    """Distil with this project, as the student stage does."""
    inputs = StudentInputs(
        train=data.train,
        validation=data.validation,
        tokenizer=data.tokenizer,
        gold_embeddings=folder / "gold_embeddings",
        signals=manifest,
        teacher=teacher,
    )
    distill("one", student, inputs, Job(folder / "out", folder / "checkpoints", threads))
    return _trained(folder / "out", read_rows(data.train))


def parameters(data: Data, size: Size) -> int:
    """Return the number of parameters of a model."""
    model = build(size, load_tokenizer(data.tokenizer), 0.0, 0)
    return sum(parameter.numel() for parameter in model.parameters())
