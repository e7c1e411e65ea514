# The teacher's output distributions, in shards that run side by side.

# Teacher: the students that read its stored signals.
READERS = {
    name: [s for s in cfg.students.values() if s.teacher == name and s.needs_store()]
    for name in cfg.teachers
}
DISTILLED = [name for name, students in READERS.items() if students]


# What all shards share is found once: the output head, and how large each channel of its input is.
rule signals_codec:
    input:
        model=model_files("teachers/{teacher}/best_model"),
        train=f"{RUN}/dataset/train.parquet",
    output:
        codec=f"{RUN}/signals/{{teacher}}/codec.safetensors",
    log:
        f"{LOGS}/signals/{{teacher}}/codec.log",
    priority: 1
    threads: cfg.threads
    resources:
        mem_mb=grows(4000),
        runtime=grows(30),
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
        model=model_files("teachers/{teacher}/best_model"),
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
        mem_mb=grows(4000),
        runtime=grows(120),
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
            rules.signals_shard.output.shard,
            split=["train", "validation"],
            shard=range(cfg.signals.shards),
            allow_missing=True,
        ),
    output:
        manifest=f"{RUN}/signals/{{teacher}}/manifest.json",
    log:
        f"{LOGS}/signals/{{teacher}}.log",
    priority: 1
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
    params:
        code=code("signals"),
        versions=versions("signals"),
    message:
        "check the shards of {wildcards.teacher} and write their manifest"
    script:
        "../scripts/signals.py"
