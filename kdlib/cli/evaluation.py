"""``kdlib score`` and ``kdlib evaluate``: numbers for files of any system, and for folders of models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kdlib.cli.errors import fail, told
from kdlib.cli.rendering import table
from kdlib.cli.stages import Base, Dataset, Overlay, configured_section, dataset_folder, existing

if TYPE_CHECKING:
    from kdlib.evaluation.predictions.files import References
    from kdlib.evaluation.predictions.outputs import Executed
    from kdlib.evaluation.text.statistics import Answer
    from kdlib.results.evaluation import EvaluationReport

CACHE = Path("cache/predictions")

Predictions = Annotated[
    list[Path],
    typer.Argument(help="predictions.jsonl, or text with an assertion a line; one file a system."),
]
Reference = Annotated[
    Path,
    typer.Option(
        help="Text with an assertion a line, a dataset's test.parquet or validation.parquet, or a corpus' "
        "examples.parquet."
    ),
]


def score(
    predictions: Predictions,
    references: Reference,
    out: Annotated[Path | None, typer.Option(help="Folder for tables and values of every row.")] = None,
    k: Annotated[int, typer.Option(min=1, help="Candidates that exact_match_at_k looks at.")] = 4,
    resamples: Annotated[int, typer.Option(min=100, help="Bootstrap resamples.")] = 2000,
    confidence: Annotated[float, typer.Option(help="Mass of the intervals.")] = 0.95,
    seed: Annotated[int, typer.Option(help="Seed of the resampling.")] = 42,
    split: Annotated[str, typer.Option(help="How the rows were split off, for the signatures.")] = "unknown",
    processes: Annotated[int, typer.Option(min=1, help="Processes that read texts.")] = 2,
    run: Annotated[
        Path | None,
        typer.Option(
            help="Folder of a finished run with these rows, e.g. results/default: first predictions are "
            "compiled and run in their tests as well, on mutants and on faults."
        ),
    ] = None,
) -> None:
    """Score predictions by every text metric, with intervals; no model is needed.

    Several files are compared with the first, row by row. With --run their code is run, too. Examples:
    kdlib score results/default/evaluation/students/ce/predictions.jsonl
    --references results/default/dataset/test.parquet --run results/default

    kdlib score theirs.txt ours.txt --references gold.txt --out comparison
    """
    from kdlib.config import Evaluation
    from kdlib.evaluation.predictions.files import read_answers, read_references
    from kdlib.evaluation.scores.files import score_answers

    if not 0 < confidence < 1:
        fail(f"--confidence must lie between 0 and 1, got {confidence:g}")
    # Of another file it is not known of which split its rows are.
    rows_of = references.stem if references.name in ("validation.parquet", "test.parquet") else "unknown"
    evaluation = Evaluation(
        split="validation" if rows_of == "validation" else "test",
        n_best=k,
        beams=k,
        resamples=resamples,
        confidence=confidence,
        seed=seed,
    )
    names = _names(predictions)
    with told():
        gold = read_references(references)
        answers = {name: read_answers(path, gold) for name, path in zip(names, predictions, strict=True)}
        executed = _executed(run, gold, answers) if run is not None else None
        ids = list(gold.answers)
        report = score_answers(ids, answers, executed, evaluation, split, rows_of, out, processes)
    _print(report)
    if executed is not None:
        ran, faulty = len(executed.ids), len(executed.faults)
        print(
            f"\n{ran} of {report.rows:,} rows were run in their tests, {faulty} of them with a fault as well"
        )
        for missing in executed.missing:
            print(f"not measured: {missing.what}: {missing.reason}")
    if out is not None:
        print(f"\ntables and rows: {out}")


def _executed(run: Path, gold: References, answers: Mapping[str, Sequence[Answer]]) -> Executed:
    """Run the first predictions of all systems."""
    from kdlib.cli.execution import executed_in

    if gold.numbered:
        fail(f"--run needs to know whose tests to run: {gold.path} has no ids; give a dataset's test.parquet")
    ids = list(gold.answers)
    return executed_in(
        run, ids, {name: [row.candidates[0] for row in rows] for name, rows in answers.items()}
    )


def evaluate(
    out: Annotated[Path, typer.Option(help="Folder for all results.")],
    keys: Mapping[str, str],
    teacher: Annotated[
        Path | None, typer.Option(help="Folder of the teacher's model; agreement with it is measured.")
    ] = None,
    student: Annotated[
        list[Path] | None, typer.Option(help="Folder of a student's model; repeatable.")
    ] = None,
    overlay: Overlay = None,
    base: Base = Path("config/config.yaml"),
    dataset: Dataset = None,
    encoder: Annotated[
        Path | None,
        typer.Option(help="Folder of a staged sentence encoder; the teacher's own encoder if left out."),
    ] = None,
    examples: Annotated[
        Path | None, typer.Option(help="examples.parquet of the corpus, for slices by assertion and project.")
    ] = None,
) -> None:
    """Evaluate any teacher and students on the rows of a dataset, beside the baselines.

    Predictions are cached by content: run again, only what changed is generated. Code is not run; the
    workflow does that. The section evaluation gives every setting that no option sets; options are its keys
    and take YAML: --split validation evaluates on the rows on which choices are made. Example:
    kdlib evaluate --teacher results/default/teachers/base/best_model
    --student results/default/students/ce/best_model --student results/default/students/trident/best_model
    --out comparison --beams 1 --n_best 1
    """
    from kdlib.evaluation.posthoc import Models, evaluate_models

    students = {_called(path): path for path in student or []}
    if teacher is None and not students:
        fail("nothing to evaluate: set --teacher, --student or both")
    if len(students) < len(student or []):
        fail(f"two students have the same name, the folder above best_model; there are {', '.join(students)}")
    for option, path in (
        ("--teacher", teacher),
        ("--encoder", encoder),
        *(("--student", p) for p in students.values()),
    ):
        if path is not None:
            existing(path / "config.json", option)
    config = configured_section("evaluation", keys, [base, *(overlay or [])])
    data = dataset_folder(dataset, config)
    existing(data / f"{config.evaluation.split}.parquet", "--dataset")
    with told():
        report = evaluate_models(
            Models(teacher, students, encoder),
            data,
            examples,
            config.evaluation,
            config.dataset.max_target_tokens,
            config.split.by,
            config.threads,
            CACHE,
            out,
        )
    _print(report)
    print(f"\ntables and rows: {out}")


def _called(model: Path) -> str:
    """Return the name of a model by its folder: ``ce`` for ``students/ce/best_model``."""
    path = model.resolve()
    return path.parent.name if path.name in ("best_model", "final_model") else path.name


def _names(paths: Sequence[Path]) -> list[str]:
    """Return what to call systems: the part of their paths that tells them apart."""
    if len(set(paths)) < len(paths):
        fail("a file of predictions is given twice")
    parts = [path.with_suffix("").parts for path in paths]
    # All systems of a run call their file predictions.jsonl: the folder is the name.
    while len(paths) > 1 and len({own[-1] for own in parts}) == 1:
        parts = [own[:-1] for own in parts]
    longest = max(map(len, parts))
    choices = (["/".join(own[-depth:]) for own in parts] for depth in range(1, longest + 1))
    return next((names for names in choices if len(set(names)) == len(names)), list(map(str, paths)))


def _print(report: EvaluationReport) -> None:
    """Print values with intervals, then what the comparisons say."""
    of = f"{report.rows_of} " if report.rows_of != "unknown" else ""
    rows = [[f"{report.rows:,} {of}rows", *report.models, ""]]
    for metric in report.metrics:
        scores = [found.get(metric) for found in report.models.values()]
        cells = [f"{s.value:.3f} [{s.low:.3f}, {s.high:.3f}]" if s else "-" for s in scores]
        rows.append([metric, *cells, ""])
    print(*table(rows), sep="\n")
    if report.comparisons:
        head = ["a - b", "metric", "difference", "interval", "p", "p, Holm", ""]
        found = [
            [
                f"{pair.a} - {pair.b}",
                pair.metric,
                f"{pair.difference:+.3f}",
                f"[{pair.low:+.3f}, {pair.high:+.3f}]",
                f"{pair.p:.4f}",
                f"{pair.p_holm:.4f}",
                "",
            ]
            for pair in report.comparisons
        ]
        print("", *table([head, *found]), sep="\n")
