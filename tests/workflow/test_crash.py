"""SIGKILL of the whole DAG at seeded moments, each followed by a run that ends with the same bytes."""

from __future__ import annotations

import shutil

import pytest

from tests.workflow.kills import Moment, finish, forget, jobs_of, kill, moments
from tests.workflow.project import Project

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def jobs(finished):
    return jobs_of(finished)


@pytest.fixture(scope="module")
def project(finished, tmp_path_factory):
    """A finished project in which all moments follow one another."""
    own = Project(tmp_path_factory.mktemp("killed") / "project")
    shutil.copytree(finished.folder, own.folder)
    return own


# One that keeps checkpoints, one of several jobs at once, one with processes in sessions of their own.
@pytest.mark.parametrize("rule", ["student", "signals_shard", "execution"])
def test_a_killed_run_goes_on_to_the_same_results(rule, jobs, project, finished):
    (moment,) = moments([job for job in jobs if job.rule == rule], 1, seed=8)
    forget(project, jobs, moment.job)
    assert not any((project.folder / path).exists() for path in moment.job.outputs)
    moment = Moment(moment.job, min(moment.delay, moment.job.seconds / 2))  # the rule still runs
    assert rule in kill(project, jobs, moment)
    assert finish(project, finished) == []


def test_moments_cover_every_rule_and_come_again(jobs):
    rules = {job.rule for job in jobs}
    chosen = moments(jobs, 2 * len(rules), seed=1)
    assert {moment.job.rule for moment in chosen[: len(rules)]} == rules
    assert chosen == moments(jobs, 2 * len(rules), seed=1)
    assert chosen != moments(jobs, 2 * len(rules), seed=2)
    assert all(0 <= moment.delay < moment.job.seconds for moment in chosen)
