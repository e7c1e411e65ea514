"""The form of a benchmark's answer: claims with value, unit, target and what they are measured against."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Literal


@dataclass(frozen=True)
class Claim:
    """One figure.

    Attributes:
        value: What was measured.
        unit: Its unit, or ``ratio``.
        target: What it should reach, or None where it is only stated.
        better: Which way is better.
        against: What it is compared with.
        runs: Repetitions behind the value (the median).
    """

    value: float
    unit: str
    target: float | None
    better: Literal["lower", "higher"]
    against: str
    runs: int


def machine() -> dict[str, str | int]:
    """Return what a figure depends on: processor, cores, Python and the versions that matter."""
    packages = ("torch", "transformers", "snakemake", "mlflow", "pandas", "pyarrow")
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }


def _processor() -> str:
    with open("/proc/cpuinfo") as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.processor()


def answer(benchmark: str, claims: Mapping[str, Claim]) -> None:
    """Print the one JSON object that ends a benchmark's output."""
    print(
        json.dumps(
            {
                "benchmark": benchmark,
                "machine": machine(),
                "claims": {name: asdict(claim) for name, claim in claims.items()},
            }
        )
    )


def quick() -> bool:
    """Return whether less work was asked for."""
    return "--quick" in sys.argv
