"""The student stage: distil from stored signals or the teacher itself, with the prompts that it read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.config import Student
from kdlib.files import DataError, sha256
from kdlib.models.load import computing_device, dtype_of
from kdlib.models.mapped import Mapped, iter_rows, map_rows, parts_of, write_mapped
from kdlib.records import digest
from kdlib.training.beams import stored_beams
from kdlib.training.checks import check_training
from kdlib.training.fit import Job, arguments, fit, job_key, processes
from kdlib.training.plan import student_plan
from kdlib.training.references import write_references

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from kdlib.losses.syntax import Legality
    from kdlib.models.batch import Row
    from kdlib.signals.store import SignalStore
    from kdlib.training.online import OnlineTeacher
    from kdlib.training.plan import Plan


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

    Raises:
        DataError: If the loss needs what is not given, or the store cannot serve this training; nothing has
            been written then.
    """
    from kdlib.losses.validity import judge
    from kdlib.models.tokenizer import decode, embedding_rows, load_tokenizer
    from kdlib.training.encoders import gold_vectors_of
    from kdlib.training.layers import pair
    from kdlib.training.objective import Objective

    _check_given(name, student, signals, teacher, encoder, pretrained, beams)
    dtype_of(student.training.precision, computing_device())  # before anything is written
    params = {**student.model_dump(mode="json", exclude={"training"}), **student.training.model_dump()}
    params |= {"threads": threads, "processes": processes()}
    used = [train, validation, tokenizer / "tokenizer.json"]
    used += [signals] if signals else []
    measure = encoder or (teacher if student.needs_teachers_encoder() else None)
    models = [folder for folder in (teacher, encoder, pretrained) if folder]
    used += [folder / file for folder in models for file in ("config.json", "model.safetensors")]
    used += [beams] if beams else []
    key = job_key({**params, "code": code}, used)
    job = Job(f"students/{name}", key, checkpoints, out, threads, tracking)
    words, plan, online = load_tokenizer(tokenizer), student_plan(student), None
    if teacher and student.needs_online():
        online = online_teacher(teacher, embedding_rows(words))
    references, learnt, store = None, train, None
    if signals and student.needs_store():
        origin = origin_of(train, validation, tokenizer, teacher)
        store = trusted_store(signals, origin, iter_rows(train), embedding_rows(words), plan)
    model, pairing = _initial(student, pretrained, teacher, words), None
    if online is not None and student.needs_layers():
        pairing = pair(model, online.model, student.components, student.training.seed)
    if store and student.sequence:
        beams = job.folder() / "beams.parquet"
        stored_beams(store, train, tokenizer, student.sequence.beams, beams)
    if beams and student.sequence:
        learnt = job.folder() / "references.parquet"
        references = write_references(train, beams, student.sequence, learnt)
    readers, args = [model, *([online.model] if online else [])], arguments(student.training, job.folder())
    check_training(readers, learnt, validation, args, student.training.epoch_samples)
    rows = map_rows(learnt, job.folder() / "train.arrow")
    fit(
        model=model,
        vocabulary=words.get_vocab(),
        rows=rows,
        validation=map_rows(validation, job.folder() / "validation.arrow"),
        objective=Objective(
            student.components,
            golds=gold_vectors_of(measure, words, rows, golds, threads) if measure else None,
            legality=legality_of(words) if student.components.need("legality") else None,
            pairing=pairing,
            judge=judge(partial(decode, words), words.eos_token_id)
            if student.components.need("judge")
            else None,
        ),
        training=student.training,
        plan=plan,
        job=job,
        params=params,
        store=store,
        teacher=online,
        token_weights=_token_weights(words, learnt, student.token_weight, job.folder() / "weights.arrow"),
        references=references,
    )


def _initial(
    student: Student, pretrained: Path | None, teacher: Path | None, tokenizer: PreTrainedTokenizerFast
) -> PreTrainedModel:
    """Return the model before training."""
    from kdlib.models.load import check_tokenizer, load
    from kdlib.models.scratch import build
    from kdlib.models.shrink import shrink

    training = student.training
    if pretrained is not None:
        check_tokenizer(pretrained, tokenizer)
        return load(pretrained, training.dropout)
    if student.layers is not None and teacher is not None:
        return shrink(teacher, student.layers, training.dropout)
    if student.size is None:
        raise ValueError("a student needs a size, a pretrained model, or a teacher whose layers it takes")
    return build(student.size, tokenizer, training.dropout, training.seed)


def legality_of(tokenizer: PreTrainedTokenizerFast) -> Legality:
    """Return what Java allows to follow, in the tokens of a tokenizer.

    Args:
        tokenizer: Gives the texts of all tokens and the end token.
    """
    from kdlib.losses.syntax import Legality
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


def _check_given(
    name: str,
    student: Student,
    signals: Path | None,
    teacher: Path | None,
    encoder: Path | None,
    pretrained: Path | None,
    beams: Path | None,
) -> None:
    for needed, path, what in (
        (student.needs_beams(), beams, "it learns from the teacher's answers (rule beams)"),
        (student.needs_store(), signals, "its loss needs signals"),
        (student.needs_online(), teacher, "its loss needs its teacher online"),
        (student.needs_teachers_encoder(), teacher, "its loss needs the teacher's encoder"),
        (student.layers is not None, teacher, "it starts from the teacher's layers"),
        (student.model is not None, pretrained, f"it starts from the model {student.model}"),
        (student.encoder is not None, encoder, f"its loss needs the encoder {student.encoder}"),
    ):
        if needed and path is None:
            raise DataError(f"student {name}: {what}, none given")


def origin_of(train: Path, validation: Path, tokenizer: Path, teacher: Path | None) -> dict[str, str]:
    """Return the digests that signals extracted from these files carry.

    Args:
        train: Token rows.
        validation: Token rows.
        tokenizer: Folder of the run's tokenizer.
        teacher: Folder of the teacher's model, if it is at hand.
    """
    origin = {"tokenizer": sha256(tokenizer / "tokenizer.json")}
    origin |= {"model": sha256(teacher / "model.safetensors")} if teacher else {}
    # In the order of the rule signals_shard.
    return {**origin, "dataset": digest(map(sha256, (train, validation)))}


def trusted_store(
    manifest: Path, origin: Mapping[str, str], rows: Iterable[Row], vocabulary: int, plan: Plan
) -> SignalStore:
    """Open a store after making sure that a training on it cannot fail for what it holds.

    Args:
        manifest: Of the store.
        origin: Digests that it must carry.
        rows: Training rows, each of which needs a signal.
        vocabulary: Entries of the student's output distribution.
        plan: Gives the temperature of every epoch.

    Raises:
        DataError: If the store comes from another model, tokenizer or dataset, a file or a row is missing or
            damaged, or it cannot answer for that vocabulary or at one of the temperatures.
    """
    from kdlib.signals.signal import SignalKey
    from kdlib.signals.store import SignalStore

    store, keys = SignalStore(manifest), (SignalKey(row.id, row.target_hash, 0) for row in rows)
    first = list(islice(keys, 1))
    store.check(origin, chain(first, keys))
    _check_entries(manifest, store.provenance["codec"]["vocab_size"], vocabulary)
    for temperature in sorted({plan.moment(epoch, False)[0] for epoch in range(plan.epochs)}):
        for key in first:
            store.signal(key, temperature)
    return store


def online_teacher(folder: Path, vocabulary: int) -> OnlineTeacher:
    """Load a teacher that runs beside its student.

    Args:
        folder: Of the teacher's model.
        vocabulary: Entries of the student's output distribution.

    Raises:
        DataError: If the teacher's distributions have other entries.
    """
    from kdlib.models.load import load
    from kdlib.training.online import OnlineTeacher

    model = load(folder)
    _check_entries(folder, len(model.get_output_embeddings().weight), vocabulary)
    return OnlineTeacher(model)


def _check_entries(place: Path, entries: int, vocabulary: int) -> None:
    if entries != vocabulary:
        raise DataError(
            f"{place}: the teacher's distributions are over {entries} tokens, the student's over the "
            f"{vocabulary} of the tokenizer; take a teacher with as many, or the loss ce"
        )
