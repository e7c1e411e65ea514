import json
import socket
import sys

import pytest

from kdlib.tracking.mlflow_run import LiveRun


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Client of a real store; its tables take seconds to make, so there is one."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db")
    client.search_experiments()
    return client


@pytest.fixture
def place(client, tmp_path):
    """JSON of the tracking stage, with an open parent run in a real store."""
    experiment = client.create_experiment(tmp_path.name, artifact_location=(tmp_path / "artifacts").as_uri())
    parent = client.create_run(experiment).info.run_id
    path = tmp_path / "tracking.json"
    where = {"uri": client.tracking_uri, "experiment_id": experiment, "parent_run_id": parent}
    path.write_text(json.dumps(where))
    return path


def children(client, place):
    where = json.loads(place.read_text())
    query = f"tags.`mlflow.parentRunId` = '{where['parent_run_id']}'"
    return client.search_runs([where["experiment_id"]], query)


def test_a_training_is_logged_while_it_runs(finetune, client, place, steps):
    out = finetune("a", tracking=place, epochs=2, learning_rate=0.01)
    (run,) = children(client, place)
    assert (run.info.status, run.info.run_name) == ("FINISHED", "teachers/toy")
    assert run.data.tags["kdlib.key"] == json.loads((out / "training_report.json").read_text())["key"]
    assert (run.data.params["epochs"], run.data.params["learning_rate"]) == ("2", "0.01")
    rows = steps(out)
    history = client.get_metric_history(run.info.run_id, "ce_loss_raw")
    assert [(m.step, m.value) for m in history] == [(int(r["step"]), float(r["ce_loss_raw"])) for r in rows]
    validation = client.get_metric_history(run.info.run_id, "validation_nll")
    assert [m.step for m in validation] == [4, 8]


def test_going_on_goes_on_in_the_same_run_and_anew_begins_anew(client, place):
    def run_of(key, resumed):
        live = LiveRun(place, "students/toy", key, {}, resumed)
        live.log({"x": 1.0}, 1)
        live.close()
        (run,) = children(client, place)
        assert run.info.run_id == live.run_id
        return live.run_id

    first = run_of("k1", 0)
    assert run_of("k1", 5) == first
    assert run_of("k1", 0) != first
    assert run_of("k2", 5) != first


def test_a_run_tells_its_slurm_job_and_its_settings_one_by_one(client, place, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    monkeypatch.setenv("SLURM_JOB_PARTITION", "gpu")
    many = {f"setting{number}": number for number in range(150)}  # more than one batch takes
    LiveRun(place, "students/toy", "k", {"size": {"d_model": 32}, **many}, 0).close()
    (run,) = children(client, place)
    assert (run.data.tags["kdlib.slurm_job"], run.data.tags["kdlib.slurm_partition"]) == ("4711", "gpu")
    assert run.data.params["size.d_model"] == "32"
    assert len(run.data.params) == 151


def test_steps_that_an_interrupted_training_has_sent_are_not_sent_again(client, place):
    first = LiveRun(place, "students/toy", "k", {}, 0)
    for step in range(1, 6):
        first.log({"x": 1 / step}, step)
    first.log({"rare": 0.5}, 4)
    first.flush()  # and is killed, its last checkpoint being that of step 2
    again = LiveRun(place, "students/toy", "k", {}, 2)
    for step in range(3, 8):
        again.log({"x": 1 / step}, step)
        again.log({"rare": 0.25}, step)
    again.close()
    (run,) = children(client, place)
    assert run.info.status == "FINISHED"
    assert [m.step for m in client.get_metric_history(run.info.run_id, "x")] == [1, 2, 3, 4, 5, 6, 7]
    assert [m.step for m in client.get_metric_history(run.info.run_id, "rare")] == [4, 5, 6, 7]


def test_runs_of_other_names_are_left_alone(client, place):
    for name in ("students/a", "students/b"):
        LiveRun(place, name, "k", {}, 0).close()
    assert {run.info.run_name for run in children(client, place)} == {"students/a", "students/b"}


def test_many_metrics_are_sent_in_several_batches(client, place):
    live = LiveRun(place, "students/toy", "k", {}, 0)
    for step in range(1001):
        live.log({"x": float(step), "y": 0.0}, step)
    live.close()
    assert len(client.get_metric_history(live.run_id, "x")) == 1001


def test_metrics_are_sent_before_the_end(client, place, monkeypatch):
    monkeypatch.setattr("kdlib.tracking.mlflow_run.FLUSH_SECONDS", 0)
    live = LiveRun(place, "students/toy", "k", {}, 0)
    live.log({"x": 2.0}, 1)
    assert [m.value for m in client.get_metric_history(live.run_id, "x")] == [2.0]


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


UNUSABLE = {
    "unreachable": lambda: json.dumps(
        {"uri": f"http://127.0.0.1:{closed_port()}", "experiment_id": "1", "parent_run_id": "p"}
    ),
    "broken": lambda: '{"uri": "sqli',
    "incomplete": lambda: '{"uri": "sqlite:///x.db"}',
    "without a parent": lambda: json.dumps(
        {
            "uri": "http://x",
            "experiment_id": None,
            "parent_run_id": None,
            "reason": "the server is on holiday",
        }
    ),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_a_training_finishes_without_a_server_and_says_so(
    finetune, outcome, tmp_path, monkeypatch, capsys, kind
):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    place = tmp_path / "tracking.json"
    place.write_text(UNUSABLE[kind]())
    expected = outcome(finetune("untracked", epochs=1))
    capsys.readouterr()
    assert outcome(finetune("tracked", tracking=place, epochs=1)) == expected
    printed = capsys.readouterr().out
    assert printed.count("MLflow is unreachable, training goes on without it: ") == 1
    assert kind != "without a parent" or "the server is on holiday" in printed


@pytest.mark.parametrize("call", ["log_batch", "set_terminated"])
def test_a_server_that_fails_later_does_not_stop_a_training(finetune, place, monkeypatch, capsys, call):
    import mlflow

    original = getattr(mlflow.MlflowClient, call)

    def fail(client, run_id, **given):
        if "params" in given:  # of the beginning, when the server was there
            return original(client, run_id, **given)
        raise ConnectionError("gone")

    monkeypatch.setattr(mlflow.MlflowClient, call, fail)
    out = finetune("a", tracking=place, epochs=1)
    assert (out / "training_report.json").exists()
    assert capsys.readouterr().out.count("training goes on without it: gone") == 1


def test_a_training_without_tracking_does_not_load_mlflow(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)  # importing it now fails
    live = LiveRun(None, "students/toy", "k", {}, 0)
    live.log({"x": 1.0}, 1)
    live.close()
