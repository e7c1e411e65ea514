"""The command line: configurations, examples, stores of signals, digests."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from kdlib.cli import (
    check,
    evaluation,
    extraction,
    lazy,
    lineage,
    report,
    reproduce,
    runs,
    scaling,
    signals,
    stages,
    watch,
    why,
)
from kdlib.cli.errors import fail, told

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Knowledge distillation of models that write Java unit-test assertions. The pipeline itself runs "
    "with snakemake --profile profiles/local; these commands are its parts and tools.",
)
command = partial(lazy.command, app)
# Old spellings of options work for one more release, 0.2; then `renamed` goes.
command("analyse-loss-scaling")(scaling.analyse)
command("check")(check.check)
command("why")(why.why)
command("watch")(watch.watch)
command("lineage")(lineage.lineage)
command("report")(report.report)
command("reproduce")(reproduce.reproduce)
command("score")(evaluation.score)
command("evaluate", partial(stages.with_keys, section="Evaluation"), renamed={"--measure": "--encoder"})(
    evaluation.evaluate
)
command("teacher", partial(stages.with_keys, section="Teacher"))(stages.teacher)
command("extract", partial(stages.with_keys, section="Signals"))(extraction.extract)
command(
    "distill",
    partial(stages.with_keys, section="Student"),
    renamed={
        "--store": "--signals-manifest",
        "--measure": "--encoder-model",
        "--answers": "--beams-file",
    },
)(stages.distill)
lazy.group(app, "signals", signals.app)
lazy.group(app, "runs", runs.app)


@command("config")
def config(
    overlay: Annotated[
        list[Path] | None, typer.Option(help="YAML laid over config/config.yaml; repeatable.")
    ] = None,
    base: Annotated[Path, typer.Option(help="The configuration beneath.")] = Path("config/config.yaml"),
    show: Annotated[
        str,
        typer.Option(
            help="resolved: every value as YAML; report: path of the run's page; tracking: MLflow's URI."
        ),
    ] = "resolved",
) -> None:
    """Check a configuration and print it with every preset resolved.

    All mistakes are reported at once. Example: kdlib config --overlay config/debian.yaml
    """
    import yaml

    from kdlib.config import ConfigError, read_config

    try:
        checked = read_config([base, *(overlay or [])])
    except ConfigError as error:
        fail(str(error))
    if show == "report":
        print(f"results/{checked.run}/report.html")
    elif show == "tracking":
        print(checked.tracking.uri)
    elif show == "resolved":
        print(yaml.safe_dump(checked.model_dump(mode="json"), sort_keys=False), end="")
    else:
        fail(f"--show takes resolved, report or tracking, got {show!r}")


@command("mine")
def mine(
    sources: Annotated[Path, typer.Argument(help="Folder or archive of Java sources with their tests.")],
    out: Annotated[Path, typer.Option(help="Parquet file of examples.")] = Path("examples.parquet"),
    licence: Annotated[str, typer.Option(help="Licence where files do not state theirs.")] = "unknown",
    max_file_bytes: Annotated[int, typer.Option(help="Larger files are counted and skipped.")] = 1_000_000,
    processes: Annotated[int, typer.Option(min=1, help="Processes; any number gives the same bytes.")] = 1,
) -> None:
    """Mine assertions with their focal methods from a folder or an archive.

    Beside OUT a JSON report counts files, skipped files with reasons, tests, assertions and examples, and how
    the focal methods were found. Example: kdlib mine ~/projects/codec --processes 2
    """
    from kdlib.config import Filters, PathSource
    from kdlib.corpus.mining.mining import mine_source
    from kdlib.files import read_json

    if not sources.exists():
        fail(f"{sources}: there is no such folder or archive")
    source = PathSource(kind="path", path=str(sources), licence=licence)
    filters = Filters(max_file_bytes=max_file_bytes)
    report = out.with_suffix(".json")
    with told():
        mine_source(sources.name, source, sources, filters, out, report, processes)
    counts = read_json(report)
    skipped = len(counts["skipped"])
    print(f"{counts['examples']} examples from {counts['files']} files, {skipped} skipped: {out}, {report}")
    left_out = {"no focal method": counts["unresolved"], **counts["filtered"]}
    print(f"{sum(left_out.values())} of {counts['assertions']} assertions left out")
    for reason, number in left_out.items():
        if number:
            print(f"  {number:>8}  {reason}")


@command("import")
def import_(
    format: Annotated[str, typer.Argument(help="seed, methods2test, toga or atlas.")],
    path: Annotated[Path, typer.Argument(help="File or folder in that format.")],
    out: Annotated[Path, typer.Option(help="Parquet file of examples.")] = Path("examples.parquet"),
    licence: Annotated[str, typer.Option(help="Licence to record with every example.")] = "unknown",
    max_row_bytes: Annotated[int, typer.Option(help="Longer rows are rejected.")] = 1_000_000,
) -> None:
    """Read examples that another system made.

    Beside OUT lie a JSON report and, as .rejected.jsonl, every row that gave no example: its file, line,
    reason and beginning. Rows with stored logits are long: raise --max-row-bytes for them.

    Example: kdlib import seed data/training.jsonl --out training.parquet
    """
    from kdlib.config import Filters, ImportSource
    from kdlib.corpus.importers.source import FORMATS, import_source
    from kdlib.files import read_json

    if format not in FORMATS:
        fail(f"unknown format {format!r}; there are {', '.join(FORMATS)}")
    if max_row_bytes < 1:
        fail(f"--max-row-bytes must be at least 1, got {max_row_bytes}")
    source = ImportSource.model_validate(
        {"kind": "import", "format": format, "path": str(path), "licence": licence}
    )
    report = out.with_suffix(".json")
    rejected = out.with_suffix(".rejected.jsonl")
    filters = Filters(max_file_bytes=max_row_bytes)
    with told():
        import_source(path.resolve().stem, source, filters, out, report, rejected)
    counts = read_json(report)
    filtered = counts["filtered"]
    print(f"{counts['examples']} examples from {counts['tests']} rows: {out}, {report}")
    print(f"{sum(filtered.values())} rejected rows: {rejected}")
    for reason, number in filtered.items():
        print(f"  {number:>8}  {reason}")
    for item in counts["skipped"]:
        print(f"skipped {item['path']}: {item['reason']}")


@command("export")
def export(
    examples: Annotated[Path, typer.Argument(help="Parquet file of examples.")],
    out: Annotated[Path, typer.Argument(help="JSONL file to write.")],
    splits: Annotated[Path | None, typer.Option(help="Parquet file of splits, to write one only.")] = None,
    split: Annotated[str | None, typer.Option(help="train, validation or test; with --splits.")] = None,
) -> None:
    """Write examples as the JSONL of the older pipelines.

    A header line, then per row focal_method, test_method_masked and assertions.

    Example: kdlib export results/default/corpus/examples.parquet train.jsonl
    --splits results/default/corpus/splits.parquet --split train
    """
    from kdlib.corpus.importers.export import export_seed
    from kdlib.records import SPLITS

    chosen = next((name for name in SPLITS if name == split), None)
    if split is not None and chosen is None:
        fail(f"unknown split {split!r}; there are {', '.join(SPLITS)}")
    with told():
        written = export_seed(examples, splits, out, chosen)
    print(f"{written} examples: {out}")


@command("digest")
def digest(
    rule: Annotated[str, typer.Argument(help="Name of a file of workflow/scripts, without .py.")],
) -> None:
    """Print the digest of the code behind a rule, and the modules and data files that are in it.

    When a rule runs again although its configuration and input are as before, this is what changed.
    """
    from kdlib.provenance import code_digest, code_modules, data_files

    script = Path("workflow/scripts") / f"{rule}.py"
    if not script.is_file():
        fail(f"no script {script}; there are {', '.join(sorted(p.stem for p in script.parent.glob('*.py')))}")
    modules = code_modules(script)
    print(code_digest(script), *modules, *data_files(modules), sep="\n")
