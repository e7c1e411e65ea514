"""A whole store in one go: what the workflow's rules do in many jobs, for a single teacher and dataset."""

from __future__ import annotations

from pathlib import Path

from kdlib.files import DataError, read_json, sha256, write_json
from kdlib.records import digest
from kdlib.signals.extract import ExtractionJob, extract
from kdlib.signals.manifest import write_manifest
from kdlib.signals.prepare import prepare

BEGUN = "extraction.json"


def extract_store(job: ExtractionJob, train: Path, validation: Path, out: Path) -> Path:
    """Write a teacher's signals on the rows of train and validation, and return the manifest of the store.

    Run again after a kill, it continues with the shards that are missing.

    Args:
        job: What makes the signals.
        train: Token rows.
        validation: Token rows.
        out: Folder of the store; it also keeps ``extraction.json``, which says what its shards are made of.

    Raises:
        DataError: If the folder holds the shards of something else, or ``extract`` or ``prepare`` refuses.
    """
    dataset = digest(map(sha256, (train, validation)))  # as the rule signals_shard has it
    _begin(out, _made_of(job, dataset))
    codec = out / "codec.safetensors"
    if not codec.exists():
        prepare(job.teacher, train, job.signals, job.threads, codec)
    shards = []
    for split, rows in (("train", train), ("validation", validation)):
        for shard in range(job.signals.shards):
            path = out / split / f"{shard}.parquet"
            shards.append(path)
            if path.exists():
                print(f"{path}: is there already")
                continue
            extract(job, rows, dataset, codec, split, shard, path)
    write_manifest(shards, codec, out / "manifest.json")
    return out / "manifest.json"


def _made_of(job: ExtractionJob, dataset: str) -> dict[str, object]:
    """Return what decides the bytes of a store, as JSON values."""
    return {
        "model": sha256(job.teacher / "model.safetensors"),
        "tokenizer": sha256(job.tokenizer / "tokenizer.json"),
        "dataset": dataset,
        "signals": job.signals.model_dump(mode="json", exclude={"fidelity_rows"}),
        "max_tokens": job.max_tokens,
        "threads": job.threads,
        "code": job.code,
    }


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
