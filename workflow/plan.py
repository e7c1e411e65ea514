"""Print what Snakemake would do now as JSON: every job with its values, whether it runs, and why.

Snakemake alone knows a rule's values for an artefact. ``kdlib why`` asks here and compares.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml
from snakemake.api import SnakemakeApi
from snakemake.exceptions import RuleException, WorkflowError
from snakemake.settings.enums import RerunTrigger
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, Quietness, ResourceSettings

from kdlib.provenance.manifest import plain_params

ROOT = Path(__file__).resolve().parent
PROFILE = Path("profiles/local/profile.yaml")


def jobs(overlays: list[Path], targets: list[str]) -> list[dict[str, Any]]:
    """Return the jobs behind targets, those that need not run included.

    Args:
        overlays: Configuration files laid over the Snakefile's own.
        targets: Rules without wildcards, or files; the default target if there are none.
    """
    profile = yaml.safe_load(PROFILE.read_text())
    settings = DAGSettings(
        targets=frozenset(targets),
        rerun_triggers=frozenset(map(RerunTrigger.parse_choice, profile["rerun-triggers"])),
        max_checksum_file_size=profile["max-checksum-file-size"],
    )
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        flow = api.workflow(
            ResourceSettings(cores=1), ConfigSettings(configfiles=overlays), snakefile=Path("Snakefile")
        )
        flow.dag(settings)
        # The interface has no method that returns jobs; this is how its own summary finds them.
        workflow = flow._workflow
        workflow._prepare_dag(forceall=False, ignore_incomplete=False, lock_warn_only=True)
        workflow._build_dag()
        return [_plain(workflow.dag, job) for job in workflow.dag.jobs if job.output]


def _plain(dag: Any, job: Any) -> dict[str, Any]:
    return {
        "rule": job.rule.name,
        "wildcards": dict(job.wildcards.items()),
        "log": str(job.log[0]),
        "script": str((ROOT / "rules" / job.rule.script).resolve()),
        "params": plain_params(dict(job.params.items())),
        "input": list(map(str, job.input)),
        "output": list(map(str, job.output)),
        "runs": dag.needrun(job),
        "reasons": list(dag.reason(job).get_names()) if dag.needrun(job) else [],
    }


if __name__ == "__main__":
    arguments = json.loads(sys.argv[1])
    try:
        found = jobs([Path(path) for path in arguments["overlays"]], arguments["targets"])
    except (WorkflowError, RuleException) as error:
        raise SystemExit(str(error)) from None
    json.dump(found, sys.stdout)
