"""A whole store in one go: what the workflow's rules do in many jobs, for a single teacher and dataset."""

from __future__ import annotations

from pathlib import Path

from kdlib.config import Signals
from kdlib.files import DataError, read_json, sha256, write_json
from kdlib.records import digest
from kdlib.signals.extract import extract
from kdlib.signals.manifest import write_manifest
from kdlib.signals.prepare import prepare

BEGUN = "extraction.json"


def extract_store(
    teacher: Path,
    tokenizer: Path,
    train: Path,
    validation: Path,
    signals: Signals,
    max_tokens: int,
    threads: int,
    code: str,
    out: Path,
) -> Path:
    """Write a teacher's signals on the rows of train and validation, and return the manifest of the store.

    Run again after a kill, it goes on with the shards that are missing.

    Args:
        teacher: Folder of the model.
        tokenizer: Folder of the run's tokenizer.
        train: Token rows.
        validation: Token rows.
        signals: Codec, shards, beams, sizes of batches and precision.
        max_tokens: Longest of the teacher's own outputs.
        threads: CPU threads.
        code: Digest of the code that extracts.
        out: Folder of the store; it also keeps ``extraction.json``, of what its shards are made.

    Raises:
        DataError: If the folder holds the shards of something else, or ``extract`` or ``prepare`` refuses.
    """
    dataset = digest(map(sha256, (train, validation)))  # as the rule signals_shard has it
    made_of = {
        "model": sha256(teacher / "model.safetensors"),
        "tokenizer": sha256(tokenizer / "tokenizer.json"),
        "dataset": dataset,
        "signals": signals.model_dump(mode="json", exclude={"fidelity_rows"}),
        "max_tokens": max_tokens,
        "threads": threads,
        "code": code,
    }
    _begin(out, made_of)
    codec, shards = out / "codec.safetensors", []
    if not codec.exists():
        prepare(teacher, train, signals, threads, codec)
    for split, rows in (("train", train), ("validation", validation)):
        for shard in range(signals.shards):
            shards.append(out / split / f"{shard}.parquet")
            if shards[-1].exists():
                print(f"{shards[-1]}: is there already")
                continue
            where = (codec, split, shard, signals, max_tokens, threads, code, shards[-1])
            extract(teacher, tokenizer, rows, dataset, *where)
    write_manifest(shards, codec, out / "manifest.json")
    return out / "manifest.json"


def _begin(out: Path, made_of: dict[str, object]) -> None:
    """Write down what a store is made of, or make sure that what lies there is made of the same."""
    note = out / BEGUN
    if not note.exists():
        if out.exists() and any(out.iterdir()):
            raise DataError(f"{out}: is not empty and no store that was begun here; name a new folder")
        write_json(note, made_of)
        return
    found = read_json(note)
    if differing := [name for name, value in made_of.items() if found.get(name) != value]:
        raise DataError(
            f"{out}: holds signals of another {', '.join(differing)}; name a new folder, or delete this one"
        )
