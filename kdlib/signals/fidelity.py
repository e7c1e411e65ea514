"""How far the distributions of a store are from the teacher's, at every temperature that training uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256 as hashed
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdlib.files import DataError, read_json, sha256, write_json
from kdlib.models.batch import Row, batches, read_rows
from kdlib.models.memory import rows_that_fit

if TYPE_CHECKING:
    from kdlib.signals.comparison import Figures

VERSION = 1
SEED = 42  # of the order in which rows are taken
BOUND = 0.25  # of the mean L1: an eighth of the mass is then at other tokens


def fidelity(
    manifest: Path,
    teacher: Path,
    dataset: Path,
    temperatures: Sequence[float],
    rows: int,
    threads: int,
    batch_size: int | None,
    out: Path,
    speed: Path,
) -> None:
    """Run the teacher again on some rows and write how far its store is from it.

    The teacher's batches are others than those of extraction, so the figures include what its arithmetic
    differs by: 1e-6 in single precision, more in bfloat16.

    Args:
        manifest: Manifest of the store.
        teacher: Folder of the model.
        dataset: Token rows of a split that is stored.
        temperatures: One or more T > 0 at which the store can answer.
        rows: How many rows are compared at most.
        threads: CPU threads.
        batch_size: Rows per forward pass; None finds a size by the free memory.
        out: JSON of the figures; equal input gives equal bytes.
        speed: JSON of the clocks.

    Raises:
        DataError: If the store is damaged, is of another teacher or other rows, or there is no row.
    """
    from kdlib.signals.comparison import keys_of, measure, reading_speed
    from kdlib.signals.store import SignalStore
    from kdlib.signals.teacher import open_teacher

    store = SignalStore(manifest)
    chosen = sample(read_rows(dataset), rows)
    if not chosen:
        raise DataError(f"{dataset}: there is no row to compare the signals on")
    store.check({"model": sha256(teacher / "model.safetensors")}, keys_of(chosen))
    model, precision = open_teacher(teacher, store.provenance["precision"], threads)
    read, read_bytes = reading_speed(store, chosen, temperatures[0])
    parts = batches(chosen, batch_size or rows_that_fit(model, chosen))
    found, seconds = measure(store, model, precision, parts, temperatures)
    size = {"rows": len(chosen), "tokens": sum(len(row.target_ids) for row in chosen)}
    write_json(out, _report(read_json(manifest), dataset.stem, size, found))
    clocks = {
        "write_tokens_per_second": size["tokens"] / seconds,
        "read_tokens_per_second": read,
        "read_bytes_per_second": read_bytes,
    }
    write_json(speed, {**size, "threads": threads, "device": str(model.device), **clocks})


def sample(rows: Sequence[Row], number: int) -> list[Row]:
    """Return the first rows by a seeded hash of their ids: the same ones, whatever the order of the rows."""
    return sorted(rows, key=lambda row: hashed(f"{SEED}:{row.id}".encode()).digest())[:number]


def _report(
    manifest: Mapping[str, Any], split: str, size: Mapping[str, int], found: Mapping[float, Figures]
) -> dict[str, Any]:
    codec, precision, model = (manifest[name] for name in ("codec", "precision", "model"))
    options = [f"{name}={value}" for name, value in sorted(codec.items()) if name != "kind"]
    signature = (
        f"fidelity|v:{VERSION}|codec:{','.join([codec['kind'], *options])}|tail:even|precision:{precision}"
        f"|model:{model[:12]}|split:{split}|n:{size['rows']}|tokens:{size['tokens']}|seed:{SEED}"
    )
    for temperature, figures in found.items():
        _warn(temperature, figures["l1"], codec)
    return {
        "model": model,
        "codec": codec,
        "precision": precision,
        "split": split,
        **size,
        "bytes_per_token": manifest["bytes"] / manifest["positions"],
        "bytes_per_token_with_codec": (manifest["bytes"] + manifest["codec_bytes"]) / manifest["positions"],
        "temperatures": [
            {"temperature": temperature, **figures, "signature": f"{signature}|T:{temperature:g}"}
            for temperature, figures in found.items()
        ],
    }


def _warn(temperature: float, l1: float | None, codec: Mapping[str, Any]) -> None:
    """Say in the log if a store is far from its teacher, and what to store instead."""
    if l1 is None or l1 <= BOUND:
        return
    if codec["kind"] != "hidden":
        better = "codec hidden, which is exact at any T"
    else:
        better = "precision bf16" if codec["precision"] == "int8" else "codec dense"
    print(
        f"warning: at T = {temperature:g} the stored distributions are off by a mean L1 of {l1:.3f}, more "
        f"than {BOUND}; set signals.codec to {better}"
    )
