# What the run was made from, in one file: kdlib lineage and make reproduce read it.


rule manifest:
    input:
        report=rules.report.output.page,
        card=rules.card.output.page,
        tracked=rules.track.output.mirrored,
        fidelity=expand(f"{RUN}/signals/{{name}}/fidelity.json", name=DISTILLED),
    output:
        manifest=f"{PLACE}/manifest.json",
    log:
        f"{EVALUATION_LOGS}/manifest.log",
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
    params:
        run=cfg.run,
        # A key that is new and has its default makes no run another.
        config=cfg.model_dump(mode="json", exclude_defaults=True),
        code=code("manifest"),
        versions=versions("manifest"),
    message:
        "write what the run was made from"
    script:
        "../scripts/manifest.py"
