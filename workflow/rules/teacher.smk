# The teacher: fine-tuned on gold assertions.


rule teacher:
    input:
        train=rules.dataset.output.train,
        validation=rules.dataset.output.validation,
        tokenizer=rules.dataset.output.tokenizer,
        tokenizer_config=rules.dataset.output.tokenizer_config,
        pretrained=lambda w: staged(cfg.teachers[w.teacher].model),
        starts=ancient(rules.starts.output.checked) if starting_models() else [],
        tracking=ancient(f"{RUN}/tracking.json"),
    output:
        best=expand(
            f"{RUN}/teachers/{{{{teacher}}}}/best_model/{{file}}", file=MODEL_FILES
        ),
        final=expand(
            f"{RUN}/teachers/{{{{teacher}}}}/final_model/{{file}}", file=MODEL_FILES
        ),
        report=report(
            f"{RUN}/teachers/{{teacher}}/training_report.json",
            caption="../report/training_report.rst",
            category="Training",
            subcategory="teachers/{teacher}",
            labels={"file": "report"},
        ),
        epochs=report(
            f"{RUN}/teachers/{{teacher}}/training_metrics.csv",
            caption="../report/training_metrics.rst",
            category="Training",
            subcategory="teachers/{teacher}",
            labels={"file": "curve by validation"},
        ),
        steps=report(
            f"{RUN}/teachers/{{teacher}}/step_metrics.csv",
            caption="../report/step_metrics.rst",
            category="Training",
            subcategory="teachers/{teacher}",
            labels={"file": "curves by step"},
        ),
        # As many files as there were epochs, which early stopping decides.
        summaries=directory(f"{RUN}/teachers/{{teacher}}/epochs"),
        components=f"{RUN}/teachers/{{teacher}}/multi_component_loss_summary.json",
        story=f"{RUN}/teachers/{{teacher}}/distillation_log.txt",
        board=directory(f"{RUN}/teachers/{{teacher}}/tensorboard"),
    log:
        f"{LOGS}/teacher/{{teacher}}.log",
    benchmark:
        f"{LOGS}/teacher/{{teacher}}.benchmark.tsv"
    # Most of a run waits for the teacher and its signals. A student that does not would keep a teacher of two
    # threads waiting.
    priority: 1
    threads: lambda w: threads_of(cfg.teachers[w.teacher])
    resources:
        mem_mb=lambda w, attempt: 6000 * attempt,
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
