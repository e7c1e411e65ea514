"""The DAG through a real Slurm: where its jobs land, and what becomes of those that are killed."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from tests.workflow.project import CONFIG, Project, copy_project
from tests.workflow.slurm import NODES, Slurm, missing_programs, wait_until

# The one run of the DAG is longer than a test.
pytestmark = [pytest.mark.workflow, pytest.mark.timeout(1500)]

GPU_RULES = {"teacher", "student", "signals_codec", "signals_shard", "fidelity", "predict_teacher"}
GPU_RULES |= {"predict_student", "agreement", "similarity", "gpu_report", "beams_shard"}
CPU_RULES = {
    "beams",
    "mine",
    "corpus",
    "dataset",
    "card",
    "baselines",
    "signals",
    "classpath",
    "execution",
    "score",
}
CPU_RULES |= {"report"}
# Half of the batch in each of two processes.
PAIR = {"epochs": 1, "copy_steps": 0, "batch_size": 8, "accelerate": "profiles/accelerate/multi-gpu.yaml"}
OVERLAY = {"students": {"traditional": None, "ce": {"size": "nano", "training": PAIR}}}
ANSWERS = "results/test/beams/base/2.parquet"  # of the teacher, in shards
FAULTS = {"teachers-base": ["stop", "stop"], "students-trident": ["leak", "leak", "stop"]}
PATIENCE_S = 900


@dataclass(frozen=True)
class Run:
    """A run of the DAG through Slurm, and Slurm's records of its jobs."""

    project: Project
    jobs: list[dict[str, str]]

    def of_rule(self, rule: str) -> list[dict[str, str]]:
        return [job for job in self.jobs if rule_of(job) == rule]


def rule_of(job: dict[str, str]) -> str:
    return job["Comment"].removeprefix("rule_").partition("_wildcards_")[0]


def seconds_of(job: dict[str, str], what: str) -> float:
    return datetime.fromisoformat(job[what]).timestamp()


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    """A running Slurm."""
    if missing := missing_programs():
        pytest.skip(f"Slurm is not installed: {', '.join(missing)}")
    if os.geteuid() != 0:
        pytest.skip("nodes of Slurm run as root")
    own = Slurm(tmp_path_factory.mktemp("slurm"))
    try:
        own.start()
        yield own
    finally:
        own.stop()


def shorten(project: Project) -> None:
    """Let the profile ask soon, and give a student little memory at first."""
    path = project.folder / "profiles/slurm/profile.yaml"
    profile = yaml.safe_load(path.read_text())
    profile["slurm-init-seconds-before-status-checks"] = 2
    profile["set-resources"]["student"]["mem_mb"] = "4500 * attempt"
    path.write_text(yaml.safe_dump(profile))


def plan_faults(project: Project) -> None:
    shutil.copy(Path(__file__).with_name("faulty.py"), project.folder / "sitecustomize.py")
    (project.folder / "faults").mkdir()
    for name, kinds in FAULTS.items():
        (project.folder / "faults" / name).write_text("\n".join(kinds))


def start(project: Project, slurm: Slurm, *options: str) -> subprocess.Popen[bytes]:
    (project.folder / "overlay.yaml").write_text(yaml.safe_dump(OVERLAY))
    command = [sys.executable, "-m", "snakemake", *options, "--profile", "profiles/slurm"]
    with (project.folder / "output").open("wb") as out:
        return subprocess.Popen(
            [*command, *CONFIG, "overlay.yaml"],
            cwd=project.folder,
            env={**slurm.env, "PYTHONPATH": str(project.folder)},
            stdout=out,
            stderr=out,
        )


def killed_jobs(project: Project, slurm: Slurm, snakemake: subprocess.Popen[bytes]) -> None:
    """Lose the teacher's node, let its second job run out of time, and cancel the student's second job."""

    def stopped(name: str, number: int) -> str:
        jobs = project.folder / "faults" / f"{name}.jobs"

        def reached() -> bool:
            assert snakemake.poll() is None, (project.folder / "output").read_text()[-8000:]
            return jobs.exists() and len(jobs.read_text().split()) > number

        wait_until(reached, f"{name} has not failed for the {number + 1}. time", 400)
        return jobs.read_text().split()[number]

    def ended(job: str, state: str) -> None:
        told = f"JobState={state}"
        wait_until(lambda: told in slurm.ask("scontrol", "show", "job", job), f"no {told} of {job}", 90)

    job = stopped("teachers-base", 0)
    slurm.crash_node(NODES["gpu"])
    ended(job, "NODE_FAIL")
    slurm.start_node(NODES["gpu"])
    job = stopped("teachers-base", 1)
    slurm.ask("scontrol", "update", f"JobId={job}", "EndTime=now+1")
    ended(job, "TIMEOUT")
    job = stopped("students-trident", 2)
    slurm.ask("scancel", job)
    ended(job, "CANCELLED")


def end(snakemake: subprocess.Popen[bytes]) -> None:
    """End a Snakemake that has not ended by itself, with its jobs."""
    for kind, seconds in ((signal.SIGINT, 60), (signal.SIGKILL, 10)):
        if snakemake.poll() is None:
            snakemake.send_signal(kind)
            try:
                snakemake.wait(seconds)
            except subprocess.TimeoutExpired:
                continue


@pytest.fixture(scope="module")
def run(slurm, tmp_path_factory) -> Run:
    """The whole DAG, in which each of two trainings is killed twice."""
    project = copy_project(tmp_path_factory.mktemp("clustered"))
    shorten(project)
    plan_faults(project)
    snakemake = start(project, slurm, "all", "check_gpu", ANSWERS)
    try:
        killed_jobs(project, slurm, snakemake)
        snakemake.wait(PATIENCE_S)
    finally:
        end(snakemake)
    assert snakemake.returncode == 0, (project.folder / "output").read_text()[-8000:]
    return Run(project, slurm.jobs())


def test_every_job_lands_in_its_partition_with_its_gpus(run):
    found = defaultdict(set)
    for job in run.jobs:
        found[rule_of(job)].add((job["Partition"], job["JOB_GRES"]))
    expected = {rule: {("cpu", "(null)")} for rule in CPU_RULES}
    expected |= {rule: {("gpu", "gpu:a100:1")} for rule in GPU_RULES}
    expected["student"] = {("gpu", "gpu:a100:1"), ("gpu", "gpu:a100:2")}  # trident, and ce in two processes
    assert found == expected


@pytest.mark.parametrize(("rule", "tasks"), [("signals_shard", 4), ("beams_shard", 2)])
def test_shards_are_one_array(run, rule, tasks):
    shards = run.of_rule(rule)
    assert len({job["ArrayJobId"] for job in shards}) == 1
    assert sorted(job["ArrayTaskId"] for job in shards) == [str(number + 1) for number in range(tasks)]
    assert {job["JobState"] for job in shards} == {"COMPLETED"}


def test_killed_jobs_are_submitted_again_with_more(run, slurm):
    teacher = run.of_rule("teacher")
    assert [job["JobState"] for job in teacher] == ["NODE_FAIL", "TIMEOUT", "COMPLETED"]
    assert [job["MinMemoryNode"] for job in teacher] == ["6000M", "12000M", "18000M"]
    assert teacher[2]["TimeLimit"] == "1-12:00:00"
    student = [job for job in run.of_rule("student") if "trident" in job["Comment"]]
    assert [job["JobState"] for job in student] == ["FAILED", "CANCELLED", "COMPLETED"]
    assert [job["MinMemoryNode"] for job in student] == ["4500M", "9000M", "13500M"]
    log = (slurm.folder / f"slurmd-{NODES['gpu']}.log").read_text()
    assert re.findall(r"StepId=(\d+)\.0 exceeded memory limit", log)[:1] == [student[0]["JobId"]]
    assert [job["TimeLimit"] for job in student] == ["08:00:00", "16:00:00", "1-00:00:00"]


@pytest.mark.parametrize(("rule", "name"), [("teacher", "base"), ("student", "trident")])
def test_a_killed_training_goes_on_from_its_checkpoint(run, rule, name):
    last = [job for job in run.of_rule(rule) if name in job["Comment"]][-1]
    with (run.project.folder / f"results/test/{rule}s/{name}/step_metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == list(range(1, 9))
    began = seconds_of(last, "StartTime")
    assert [int(row["step"]) for row in rows if float(row["timestamp"]) >= began] == [5, 6, 7, 8]


def test_results_are_those_of_an_undisturbed_local_run(run, finished):
    files = [
        "teachers/base/best_model/model.safetensors",
        "signals/base/train/0.parquet",
        "signals/base/validation/1.parquet",
        "students/trident/best_model/model.safetensors",
        "evaluation/students/trident/predictions.jsonl",
    ]
    for name in files:
        here, there = (p.folder / "results/test" / name for p in (run.project, finished))
        assert here.read_bytes() == there.read_bytes(), name


def test_two_processes_train_together_as_one_job(run):
    jobs = [job for job in run.of_rule("student") if "ce" in job["Comment"].split("_wildcards_")[1]]
    assert [(job["JOB_GRES"], job["NumTasks"], job["JobState"]) for job in jobs] == [
        ("gpu:a100:2", "1", "COMPLETED")
    ]
    assert jobs[0]["TimeLimit"] == "16:00:00"
    with (run.project.folder / "results/test/students/ce/step_metrics.csv").open(newline="") as file:
        assert {row["effective_batch_size"] for row in csv.DictReader(file)} == {"16"}


def test_check_gpu_tells_what_the_partition_has(run):
    report = json.loads((run.project.folder / "logs/test/check_gpu.log").read_text())
    (job,) = run.of_rule("gpu_report")
    assert (report["partition"], report["node"], report["job"]) == ("gpu", "gpu01", job["JobId"])
    assert report["visible"] in {"0", "1"}
    assert report["teraflops"]["float32"] > 0
    assert job["TimeLimit"] == "00:30:00"
