# Ready-made examples of other systems.
from kdlib.corpus.importers.source import import_paths


rule import_examples:
    input:
        files=lambda w: import_paths(cfg.corpus.sources[w.source]),
    output:
        examples=f"{RUN}/corpus/mined/{{source}}.parquet",
        report=f"{RUN}/corpus/mined/{{source}}.json",
        rejected=f"{RUN}/corpus/mined/{{source}}.rejected.jsonl",
    log:
        f"{LOGS}/import_examples/{{source}}.log",
    wildcard_constraints:
        source="|".join(n for n, s in cfg.corpus.sources.items() if s.kind == "import")
        or "(?!)",
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(240),
    params:
        source=lambda w: cfg.corpus.sources[w.source].model_dump(),
        filters=cfg.corpus.filters.model_dump(include={"max_file_bytes", "licences"}),
        code=code("import_examples"),
        versions=versions("import_examples"),
    message:
        "import {wildcards.source}"
    script:
        "../scripts/import_examples.py"
