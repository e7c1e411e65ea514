"""Live metrics in MLflow. The CSV files are the source of truth: no server's failure fails a training."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdlib.files import read_json

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from kdlib.tracking.store import Point

FLUSH_SECONDS = 5.0


class LiveRun:
    """One MLflow run that a training writes to; without a server it says so once and does nothing."""

    def __init__(
        self, tracking: Path | None, name: str, key: str, params: dict[str, Any], resumed: int
    ) -> None:
        """Create the run, or go on with that of an interrupted training.

        Args:
            tracking: JSON of the tracking stage (uri, experiment_id, parent_run_id), or None for no tracking.
            name: Name of the run, e.g. ``students/trident``.
            key: Digest of all that determines the training; an older run of this key is superseded.
            params: Settings to show.
            resumed: Last optimiser step of the checkpoint, 0 for a new training.
        """
        self.client: MlflowClient | None = None
        self.run_id = ""
        self.pending: list[Point] = []
        self.sent: dict[str, int] = {}  # metric: last step that an interrupted training has sent
        self.flushed = time.monotonic()
        if tracking is None:
            return
        try:
            self._open(read_json(tracking), name, key, params, resumed)
        except Exception as error:
            self._give_up(error)

    def log(self, metrics: dict[str, float], step: int) -> None:
        """Queue metrics of a step and send the queue now and then."""
        if self.client is None:
            return
        from kdlib.tracking.store import Point

        now = int(time.time() * 1000)
        self.pending += [
            Point(name, float(value), now, step)
            for name, value in metrics.items()
            if step > self.sent.get(name, -1)
        ]
        if time.monotonic() - self.flushed > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Send what is queued."""
        pending, self.pending, self.flushed = self.pending, [], time.monotonic()
        if self.client is None:
            return
        from kdlib.tracking.store import write

        try:
            write(self.client, self.run_id, pending)
        except Exception as error:
            self._give_up(error)

    def close(self) -> None:
        """Send the rest and mark the run as finished."""
        self.flush()
        if self.client is None:
            return
        try:
            self.client.set_terminated(self.run_id)
        except Exception as error:
            self._give_up(error)

    def _open(self, place: dict[str, Any], name: str, key: str, params: dict[str, Any], resumed: int) -> None:
        if not place["parent_run_id"]:
            raise ConnectionError(place["reason"])
        from kdlib.provenance.place import place as here
        from kdlib.tracking.store import children, connect, create_child, place_tags, write

        client = connect(place["uri"])
        parent = place["parent_run_id"]
        experiment = place["experiment_id"]
        for run in children(client, experiment, parent).get(name, []):
            if resumed and not self.run_id and run.data.tags.get("kdlib.key") == key:
                self.run_id = run.info.run_id
                # Steps after the checkpoint are run again: the same values would stand there twice.
                for metric in run.data.metrics:
                    history = client.get_metric_history(self.run_id, metric)
                    self.sent[metric] = max(point.step for point in history)
            else:
                client.delete_run(run.info.run_id)
        if not self.run_id:
            self.run_id = create_child(client, experiment, parent, name)
            write(client, self.run_id, params=params, tags={"kdlib.key": key})
        write(client, self.run_id, tags=place_tags(here()))
        client.update_run(self.run_id, status="RUNNING")
        self.client = client

    def _give_up(self, error: Exception) -> None:
        self.client = None
        print(f"MLflow is unreachable, training goes on without it: {error}", flush=True)
