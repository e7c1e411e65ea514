# kdlib: from Java sources to distilled models that write unit-test assertions.
# snakemake --profile profiles/local        the default run, to results/default/report.html
from snakemake.utils import min_version

min_version("9.27")


configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


# inert unless software deployment is asked for with --sdm
container: "docker://python:3.11-slim-bookworm"


include: "workflow/rules/common.smk"
include: "workflow/rules/checks.smk"
include: "workflow/rules/corpus.smk"
include: "workflow/rules/imports.smk"
include: "workflow/rules/dataset.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/starts.smk"
include: "workflow/rules/views.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/teacher.smk"
include: "workflow/rules/signals.smk"
include: "workflow/rules/fidelity.smk"
include: "workflow/rules/beams.smk"
include: "workflow/rules/student.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/execution.smk"
include: "workflow/rules/tracking.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/check_gpu.smk"
include: "workflow/rules/manifest.smk"


# On a cluster these run where Snakemake does: the first five need a network, which compute nodes often lack.
localrules:
    fetch,
    jars,
    libraries,
    model,
    stage_encoder,
    manifest,
    tracking,
    track,
    check_gpu,
    all,


rule all:
    default_target: True
    input:
        # It names the report, the dataset card and all else that a run ends in.
        manifest=rules.manifest.output.manifest,


onsuccess:
    from kdlib.runs.spent import tell_at_exit

    pages = [
        str(job.output.page)
        for job in workflow.dag.jobs
        if job.rule.name == "report"
    ]
    tell_at_exit(Path(RUN), report=next(iter(pages), None))


onerror:
    from kdlib.runs.spent import tell_at_exit

    tell_at_exit(Path(RUN), failed=True)
