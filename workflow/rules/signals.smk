# The teacher's output distributions, in shards that run side by side.


rule signals_shard:
    input:
        model=expand(
            f"{RUN}/teachers/{{{{teacher}}}}/best_model/{{file}}", file=MODEL_FILES
        ),
        tokenizer=rules.dataset.output.tokenizer,
        dataset=expand(f"{RUN}/dataset/{{name}}.parquet", name=["train", "validation"]),
    output:
        shard=f"{RUN}/signals/{{teacher}}/{{split}}/{{shard}}.parquet",
    log:
        f"{LOGS}/signals/{{teacher}}/{{split}}-{{shard}}.log",
    threads: cfg.threads
    resources:
        mem_mb=lambda w, attempt: 4000 * attempt,
        runtime=lambda w, attempt: 120 * attempt,
    params:
        signals=cfg.signals.model_dump(),
        threads=cfg.threads,
        code=code("signals_shard"),
    message:
        "store the signals of {wildcards.teacher} on {wildcards.split}, shard {wildcards.shard}"
    script:
        "../scripts/signals_shard.py"


rule signals:
    input:
        shards=expand(
            f"{RUN}/signals/{{{{teacher}}}}/{{split}}/{{shard}}.parquet",
            split=["train", "validation"],
            shard=range(cfg.signals.shards),
        ),
    output:
        manifest=f"{RUN}/signals/{{teacher}}/manifest.json",
    log:
        f"{LOGS}/signals/{{teacher}}.log",
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("signals"),
    message:
        "check the shards of {wildcards.teacher} and write their manifest"
    script:
        "../scripts/signals.py"
