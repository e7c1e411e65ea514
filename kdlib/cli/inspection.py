"""What a store of signals says of itself, as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdlib.files import DataError, read_json, read_parquet
from kdlib.signals.manifest import StoreFile, read_manifest
from kdlib.signals.shard import StoreOrigin, read_shard

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor
    from transformers import PreTrainedTokenizerFast

    from kdlib.teacher_signal import Signal

Values = dict[str, Any]
NAMES = ("model", "tokenizer", "dataset", "code", "precision")
MASS = 0.01  # by which rounded probabilities may miss 1


def manifest_of(path: Path) -> Path:
    """Return the manifest of a store.

    Args:
        path: The manifest, its folder, or a shard in the folder or one below.

    Raises:
        DataError: If there is none.
    """
    if not path.exists():
        raise DataError(f"{path}: there is no such file or folder")
    if path.suffix == ".json":
        return path
    folders = [path] if path.is_dir() else list(path.parents[:2])
    for folder in folders:
        if (folder / "manifest.json").is_file():
            return folder / "manifest.json"
    raise DataError(f"{path}: no manifest.json {'in' if path.is_dir() else 'beside or above'} it")


def description(path: Path) -> Values:
    """Return what a store or one shard holds; a shard by itself is read from end to end.

    Args:
        path: Manifest, its folder, or one shard.

    Raises:
        DataError: If it is none of these, or a shard cannot be read.
    """
    if not path.exists():
        raise DataError(f"{path}: there is no such file or folder")
    if path.is_file() and path.suffix != ".json":
        return _shard(path)
    manifest = manifest_of(path)
    store = read_manifest(manifest)
    fidelity = manifest.parent / "fidelity.json"
    return {
        "path": str(manifest),
        **_origin(store),
        "codec_file": store.codec_file,
        "codec_bytes": store.codec_bytes,
        "splits": _splits(store.files),
        "ranks": _ranks([manifest.parent / entry.file for entry in store.files]),
        "fidelity": read_json(fidelity) if fidelity.is_file() else None,
    }


def verified(manifest: Path) -> Values:
    """Check every file of a store and decode every signal.

    Raises:
        DataError: With the first file or signal that is not what it should be.
    """
    from tqdm import tqdm

    from kdlib.signals.store import SignalStore

    stated = read_manifest(manifest)
    store = SignalStore(manifest)
    temperature = _temperature(stated, None)
    positions = 0
    for target in tqdm(store.targets(), total=len(store), unit=" signals", disable=None):
        signal = store.signal(target.key, temperature)
        where = f"{manifest}: id {target.key.id}, rank {target.key.rank}"
        if not bool(((_mass(signal) - 1).abs() < MASS).all()):
            raise DataError(
                f"{where}: its probabilities do not add up to 1; delete its shard and extract again"
            )
        if target.target_ids is not None and len(target.target_ids) != len(signal.log_probs):
            raise DataError(f"{where}: {len(signal.log_probs)} positions, {len(target.target_ids)} tokens")
        positions += len(signal.log_probs)
    if positions != stated.positions:
        raise DataError(f"{manifest}: {positions} positions are stored, {stated.positions} were written")
    return {"signals": len(store), "positions": positions, "temperature": temperature}


def one_signal(
    manifest: Path, row: str, rank: int, temperature: float | None, top: int, tokenizer: Path | None
) -> Values:
    """Return the most probable tokens of a signal.

    Args:
        manifest: Manifest of the store.
        row: Id of the example, or its first characters.
        rank: 0 for the gold target, 1…n for the teacher's beams.
        temperature: Temperature, > 0; None takes that of the codec, or 1.
        top: Number of tokens returned for each position.
        tokenizer: Folder of the tokenizer; with it the tokens have texts.

    Raises:
        DataError: If there is no such signal or several ids begin so, or the codec cannot answer at that
            temperature.
    """
    from kdlib.models.tokenizer import load_tokenizer
    from kdlib.signals.store import SignalStore

    if tokenizer and not (tokenizer / "tokenizer.json").is_file():
        raise DataError(f"{tokenizer}: holds no tokenizer.json")
    store = SignalStore(manifest)
    of_id = [target for target in store.targets() if target.key.id.startswith(row)]
    if len(ids := {target.key.id for target in of_id}) != 1:
        raise DataError(f"{manifest}: {len(ids) or 'no'} ids begin with {row!r}")
    target = next((target for target in of_id if target.key.rank == rank), None)
    if target is None:
        ranks = ", ".join(str(target.key.rank) for target in of_id)
        raise DataError(f"{manifest}: id {of_id[0].key.id} has no rank {rank}; it has {ranks}")
    asked = _temperature(read_manifest(manifest), temperature)
    signal = store.signal(target.key, asked)
    decoder = load_tokenizer(tokenizer) if tokenizer else None
    return {
        "id": target.key.id,
        "target_hash": target.key.target_hash,
        "rank": rank,
        "score": target.score,
        "temperature": asked,
        "target_ids": target.target_ids,
        "positions": _positions(signal, top, decoder),
    }


def _origin(origin: StoreOrigin) -> Values:
    return {name: getattr(origin, name) for name in (*NAMES, "codec")}


def _shard(path: Path) -> Values:
    content = read_shard(path)
    metadata = content.metadata
    size = path.stat().st_size
    name = f"{metadata.shard} of {metadata.shards}"
    return {
        "path": str(path),
        **_origin(metadata),
        "splits": [_split(metadata.split, name, content.rows, content.positions, size)],
        "ranks": _ranks([path]),
        "fidelity": None,
    }


def _splits(files: Sequence[StoreFile]) -> list[Values]:
    found = []
    for split in dict.fromkeys(entry.split for entry in files):
        chosen = [entry for entry in files if entry.split == split]
        rows, tokens = (sum(getattr(entry, name) for entry in chosen) for name in ("rows", "positions"))
        found.append(_split(split, len(chosen), rows, tokens, sum(entry.bytes for entry in chosen)))
    return found


def _split(split: str, shards: int | str, rows: int, tokens: int, size: int) -> Values:
    return {
        "split": split,
        "shards": shards,
        "rows": rows,
        "tokens": tokens,
        "bytes": size,
        "bytes/token": round(size / tokens, 2) if tokens else None,
    }


def _ranks(shards: Sequence[Path]) -> dict[int, int]:
    counted: Counter[int] = Counter()
    for path in shards:
        counted.update(read_parquet(path, columns=["rank"])["rank"].to_pylist())
    return dict(sorted(counted.items()))


def _temperature(store: StoreOrigin, asked: float | None) -> float:
    """Return the temperature asked for, else the one that a sparse store was made at, else 1."""
    if asked is None:
        return float(store.codec.get("temperature", 1.0))
    if not asked > 0:
        raise DataError(f"the temperature must be > 0, got {asked}")
    return asked


def _mass(signal: Signal) -> Float[Tensor, " positions"]:
    """Return the probability of all that is stored, the tail included."""
    from kdlib.teacher_signal import SparseSignal

    mass = signal.log_probs.double().exp().sum(dim=1)
    return mass + signal.tail_mass if isinstance(signal, SparseSignal) else mass


def _positions(signal: Signal, top: int, tokenizer: PreTrainedTokenizerFast | None) -> list[Values]:
    """Return, for every position, the most probable tokens and the mass of all others."""
    from kdlib.teacher_signal import SparseSignal

    probabilities, order = signal.log_probs.exp().sort(dim=1, descending=True)
    ids = order
    tail = probabilities.new_zeros(len(order))
    if isinstance(signal, SparseSignal):
        ids = signal.ids.gather(1, order)
        tail = signal.tail_mass
    found = []
    for position in zip(ids.tolist(), probabilities.tolist(), tail.tolist(), strict=True):
        kept = [(token, value) for token, value in zip(*position[:2], strict=True) if value > 0]
        tokens = [{"id": token, "probability": value} for token, value in kept[:top]]
        if tokenizer:
            tokens = [{**token, "text": tokenizer.decode([token["id"]])} for token in tokens]
        others = sum(value for _, value in kept[top:]) + position[2]
        found.append({"tokens": tokens, "others": others, "tail": position[2]})
    return found
