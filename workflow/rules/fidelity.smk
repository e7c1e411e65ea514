# How far the stored signals are from the teacher's distributions.

# T = 1 and every T at which a student reads the signals; a sparse codec answers at its own T only.
CODEC_TEMPERATURE = getattr(cfg.signals.codec, "temperature", None)
TEMPERATURES = {
    teacher: (
        [CODEC_TEMPERATURE]
        if CODEC_TEMPERATURE is not None
        else sorted({1.0}.union(*map(temperatures_of, students)))
    )
    for teacher, students in READERS.items()
}


rule fidelity:
    input:
        manifest=rules.signals.output.manifest,
        store=[rules.signals_codec.output.codec, *rules.signals.input.shards],
        model=model_files("teachers/{teacher}/best_model"),
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
        mem_mb=grows(4000),
        runtime=grows(60),
    params:
        temperatures=lambda w: TEMPERATURES[w.teacher],
        rows=cfg.signals.fidelity_rows,
        batch_size=cfg.signals.batch_size,
        threads=cfg.threads,
        code=code("fidelity"),
        versions=versions("fidelity"),
    message:
        "compare the signals of {wildcards.teacher} with the teacher"
    script:
        "../scripts/fidelity.py"
