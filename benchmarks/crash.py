"""Whether a run that is killed at any moment ends, when it is started again, in what it would have made.

Every rule of config/test.yaml is killed at least once. Before each kill the project is a finished one without
the results of the job and of all jobs after it, so that they all are made by the killed run and the next.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.contract import Claim, answer, quick
from kdlib.provenance.comparison import Compared
from tests.workflow.kills import Moment, finish, forget, jobs_of, kill, moments
from tests.workflow.project import Project, copy_project

KILLS = 20
SEED = 1


def main() -> None:
    """Run the DAG once undisturbed, then kill and finish it at one moment after the other."""
    with tempfile.TemporaryDirectory() as folder:
        undisturbed = copy_project(Path(folder, "undisturbed"))
        undisturbed.snakemake()
        jobs = jobs_of(undisturbed)
        project = Project(Path(folder, "killed"))
        shutil.copytree(undisturbed.folder, project.folder)
        rules = {job.rule for job in jobs}
        left = moments(jobs, 3 if quick() else max(KILLS, len(rules)), SEED)
        kills, lost = 0, 0
        while left:
            moment = left.pop(0)
            forget(project, jobs, moment.job)
            running = kill(project, jobs, moment)
            different = finish(project, undisturbed)
            kills, lost = kills + 1, lost + bool(different)
            _tell(moment, running, different)
            if moment.job.rule not in running:  # it had ended by then, which is a moment as well
                left.insert(0, Moment(moment.job, moment.delay / 2))
    against = f"the bytes of an undisturbed run; {len(rules)} rules, config/test.yaml"
    answer(
        "crash",
        {
            "kills": Claim(kills, "runs", KILLS, "higher", "SIGKILL to all processes of a run", 1),
            "lost": Claim(lost, "runs", 0, "lower", against, kills),
        },
    )
    if lost and quick():  # make bench writes a page that says so
        raise SystemExit(f"{lost} of {kills} killed runs did not end in the bytes of an undisturbed one")


def _tell(moment: Moment, running: list[str], different: list[Compared]) -> None:
    told = f"killed {moment.delay:.1f} s into {moment.job.rule}, while {', '.join(running) or 'nothing'} ran"
    print(told, *(f"  {own.answer}: {own.path}" for own in different), sep="\n", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
