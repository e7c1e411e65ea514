"""Whence a student takes its teacher's distributions: a store that can be trusted, or the teacher itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.files import DataError, sha256
from kdlib.records import digest

if TYPE_CHECKING:
    from kdlib.models.batch import Row
    from kdlib.signals.store import SignalStore
    from kdlib.training.loop.plan import Plan
    from kdlib.training.teacher.online import OnlineTeacher


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
    from kdlib.signals.store import SignalStore
    from kdlib.teacher_signal import SignalKey

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
    from kdlib.training.teacher.online import OnlineTeacher

    model = load(folder)
    _check_entries(folder, len(model.get_output_embeddings().weight), vocabulary)
    return OnlineTeacher(model)


def _check_entries(place: Path, entries: int, vocabulary: int) -> None:
    if entries != vocabulary:
        raise DataError(
            f"{place}: the teacher's distributions are over {entries} tokens, the student's over the "
            f"{vocabulary} of the tokenizer; take a teacher with as many, or the loss ce"
        )
