# The teacher's output distributions, in shards that run side by side.


# What all shards share is found once: the output head, and how large each channel of its input is.
rule signals_codec:
    input:
        model=expand(
            f"{RUN}/teachers/{{{{teacher}}}}/best_model/{{file}}", file=MODEL_FILES
        ),
        train=f"{RUN}/dataset/train.parquet",
    output:
        codec=f"{RUN}/signals/{{teacher}}/codec.safetensors",
    log:
        f"{LOGS}/signals/{{teacher}}/codec.log",
    priority: 1
    threads: cfg.threads
    resources:
        mem_mb=lambda w, attempt: 4000 * attempt,
        runtime=lambda w, attempt: 30 * attempt,
    params:
        signals=cfg.signals.model_dump(include={"codec", "precision"}),
        threads=cfg.threads,
        code=code("signals_codec"),
        versions=versions("signals_codec"),
    message:
        "prepare the codec for the signals of {wildcards.teacher}"
    script:
        "../scripts/signals_codec.py"


rule signals_shard:
    input:
        model=expand(
            f"{RUN}/teachers/{{{{teacher}}}}/best_model/{{file}}", file=MODEL_FILES
        ),
        tokenizer=rules.dataset.output.tokenizer,
        dataset=expand(f"{RUN}/dataset/{{name}}.parquet", name=["train", "validation"]),
        codec=rules.signals_codec.output.codec,
    output:
        shard=f"{RUN}/signals/{{teacher}}/{{split}}/{{shard}}.parquet",
    log:
        f"{LOGS}/signals/{{teacher}}/{{split}}-{{shard}}.log",
    priority: 1
    threads: cfg.threads
    resources:
        mem_mb=lambda w, attempt: 4000 * attempt,
        runtime=lambda w, attempt: 120 * attempt,
    params:
        signals=cfg.signals.model_dump(exclude={"fidelity_rows"}),
        max_tokens=cfg.dataset.max_target_tokens,
        threads=cfg.threads,
        code=code("signals_shard"),
        versions=versions("signals_shard"),
    message:
        "store the signals of {wildcards.teacher} on {wildcards.split}, shard {wildcards.shard}"
    script:
        "../scripts/signals_shard.py"


rule signals:
    input:
        codec=rules.signals_codec.output.codec,
        shards=expand(
            f"{RUN}/signals/{{{{teacher}}}}/{{split}}/{{shard}}.parquet",
            split=["train", "validation"],
            shard=range(cfg.signals.shards),
        ),
    output:
        manifest=f"{RUN}/signals/{{teacher}}/manifest.json",
    log:
        f"{LOGS}/signals/{{teacher}}.log",
    priority: 1
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 1000 * attempt,
        runtime=lambda w, attempt: 10 * attempt,
    params:
        code=code("signals"),
        versions=versions("signals"),
    message:
        "check the shards of {wildcards.teacher} and write their manifest"
    script:
        "../scripts/signals.py"
