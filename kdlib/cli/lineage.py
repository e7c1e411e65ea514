"""``kdlib lineage``: from a number back to all that it was made from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from kdlib.cli.errors import fail, told


def lineage(
    path: Annotated[Path, typer.Argument(help="A file below results/RUN.")],
    number: Annotated[
        str | None,
        typer.Option(
            help="Number of the report, MODEL/METRIC, e.g. students/trident/token_f1; omits other models."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifests as one JSON object.")] = False,
) -> None:
    """Follow an artefact, or a number of the report, back to its sources.

    Every job behind it is printed with its configuration, the digest of its code and its packages.

    Example: kdlib lineage results/default/report.html --number students/trident/token_f1
    """
    from kdlib.provenance.lineage import ancestry, sources
    from kdlib.provenance.manifest import read_manifests
    from kdlib.results.places import VALIDATION

    if path.parts[:1] != ("results",) or len(path.parts) < 3:
        fail(f"{path}: give a file below results/RUN, from the folder of the Snakefile")
    folder = Path(*path.parts[:2])
    model, _, metric = (number or "").rpartition("/")
    with told():
        manifests = _of_model(read_manifests([folder, Path("cache")]), model)
        jobs = list(ancestry([str(path)], manifests))
        place = folder / VALIDATION if path.is_relative_to(folder / VALIDATION) else folder
        score = _score(place, model, metric) if number else None
    if not jobs:
        fail(f"{path}: no manifest in {folder} says what made it")
    if as_json:
        print(json.dumps({"score": score, "jobs": jobs, "sources": sources(jobs)}))
        return
    if score:
        print(
            f"{number}: {score['value']:.4g} [{score['low']:.4g}, {score['high']:.4g}], {score['signature']}"
        )
    for job in jobs:
        print("\n".join(_job_lines(job)))
    print("sources")
    for name, sha in sources(jobs).items():
        print(f"  {sha[:16]}  {name}")


def _of_model(manifests: list[dict[str, Any]], model: str) -> list[dict[str, Any]]:
    """Return manifests without the evaluations of other models than one; all of them if none is named."""
    return [
        {
            **job,
            "input": {path: sha for path, sha in job["input"].items() if not model or _is_of(path, model)},
        }
        for job in manifests
    ]


def _is_of(path: str, model: str) -> bool:
    """Return whether an artefact is no other model's than this; a student's teacher is not left out."""
    place = Path(path).parts[2:]
    if place[:1] == ("validation",):
        place = place[1:]
    owners = {"students"}
    if place[:1] == ("evaluation",):
        place = place[1:]
        owners = {"students", "teachers", "baselines"}
    return len(place) < 3 or place[0] not in owners or "/".join(place[:2]) == model


def _score(folder: Path, model: str, metric: str) -> dict[str, Any]:
    from kdlib.files import DataError, read_json

    models = read_json(folder / "evaluation" / "evaluation_metrics.json")["models"]
    for table, name in ((models, model), (models.get(model, {}), metric)):
        if name not in table:
            raise DataError(f"no {name!r} in {folder}; there are {', '.join(table)}")
    score: dict[str, Any] = models[model][metric]
    return score


def _job_lines(job: dict[str, Any]) -> Iterator[str]:
    packages = ", ".join(f"{name} {version}" for name, version in job["environment"]["packages"].items())
    yield " ".join([job["rule"], *map(str, job["wildcards"].values())])
    yield f"  code    {job['code']['digest']}"
    yield f"  python  {job['environment']['python']}; {packages}"
    yield f"  config  {json.dumps(job['params'])}"
    for path, sha in job["output"].items():
        yield f"  made    {sha[:16]}  {path}"
