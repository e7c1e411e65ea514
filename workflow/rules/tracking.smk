# MLflow: the store is prepared before anything writes to it, results are mirrored after everything.

TRAINING_FILES = [
    "training_report.json",
    "step_metrics.csv",
    "training_metrics.csv",
    "multi_component_loss_summary.json",
    "distillation_log.txt",
]


rule tracking:
    output:
        place=f"{RUN}/tracking.json",
    log:
        f"{LOGS}/tracking.log",
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
    params:
        run=cfg.run,
        uri=cfg.tracking.uri,
        experiment=cfg.tracking.experiment,
    message:
        "prepare MLflow at {params.uri}"
    script:
        "../scripts/tracking.py"


rule track:
    input:
        place=rules.tracking.output.place,
        corpus=rules.corpus.output.card,
        counts=rules.dataset.output.counts,
        rows=[
            rules.dataset.output.train,
            rules.dataset.output.validation,
            rules.dataset.output.test,
        ],
        cards=[rules.card.output.card, rules.card.output.page],
        trainings=expand(f"{RUN}/{{model}}/{{file}}", model=MODELS, file=TRAINING_FILES),
        signals=expand(
            f"{RUN}/signals/{{name}}/{{file}}.json",
            name=DISTILLED,
            file=["manifest", "fidelity", "speed"],
        ),
        costs=expand(f"{PLACE}/evaluation/{{model}}/cost.json", model=MODELS),
        execution=rules.execution.output.execution,
        agreement=expand(rules.agreement.output.agreement, student=cfg.students),
        scores=rules.score.output.scores,
        table=rules.score.output.table,
        report=f"{PLACE}/report.html",
    output:
        mirrored=f"{PLACE}/mlflow.json",
    log:
        f"{EVALUATION_LOGS}/track.log",
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
    params:
        code=code("track"),
        versions=versions("track"),
    message:
        "mirror the results into MLflow"
    script:
        "../scripts/track.py"
