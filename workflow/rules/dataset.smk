# Examples to token rows, and the page that describes both.


rule dataset:
    input:
        examples=rules.corpus.output.examples,
        splits=rules.corpus.output.splits,
        pretrained=staged(cfg.dataset.tokenizer.model),
    output:
        train=f"{RUN}/dataset/train.parquet",
        validation=f"{RUN}/dataset/validation.parquet",
        test=f"{RUN}/dataset/test.parquet",
        tokenizer=f"{RUN}/dataset/tokenizer/tokenizer.json",
        tokenizer_config=f"{RUN}/dataset/tokenizer/tokenizer_config.json",
        counts=f"{RUN}/dataset/counts.json",
    log:
        f"{LOGS}/dataset.log",
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(30),
    params:
        dataset=cfg.dataset.model_dump(),
        seed=cfg.split.seed,
        code=code("dataset"),
        versions=versions("dataset"),
    message:
        "make the tokenizer and write token rows"
    script:
        "../scripts/dataset.py"


# A rule of its own: a word on the page tokenizes nothing again.
rule card:
    input:
        corpus=rules.corpus.output.card,
        counts=rules.dataset.output.counts,
        train=rules.dataset.output.train,
        validation=rules.dataset.output.validation,
        test=rules.dataset.output.test,
    output:
        card=f"{RUN}/dataset/card.json",
        page=report(
            f"{RUN}/dataset/card.html",
            caption="../report/card.rst",
            category="Data",
            labels={"file": "dataset card"},
        ),
    log:
        f"{LOGS}/card.log",
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
    params:
        run=cfg.run,
        dataset=cfg.dataset.model_dump(),
        code=code("card"),
        versions=versions("card"),
    message:
        "write the dataset card"
    script:
        "../scripts/card.py"
