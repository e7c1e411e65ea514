# The teacher's own answers to the training prompts, in shards that run side by side.


rule beams_shard:
    input:
        model=expand(
            f"{RUN}/teachers/{{{{teacher}}}}/best_model/{{file}}", file=MODEL_FILES
        ),
        tokenizer=rules.dataset.output.tokenizer,
        tokenizer_config=rules.dataset.output.tokenizer_config,
        train=rules.dataset.output.train,
    output:
        shard=f"{RUN}/beams/{{teacher}}/{{width}}/{{shard}}.parquet",
    log:
        f"{LOGS}/beams/{{teacher}}/{{width}}-{{shard}}.log",
    threads: cfg.threads
    resources:
        mem_mb=lambda w, attempt: 4000 * attempt,
        runtime=lambda w, attempt: 240 * attempt,
    params:
        signals=cfg.signals.model_dump(include={"shards", "batch_size", "precision"}),
        max_tokens=cfg.dataset.max_target_tokens,
        threads=cfg.threads,
        code=code("beams_shard"),
        versions=versions("beams_shard"),
    message:
        "let {wildcards.teacher} answer the training prompts with {wildcards.width} beams, shard {wildcards.shard}"
    script:
        "../scripts/beams_shard.py"


rule beams:
    input:
        shards=expand(
            f"{RUN}/beams/{{{{teacher}}}}/{{{{width}}}}/{{shard}}.parquet",
            shard=range(cfg.signals.shards),
        ),
    output:
        beams=f"{RUN}/beams/{{teacher}}/{{width}}.parquet",
        counts=f"{RUN}/beams/{{teacher}}/{{width}}.json",
    log:
        f"{LOGS}/beams/{{teacher}}/{{width}}.log",
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 2000 * attempt,
        runtime=lambda w, attempt: 10 * attempt,
    params:
        code=code("beams"),
        versions=versions("beams"),
    message:
        "gather what {wildcards.teacher} answered with {wildcards.width} beams"
    script:
        "../scripts/beams.py"
