"""``kdlib runs``: list runs, show one, compare two, write out all numbers; all read from result files."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kdlib.cli.errors import fail, told
from kdlib.cli.formats import Format, FormatOption, comma_separated, markdown, number, plain, shown
from kdlib.cli.rendering import table

if TYPE_CHECKING:
    from kdlib.results.evaluation import ModelScores
    from kdlib.runs.difference import Changed, Moved
    from kdlib.runs.run import Run

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="List, show, compare and export runs by their results.",
)

HEADLINES = ("exact_match", "token_f1", "codebleu", "valid", "nll")
Results = Annotated[Path, typer.Option(help="Folder that holds the runs.")]
RunName = Annotated[str, typer.Argument(help="Name or folder of a run.")]


@app.command("list")
def list_(results: Results = Path("results"), format: FormatOption = "text") -> None:
    """List runs with their date, their best student and its numbers.

    Which student is best, and why, stands in the report of the run.
    """
    from kdlib.runs.run import find_runs

    head = ["run", "ended", "overlay", "split", "rows", "best student", *HEADLINES, "state"]
    with told():
        runs = find_runs(results)
    print(shown(head, [_listed(run) for run in runs], format))


def _listed(run: Run) -> list[Any]:
    """Return a row; a run that cannot be read says so in its own and spoils no other."""
    from kdlib.files import DataError

    try:
        return _values(run)
    except DataError as error:
        return [run.name, *[None] * (5 + len(HEADLINES)), str(error)]


def _values(run: Run) -> list[Any]:
    scores, overlay = run.scores, _overlay(run.root.name)
    ended = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.date))
    if scores is None:
        return [run.name, ended, overlay, *[None] * (3 + len(HEADLINES)), run.state]
    best = _best(run)
    found = scores.models.get(best, {}) if best else {}
    values = [found[metric].value if metric in found else None for metric in HEADLINES]
    return [run.name, ended, overlay, scores.split, scores.rows, best, *values, run.state]


def _best(run: Run) -> str | None:
    """Return the student that the run's report calls the best."""
    from kdlib.report.best import choose

    choice = choose(run.evaluated(), run.costs)
    return choice.name if choice else None


def _overlay(name: str) -> str | None:
    """Return the shipped or own configuration that gives a run this name."""
    import yaml

    for path in sorted(Path("config").glob("*.yaml")):
        found = yaml.safe_load(path.read_text())
        if isinstance(found, dict) and found.get("run") == name:
            return str(path)
    return None


@app.command()
def show(
    run: RunName,
    metric: Annotated[
        list[str] | None, typer.Option(help="A metric, or all; repeatable. The headline metrics if left out.")
    ] = None,
    results: Results = Path("results"),
    format: FormatOption = "text",
) -> None:
    """Show models and metrics of a run, with intervals.

    Example: kdlib runs show debian --metric token_f1 --metric nll
    """
    from kdlib.runs.run import open_run

    with told():
        chosen = open_run(run, results)
        scores = chosen.evaluated()
    names = _metrics(list(scores.metrics), metric)
    models = scores.models
    if format == "json":
        found = {
            model: {name: asdict(own[name]) if name in own else None for name in names}
            for model, own in models.items()
        }
        whole = {"run": chosen.name, "rows": scores.rows, "rows_of": scores.rows_of}
        whole |= {"split": scores.split, "models": found}
        print(json.dumps(whole))
    elif format == "csv":
        print(_as_csv(models, names))
    else:
        arrows = {True: "↑", False: "↓"}
        titles = [f"{name} {arrows[scores.higher_is_better(name)]}" for name in names]
        rows = [[model, *(number(own.get(name)) for name in names)] for model, own in models.items()]
        print(
            f"{chosen.name}: {scores.rows} {scores.rows_of} rows, split by {scores.split}, {chosen.state}\n"
        )
        print(shown(["model", *titles], rows, format))


def _as_csv(models: ModelScores, metrics: list[str]) -> str:
    parts = ["value", "low", "high", "n", "signature"]
    rows = [
        [model, metric, *(getattr(own[metric], part) for part in parts)]
        for model, own in models.items()
        for metric in metrics
        if metric in own
    ]
    return comma_separated(["model", "metric", *parts], rows)


def _metrics(known: list[str], asked: list[str] | None) -> list[str]:
    if asked is None:
        return [name for name in HEADLINES if name in known]
    if asked == ["all"]:
        return known
    if unknown := [name for name in asked if name not in known]:
        fail(f"no metric {unknown[0]!r}; there are all, {', '.join(known)}")
    return asked


@app.command()
def diff(a: RunName, b: RunName, results: Results = Path("results"), format: FormatOption = "text") -> None:
    """Tell which configuration keys and which metrics differ between two runs.

    Intervals that are apart show a difference. Where they overlap nothing is known: compare such models in
    one run, whose paired tests see more.

    Example: kdlib runs diff default debian
    """
    from kdlib.runs.difference import changed_keys, moved_metrics, not_comparable, only_in
    from kdlib.runs.run import open_run

    with told():
        one, two = open_run(a, results), open_run(b, results)
        reasons, keys = not_comparable(one, two), changed_keys(one, two)
        moved = list(moved_metrics(one, two))
        missing = {run.name: only_in(run, other) for run, other in ((one, two), (two, one))}
    for line in _warnings([one, two], reasons):
        print(line, file=sys.stderr if format in ("csv", "json") else sys.stdout)
    if any("different" in own for own in reasons):
        moved = [own._replace(better=None) for own in moved]
    if format == "json":
        print(json.dumps(_as_json(one, two, reasons, keys, moved, missing), ensure_ascii=False))
    elif format == "csv":
        rows: list[list[Any]] = [["config", "", own.key, own.a, own.b, None, "", ""] for own in keys or []]
        rows += [["metric", own.model, own.metric, own.a.value, own.b.value, *_verdict(own)] for own in moved]
        head = ["kind", "model", "name", one.name, two.name, "delta", "better", "intervals"]
        print(comma_separated(head, rows))
    else:
        print("\n" + "\n\n".join(_sections(one, two, keys, moved, missing, format)))


def _warnings(runs: list[Run], reasons: list[str]) -> Iterator[str]:
    """Yield what must be known before numbers are compared."""
    if reasons:
        yield (
            "WARNING: these numbers are NOT COMPARABLE:"
            if any("different" in own for own in reasons)
            else "WARNING: these numbers may not be comparable:"
        )
        yield from (f"  - {own}" for own in reasons)
    for run in runs:
        if run.manifest is None:
            yield (
                f"note: {run.folder} has no manifest.json, which this version writes at the end: "
                "its configuration is not known; run it again to have one"
            )
        elif run.state != "finished":
            yield f"note: {run.folder} is {run.state}"


def _verdict(own: Moved) -> list[Any]:
    better = {True: "better", False: "worse", None: ""}[own.better]
    intervals = "overlap" if own.overlap else "apart"
    return [own.delta, better, intervals if own.alike else f"{intervals}; measured in different ways"]


def _sections(
    a: Run,
    b: Run,
    keys: list[Changed] | None,
    moved: list[Moved],
    missing: dict[str, list[str]],
    format: Format,
) -> Iterator[str]:
    mark = "## " if format == "markdown" else ""
    formatted = markdown if format == "markdown" else lambda head, rows: "\n".join(table([head, *rows]))
    if keys is None:
        yield f"{mark}configuration: not known of both runs"
    elif keys:
        cells = [[own.key, plain(own.a), plain(own.b)] for own in keys]
        yield f"{mark}configuration: {len(keys)} keys differ\n\n" + formatted(["key", a.name, b.name], cells)
    else:
        yield f"{mark}configuration: no key differs"
    for name, models in missing.items():
        if models:
            yield f"only in {name}: {', '.join(models)}"
    if not moved:
        yield f"{mark}metrics: none differs"
        return
    head = ["model", "metric", a.name, b.name, "delta", "", "intervals"]
    cells = [
        [
            own.model,
            own.metric,
            number(own.a),
            number(own.b),
            f"{own.delta:+.4g}",
            *map(str, _verdict(own)[1:]),
        ]
        for own in moved
    ]
    yield f"{mark}metrics: {len(moved)} differ\n\n" + formatted(head, cells)


def _as_json(
    a: Run,
    b: Run,
    reasons: list[str],
    keys: list[Changed] | None,
    moved: list[Moved],
    missing: dict[str, list[str]],
) -> dict[str, Any]:
    return {
        "a": str(a.folder),
        "b": str(b.folder),
        "not_comparable": reasons,
        "config": None if keys is None else [own._asdict() for own in keys],
        "only_in": missing,
        "metrics": [
            {**own._asdict(), "a": asdict(own.a), "b": asdict(own.b), "delta": own.delta} for own in moved
        ],
    }


@app.command()
def export(
    run: RunName,
    out: Annotated[Path | None, typer.Option(help="File to write; the screen if left out.")] = None,
    results: Results = Path("results"),
    format: FormatOption = "csv",
) -> None:
    """Write every number of a run, one a line: stage, name, value, interval, rows and signature.

    Example: kdlib runs export default --out numbers.csv
    """
    from kdlib.files import atomic
    from kdlib.runs.numbers import Number, stages
    from kdlib.runs.run import open_run

    with told():
        chosen = open_run(run, results)
        rows = [[stage.name, *own] for stage in stages(chosen.folder) for own in stage.numbers]
        if not rows:
            fail(f"{chosen.folder}: no stage has results yet")
        text = shown(["stage", *Number._fields], rows, format)
        if out is None:
            print(text)
            return
        with atomic(out) as partial:
            partial.write_text(text + "\n")
    print(f"{len(rows):,} numbers of {chosen.folder}: {out}")
