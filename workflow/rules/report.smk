# One self-contained page, made from JSON and CSV results.


rule report:
    input:
        card=rules.corpus.output.card,
        dataset=rules.dataset.output.counts,
        scores=rules.score.output.scores,
        samples=rules.score.output.samples,
        costs=evaluated("cost.json"),
        reports=[
            *expand(
                f"{RUN}/teachers/{{name}}/training_report.json", name=cfg.teachers
            ),
            *expand(
                f"{RUN}/students/{{name}}/training_report.json", name=cfg.students
            ),
        ],
        steps=[
            *expand(f"{RUN}/teachers/{{name}}/step_metrics.csv", name=cfg.teachers),
            *expand(f"{RUN}/students/{{name}}/step_metrics.csv", name=cfg.students),
        ],
        epochs=[
            *expand(
                f"{RUN}/teachers/{{name}}/training_metrics.csv", name=cfg.teachers
            ),
            *expand(
                f"{RUN}/students/{{name}}/training_metrics.csv", name=cfg.students
            ),
        ],
        manifests=expand(
            f"{RUN}/signals/{{name}}/manifest.json", name=distilled_teachers()
        ),
        fidelities=expand(
            f"{RUN}/signals/{{name}}/fidelity.json", name=distilled_teachers()
        ),
        test=rules.dataset.output.test,
    output:
        page=report(
            f"{RUN}/report.html", caption="../report/report.rst", category="Report"
        ),
    log:
        f"{LOGS}/report.log",
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 2000 * attempt,
        runtime=lambda w, attempt: 10 * attempt,
    params:
        run=cfg.run,
        code=code("report"),
        versions=versions("report"),
    message:
        "write the report"
    script:
        "../scripts/report.py"
