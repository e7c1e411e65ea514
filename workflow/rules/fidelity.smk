# How far the stored signals are from the teacher's distributions.


rule fidelity:
    input:
        manifest=rules.signals.output.manifest,
        store=[rules.signals_codec.output.codec, *rules.signals.input.shards],
        model=expand(
            f"{RUN}/teachers/{{{{teacher}}}}/best_model/{{file}}", file=MODEL_FILES
        ),
        validation=rules.dataset.output.validation,
    output:
        fidelity=report(
            f"{RUN}/signals/{{teacher}}/fidelity.json",
            caption="../report/fidelity.rst",
            category="Data",
            labels={"file": "fidelity of the signals of {teacher}"},
        ),
        speed=f"{RUN}/signals/{{teacher}}/speed.json",
    log:
        f"{LOGS}/signals/{{teacher}}/fidelity.log",
    threads: cfg.threads
    resources:
        mem_mb=lambda w, attempt: 4000 * attempt,
        runtime=lambda w, attempt: 60 * attempt,
    params:
        temperatures=fidelity_temperatures,
        rows=cfg.signals.fidelity_rows,
        batch_size=cfg.signals.batch_size,
        threads=cfg.threads,
        code=code("fidelity"),
        versions=versions("fidelity"),
    message:
        "compare the signals of {wildcards.teacher} with the teacher"
    script:
        "../scripts/fidelity.py"
