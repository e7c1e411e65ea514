"""Where the evaluations of a run lie: those of test beside its other results, those of validation below."""

from __future__ import annotations

from pathlib import Path

VALIDATION = "validation"


def run_folder(folder: Path) -> Path:
    """Return the folder of the run whose evaluation a folder holds.

    Args:
        folder: The run's own, ``results/RUN``, or ``results/RUN/validation``.
    """
    # A run may itself be called validation; it has no dataset beside it.
    inside = folder.name == VALIDATION and (folder.parent / "dataset").is_dir()
    return folder.parent if inside else folder
