# Class paths of sources, and predictions run in their tests: results/{run}/evaluation/execution.json.

# Java projects, by the names of their class paths: with the pin of the source, or of this run.
COMPILED = {
    f"{n}-{s.sha256[:12] if isinstance(s, FetchedSource) else cfg.run}": n
    for n, s in cfg.corpus.sources.items()
    if s.kind != "import"
}
# Source: folder of its class path; without a JDK there is none.
CLASS_PATHS = (
    {n: f"cache/classpaths/{path}" for path, n in COMPILED.items()} if JDK else {}
)


rule libraries:
    input:
        # The archive of a fetched source; of a folder, only its Maven files tell which jars it needs.
        files=lambda w: [
            file
            for file in files_of(source_root(COMPILED[w.compiled]))
            if file.endswith(("pom.xml", ".tar"))
        ],
    output:
        listing="cache/libraries/{compiled}.json",
        folder=directory("cache/libraries/{compiled}"),
    log:
        "logs/cache/libraries/{compiled}.log",
    threads: 1
    resources:
        mem_mb=grows(500),
        runtime=grows(60),
    params:
        root=lambda w: source_root(COMPILED[w.compiled]),
        packages=cfg.execution.packages,
        package=lambda w: getattr(
            cfg.corpus.sources[COMPILED[w.compiled]], "package", None
        ),
        code=code("libraries"),
        versions=versions("libraries"),
    message:
        "fetch the jars of {wildcards.compiled}"
    script:
        "../scripts/libraries.py"


rule classpath:
    input:
        # Every file that the class path depends on: the archive, or what the folder holds.
        files=lambda w: files_of(source_root(COMPILED[w.compiled])),
        # Listing of the jars that it is compiled with; the sample library needs JUnit 4 alone.
        jars=lambda w: (
            "cache/jars/junit4.json"
            if cfg.corpus.sources[COMPILED[w.compiled]].kind == "sample"
            else f"cache/libraries/{w.compiled}.json"
        ),
    output:
        folder=directory("cache/classpaths/{compiled}"),
    log:
        "logs/cache/classpath/{compiled}.log",
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(60),
    params:
        root=lambda w: source_root(COMPILED[w.compiled]),
        unsafe=cfg.execution.unsafe,
        cache="cache/executions",
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
        rows=EVALUATED,
        predictions=PREDICTIONS,
        class_paths=list(CLASS_PATHS.values()),
    output:
        execution=f"{PLACE}/evaluation/execution.json",
    log:
        f"{EVALUATION_LOGS}/execution.log",
    threads: cfg.execution.workers
    resources:
        mem_mb=grows(6000),
        runtime=grows(240),
    params:
        class_paths=CLASS_PATHS,
        execution=cfg.execution.model_dump(exclude={"packages"}),
        cache="cache/executions",
        jdk=JDK,
        code=code("execution"),
        versions=versions("execution"),
    message:
        "run all first predictions in their tests"
    script:
        "../scripts/execution.py"
