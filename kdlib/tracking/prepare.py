"""The experiment and the parent run of a pipeline run, there before parallel jobs write."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdlib.files import atomic, write_json
from kdlib.records import digest
from kdlib.tracking.store import connect, sqlite_file

if TYPE_CHECKING:
    from mlflow import MlflowClient

RUN = "kdlib.run"
WORKPLACE = "kdlib.workplace"


def prepare(run: str, uri: str, experiment: str, identity: Path, place: Path) -> None:
    """Make the store ready and open the parent run, before parallel jobs write to it.

    Args:
        run: Name of the pipeline run.
        uri: Tracking server or SQLite file.
        experiment: Name of the experiment, made if it is missing.
        identity: File that distinguishes this project from others on a shared server; made if it is missing.
        place: JSON for later jobs: run, uri, experiment, identity, experiment_id, parent_run_id; without a
            reachable server, a reason.
    """
    where: dict[str, Any] = {"run": run, "uri": uri, "experiment": experiment, "identity": str(identity)}
    try:
        where |= opened(where)
    except Exception as error:
        print(f"MLflow at {uri} cannot be used, the run goes on without it: {error}")
        where |= {"experiment_id": None, "parent_run_id": None, "reason": str(error)}
    write_json(place, where)


def opened(where: dict[str, Any]) -> dict[str, Any]:
    """Return ``experiment_id`` and ``parent_run_id`` of a pipeline run, made if they are missing.

    Args:
        where: What ``prepare`` wrote.
    """
    uri = where["uri"]
    run = where["run"]
    client = connect(uri)
    number = _experiment(client, uri, where["experiment"])
    workplace = _workplace(Path(where["identity"]))
    same = f"tags.`{RUN}` = '{run}' and tags.`{WORKPLACE}` = '{workplace}'"
    found = client.search_runs([number], same, order_by=["attributes.start_time ASC"])
    tags = {RUN: run, WORKPLACE: workplace}
    parent = found[0] if found else client.create_run(number, tags=tags, run_name=run)
    return {"experiment_id": number, "parent_run_id": parent.info.run_id}


def _experiment(client: MlflowClient, uri: str, name: str) -> str:
    """Return an experiment's id; the first call of a client makes the tables of a database."""
    found = client.get_experiment_by_name(name)
    if found:
        return str(found.experiment_id)
    artifacts = None
    if uri.startswith("sqlite:"):
        artifacts = (sqlite_file(uri).parent / "mlartifacts").resolve().as_uri()
    return str(client.create_experiment(name, artifact_location=artifacts))


def _workplace(identity: Path) -> str:
    """Return what distinguishes this folder from all others that write to the same server."""
    if not identity.is_file():
        with atomic(identity) as partial:
            partial.write_text(uuid.uuid4().hex)
    return digest([identity.read_text(), str(identity.resolve())])[:12]
