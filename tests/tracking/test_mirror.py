"""What MLflow holds after the rule ``track``: of every stage once, however often and whenever it ran."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kdlib.files import read_json, write_json
from kdlib.telemetry.step_csv import metrics_of, read_steps
from kdlib.tracking.mirror import mirror
from kdlib.tracking.mlflow_run import LiveRun
from kdlib.tracking.prepare import prepare
from kdlib.tracking.store import children, connect
from tests.runs.small_run import STEP_COUNT, TRAINED, VALUES, write_small_run, write_training

pytestmark = pytest.mark.slow  # writes into stores of MLflow

RUN = Path("results/small")
OUT = RUN / "mlflow.json"
STAGES = {
    *("corpus", "dataset", "signals/base", "fidelity/base", *TRAINED, "execution"),
    *(f"cost/{model}" for model in TRAINED),
    *(f"agreement/{model}" for model in TRAINED[1:]),
    *(f"evaluation/{model}" for model in VALUES),
}


def track(place, code="c1"):
    mirror(place, RUN, [RUN / "report.html"], code, OUT)
    return read_json(OUT)


class Store:
    """What stands in MLflow below the parent of the run."""

    def __init__(self, place):
        where = read_json(place)
        self.client = connect(where["uri"])
        self.parent = where["parent_run_id"]
        self.runs = children(self.client, where["experiment_id"], self.parent)

    def only(self, name):
        (run,) = self.runs[name]
        return run

    def histories(self):
        """Every point of every metric of every run, by names."""
        return {
            (name, metric): [
                (p.step, p.value) for p in self.client.get_metric_history(run.info.run_id, metric)
            ]
            for name, (run,) in self.runs.items()
            for metric in run.data.metrics
        }

    def files(self, name):
        run_id = self.only(name).info.run_id if name else self.parent
        return {entry.path for entry in self.client.list_artifacts(run_id)}


def test_every_stage_with_numbers_is_a_child_of_the_parent(place):
    assert track(place)["mirrored"] is True
    store = Store(place)
    assert set(store.runs) == STAGES
    assert all(run.info.status == "FINISHED" for (run,) in store.runs.values())
    ce = store.only("evaluation/students/ce").data.metrics
    assert ce["token_f1"] == 0.625
    assert (ce["token_f1.low"], ce["token_f1.high"]) == (0.5, 0.75)
    assert ce["kind:assertEquals.token_f1"] == 0.5
    assert ce["minus baselines/retrieval.exact_match"] == 0.125
    assert store.only("fidelity/base").data.metrics["T4.l1"] == 0.25
    assert store.only("execution").data.metrics["students/ce.passed"] == 2
    assert store.only("agreement/students/trident").data.metrics["krs"] == 0.95
    assert store.only("cost/teachers/base").data.metrics["latency_p50_seconds"] == 0.5
    assert store.only("corpus").data.metrics["counts.kept"] == 80


def test_a_child_tells_its_settings_its_digests_and_where_it_ran(place):
    track(place)
    score = Store(place).only("evaluation/students/ce")
    assert score.data.params == {"evaluation.beams": "2"}
    tags = score.data.tags
    assert (tags["kdlib.code"], tags["kdlib.slurm_job"], tags["kdlib.slurm_partition"]) == (
        "c0de",
        "4711",
        "gpu",
    )
    assert tags["mlflow.source.git.commit"] == "a" * 40
    assert len(tags["kdlib.config"]) == len(tags["kdlib.data"]) == 16
    assert tags["kdlib.version"]
    assert (score.info.start_time, score.info.end_time) == (2_000_000, 2_060_500)


def test_a_training_without_a_live_run_gets_its_curves_from_its_records(place):
    track(place)
    store = Store(place)
    run = store.only("students/ce")
    steps = list(read_steps(RUN / "students/ce/step_metrics.csv"))
    for name in metrics_of(steps[0]):
        points = store.client.get_metric_history(run.info.run_id, name)
        assert [(p.step, p.value) for p in points] == [(s.number, metrics_of(s)[name]) for s in steps]
    assert points[0].timestamp == 1_001_250
    assert run.data.params == {"epochs": "2", "size.d_model": "32", "loss_weights": "{}"}
    assert run.data.metrics["best_validation_nll"] == 2.25


def test_data_sets_and_files_are_kept_with_their_runs(place):
    track(place)
    store = Store(place)
    inputs = store.client.get_run(store.only("students/ce").info.run_id).inputs.dataset_inputs
    found = {
        (own.dataset.name, own.tags[0].key, own.tags[0].value, len(own.dataset.digest)) for own in inputs
    }
    assert found == {(name, "mlflow.data.context", name, 16) for name in ("train", "validation")}
    assert store.files("students/ce") >= {"training_report.json", "step_metrics.csv", "numbers.json"}
    assert store.files(None) == {"report.html"}
    own = store.only("evaluation/students/ce").info
    numbers = store.client.download_artifacts(own.run_id, "numbers.json")
    assert "token_f1|v:1|n:8" in Path(numbers).read_text()


def live(place, model, steps, resumed=0, close=True, key="k1"):
    """Write a run as a training does, some of its steps."""
    run = LiveRun(place, model, key, {"epochs": 2}, resumed)
    validations = {3: 2.5, 6: 2.25}
    for step in read_steps(RUN / model / "step_metrics.csv"):
        if step.number in steps:
            run.log(metrics_of(step), step.number)
            if step.number in validations:
                run.log({"validation_nll": validations[step.number]}, step.number)
    run.close() if close else run.flush()
    return run.run_id


def test_a_whole_live_run_is_completed_and_kept(place):
    run_id = live(place, "students/ce", range(1, STEP_COUNT + 1))
    track(place)
    run = Store(place).only("students/ce")
    assert run.info.run_id == run_id
    assert run.data.metrics["parameters"] == 1000
    assert run.data.tags["kdlib.slurm_job"] == "4711"


@pytest.mark.parametrize("steps", [range(1, 4), range(3, STEP_COUNT + 1)], ids=["lost its end", "began late"])
def test_a_live_run_that_lacks_steps_is_made_anew(place, steps):
    run_id = live(place, "students/ce", steps)
    track(place)
    store = Store(place)
    assert store.only("students/ce").info.run_id != run_id
    assert len(store.histories()["students/ce", "total_loss_weighted"]) == STEP_COUNT


def test_steps_that_are_run_again_after_a_kill_stand_there_once(place):
    first = live(place, "students/ce", range(1, 6), close=False)
    again = live(place, "students/ce", range(4, STEP_COUNT + 1), resumed=3)
    assert first == again
    track(place)
    store = Store(place)
    assert store.only("students/ce").info.run_id == first
    assert [step for step, _ in store.histories()["students/ce", "total_loss_weighted"]] == [1, 2, 3, 4, 5, 6]


def test_doing_it_twice_leaves_what_doing_it_once_does(place):
    track(place)
    before = Store(place)
    track(place)
    after = Store(place)
    assert {n: r.info.run_id for n, (r,) in after.runs.items()} == {
        n: r.info.run_id for n, (r,) in before.runs.items()
    }
    assert after.histories() == before.histories()


def test_only_the_stage_that_changed_is_written_anew(place):
    track(place)
    before = Store(place)
    cost = RUN / "evaluation/students/ce/cost.json"
    write_json(cost, {**read_json(cost), "latency_p50_seconds": 0.75})
    track(place)
    after = Store(place)
    changed = {n for n, (r,) in after.runs.items() if r.info.run_id != before.only(n).info.run_id}
    assert changed == {"cost/students/ce"}
    assert after.histories()["cost/students/ce", "latency_p50_seconds"] == [(0, 0.75)]


def test_a_training_that_changed_has_one_run_with_its_own_curve(place):
    live(place, "students/ce", range(1, STEP_COUNT + 1))
    track(place)
    before = Store(place)
    write_training(RUN, "students/ce", key="k2")
    live(place, "students/ce", range(1, STEP_COUNT + 1), key="k2")
    track(place)
    after = Store(place)
    assert after.only("students/ce").info.run_id != before.only("students/ce").info.run_id
    assert after.only("students/ce").data.tags["kdlib.key"] == "k2"
    assert after.histories() == before.histories()


@pytest.mark.parametrize("call", ["log_inputs", "log_dict", "set_terminated"])
def test_a_mirror_killed_in_the_middle_is_completed_by_the_next(place, monkeypatch, call):
    import mlflow

    live(place, "students/ce", range(1, STEP_COUNT + 1))
    original, calls = getattr(mlflow.MlflowClient, call), []

    def fail(*given, **named):
        calls.append(given)
        if len(calls) == 5:  # of some twenty
            raise KeyboardInterrupt
        return original(*given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, call, fail)
        with pytest.raises(KeyboardInterrupt):
            track(place)
    track(place)
    store = Store(place)
    assert set(store.runs) == STAGES
    assert all(len({step for step, _ in points}) == len(points) for points in store.histories().values())


def test_a_student_that_is_no_longer_configured_goes(place):
    track(place)
    metrics = RUN / "evaluation/evaluation_metrics.json"
    found = read_json(metrics)
    del found["models"]["students/trident"]
    write_json(metrics, found)
    track(place)
    gone = {name for name in STAGES if name.endswith("students/trident")}
    assert set(Store(place).runs) == STAGES - gone


def test_the_evaluations_on_test_and_validation_leave_each_other_alone(place):
    own = track(place)["runs"]
    inner = RUN / "validation"
    shutil.copytree(RUN / "evaluation", inner / "evaluation")
    (inner / "report.html").write_text("<html>another page</html>")
    mirror(place, inner, [inner / "report.html"], "c1", inner / "mlflow.json")
    other = read_json(inner / "mlflow.json")["runs"]
    evaluated = {
        name for name in STAGES if name.split("/")[0] in ("cost", "execution", "agreement", "evaluation")
    }
    assert other.keys() == (STAGES - evaluated) | {f"validation/{name}" for name in evaluated}
    assert {name: other[name] for name in STAGES - evaluated} == {
        name: own[name] for name in STAGES - evaluated
    }
    assert track(place)["runs"] == own
    store = Store(place)
    assert store.runs.keys() == own.keys() | other.keys()
    (data,) = store.only("validation/evaluation/students/ce").inputs.dataset_inputs
    assert data.dataset.name == "validation"
    assert {"report.html", "validation"} <= store.files("")


def test_a_child_run_of_the_user_s_own_is_left_alone(place):
    where = read_json(place)
    client = connect(where["uri"])
    own = client.create_run(where["experiment_id"], tags={"mlflow.parentRunId": where["parent_run_id"]})
    track(place)
    assert client.get_run(own.info.run_id).info.lifecycle_stage == "active"


def test_a_run_without_manifests_is_mirrored_without_their_settings(place):
    shutil.rmtree(RUN / "manifests")
    assert track(place)["mirrored"] is True
    run = Store(place).only("evaluation/students/ce")
    assert run.data.params == {}
    assert run.data.metrics["token_f1"] == 0.625


def test_other_code_shows_every_stage_anew(place):
    track(place, "c1")
    before = Store(place)
    track(place, "c2")
    after = Store(place)
    assert after.histories() == before.histories()
    assert {r.info.run_id for (r,) in after.runs.values()}.isdisjoint(
        r.info.run_id for (r,) in before.runs.values()
    )


def test_two_projects_with_runs_of_one_name_share_a_store_but_no_runs(project, place, monkeypatch):
    parent = track(place)["parent_run_id"]
    before, uri = Store(place).histories(), f"sqlite:///{Path('results.db').resolve()}"
    (project / "other").mkdir()
    monkeypatch.chdir("other")
    write_small_run(Path())
    other = Path("results/small/tracking.json")
    prepare("small", uri, "kdlib", Path("cache/tracking.id"), other)
    assert track(other)["parent_run_id"] != parent
    monkeypatch.chdir(project)
    assert Store(place).histories() == before
