"""All results of a run in MLflow, stage by stage; doing it twice leaves what doing it once does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kdlib.files import read_json, sha256, write_json
from kdlib.provenance.lineage import ancestry, sources
from kdlib.provenance.manifest import Manifest, read_manifests
from kdlib.records import digest
from kdlib.results.places import VALIDATION, run_folder
from kdlib.results.training import read_training
from kdlib.runs.numbers import Number, Stage, stages
from kdlib.telemetry.step_csv import Step, history, metrics_of, read_steps, read_validations
from kdlib.tracking.prepare import opened
from kdlib.tracking.store import Point, children, connect, create_child, place_tags, write

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

MIRRORED = "kdlib.mirrored"  # digest of all that a child run shows, written last
SPLITS = {
    "dataset": ("train", "validation", "test"),
    "teachers": ("train", "validation"),
    "students": ("train", "validation"),
    "signals": ("train", "validation"),
    "fidelity": ("validation",),
}
EVALUATIONS = ("cost", "execution", "agreement", "evaluation")
TRAININGS = ("teachers", "students")


class Shown(NamedTuple):
    """What a child run shows of a stage.

    Attributes:
        stage: Numbers and files.
        params: Settings of its job, or of its training.
        tags: Digests, and where the job ran.
        began: Seconds since 1970.
        ended: The same.
        splits: Split: sha256 of the rows that it read.
    """

    stage: Stage
    params: dict[str, Any]
    tags: dict[str, str]
    began: float
    ended: float
    splits: dict[str, str]

    def key(self, code: str) -> str:
        """Return a digest of all this, and of the code that shows it."""
        files = [sha256(path) for path in self.stage.files]
        texts = [self.params, self.tags, self.began, self.ended, self.splits, self.stage.numbers]
        return digest([code, *files, *map(json.dumps, texts)])[:16]


def mirror(place: Path, folder: Path, kept: Sequence[Path], code: str, out: Path) -> None:
    """Write the results of a run into MLflow: a child run for each stage that has numbers.

    Child runs that show the same already are left alone; others are superseded. A training's run, written
    while it ran, is completed, or made anew from its records if it lacks a step.

    Args:
        place: What ``prepare`` wrote; a server that was not there then is asked again.
        folder: The run's, e.g. ``results/default``, or its folder ``validation``; neither evaluation
            touches what is shown of the other.
        kept: Files to keep with the parent run; the first of them is what the run was made for.
        code: Digest of the code that does this.
        out: JSON of what was mirrored, or of the reason why not.
    """
    where = read_json(place)
    try:
        where |= opened(where)
        runs = _mirror(where, folder, kept, code)
    except Exception as error:
        print(f"MLflow at {where['uri']} cannot be used: {error}")
        print("once it can: snakemake --profile profiles/local --forcerun track (nothing is trained again)")
        write_json(out, {"mirrored": False, "reason": str(error)})
        return
    done = {"mirrored": True, "uri": where["uri"], "parent_run_id": where["parent_run_id"], "runs": runs}
    write_json(out, done)


def _mirror(where: dict[str, Any], folder: Path, kept: Sequence[Path], code: str) -> dict[str, str]:
    client = connect(where["uri"])
    parent = where["parent_run_id"]
    manifests = read_manifests([run_folder(folder), Path("cache")])
    inside = folder.name if run_folder(folder) != folder else ""
    makers = {path: manifest for manifest in manifests for path in manifest["output"]}
    there = children(client, where["experiment_id"], parent)
    runs: dict[str, str] = {}
    for shown in _shown(folder, makers):
        name = shown.stage.name
        runs[name] = _child(client, where, shown, there.pop(name, []), shown.key(code))
    for name, left in there.items():  # of models that are no longer configured
        for run in left if _evaluated(name)[0] in ("", _rows_of(inside)) else ():
            client.delete_run(run.info.run_id)
    tags = _parent_tags(
        [str(path) for path in kept[:1]], manifests, f"kdlib.{inside}." if inside else "kdlib."
    )
    write(client, parent, tags=tags)
    for path in kept:
        client.log_artifact(parent, str(path), inside or None)
    client.set_terminated(parent)
    return runs


def _rows_of(inside: str) -> str:
    return inside or "test"


def _evaluated(name: str) -> tuple[str, str]:
    """Return the split that a stage was evaluated on, empty if it is no evaluation, and its kind."""
    inside, _, rest = name.partition("/") if name.startswith(f"{VALIDATION}/") else ("", "", name)
    kind = rest.partition("/")[0]
    return _rows_of(inside) if kind in EVALUATIONS else "", kind


def _parent_tags(targets: Iterable[str], manifests: Sequence[Manifest], prefix: str) -> dict[str, str]:
    jobs = list(ancestry(targets, manifests))
    parts = {
        "config": sorted(json.dumps(job["params"], sort_keys=True) for job in jobs),
        "code": sorted(job["code"]["digest"] for job in jobs),
        "data": sorted(sources(jobs).values()),
    }
    digests = {f"{prefix}{name}": digest(texts)[:16] for name, texts in parts.items() if texts}
    return {"kdlib.version": version("kdlib"), **digests}


def _shown(folder: Path, makers: Mapping[str, Manifest]) -> Iterator[Shown]:
    """Yield what there is to show, the settings of every stage from the manifest of its job."""
    tables = {name: run_folder(folder) / "dataset" / f"{name}.parquet" for name in SPLITS["dataset"]}
    rows = {name: sha256(path) for name, path in tables.items() if path.is_file()}
    for stage in stages(folder):
        manifest = makers.get(str(stage.made))
        evaluated, kind = _evaluated(stage.name)
        splits = (evaluated,) if evaluated else SPLITS.get(kind, ())
        made = stage.made.stat().st_mtime
        params = manifest["params"] if manifest else {}
        if kind in TRAININGS:
            params = dict(read_training(stage.made).params)
        yield Shown(
            stage,
            params,
            _tags(manifest) if manifest else {"kdlib.version": version("kdlib")},
            manifest["began"] if manifest else made,
            manifest["ended"] if manifest else made,
            {name: rows[name] for name in splits if name in rows},
        )


def _tags(manifest: Manifest) -> dict[str, str]:
    return {
        "kdlib.version": version("kdlib"),
        "kdlib.rule": manifest["rule"],
        "kdlib.config": digest([json.dumps(manifest["params"], sort_keys=True)])[:16],
        "kdlib.code": manifest["code"]["digest"],
        "kdlib.data": digest(sorted(manifest["input"].values()))[:16],
        **place_tags(manifest.get("place", {})),
    }


def _child(client: MlflowClient, where: dict[str, Any], shown: Shown, there: list[Run], key: str) -> str:
    """Return the run that shows a stage, made or completed if it is not there as it should be."""
    training = shown.stage.name.partition("/")[0] in TRAININGS
    kept = None
    for run in there:
        marked = run.data.tags.get(MIRRORED)
        if kept is None and run.info.status == "FINISHED" and marked == key:
            return _only(client, run, there)
        if kept is None and marked is None and training and _is_whole(client, run, shown.stage):
            kept = run
    if kept is not None:
        run_id = _only(client, kept, there)
    else:
        for run in there:
            client.delete_run(run.info.run_id)
        run_id = create_child(
            client, where["experiment_id"], where["parent_run_id"], shown.stage.name, shown.began
        )
        write(client, run_id, params=shown.params, points=list(_curve(shown.stage)) if training else ())
    _complete(client, run_id, shown, key)
    return run_id


def _only(client: MlflowClient, chosen: Run, there: list[Run]) -> str:
    """Return a run's id; its twins, left by a race or a kill, go."""
    for run in there:
        if run is not chosen:
            client.delete_run(run.info.run_id)
    return str(chosen.info.run_id)


def _complete(client: MlflowClient, run_id: str, shown: Shown, key: str) -> None:
    """Write what is no curve; the mark comes last, and points keep their time, so it can be done again."""
    points = list(_points(shown.stage.numbers, int(shown.ended * 1000)))
    write(client, run_id, points, tags=shown.tags)
    _log_inputs(client, run_id, shown)
    for path in shown.stage.files:
        client.log_artifact(run_id, str(path))
    client.log_dict(run_id, {"numbers": [number._asdict() for number in shown.stage.numbers]}, "numbers.json")
    client.set_terminated(run_id, end_time=int(shown.ended * 1000))
    write(client, run_id, tags={MIRRORED: key})


def _points(numbers: Iterable[Number], milliseconds: int) -> Iterator[Point]:
    for number in numbers:
        ends = {"": number.value, ".low": number.low, ".high": number.high}
        for end, value in ends.items():
            if value is not None:
                yield Point(f"{number.name}{end}", value, milliseconds, 0)


def _log_inputs(client: MlflowClient, run_id: str, shown: Shown) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    inputs = [
        DatasetInput(
            Dataset(split, sha[:16], "local", json.dumps({"uri": f"dataset/{split}.parquet"})),
            [InputTag("mlflow.data.context", split)],
        )
        for split, sha in shown.splits.items()
    ]
    if inputs:
        client.log_inputs(run_id, inputs)


def _records(stage: Stage) -> Iterator[Any]:
    """Yield the steps and validations of a training in their order."""
    steps, epochs = (stage.made.with_name(f"{name}_metrics.csv") for name in ("step", "training"))
    return history(read_steps(steps), read_validations(epochs))


def _curve(stage: Stage) -> Iterator[Point]:
    now = 0
    for record in _records(stage):
        if isinstance(record, Step):
            now = int(record.time * 1000)
            values = metrics_of(record)
            number = record.number
        else:
            values = {"validation_nll": record.nll}
            number = record.step
        yield from (Point(name, value, now, number) for name, value in values.items())


def _is_whole(client: MlflowClient, run: Run, stage: Stage) -> bool:
    """Return whether a run that was written live has every step and every validation once."""
    if run.info.status != "FINISHED":
        return False
    expected: dict[str, list[int]] = {"total_loss_weighted": [], "validation_nll": []}
    for record in _records(stage):
        if isinstance(record, Step):
            expected["total_loss_weighted"].append(record.number)
        else:
            expected["validation_nll"].append(record.step)
    run_id = run.info.run_id
    found = {name: [point.step for point in client.get_metric_history(run_id, name)] for name in expected}
    return all(sorted(found[name]) == steps for name, steps in expected.items())
