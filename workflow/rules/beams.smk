# The teacher's own answers to the training prompts, in shards that run side by side.


rule beams_shard:
    input:
        model=model_files("teachers/{teacher}/best_model"),
        tokenizer=rules.dataset.output.tokenizer,
        tokenizer_config=rules.dataset.output.tokenizer_config,
        train=rules.dataset.output.train,
    output:
        shard=f"{RUN}/beams/{{teacher}}/{{width}}/{{shard}}.parquet",
    log:
        f"{LOGS}/beams/{{teacher}}/{{width}}-{{shard}}.log",
    threads: cfg.threads
    resources:
        mem_mb=grows(4000),
        runtime=grows(240),
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
            rules.beams_shard.output.shard,
            shard=range(cfg.signals.shards),
            allow_missing=True,
        ),
    output:
        beams=f"{RUN}/beams/{{teacher}}/{{width}}.parquet",
        counts=f"{RUN}/beams/{{teacher}}/{{width}}.json",
    log:
        f"{LOGS}/beams/{{teacher}}/{{width}}.log",
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
    params:
        code=code("beams"),
        versions=versions("beams"),
    message:
        "gather what {wildcards.teacher} answered with {wildcards.width} beams"
    script:
        "../scripts/beams.py"
