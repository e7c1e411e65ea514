"""Stores of all kinds: a SQLite file that many write to, a real server, and none at all."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from kdlib.files import read_json, write_json
from kdlib.tracking.mirror import mirror
from kdlib.tracking.mlflow_run import LiveRun
from kdlib.tracking.prepare import prepare
from kdlib.tracking.store import children, connect

pytestmark = pytest.mark.slow  # starts servers and processes that write into stores of MLflow

ROOT = Path(__file__).resolve().parents[2]
RUN = Path("results/small")
IDENTITY = Path("cache/tracking.id")


def prepared(uri, place=RUN / "tracking.json"):
    prepare("small", uri, "kdlib", IDENTITY, place)
    return place


def tracked(place):
    mirror(place, RUN, [RUN / "report.html"], "c1", RUN / "mlflow.json")
    return read_json(RUN / "mlflow.json")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_eight_processes_write_into_a_fresh_file_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = prepared("sqlite:///deep/down/mlflow.db")
    script = Path(__file__).with_name("write_many.py")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    writers = [
        subprocess.Popen([sys.executable, str(script), str(place), f"students/s{n}", "50"], env=environment)
        for n in range(8)
    ]
    assert [writer.wait(timeout=240) for writer in writers] == [0] * 8
    where = read_json(place)
    client = connect(where["uri"])
    runs = children(client, where["experiment_id"], where["parent_run_id"])
    assert len(runs) == 8
    for (run,) in runs.values():
        assert run.info.status == "FINISHED"
        history = client.get_metric_history(run.info.run_id, "m7")
        assert [point.step for point in history] == list(range(1, 51))


def test_preparing_again_finds_the_same_parent(project, capsys):
    first, again = (read_json(prepared("sqlite:///results.db")) for _ in range(2))
    assert first["parent_run_id"] == again["parent_run_id"] is not None
    assert "cannot be used" not in capsys.readouterr().out


@pytest.fixture(scope="module")
def server(tmp_path_factory, made_store):
    """A real tracking server; it hands artefacts on."""
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    shutil.copy(made_store, folder / "mlflow.db")
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--workers", "1"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=environment)
    uri, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 120
    try:
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{uri}/health", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.2)
        yield uri
    finally:
        process.terminate()
        process.wait(timeout=60)


def thinned():
    """Take a student and the baseline out of the run: a server needs some time for each stage."""
    metrics = RUN / "evaluation/evaluation_metrics.json"
    found = read_json(metrics)
    found["models"] = {name: found["models"][name] for name in ("teachers/base", "students/ce")}
    write_json(metrics, found)


def test_a_server_takes_the_same_runs_as_a_file_and_its_pages_show_them(project, server, browser):
    thinned()
    place = prepared(server)
    live = LiveRun(place, "students/ce", "k1", {"epochs": 2}, 0)
    live.log({"x": 1.0}, 1)
    live.close()
    assert live.client is not None
    first = tracked(place)
    assert first["mirrored"] is True, first
    assert tracked(place) == first
    where = read_json(place)
    client = connect(server)
    runs = children(client, where["experiment_id"], where["parent_run_id"])
    assert set(runs) == set(first["runs"])
    (run,) = runs["students/ce"]
    assert len(client.get_metric_history(run.info.run_id, "total_loss_weighted")) == 6
    assert "report.html" in {entry.path for entry in client.list_artifacts(where["parent_run_id"])}
    page, runs_of = browser.new_page(), f"{server}/#/experiments/{where['experiment_id']}/runs"
    page.goto(f"{runs_of}/{first['runs']['evaluation/students/ce']}")
    page.get_by_text("token_f1", exact=True).first.wait_for(timeout=60_000)
    assert page.get_by_text("0.625").count() >= 1
    page.goto(runs_of)
    page.get_by_text("small", exact=True).first.wait_for(timeout=60_000)
    page.close()


UNREACHABLE = {
    "nobody listens": lambda: f"http://127.0.0.1:{free_port()}",
    "nobody listens for a database": lambda: f"postgresql://u:p@127.0.0.1:{free_port()}/mlflow",
    "a folder that cannot be made": lambda: "sqlite:////proc/none/x.db",
    "a file of another kind": lambda: "sqlite:///results/small/report.html",
}


@pytest.mark.parametrize("kind", UNREACHABLE)
def test_what_cannot_be_reached_is_told_within_seconds(project, capsys, kind):
    began = time.monotonic()
    place = prepared(UNREACHABLE[kind]())
    found = read_json(place)
    assert found["parent_run_id"] is None
    assert found["reason"]
    assert capsys.readouterr().out.count("the run goes on without it: ") == 1
    LiveRun(place, "students/ce", "k", {}, 0).close()
    assert "MLflow is unreachable, training goes on without it: " in capsys.readouterr().out
    assert tracked(place)["mirrored"] is False
    assert "--forcerun track" in capsys.readouterr().out
    assert time.monotonic() - began < 25


def test_a_server_that_answers_nothing_is_given_up(project, monkeypatch):
    """It takes connections and is silent, as one behind a firewall or out of memory is."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        place = prepared(f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert read_json(place)["parent_run_id"] is None
    assert time.monotonic() - began < 20


def test_track_catches_up_when_the_server_is_back(project, made_store):
    place = prepared("sqlite:///results/small/report.html")
    (RUN / "report.html").rename("page.html")
    shutil.copy(made_store, RUN / "report.html")  # now it is a store
    mirror(place, RUN, [Path("page.html")], "c1", RUN / "mlflow.json")
    found = read_json(RUN / "mlflow.json")
    assert found["mirrored"] is True
    assert "students/ce" in found["runs"]


def test_a_relative_file_is_that_of_the_folder_it_is_used_in(project, made_store, monkeypatch):
    first = read_json(prepared("sqlite:///results.db"))
    (project / "other/results/small").mkdir(parents=True)
    shutil.copy(made_store, project / "other/results.db")
    monkeypatch.chdir("other")
    prepared("sqlite:///results.db")
    monkeypatch.chdir(project)
    client = connect("sqlite:///results.db")
    (run,) = client.search_runs([first["experiment_id"]])
    assert run.info.run_id == first["parent_run_id"]


def test_limits_that_a_user_has_set_count(monkeypatch, made_store):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "77")
    connect(f"sqlite:///{made_store}")
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "77"
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
