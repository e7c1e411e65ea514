# MLflow: the store is prepared before anything writes to it, results are mirrored after everything.


rule tracking:
    output:
        place=f"{RUN}/tracking.json",
    log:
        f"{LOGS}/tracking.log",
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 1000 * attempt,
        runtime=lambda w, attempt: 10 * attempt,
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
        card=rules.corpus.output.card,
        dataset=rules.dataset.output.counts,
        scores=rules.score.output.scores,
        reports=[
            *expand(
                f"{RUN}/teachers/{{name}}/training_report.json", name=cfg.teachers
            ),
            *expand(
                f"{RUN}/students/{{name}}/training_report.json", name=cfg.students
            ),
        ],
        report=f"{RUN}/report.html",
    output:
        mirrored=f"{RUN}/mlflow.json",
    log:
        f"{LOGS}/track.log",
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 1000 * attempt,
        runtime=lambda w, attempt: 10 * attempt,
    params:
        code=code("track"),
        versions=versions("track"),
    message:
        "mirror the results into MLflow"
    script:
        "../scripts/track.py"
