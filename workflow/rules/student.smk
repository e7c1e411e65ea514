# Students: distilled from the stored signals, one job per preset.


rule student:
    input:
        train=rules.dataset.output.train,
        validation=rules.dataset.output.validation,
        tokenizer=rules.dataset.output.tokenizer,
        tokenizer_config=rules.dataset.output.tokenizer_config,
        signals=student_signals,
        beams=student_beams,
        # Whoever reads signals makes sure that they are this teacher's, which also costs no rerun: a new
        # teacher brings new signals.
        teacher=student_teacher,
        pretrained=lambda w: staged(cfg.students[w.student].model),
        encoder=lambda w: staged_encoder(cfg.students[w.student].encoder),
        tracking=ancient(f"{RUN}/tracking.json"),
    output:
        **training_outputs("student"),
    log:
        f"{LOGS}/student/{{student}}.log",
    benchmark:
        f"{LOGS}/student/{{student}}.benchmark.tsv"
    threads: lambda w: threads_of(cfg.students[w.student])
    resources:
        mem_mb=grows(6000),
        runtime=lambda w, attempt: training_minutes("student", cfg.students[w.student])
        * attempt,
        gpu=lambda w: gpus_of(cfg.students[w.student]),
    params:
        student=lambda w: cfg.students[w.student].model_dump(),
        threads=lambda w: threads_of(cfg.students[w.student]),
        accelerate=lambda w: accelerate_profile(cfg.students[w.student]),
        code=code("student"),
        versions=versions("student"),
    message:
        "distil the student {wildcards.student}"
    script:
        "../scripts/student.py"
