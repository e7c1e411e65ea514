"""An MLflow store that many jobs write to: reached within seconds, or given up with a reason."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from kdlib.provenance.changes import flat

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

# MLflow's own would let a training wait for minutes. A variable that the user has set counts.
LIMITS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
REACHED_S = 5.0
LOCKED_S = 60  # a writer waits so long for others of a SQLite file
PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
# MLflow's limits for one batch.
METRICS = 1000
PARAMS = 100
TAGS = 100
LONGEST_PARAM = 6000  # characters
LONGEST_TAG = 5000  # characters
PARENT = "mlflow.parentRunId"
NAME = "kdlib.name"


class Point(NamedTuple):
    """A value of a metric; equal points are stored once."""

    name: str
    value: float
    milliseconds: int  # since 1970
    step: int


def connect(uri: str) -> MlflowClient:
    """Return a client of a store that can be reached.

    Args:
        uri: Tracking server, SQLite file or other database.

    Raises:
        OSError: If nothing answers there.
        sqlite3.Error: If the file is no database or cannot be opened.
    """
    for name, value in LIMITS.items():
        os.environ.setdefault(name, value)
    found = urlsplit(uri)
    kind = found.scheme.partition("+")[0]
    if kind == "sqlite":
        _open_file(sqlite_file(uri))
        # MLflow keeps an engine for each URI, so that a relative one would stand for one folder for ever.
        options = "&".join(filter(None, [found.query, f"timeout={LOCKED_S}"]))
        uri = f"{found.scheme}:///{sqlite_file(uri).resolve()}?{options}"
    elif kind in PORTS and found.hostname:  # whose driver, asked by MLflow ten times, waits for minutes
        socket.create_connection((found.hostname, found.port or PORTS[kind]), REACHED_S).close()
    from mlflow import MlflowClient

    return MlflowClient(uri)


def sqlite_file(uri: str) -> Path:
    """Return the file of ``sqlite:///…``."""
    return Path(uri.partition("///")[2].partition("?")[0])


def _open_file(database: Path) -> None:
    database.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(database, timeout=LOCKED_S)
    try:
        connection.execute("pragma schema_version").fetchone()
    finally:
        connection.close()


def children(client: MlflowClient, experiment: str, parent: str) -> dict[str, list[Run]]:
    """Return the active runs below a parent that we wrote, by their names, the newest first."""
    found: dict[str, list[Run]] = {}
    query = f"tags.`{PARENT}` = '{parent}'"
    token = None
    while True:
        page = client.search_runs([experiment], query, page_token=token)
        for run in page:
            if NAME in run.data.tags:  # others are a user's own
                found.setdefault(run.data.tags[NAME], []).append(run)
        token = page.token
        if not token:
            return found


def create_child(
    client: MlflowClient, experiment: str, parent: str, name: str, began: float | None = None
) -> str:
    """Create a run below a parent and return its id.

    Args:
        client: Of the store.
        experiment: Id of the experiment.
        parent: Id of the parent.
        name: Name of the stage.
        began: Seconds since 1970; now if it is left out.
    """
    milliseconds = None if began is None else int(began * 1000)
    tags = {PARENT: parent, NAME: name}
    run = client.create_run(experiment, start_time=milliseconds, tags=tags, run_name=name)
    return str(run.info.run_id)


def write(
    client: MlflowClient,
    run_id: str,
    points: Sequence[Point] = (),
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Write into a run, in as many batches as it takes.

    Args:
        client: Of the store.
        run_id: The run.
        points: Of its metrics.
        params: Nested settings; they get dotted names.
        tags: By name.
    """
    from mlflow.entities import Metric, Param, RunTag

    metrics = [Metric(_name(point.name), *point[1:]) for point in points]
    settings = [Param(_name(key), str(value)[:LONGEST_PARAM]) for key, value in flat(params or {})]
    marks = [RunTag(_name(key), value[:LONGEST_TAG]) for key, value in (tags or {}).items()]
    for batch in _batches(metrics, METRICS):
        client.log_batch(run_id, metrics=batch)
    for batch in _batches(settings, PARAMS):
        client.log_batch(run_id, params=batch)
    for batch in _batches(marks, TAGS):
        client.log_batch(run_id, tags=batch)


def place_tags(place: Mapping[str, str]) -> dict[str, str]:
    """Return where a job ran as tags; MLflow shows a commit that has this name."""
    names = {"git_commit": "mlflow.source.git.commit"}
    return {names.get(key, f"kdlib.{key}"): value for key, value in place.items()}


def _name(key: str) -> str:
    return re.sub(r"[^/\w.\- :]", "_", key)


def _batches(items: Sequence[Any], size: int) -> Iterator[list[Any]]:
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch
