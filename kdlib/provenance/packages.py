"""Versions of the packages that a rule computes with, which count as its environment."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from kdlib.provenance.code import foreign_imports

# These carry, check, log or show values and change none. Every other import counts, and so will a new one.
CARRIERS = {
    "cachetools",
    "huggingface_hub",
    "lz4",
    "markupsafe",
    "mlflow",
    "psutil",
    "pyarrow",
    "pydantic",
    "pydantic_core",
    "safetensors",
    "tensorboard",
    "tqdm",
    "typer",
    "yaml",
}


def package_versions(script: Path) -> dict[str, str]:
    """Return the versions of the packages that a script and its kdlib modules import and compute with.

    Args:
        script: A Python file; a package that is imported inside a function counts.

    Returns:
        Import name: version, or ``none`` where the package is not installed.
    """
    return {name: _version(name) for name in sorted(foreign_imports(script) - CARRIERS)}


@cache
def _version(name: str) -> str:
    try:
        return version(name)  # import names differ from those of the distributions in _ for - only
    except PackageNotFoundError:
        return "none"
