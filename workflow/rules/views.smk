# Fill-in-the-middle, comment-to-code and pairs of documentation and code: a target of its own.
from kdlib.records import SPLITS

# Sources of Java files, with their folders or archives.
VIEWED = {
    n: source_root(n) for n, s in cfg.corpus.sources.items() if s.kind != "import"
}


rule views:
    input:
        files=lambda w: [
            str(path)
            for root in map(Path, VIEWED.values())
            for path in (java_paths(root) if root.is_dir() else [root])
        ],
        examples=rules.corpus.output.examples,
        splits=rules.corpus.output.splits,
    output:
        **{name: f"{RUN}/views/{name}.jsonl" for name in SPLITS},
        **{f"pairs_{name}": f"{RUN}/views/pairs_{name}.parquet" for name in SPLITS},
        card=f"{RUN}/views/card.json",
    log:
        f"{LOGS}/views.log",
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(60),
    params:
        views=cfg.views.model_dump(),
        sources={name: cfg.corpus.sources[name].model_dump() for name in VIEWED},
        roots=VIEWED,
        split=cfg.split.model_dump(),
        filters=cfg.corpus.filters.model_dump(),
        code=code("views"),
        versions=versions("views"),
    message:
        "write the task views of all sources"
    script:
        "../scripts/views.py"
