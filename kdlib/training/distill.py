"""The student stage: distil from stored signals or the teacher itself, with the prompts that it read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.config import Student
from kdlib.losses.critical_tokens import row_weights
from kdlib.losses.legality import Legality, judge
from kdlib.models.load import check_tokenizer, computing_device, dtype_of, load
from kdlib.models.mapped import Mapped, iter_rows, map_rows, parts_of, write_mapped
from kdlib.models.scratch import build
from kdlib.models.shrink import shrink
from kdlib.models.tokenizer import decode, embedding_rows, load_tokenizer, token_texts
from kdlib.training.checks import check_training
from kdlib.training.inputs import StudentInputs, check_inputs
from kdlib.training.loop.arguments import arguments
from kdlib.training.loop.data import TrainingData
from kdlib.training.loop.job import Job, TrainingRun, training_run
from kdlib.training.loop.loop import fit
from kdlib.training.loop.plan import student_plan
from kdlib.training.results import finish
from kdlib.training.teacher.outputs import stored_beams
from kdlib.training.teacher.references import write_references
from kdlib.training.teacher.stored import online_teacher, origin_of, trusted_signals

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from kdlib.models.batch import Row
    from kdlib.signals.store import SignalStore
    from kdlib.training.loop.objective import Objective
    from kdlib.training.teacher.gold_embeddings import GoldEmbeddingCache
    from kdlib.training.teacher.layers import Pairing
    from kdlib.training.teacher.online import OnlineTeacher


def distill(name: str, student: Student, inputs: StudentInputs, job: Job) -> None:
    """Train a student.

    Args:
        name: Its name in the configuration.
        student: Preset.
        inputs: Files that it reads.
        job: Where and how it runs.

    Raises:
        DataError: If the loss needs a file that is not given, or the signals cannot serve this training;
            nothing has been written then.
    """
    check_inputs(name, student, inputs)
    dtype_of(student.training.precision, computing_device())  # before anything is written
    settings = {**student.model_dump(mode="json", exclude={"training"}), **student.training.model_dump()}
    plan = student_plan(student)
    run = training_run(f"students/{name}", student.training, plan, job, settings, inputs.files())
    _train(student, inputs, run)


def _train(student: Student, inputs: StudentInputs, run: TrainingRun) -> None:
    """Train a student; what makes it impossible is reported before rows are mapped."""
    from kdlib.training.teacher.layers import pair, without_projections

    folder = run.folder
    tokenizer = load_tokenizer(inputs.tokenizer)
    teacher, signals = _distributions(student, inputs, tokenizer, run)
    model = _initial(student, inputs, tokenizer)
    pairing = None
    if teacher is not None and student.needs_layers():
        pairing = pair(model, teacher.model, student.components, student.training.seed)
    train, references = _with_references(student, inputs, signals, folder)
    readers = [model, *([teacher.model] if teacher else [])]
    args = arguments(student.training, folder)
    check_training(readers, train, inputs.validation, args, student.training.epoch_samples)
    rows = map_rows(train, folder / "train.arrow")
    gold_embeddings = _gold_embeddings(student, inputs, tokenizer, rows, run.job.threads, teacher)
    data = TrainingData(
        rows=rows,
        token_weights=_token_weights(tokenizer, train, student.token_weight, folder / "weights.arrow"),
        validation=map_rows(inputs.validation, folder / "validation.arrow"),
        vocabulary=tokenizer.get_vocab(),
        signals=signals,
        teacher=teacher,
        references=references,
    )
    fit(run, model, data, _objective(student, tokenizer, gold_embeddings, pairing))
    finish(run, data, without_projections if pairing and pairing.hidden else load)


def _distributions(
    student: Student, inputs: StudentInputs, tokenizer: PreTrainedTokenizerFast, run: TrainingRun
) -> tuple[OnlineTeacher | None, SignalStore | None]:
    """Return the teacher itself or its stored signals, whichever the student learns from."""
    teacher = None
    signals = None
    if inputs.teacher and student.needs_online():
        teacher = online_teacher(inputs.teacher, embedding_rows(tokenizer))
    if inputs.signals and student.needs_store():
        origin = origin_of(inputs.train, inputs.validation, inputs.tokenizer, inputs.teacher)
        rows = iter_rows(inputs.train)
        temperatures = run.plan.temperatures()
        signals = trusted_signals(inputs.signals, origin, rows, embedding_rows(tokenizer), temperatures)
    return teacher, signals


def _with_references(
    student: Student, inputs: StudentInputs, signals: SignalStore | None, folder: Path
) -> tuple[Path, dict[str, int] | None]:
    """Return the rows to learn from, with the teacher's beams if wanted, and the counts of these."""
    if student.beams is None:
        return inputs.train, None
    beams = inputs.beams
    if signals:
        beams = folder / "beams.parquet"
        stored_beams(signals, inputs.train, inputs.tokenizer, student.beams.width, beams)
    if beams is None:
        raise ValueError("a student of whole sequences needs the teacher's beams")
    out = folder / "references.parquet"
    return out, write_references(inputs.train, beams, student.beams, out)


def _gold_embeddings(
    student: Student,
    inputs: StudentInputs,
    tokenizer: PreTrainedTokenizerFast,
    rows: Sequence[Row],
    threads: int,
    teacher: OnlineTeacher | None,
) -> GoldEmbeddingCache | None:
    """Return the frozen encoder with its embeddings of gold assertions, if the losses read it."""
    from kdlib.training.teacher.encoder import gold_embeddings_of

    cache = inputs.gold_embeddings
    if inputs.encoder:
        return gold_embeddings_of(inputs.encoder, tokenizer, rows, cache, threads)
    if inputs.teacher is None or not student.needs_teachers_encoder():
        return None
    # A model that returns its attention computes other bits than the embeddings that students share.
    loaded = teacher.model if teacher and student.components.attention is None else None
    return gold_embeddings_of(inputs.teacher, tokenizer, rows, cache, threads, loaded)


def _objective(
    student: Student,
    tokenizer: PreTrainedTokenizerFast,
    gold_embeddings: GoldEmbeddingCache | None,
    pairing: Pairing | None,
) -> Objective:
    """Return the student's losses with what they read beside a batch."""
    from kdlib.training.loop.objective import Objective

    judged = student.components.need("judge")
    return Objective(
        student.components,
        gold_embeddings=gold_embeddings,
        legality=legality_of(tokenizer) if student.components.need("legality") else None,
        pairing=pairing,
        judge=judge(partial(decode, tokenizer), tokenizer.eos_token_id) if judged else None,
    )


def _initial(student: Student, inputs: StudentInputs, tokenizer: PreTrainedTokenizerFast) -> PreTrainedModel:
    """Return the model before training."""
    training = student.training
    if inputs.pretrained is not None:
        check_tokenizer(inputs.pretrained, tokenizer)
        return load(inputs.pretrained, training.dropout)
    if student.layers is not None and inputs.teacher is not None:
        return shrink(inputs.teacher, student.layers, training.dropout)
    if student.size is None:
        raise ValueError("a student needs a size, a pretrained model, or a teacher whose layers it takes")
    return build(student.size, tokenizer, training.dropout, training.seed)


def legality_of(tokenizer: PreTrainedTokenizerFast) -> Legality:
    """Return what Java allows to follow, in the tokens of a tokenizer.

    Args:
        tokenizer: Gives the texts of all tokens and the end token.
    """
    return Legality(token_texts(tokenizer), tokenizer.eos_token_id)


def _token_weights(
    tokenizer: PreTrainedTokenizerFast, train: Path, weight: float, file: Path
) -> Sequence[Sequence[float]] | None:
    """Return the factor of every target token of the training rows, or None where none differs from 1."""
    import pyarrow as pa

    def weighted(part: pa.RecordBatch) -> pa.RecordBatch:
        texts = part["target"].to_pylist()
        targets = part["target_ids"].to_pylist()
        factors = row_weights(tokenizer, texts, targets, weight)
        return pa.record_batch({"weights": pa.array(factors, pa.list_(pa.float32()))})

    if weight == 1:
        return None
    if not file.exists():
        write_mapped(file, map(weighted, parts_of(train, ["target", "target_ids"])))
    return Mapped(file, lambda weights: weights)
