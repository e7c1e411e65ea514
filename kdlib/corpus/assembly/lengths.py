"""Distributions of lengths, as a card shows them."""

from __future__ import annotations

from collections.abc import Sequence

QUANTILES = {"min": 0.0, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95, "max": 1.0}
EDGES = (8, 16, 32, 64, 128, 256, 512, 1024)


def quantiles(lengths: Sequence[int]) -> dict[str, float]:
    """Return quantiles by name, interpolated linearly; none for no lengths."""
    import numpy as np

    if not lengths:
        return {}
    values = np.quantile(lengths, list(QUANTILES.values()))
    return {name: float(value) for name, value in zip(QUANTILES, values, strict=True)}


def histogram(lengths: Sequence[int]) -> dict[str, int]:
    """Return how many lengths are up to 8, 9 to 16, 17 to 32, … and above 1024, by the name of the range."""
    import numpy as np

    ranges = [*(f"≤ {edge}" for edge in EDGES), f"> {EDGES[-1]}"]
    places = np.searchsorted(EDGES, np.asarray(lengths, dtype=np.int64))
    counts = np.bincount(places, minlength=len(ranges))
    return {name: int(count) for name, count in zip(ranges, counts, strict=True)}
