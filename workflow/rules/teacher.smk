# The teacher: fine-tuned on gold assertions.


rule teacher:
    input:
        train=rules.dataset.output.train,
        validation=rules.dataset.output.validation,
        tokenizer=rules.dataset.output.tokenizer,
        tokenizer_config=rules.dataset.output.tokenizer_config,
        pretrained=lambda w: staged(cfg.teachers[w.teacher].model),
        starts=ancient(rules.starts.output.checked) if STARTING else [],
        tracking=ancient(f"{RUN}/tracking.json"),
    output:
        **training_outputs("teacher"),
    log:
        f"{LOGS}/teacher/{{teacher}}.log",
    benchmark:
        f"{LOGS}/teacher/{{teacher}}.benchmark.tsv"
    # Most of a run waits for the teacher and its signals. A student that does not would keep a teacher of two
    # threads waiting.
    priority: 1
    threads: lambda w: threads_of(cfg.teachers[w.teacher])
    resources:
        mem_mb=grows(6000),
        runtime=lambda w, attempt: training_minutes("teacher", cfg.teachers[w.teacher])
        * attempt,
        gpu=lambda w: gpus_of(cfg.teachers[w.teacher]),
    params:
        teacher=lambda w: cfg.teachers[w.teacher].model_dump(),
        threads=lambda w: threads_of(cfg.teachers[w.teacher]),
        accelerate=lambda w: accelerate_profile(cfg.teachers[w.teacher]),
        code=code("teacher"),
        versions=versions("teacher"),
    message:
        "fine-tune the teacher {wildcards.teacher}"
    script:
        "../scripts/teacher.py"
