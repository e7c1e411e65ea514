# One self-contained page, made from JSON and CSV results.


rule report:
    input:
        card=rules.corpus.output.card,
        dataset=rules.dataset.output.counts,
        scores=rules.score.output.scores,
        samples=rules.score.output.samples,
        costs=expand(f"{PLACE}/evaluation/{{model}}/cost.json", model=MODELS),
        reports=expand(f"{RUN}/{{model}}/training_report.json", model=MODELS),
        steps=expand(f"{RUN}/{{model}}/step_metrics.csv", model=MODELS),
        epochs=expand(f"{RUN}/{{model}}/training_metrics.csv", model=MODELS),
        manifests=expand(f"{RUN}/signals/{{name}}/manifest.json", name=DISTILLED),
        fidelities=expand(f"{RUN}/signals/{{name}}/fidelity.json", name=DISTILLED),
        rows=EVALUATED,
    output:
        page=report(
            f"{PLACE}/report.html", caption="../report/report.rst", category="Report"
        ),
    log:
        f"{EVALUATION_LOGS}/report.log",
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
    params:
        run=cfg.run,
        code=code("report"),
        versions=versions("report"),
    message:
        "write the report"
    script:
        "../scripts/report.py"
