"""The student stage: distil from stored signals or the teacher itself, with the prompts that it read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdlib.config import Student
from kdlib.models.load import computing_device, dtype_of, load
from kdlib.models.mapped import Mapped, iter_rows, map_rows, parts_of, write_mapped
from kdlib.training.checks import check_training
from kdlib.training.data import Lessons
from kdlib.training.inputs import Given, check_given
from kdlib.training.loop.loop import Job, arguments, fit, further_files, job_key, processes
from kdlib.training.loop.plan import student_plan
from kdlib.training.teacher.outputs import stored_beams
from kdlib.training.teacher.references import write_references
from kdlib.training.teacher.stored import online_teacher, origin_of, trusted_store

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from kdlib.losses.legality import Legality
    from kdlib.models.batch import Row
    from kdlib.signals.store import SignalStore
    from kdlib.training.loop.objective import Objective
    from kdlib.training.loop.plan import Plan
    from kdlib.training.teacher.gold_embeddings import GoldVectors
    from kdlib.training.teacher.layers import Pairing
    from kdlib.training.teacher.online import OnlineTeacher


def distill(
    name: str,
    student: Student,
    train: Path,
    validation: Path,
    tokenizer: Path,
    signals: Path | None,
    teacher: Path | None,
    out: Path,
    checkpoints: Path,
    threads: int,
    golds: Path,
    encoder: Path | None = None,
    tracking: Path | None = None,
    code: str = "",
    pretrained: Path | None = None,
    beams: Path | None = None,
    resume_from: Path | None = None,
) -> None:
    """Train a student.

    Args:
        name: Its name in the configuration.
        student: Preset.
        train: Token rows.
        validation: Token rows that choose the best epoch.
        tokenizer: Folder of the run's tokenizer.
        signals: Manifest of the teacher's signals, if a component needs them.
        teacher: Folder of the teacher's model, whose signals, encoder and layers these are; it is loaded only
            if the student needs its encoder, its distributions online or its layers.
        out: Folder for ``best_model``, ``final_model`` and the records.
        checkpoints: Folder that outlives a crash.
        threads: CPU threads.
        golds: Folder where vectors of gold assertions are kept, for losses that need the encoder.
        encoder: Folder of a staged sentence encoder, if the student names one in its teacher's place.
        tracking: JSON of the tracking stage, or None.
        code: Digest of the code that runs, so that other code does not resume its checkpoints.
        pretrained: Folder of the model to start from, if the student names one.
        beams: The teacher's answers to the training prompts, with their counts in a JSON file beside, if the
            student learns from whole sequences and reads no stored signals, which hold the answers.
        resume_from: Checkpoint of another training to go on from; this one's own go before it.

    Raises:
        DataError: If the loss needs what is not given, or the store cannot serve this training; nothing has
            been written then.
    """
    given = Given(train, validation, tokenizer, signals, teacher, encoder, pretrained, beams)
    check_given(name, student, given)
    dtype_of(student.training.precision, computing_device())  # before anything is written
    params = {**student.model_dump(mode="json", exclude={"training"}), **student.training.model_dump()}
    params |= {"threads": threads, "processes": processes()}
    used = [*given.files(), *further_files(student.training, resume_from)]
    key = job_key({**params, "code": code}, used)
    job = Job(f"students/{name}", key, checkpoints, out, threads, tracking, resume_from)
    _train(student, given, job, golds, params)


def _train(student: Student, given: Given, job: Job, golds: Path, params: dict[str, Any]) -> None:
    """Train a student in the places of a job; what makes it impossible is told before rows are mapped."""
    from kdlib.models.tokenizer import load_tokenizer
    from kdlib.training.teacher.layers import pair, without_projections

    folder, words, plan = job.folder(), load_tokenizer(given.tokenizer), student_plan(student)
    online, store = _distributions(student, given, words, plan)
    model = _initial(student, given, words)
    pairing = None
    if online is not None and student.needs_layers():
        pairing = pair(model, online.model, student.components, student.training.seed)
    learnt, references = _learnt(student, given, store, folder)
    readers, args = [model, *([online.model] if online else [])], arguments(student.training, folder)
    check_training(readers, learnt, given.validation, args, student.training.epoch_samples)
    rows = map_rows(learnt, folder / "train.arrow")
    meanings = _golds(student, given, words, rows, golds, job.threads, online)
    token_weights = _token_weights(words, learnt, student.token_weight, folder / "weights.arrow")
    held_out = map_rows(given.validation, folder / "validation.arrow")
    fit(
        model=model,
        vocabulary=words.get_vocab(),
        lessons=Lessons(rows, held_out, store, online, token_weights, references),
        objective=_objective(student, words, meanings, pairing),
        training=student.training,
        plan=plan,
        job=job,
        params=params,
        opened=without_projections if pairing and pairing.hidden else load,
    )


def _distributions(
    student: Student, given: Given, words: PreTrainedTokenizerFast, plan: Plan
) -> tuple[OnlineTeacher | None, SignalStore | None]:
    """Return the teacher itself or its store, whichever the student learns from."""
    from kdlib.models.tokenizer import embedding_rows

    online, store = None, None
    if given.teacher and student.needs_online():
        online = online_teacher(given.teacher, embedding_rows(words))
    if given.signals and student.needs_store():
        origin = origin_of(given.train, given.validation, given.tokenizer, given.teacher)
        store = trusted_store(given.signals, origin, iter_rows(given.train), embedding_rows(words), plan)
    return online, store


def _learnt(
    student: Student, given: Given, store: SignalStore | None, folder: Path
) -> tuple[Path, dict[str, int] | None]:
    """Return the rows to learn from, with the teacher's answers if wanted, and the counts of these."""
    if student.sequence is None:
        return given.train, None
    beams = given.beams
    if store:
        beams = folder / "beams.parquet"
        stored_beams(store, given.train, given.tokenizer, student.sequence.beams, beams)
    if beams is None:
        raise ValueError("a student of whole sequences needs the teacher's answers")
    out = folder / "references.parquet"
    return out, write_references(given.train, beams, student.sequence, out)


def _golds(
    student: Student,
    given: Given,
    words: PreTrainedTokenizerFast,
    rows: Sequence[Row],
    folder: Path,
    threads: int,
    online: OnlineTeacher | None,
) -> GoldVectors | None:
    """Return the frozen encoder with its vectors of gold assertions, if the losses read it."""
    from kdlib.training.teacher.encoder import gold_vectors_of

    if given.encoder:
        return gold_vectors_of(given.encoder, words, rows, folder, threads)
    if given.teacher is None or not student.needs_teachers_encoder():
        return None
    # One that tells its attention computes other bits than the vectors that students share.
    shared = online.model if online and student.components.attention is None else None
    return gold_vectors_of(given.teacher, words, rows, folder, threads, shared)


def _objective(
    student: Student, words: PreTrainedTokenizerFast, golds: GoldVectors | None, pairing: Pairing | None
) -> Objective:
    """Return the student's losses with what they read beside a batch."""
    from kdlib.losses.legality import judge
    from kdlib.models.tokenizer import decode
    from kdlib.training.loop.objective import Objective

    judged = student.components.need("judge")
    return Objective(
        student.components,
        golds=golds,
        legality=legality_of(words) if student.components.need("legality") else None,
        pairing=pairing,
        judge=judge(partial(decode, words), words.eos_token_id) if judged else None,
    )


def _initial(student: Student, given: Given, tokenizer: PreTrainedTokenizerFast) -> PreTrainedModel:
    """Return the model before training."""
    from kdlib.models.load import check_tokenizer, load
    from kdlib.models.scratch import build
    from kdlib.models.shrink import shrink

    training = student.training
    if given.pretrained is not None:
        check_tokenizer(given.pretrained, tokenizer)
        return load(given.pretrained, training.dropout)
    if student.layers is not None and given.teacher is not None:
        return shrink(given.teacher, student.layers, training.dropout)
    if student.size is None:
        raise ValueError("a student needs a size, a pretrained model, or a teacher whose layers it takes")
    return build(student.size, tokenizer, training.dropout, training.seed)


def legality_of(tokenizer: PreTrainedTokenizerFast) -> Legality:
    """Return what Java allows to follow, in the tokens of a tokenizer.

    Args:
        tokenizer: Gives the texts of all tokens and the end token.
    """
    from kdlib.losses.legality import Legality
    from kdlib.models.tokenizer import token_texts

    return Legality(token_texts(tokenizer), tokenizer.eos_token_id)


def _token_weights(
    tokenizer: PreTrainedTokenizerFast, train: Path, weight: float, file: Path
) -> Sequence[Sequence[float]] | None:
    """Return the factor of every target token of the training rows, or None where none differs from 1."""
    import pyarrow as pa

    from kdlib.losses.critical_tokens import row_weights

    def weighted(part: pa.RecordBatch) -> pa.RecordBatch:
        texts, targets = part["target"].to_pylist(), part["target_ids"].to_pylist()
        factors = row_weights(tokenizer, texts, targets, weight)
        return pa.record_batch({"weights": pa.array(factors, pa.list_(pa.float32()))})

    if weight == 1:
        return None
    if not file.exists():
        write_mapped(file, map(weighted, parts_of(train, ["target", "target_ids"])))
    return Mapped(file, lambda weights: weights)
