"""Where a student takes its teacher's distributions from: stored signals, or the teacher itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.files import DataError, sha256
from kdlib.models.load import load
from kdlib.records import digest

if TYPE_CHECKING:
    from kdlib.models.batch import Row
    from kdlib.signals.store import SignalStore
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


def trusted_signals(
    manifest: Path,
    origin: Mapping[str, str],
    rows: Iterable[Row],
    vocabulary: int,
    temperatures: Iterable[float],
) -> SignalStore:
    """Open stored signals after making sure that they serve every row and temperature of a training.

    Args:
        manifest: Manifest of the signals.
        origin: Digests that it must carry.
        rows: Training rows, each of which needs a signal.
        vocabulary: Entries of the student's output distribution.
        temperatures: Temperatures of all epochs, > 0.

    Raises:
        DataError: If the signals come from another model, tokenizer or dataset, a file or a row is missing or
            damaged, or the vocabulary or one of the temperatures cannot be served.
    """
    from kdlib.signals.store import SignalStore
    from kdlib.teacher_signal import SignalKey

    signals = SignalStore(manifest)
    keys = (SignalKey(row.id, row.target_hash, 0) for row in rows)
    first = list(islice(keys, 1))
    signals.check(origin, chain(first, keys))
    _check_entries(manifest, signals.provenance["codec"]["vocab_size"], vocabulary)
    for temperature in temperatures:
        for key in first:
            signals.signal(key, temperature)
    return signals


def online_teacher(folder: Path, vocabulary: int) -> OnlineTeacher:
    """Load a teacher that runs beside its student.

    Args:
        folder: Folder of the teacher's model.
        vocabulary: Entries of the student's output distribution.

    Raises:
        DataError: If the teacher's distributions have other entries.
    """
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
