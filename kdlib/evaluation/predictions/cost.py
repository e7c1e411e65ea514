"""What a model costs: its size, its latency, its throughput and the memory of its job."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.models.batch import Row, by_length
from kdlib.results.cost import Cost

if TYPE_CHECKING:
    from transformers import PreTrainedModel

CACHED = "all predictions came from the cache"
SPEED = ("seconds", "assertions_per_second", "peak_memory_mib")  # measured while rows are generated


@dataclass
class Generated:
    """What was generated and not read from the cache.

    Attributes:
        rows: Number of rows.
        seconds: Time that their generation took.
        peak_memory_mib: Of the job up to its end; None if nothing was generated.
    """

    rows: int = 0
    seconds: float = 0.0
    peak_memory_mib: float | None = None


def cost(
    folder: Path,
    model: PreTrainedModel,
    rows: Sequence[Row],
    generated: Generated,
    seconds_alone: Sequence[float],
) -> Cost:
    """Return what a model costs.

    Args:
        folder: Folder of the model.
        model: The model.
        rows: All rows.
        generated: What was generated for them.
        seconds_alone: Seconds of rows that were generated alone, from ``latencies``.
    """
    import numpy as np

    p50, p95 = np.percentile(seconds_alone, [50, 95]).tolist()
    found = Cost(
        parameters=sum(p.numel() for p in model.parameters()),
        bytes=sum(path.stat().st_size for path in folder.glob("*.safetensors")),
        rows=len(rows),
        generated=generated.rows,
        cached=len(rows) - generated.rows,
        latency_rows=len(seconds_alone),
        latency_p50_seconds=p50,
        latency_p95_seconds=p95,
    )
    if not generated.rows:
        return replace(found, not_measured=dict.fromkeys(SPEED, CACHED))
    return replace(
        found,
        seconds=generated.seconds,
        assertions_per_second=generated.rows / generated.seconds,
        peak_memory_mib=generated.peak_memory_mib,
        not_measured={} if generated.peak_memory_mib is not None else {"peak_memory_mib": CACHED},
    )


def latencies(
    model: PreTrainedModel, rows: Sequence[Row], count: int, beams: int, n_best: int, max_tokens: int
) -> list[float]:
    """Return the seconds that a model takes for a row alone, of rows evenly spaced by the length of prompts.

    Args:
        model: In evaluation mode.
        rows: At least one.
        count: Rows to measure at most; the first is run once more before, unmeasured, as a warm-up.
        beams: Beam width.
        n_best: Outputs a row.
        max_tokens: Longest output.
    """
    import numpy as np

    from kdlib.models.beams import beam_search

    places = np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int)
    chosen = [rows[number] for number in by_length(rows)[places]]
    beam_search(model, chosen[:1], beams, n_best, max_tokens)
    seconds = []
    for row in chosen:
        started = time.perf_counter()
        beam_search(model, [row], beams, n_best, max_tokens)
        seconds.append(time.perf_counter() - started)
    return seconds


def peak_memory_mib(model: PreTrainedModel) -> float:
    """Return the most memory in MiB that a model's job took so far: on its GPU, else resident."""
    import resource

    import torch

    if model.device.type == "cuda":
        return torch.cuda.max_memory_allocated(model.device) / 2**20
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
