import platform
import subprocess

import pytest

from kdlib.provenance import place as module
from kdlib.provenance.place import place


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch):
    """A folder outside of any repository, and a process outside of any cluster."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for variable in module.SLURM.values():
        monkeypatch.delenv(variable, raising=False)
    module._commit.cache_clear()
    yield
    module._commit.cache_clear()


def test_it_tells_the_host_and_nothing_that_is_not_there():
    assert place() == {"host": platform.node()}


def test_it_tells_the_job_of_a_cluster(monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    monkeypatch.setenv("SLURM_JOB_PARTITION", "gpu")
    assert place() == {"host": platform.node(), "slurm_job": "4711", "slurm_partition": "gpu"}


def test_it_tells_the_commit_of_a_repository():
    who = ["-c", "user.name=n", "-c", "user.email=e@x"]
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", *who, "commit", "-q", "--allow-empty", "-m", "m"], check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    assert place()["git_commit"] == head.stdout.strip()


def test_without_git_there_is_no_commit(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert "git_commit" not in place()
