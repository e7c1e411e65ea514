# Sources to examples and splits.

# Sources that are folders of Java files.
FOLDERS = [n for n, s in cfg.corpus.sources.items() if s.kind in ("sample", "path")]


rule fetch:
    output:
        archive="cache/sources/{source}-{pin}.tar",
    log:
        "logs/cache/fetch/{source}-{pin}.log",
    threads: 1
    resources:
        mem_mb=grows(500),
        runtime=grows(60),
    params:
        # Neither a licence nor code: the pin in the name fixes every byte, so neither must cost a download.
        source=lambda w: cfg.corpus.sources[w.source].model_dump(exclude={"licence"}),
    message:
        "fetch {wildcards.source}"
    script:
        "../scripts/fetch.py"


rule mine:
    input:
        # Every file that is read, so that an edit, an addition and a removal rerun what they must.
        files=lambda w: (
            list(map(str, java_paths(Path(source_root(w.source)))))
            if w.source in FOLDERS
            else files_of(source_root(w.source))
        ),
    output:
        examples=f"{RUN}/corpus/mined/{{source}}.parquet",
        report=f"{RUN}/corpus/mined/{{source}}.json",
    log:
        f"{LOGS}/mine/{{source}}.log",
    wildcard_constraints:
        source="|".join(n for n, s in cfg.corpus.sources.items() if s.kind != "import")
        or "(?!)",
    threads: cfg.threads
    resources:
        mem_mb=grows(2000),
        runtime=grows(30),
    params:
        source=lambda w: cfg.corpus.sources[w.source].model_dump(),
        root=lambda w: source_root(w.source),
        filters=cfg.corpus.filters.model_dump(
            exclude={"near_duplicates", "permutations"}
        ),
        code=code("mine"),
        versions=versions("mine"),
    message:
        "mine {wildcards.source}"
    script:
        "../scripts/mine.py"


rule corpus:
    input:
        examples=expand(f"{RUN}/corpus/mined/{{name}}.parquet", name=cfg.corpus.sources),
        reports=expand(f"{RUN}/corpus/mined/{{name}}.json", name=cfg.corpus.sources),
    output:
        examples=f"{RUN}/corpus/examples.parquet",
        splits=f"{RUN}/corpus/splits.parquet",
        card=f"{RUN}/corpus/card.json",
    log:
        f"{LOGS}/corpus.log",
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(30),
    params:
        split=cfg.split.model_dump(),
        filters=cfg.corpus.filters.model_dump(),
        code=code("corpus"),
        versions=versions("corpus"),
    message:
        "de-duplicate, split and audit the corpus"
    script:
        "../scripts/corpus.py"
