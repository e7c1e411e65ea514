# Predictions, likelihoods, baselines, what is measured with models, and scores, all on the same rows.

# The rows of the split that the run is evaluated on.
EVALUATED = getattr(rules.dataset.output, cfg.evaluation.split)

# What measures semantic similarity: an entry of encoders, or the first teacher's own encoder.
MEASURING = (
    f"encoders/{cfg.evaluation.encoder}"
    if cfg.evaluation.encoder is not None
    else f"teachers/{next(iter(cfg.teachers))}"
)


rule predict_teacher:
    input:
        model=model_files("teachers/{teacher}/best_model"),
        tokenizer=rules.dataset.output.tokenizer,
        tokenizer_config=rules.dataset.output.tokenizer_config,
        rows=EVALUATED,
    output:
        predictions=f"{PLACE}/evaluation/teachers/{{teacher}}/predictions.jsonl",
        nll=f"{PLACE}/evaluation/teachers/{{teacher}}/nll.parquet",
        cost=f"{PLACE}/evaluation/teachers/{{teacher}}/cost.json",
    log:
        f"{EVALUATION_LOGS}/predict/teachers-{{teacher}}.log",
    threads: cfg.threads
    resources:
        mem_mb=grows(4000),
        runtime=grows(60),
    params:
        # What predictions depend on: a statistic's seed or resamples must not generate again.
        evaluation=cfg.evaluation.model_dump(
            include={
                "split",
                "beams",
                "n_best",
                "batch_size",
                "batch_tokens",
                "latency_rows",
            }
        ),
        max_tokens=cfg.dataset.max_target_tokens,
        threads=cfg.threads,
        code=code("predict"),
        versions=versions("predict"),
    message:
        "predict with the teacher {wildcards.teacher}"
    script:
        "../scripts/predict.py"


use rule predict_teacher as predict_student with:
    input:
        model=model_files("students/{student}/best_model"),
        tokenizer=rules.dataset.output.tokenizer,
        tokenizer_config=rules.dataset.output.tokenizer_config,
        rows=EVALUATED,
    output:
        predictions=f"{PLACE}/evaluation/students/{{student}}/predictions.jsonl",
        nll=f"{PLACE}/evaluation/students/{{student}}/nll.parquet",
        cost=f"{PLACE}/evaluation/students/{{student}}/cost.json",
    log:
        f"{EVALUATION_LOGS}/predict/students-{{student}}.log",
    message:
        "predict with the student {wildcards.student}"


rule baselines:
    input:
        train=rules.dataset.output.train,
        rows=EVALUATED,
        tokenizer=rules.dataset.output.tokenizer,
        tokenizer_config=rules.dataset.output.tokenizer_config,
    output:
        predictions=expand(
            f"{PLACE}/evaluation/{{name}}/predictions.jsonl", name=BASELINES
        ),
        nll=f"{PLACE}/evaluation/{TRIGRAM}/nll.parquet",
    log:
        f"{EVALUATION_LOGS}/baselines.log",
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(60),
    params:
        n_best=cfg.evaluation.n_best,
        max_tokens=cfg.dataset.max_target_tokens,
        code=code("baselines"),
        versions=versions("baselines"),
    message:
        "predict with the baselines"
    script:
        "../scripts/baselines.py"


PREDICTIONS = [
    *expand(f"{PLACE}/evaluation/{{model}}/predictions.jsonl", model=MODELS),
    *rules.baselines.output.predictions,
]


rule jars:
    output:
        listing="cache/jars/junit4.json",
        folder=directory("cache/jars/junit4"),
    log:
        "logs/cache/jars/junit4.log",
    threads: 1
    resources:
        mem_mb=grows(500),
        runtime=grows(30),
    params:
        packages=["junit4", "libhamcrest-java"],
        code=code("jars"),
        versions=versions("jars"),
    message:
        "fetch JUnit"
    script:
        "../scripts/jars.py"


rule similarity:
    input:
        rows=EVALUATED,
        tokenizer=rules.dataset.output.tokenizer,
        tokenizer_config=rules.dataset.output.tokenizer_config,
        predictions=PREDICTIONS,
        encoder=(
            staged_encoder(cfg.evaluation.encoder)
            or model_files(f"{MEASURING}/best_model")
        ),
    output:
        values=f"{PLACE}/evaluation/similarity.parquet",
        report=f"{PLACE}/evaluation/similarity.json",
    log:
        f"{EVALUATION_LOGS}/similarity.log",
    threads: cfg.threads
    resources:
        mem_mb=grows(4000),
        runtime=grows(60),
    params:
        name=MEASURING,
        threads=cfg.threads,
        code=code("similarity"),
        versions=versions("similarity"),
    message:
        "measure the semantic similarity of all first predictions"
    script:
        "../scripts/similarity.py"


rule agreement:
    input:
        teacher=lambda w: model_files(f"teachers/{teacher_of(w)}/best_model"),
        student=model_files("students/{student}/best_model"),
        tokenizer=rules.dataset.output.tokenizer,
        tokenizer_config=rules.dataset.output.tokenizer_config,
        rows=EVALUATED,
    output:
        agreement=f"{PLACE}/evaluation/students/{{student}}/agreement.parquet",
    log:
        f"{EVALUATION_LOGS}/agreement/{{student}}.log",
    threads: cfg.threads
    resources:
        mem_mb=grows(4000),
        runtime=grows(60),
    params:
        batch_size=cfg.evaluation.batch_size,
        threads=cfg.threads,
        code=code("agreement"),
        versions=versions("agreement"),
    message:
        "compare the student {wildcards.student} with its teacher"
    script:
        "../scripts/agreement.py"


rule score:
    input:
        rows=EVALUATED,
        train=rules.dataset.output.train,
        examples=rules.corpus.output.examples,
        execution=f"{PLACE}/evaluation/execution.json",
        predictions=PREDICTIONS,
        nll=[
            *expand(f"{PLACE}/evaluation/{{model}}/nll.parquet", model=MODELS),
            rules.baselines.output.nll,
        ],
        similarity=rules.similarity.output.values,
        similarity_report=rules.similarity.output.report,
        agreement=expand(rules.agreement.output.agreement, student=cfg.students),
    output:
        scores=report(
            f"{PLACE}/evaluation/evaluation_metrics.json",
            caption="../report/evaluation_metrics.rst",
            category="Evaluation",
            labels={"file": "all scores and comparisons"},
        ),
        samples=f"{PLACE}/evaluation/predictions_final.jsonl",
        table=report(
            f"{PLACE}/evaluation/metrics_final.csv",
            caption="../report/metrics_final.rst",
            category="Evaluation",
            labels={"file": "table of scores"},
        ),
        summary=f"{PLACE}/evaluation/metrics_summary_final.json",
    log:
        f"{EVALUATION_LOGS}/score.log",
    threads: cfg.threads
    resources:
        mem_mb=grows(4000),
        runtime=grows(30),
    params:
        evaluation=cfg.evaluation.model_dump(),
        split=cfg.split.by,
        teachers={
            f"students/{name}": f"teachers/{student.teacher}"
            for name, student in cfg.students.items()
        },
        seeds=[[f"students/{name}" for name in names] for names in cfg.seed_groups()],
        code=code("score"),
        versions=versions("score"),
    message:
        "score all predictions"
    script:
        "../scripts/score.py"
