"""The runs below a folder of results, finished or not."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kdlib.files import DataError, read_json, read_parquet
from kdlib.provenance.manifest import digests
from kdlib.results.cost import Cost, read_cost
from kdlib.results.evaluation import EvaluationReport, read_evaluation
from kdlib.results.places import VALIDATION, run_folder
from kdlib.runs.numbers import METRICS, stages

MANIFEST = "manifest.json"
CARD = "corpus/card.json"
# Of a folder that a run has made; a file by itself makes none.
PARTS = ("corpus", "dataset", "teachers", "evaluation")


@dataclass(frozen=True)
class Run:
    """A run's folder below the results.

    Attributes:
        folder: E.g. ``results/default``, or ``results/default/validation``, which holds the evaluation on
            validation.
    """

    folder: Path

    @property
    def name(self) -> str:
        """Name of the run, and ``/validation`` of its evaluation on those rows."""
        return self.folder.name if self.root == self.folder else f"{self.root.name}/{self.folder.name}"

    @cached_property
    def root(self) -> Path:
        """Folder of the run itself."""
        return run_folder(self.folder)

    @cached_property
    def scores(self) -> EvaluationReport | None:
        """The evaluation; None before the models are evaluated."""
        path = self.folder / METRICS
        return read_evaluation(path) if path.is_file() else None

    @cached_property
    def manifest(self) -> dict[str, Any] | None:
        """Content of ``manifest.json``, which ends a run."""
        return self._read(Path(MANIFEST))

    @cached_property
    def state(self) -> str:
        """Whether it is finished, and if not, how far it has come."""
        if self.scores is None:
            last = [stage.name for stage in stages(self.folder)][-1:]
            how_far = f"{last[0]} is the last stage with results" if last else "no results"
            return f"unfinished: {how_far}"
        return self._beside_manifest()

    def _beside_manifest(self) -> str:
        """Return whether the results are those of the manifest; what is made again is deleted first."""
        if self.manifest is None:
            return f"evaluated, no {MANIFEST}"
        prefix = f"results/{self.manifest['run']}/"
        made = {path: sha for job in self.manifest["jobs"] for path, sha in job["output"].items()}
        places = {path: self.root / path.removeprefix(prefix) for path in made if path.startswith(prefix)}
        if gone := [path for path, place in places.items() if not place.exists()]:
            return f"unfinished: {len(gone)} results are missing, such as {gone[0]}"
        path = str(self.folder / METRICS)
        recorded = made.get(f"{prefix}{(self.folder / METRICS).relative_to(self.root).as_posix()}")
        if recorded not in (None, digests([path])[path]):
            return f"unfinished: the evaluation is newer than {MANIFEST}"
        return "finished"

    @property
    def date(self) -> float:
        """When its last job ended, else when its last result was written; seconds since 1970."""
        if self.manifest is not None and self.manifest["jobs"]:
            return float(max(job["ended"] for job in self.manifest["jobs"]))
        results = [self.folder, *(path for path in self.folder.rglob("*.json"))]
        return max(path.stat().st_mtime for path in results)

    @cached_property
    def costs(self) -> dict[str, Cost]:
        """Model: what it costs."""
        models = self.scores.models if self.scores else {}
        paths = {model: self.folder / "evaluation" / model / "cost.json" for model in models}
        return {model: read_cost(path) for model, path in paths.items() if path.is_file()}

    def evaluated(self) -> EvaluationReport:
        """Return the evaluation.

        Raises:
            DataError: If there is none yet.
        """
        if self.scores is None:
            raise DataError(f"{self.folder}: not evaluated yet ({self.state}); run it to the end")
        return self.scores

    def sources(self) -> list[str] | None:
        """Return the sources of its corpus by name; None if its card is missing."""
        path = self.root / CARD
        card = read_json(path) if path.is_file() else None
        return sorted(card["sources"]) if card else None

    def evaluated_rows(self) -> set[str] | None:
        """Return the ids of the rows that it is evaluated on; None if they are missing."""
        path = self.root / f"dataset/{self.evaluated().rows_of}.parquet"
        return set(read_parquet(path, ["id"])["id"].to_pylist()) if path.is_file() else None

    def _read(self, place: Path) -> dict[str, Any] | None:
        path = self.folder / place
        found: dict[str, Any] | None = read_json(path) if path.is_file() else None
        return found


def find_runs(results: Path) -> list[Run]:
    """Return all runs below a folder, by their names.

    Args:
        results: E.g. ``results``.

    Raises:
        DataError: If there is no such folder.
    """
    if not results.is_dir():
        raise DataError(
            f"{results}: there is no such folder; runs are made by make run, in the project's folder"
        )
    folders = sorted(path for path in results.iterdir() if path.is_dir())
    places = [place for path in folders for place in (path, path / VALIDATION)]
    # Below the folder of a run only an evaluation counts.
    return [
        Run(place)
        for place in places
        if any((place / part).is_dir() for part in (PARTS if place in folders else ("evaluation",)))
    ]


def open_run(name: str, results: Path) -> Run:
    """Return one run.

    Args:
        name: Its name, or a path of its folder.
        results: Where runs are looked for by name.

    Raises:
        DataError: If there is none; the sentence names the nearest.
    """
    runs = find_runs(results) if results.is_dir() else []
    for run in [*runs, Run(Path(name))]:
        if name in (run.name, str(run.folder)) and any((run.folder / part).is_dir() for part in PARTS):
            return run
    names = [run.name for run in runs]
    near = difflib.get_close_matches(name, names, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names) or 'none'}"
    raise DataError(f"{name}: no such run below {results}; {hint}")
