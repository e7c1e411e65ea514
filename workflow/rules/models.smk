# Pretrained models and sentence encoders, brought into one form for every run.


rule model:
    input:
        files=given_files,
    output:
        files=expand("cache/models/{{model}}-{{pin}}/{file}", file=STAGED_FILES),
    log:
        "logs/cache/models/{model}-{pin}.log",
    wildcard_constraints:
        model="|".join(cfg.models) or "(?!)",
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 8000 * attempt,
        runtime=lambda w, attempt: 60 * attempt,
    params:
        model=lambda w: cfg.models[w.model].model_dump(),
        code=code("model"),
        versions=versions("model"),
    message:
        "stage the pretrained model {wildcards.model}"
    script:
        "../scripts/model.py"


rule encoder:
    input:
        files=given_encoder_files,
    output:
        files=expand("cache/encoders/{{encoder}}-{{pin}}/{file}", file=ENCODER_FILES),
    log:
        "logs/cache/encoders/{encoder}-{pin}.log",
    wildcard_constraints:
        encoder="|".join(cfg.encoders) or "(?!)",
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 4000 * attempt,
        runtime=lambda w, attempt: 60 * attempt,
    params:
        encoder=lambda w: cfg.encoders[w.encoder].model_dump(),
        code=code("encoder"),
        versions=versions("encoder"),
    message:
        "stage the sentence encoder {wildcards.encoder}"
    script:
        "../scripts/encoder.py"


# Other tokenizers, and layers that a teacher will not have, are told before it trains for hours.
rule starts:
    input:
        tokenizer=rules.dataset.output.tokenizer,
        tokenizer_config=rules.dataset.output.tokenizer_config,
        models=[
            file
            for name in starting_models()
            for file in staged(name)
            if file.endswith("tokenizer.json")
        ],
    output:
        checked=f"{RUN}/dataset/starts.json",
    log:
        f"{LOGS}/starts.log",
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 2000 * attempt,
        runtime=lambda w, attempt: 10 * attempt,
    params:
        names=starting_models(),
        layers=taken_layers(),
        code=code("starts"),
        versions=versions("starts"),
    message:
        "look at the tokenizers and layers of the pretrained models"
    script:
        "../scripts/starts.py"
