# Examples to token rows.


rule dataset:
    input:
        examples=rules.corpus.output.examples,
        splits=rules.corpus.output.splits,
    output:
        train=f"{RUN}/dataset/train.parquet",
        validation=f"{RUN}/dataset/validation.parquet",
        test=f"{RUN}/dataset/test.parquet",
        tokenizer=f"{RUN}/dataset/tokenizer/tokenizer.json",
        tokenizer_config=f"{RUN}/dataset/tokenizer/tokenizer_config.json",
        card=f"{RUN}/dataset/card.json",
    log:
        f"{LOGS}/dataset.log",
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        dataset=cfg.dataset.model_dump(),
        seed=cfg.split.seed,
        code=code("dataset"),
    message:
        "train the tokenizer and write token rows"
    script:
        "../scripts/dataset.py"
