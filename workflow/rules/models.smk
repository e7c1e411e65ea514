# Pretrained models and sentence encoders, brought into one form for every run.


rule model:
    input:
        files=lambda w: files_of(getattr(cfg.models[w.model], "path", None)),
    output:
        files=expand("cache/models/{{model}}-{{pin}}/{file}", file=STAGED_FILES),
    log:
        "logs/cache/models/{model}-{pin}.log",
    wildcard_constraints:
        model="|".join(cfg.models) or "(?!)",
    threads: 1
    resources:
        mem_mb=grows(8000),
        runtime=grows(60),
    params:
        model=lambda w: cfg.models[w.model].model_dump(),
        code=code("model"),
        versions=versions("model"),
    message:
        "stage the pretrained model {wildcards.model}"
    script:
        "../scripts/model.py"


rule stage_encoder:
    input:
        files=lambda w: files_of(getattr(cfg.encoders[w.encoder], "path", None)),
    output:
        files=expand("cache/encoders/{{encoder}}-{{pin}}/{file}", file=ENCODER_FILES),
    log:
        "logs/cache/encoders/{encoder}-{pin}.log",
    wildcard_constraints:
        encoder="|".join(cfg.encoders) or "(?!)",
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(60),
    params:
        encoder=lambda w: cfg.encoders[w.encoder].model_dump(),
        code=code("stage_encoder"),
        versions=versions("stage_encoder"),
    message:
        "stage the sentence encoder {wildcards.encoder}"
    script:
        "../scripts/stage_encoder.py"
