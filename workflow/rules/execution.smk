# Class paths of sources, and predictions run in their tests: results/{run}/evaluation/execution.json.


rule libraries:
    input:
        files=source_archive,
    output:
        listing="cache/libraries/{compiled}.json",
        folder=directory("cache/libraries/{compiled}"),
    log:
        "logs/cache/libraries/{compiled}.log",
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 500 * attempt,
        runtime=lambda w, attempt: 60 * attempt,
    params:
        root=lambda w: source_root(compiled_source(w)),
        packages=cfg.execution.packages,
        package=lambda w: getattr(
            cfg.corpus.sources[compiled_source(w)], "package", None
        ),
        code=code("libraries"),
        versions=versions("libraries"),
    message:
        "fetch the jars of {wildcards.compiled}"
    script:
        "../scripts/libraries.py"


rule classpath:
    input:
        files=compiled_files,
        jars=source_jars,
    output:
        folder=directory("cache/classpaths/{compiled}"),
    log:
        "logs/cache/classpath/{compiled}.log",
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 4000 * attempt,
        runtime=lambda w, attempt: 60 * attempt,
    params:
        root=lambda w: source_root(compiled_source(w)),
        jdk=JDK,
        code=code("classpath"),
        versions=versions("classpath"),
    message:
        "compile {wildcards.compiled}"
    script:
        "../scripts/classpath.py"


rule execution:
    input:
        examples=rules.corpus.output.examples,
        test=rules.dataset.output.test,
        predictions=evaluated("predictions.jsonl") + rules.baselines.output.predictions,
        class_paths=list(class_paths().values()),
    output:
        execution=f"{RUN}/evaluation/execution.json",
    log:
        f"{LOGS}/execution.log",
    threads: cfg.execution.workers
    resources:
        mem_mb=lambda w, attempt: 6000 * attempt,
        runtime=lambda w, attempt: 240 * attempt,
    params:
        class_paths=class_paths(),
        execution=cfg.execution.model_dump(exclude={"packages"}),
        cache="cache/executions",
        jdk=JDK,
        code=code("execution"),
        versions=versions("execution"),
    message:
        "run all first predictions in their tests"
    script:
        "../scripts/execution.py"
