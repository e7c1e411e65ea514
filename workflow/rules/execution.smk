# Class paths of sources: compiled once, beside the jars that they need.


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
        mem_mb=500,
        runtime=60,
    params:
        root=lambda w: source_root(compiled_source(w)),
        packages=cfg.execution.packages,
        package=lambda w: getattr(
            cfg.corpus.sources[compiled_source(w)], "package", None
        ),
        code=code("libraries"),
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
        mem_mb=4000,
        runtime=60,
    params:
        root=lambda w: source_root(compiled_source(w)),
        jdk=JDK,
        code=code("classpath"),
    message:
        "compile {wildcards.compiled}"
    script:
        "../scripts/classpath.py"
