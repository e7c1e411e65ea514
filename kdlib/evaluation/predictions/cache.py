"""Outputs that a model has generated, kept on disk so that nothing is generated twice.

A batch is kept as a whole, for its rows are summed up beside each other: a row generated in other company may
differ in the last bits of its score. So a batch is found again only if all its prompts are the same, and what
is found is, bit for bit, what would be generated.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.config import Evaluation
from kdlib.files import read_parquet, sha256, write_parquet
from kdlib.models.batch import Row
from kdlib.records import digest

if TYPE_CHECKING:
    from kdlib.models.beams import Output

SECONDS = 30.0  # what a killed run loses at most, beside the batch that it was at


class OutputCache:
    """The outputs of one model under one setting, in a folder of Parquet files that each appear as a whole.

    A line of a file is an output: ``batch`` (digest of the batch's prompts), ``rank`` (from 1, where the next
    row of the batch begins), ``ids`` (token ids) and ``log_probability``.
    """

    def __init__(self, folder: Path, seconds: float = SECONDS) -> None:
        """Read what is there.

        Args:
            folder: Of this model and setting (``cache_key``); made when there is something to keep.
            seconds: Time after which new outputs are written.

        Raises:
            DataError: If a file is damaged.
        """
        self._folder, self._seconds = folder, seconds
        self._known: dict[str, list[list[Output]]] = {}
        self._new: list[str] = []
        self._written = time.monotonic()
        for path in folder.glob("*.parquet"):
            found: dict[str, list[list[Output]]] = {}
            for line in read_parquet(path).to_pylist():
                batch = found.setdefault(line["batch"], [])
                if line["rank"] == 1:
                    batch.append([])
                batch[-1].append((line["ids"], line["log_probability"]))
            self._known |= found

    def get(self, batch: Sequence[Row]) -> list[list[Output]] | None:
        """Return the outputs of every row of a batch, or None if they must be generated."""
        return self._known.get(_batch_key(batch))

    def add(self, batch: Sequence[Row], outputs: list[list[Output]]) -> None:
        """Keep the outputs of a batch; they are on disk after ``flush``, or after some time."""
        key = _batch_key(batch)
        self._known[key] = outputs
        self._new.append(key)
        if time.monotonic() - self._written >= self._seconds:
            self.flush()

    def flush(self) -> None:
        """Write what is not yet on disk."""
        import pyarrow as pa

        if self._new:
            lines = [
                {"batch": key, "rank": rank, "ids": ids, "log_probability": total}
                for key in self._new
                for outputs in self._known[key]
                for rank, (ids, total) in enumerate(outputs, 1)
            ]
            schema = pa.schema(
                [
                    ("batch", pa.string()),
                    ("rank", pa.int32()),
                    ("ids", pa.list_(pa.int32())),
                    ("log_probability", pa.float64()),
                ]
            )
            path = self._folder / f"{digest(self._new)[:32]}.parquet"
            write_parquet(path, pa.Table.from_pylist(lines, schema))
        self._new = []
        self._written = time.monotonic()


def _batch_key(batch: Sequence[Row]) -> str:
    return digest(" ".join(map(str, row.source_ids)) for row in batch)


def cache_key(model: Path, evaluation: Evaluation, max_tokens: int, hardware: Mapping[str, str]) -> str:
    """Return the digest of everything but the prompts that decides what a model generates.

    Args:
        model: Folder of the model: its weights and configurations count.
        evaluation: Its ``beams`` and ``n_best`` count.
        max_tokens: Longest output.
        hardware: What decides the order in which numbers are summed: the device, its threads.
    """
    import torch
    import transformers

    from kdlib.models import beams, load
    from kdlib.provenance import code_digest

    files = sorted([*model.glob("*.safetensors"), *model.glob("*.json")])
    settings = {
        "beams": evaluation.beams,
        "n_best": evaluation.n_best,
        "max_tokens": max_tokens,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "code": [code_digest(Path(str(module.__file__))) for module in (beams, load)],
        **hardware,
    }
    parts = [f"{name}={value}" for name, value in sorted(settings.items())]
    return digest([*parts, *(f"{path.name}:{sha256(path)}" for path in files)])[:32]
