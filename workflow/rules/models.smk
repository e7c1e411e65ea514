# Pretrained models, brought into one form for every run.


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
        runtime=60,
    params:
        model=lambda w: cfg.models[w.model].model_dump(),
        code=code("model"),
    message:
        "stage the pretrained model {wildcards.model}"
    script:
        "../scripts/model.py"
