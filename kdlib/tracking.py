"""MLflow as a mirror: JSON results are the source of truth, and an absent server never fails a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdlib.files import read_json, write_json

if TYPE_CHECKING:
    from mlflow import MlflowClient


def prepare(run: str, uri: str, experiment: str, place: Path) -> None:
    """Make the store ready and open the parent run, before parallel jobs write to it.

    Args:
        run: Name of the pipeline run.
        uri: Tracking server or SQLite file.
        experiment: Name of the experiment, made if it is missing.
        place: JSON for later jobs: uri, experiment_id, parent_run_id; without a reachable server, a reason.
    """
    try:
        where = _prepare(run, uri, experiment)
    except Exception as error:
        print(f"MLflow at {uri} cannot be used, the run goes on without it: {error}")
        where = {"uri": uri, "experiment_id": None, "parent_run_id": None, "reason": str(error)}
    write_json(place, where)


def _prepare(run: str, uri: str, experiment: str) -> dict[str, Any]:
    from mlflow import MlflowClient

    artifacts = None
    if uri.startswith("sqlite:///"):
        database = Path(uri.removeprefix("sqlite:///"))
        database.parent.mkdir(parents=True, exist_ok=True)
        artifacts = (database.parent / "mlartifacts").resolve().as_uri()
    client = MlflowClient(
        uri
    )  # its first call makes the tables; clients that race to do so can break the store
    found = client.get_experiment_by_name(experiment)
    number = (
        found.experiment_id if found else client.create_experiment(experiment, artifact_location=artifacts)
    )
    same = f"tags.`kdlib.parent` = '{run}'"
    runs = client.search_runs([number], same)
    parent = runs[0] if runs else client.create_run(number, tags={"kdlib.parent": run}, run_name=run)
    return {"uri": uri, "experiment_id": number, "parent_run_id": parent.info.run_id}


def mirror(
    place: Path, card: Path, dataset: Path, scores: Path, reports: Sequence[Path], page: Path, out: Path
) -> None:
    """Write the results of a run into MLflow; doing it twice leaves what doing it once does.

    Args:
        place: What ``prepare`` wrote.
        card: Corpus card, kept as an artefact of the parent run.
        dataset: Dataset card, likewise.
        scores: ``evaluation_metrics.json``: a child run per model, with value and interval of every metric.
        reports: Training reports, artefacts of the parent run.
        page: Report page, an artefact of the parent run.
        out: JSON of what was mirrored, or of the reason why not.
    """
    where = read_json(place)
    if not where["parent_run_id"]:
        write_json(out, {"mirrored": False, "reason": where["reason"]})
        return
    try:
        runs = _mirror(where, [card, dataset, scores, page], reports, read_json(scores))
    except Exception as error:
        print(f"MLflow at {where['uri']} cannot be used: {error}")
        write_json(out, {"mirrored": False, "reason": str(error)})
        return
    write_json(
        out, {"mirrored": True, "uri": where["uri"], "parent_run_id": where["parent_run_id"], "runs": runs}
    )


def _mirror(
    where: dict[str, Any], artifacts: Sequence[Path], reports: Sequence[Path], scores: dict[str, Any]
) -> dict[str, str]:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, RunTag

    client, parent = MlflowClient(where["uri"]), where["parent_run_id"]
    for path in artifacts:
        client.log_artifact(parent, str(path))
    for path in reports:
        client.log_artifact(parent, str(path), f"{path.parent.parent.name}/{path.parent.name}")
    runs = {}
    for model, metrics in scores["models"].items():
        run_id = _child(client, where, f"evaluation/{model}")
        client.log_batch(
            run_id,
            metrics=[Metric(key, value, 0, 0) for key, value in _flat(metrics)],
            tags=[RunTag(f"signature.{name}", score["signature"]) for name, score in metrics.items()],
        )
        client.set_terminated(run_id)
        runs[model] = run_id
    client.set_terminated(parent)
    return runs


def _child(client: MlflowClient, where: dict[str, Any], name: str) -> str:
    """Return a new child run of this name; an older one is superseded."""
    parent, experiment = where["parent_run_id"], where["experiment_id"]
    same = f"tags.`kdlib.name` = '{name}' and tags.`mlflow.parentRunId` = '{parent}'"
    for run in client.search_runs([experiment], same):
        client.delete_run(run.info.run_id)
    tags = {"kdlib.name": name, "mlflow.parentRunId": parent}
    return str(client.create_run(experiment, tags=tags, run_name=name).info.run_id)


def _flat(metrics: dict[str, dict[str, Any]]) -> Iterator[tuple[str, float]]:
    for name, score in metrics.items():
        yield name, score["value"]
        yield f"{name}.low", score["low"]
        yield f"{name}.high", score["high"]
