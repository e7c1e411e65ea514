"""The report: one HTML file with everything in it, made from the result files of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup

from kdlib.files import atomic, read_json, read_parquet
from kdlib.provenance.manifest import read_manifests
from kdlib.report import tables
from kdlib.report.best import RULE, choose, reasons
from kdlib.report.cards import card_tables
from kdlib.report.curves import POINTS, read_curves
from kdlib.report.examples import browser, packed
from kdlib.report.figures import training_curves
from kdlib.report.origins import Origin, origin, origin_table
from kdlib.report.pareto import COSTS, fronts, known_costs
from kdlib.report.rendering import packaged, render, script_json, style_sheet
from kdlib.report.scatter import cost_scatter
from kdlib.report.slices import seed_table, slice_tables
from kdlib.report.stores import fidelity_table, signal_table
from kdlib.report.summary import HEADLINES, against_retrieval, not_measured, summary
from kdlib.report.wording import confidence
from kdlib.results.cost import Cost, read_cost
from kdlib.results.evaluation import METRICS_FILE, EvaluationReport, read_evaluation
from kdlib.results.fidelity import read_fidelity
from kdlib.results.places import run_folder
from kdlib.results.samples import read_samples
from kdlib.results.training import TrainingReport, read_training
from kdlib.signals.manifest import read_manifest

TEMPLATE = "page.html"
STYLE = "page.css"
CORPUS = "corpus card"
DATASET = "dataset card"
FEWEST_FAULTS = 200  # with fewer, the shares of bugs exposed and blessed are called rough
SCRIPTS = ("sorting.js", "choices.js", "origins.js", "diff.js", "examples.js")


class PageFiles(NamedTuple):
    """The files that a page is made from.

    Attributes:
        card: card.json of the corpus.
        dataset: card.json of the dataset.
        scores: evaluation_metrics.json.
        samples: predictions_final.jsonl.
        costs: ``…/students/NAME/cost.json`` of every model that has one.
        reports: training_report.json of every trained model.
        steps: ``…/students/NAME/step_metrics.csv`` of every trained model.
        epochs: ``…/students/NAME/training_metrics.csv`` of the same models.
        manifests: ``…/NAME/manifest.json`` of every store of signals.
        fidelities: ``…/NAME/fidelity.json`` of the stores that were compared with their teachers.
        test: Token rows (Parquet) of the evaluated split; only ids and prompts are read.
    """

    card: Path
    dataset: Path
    scores: Path
    samples: Path
    costs: list[Path]
    reports: list[Path]
    steps: list[Path]
    epochs: list[Path]
    manifests: list[Path]
    fidelities: list[Path]
    test: Path

    def named(self) -> dict[str, Path]:
        """Return the name of every file on the page."""
        of_models = (*self.costs, *self.reports, *self.steps, *self.epochs)
        return {
            METRICS_FILE: self.scores,
            "predictions_final.jsonl": self.samples,
            CORPUS: self.card,
            DATASET: self.dataset,
            f"{self.test.stem} rows": self.test,
            **{f"{_model(path)}/{path.name}": path for path in of_models},
            **{
                f"signals/{path.parent.name}/{path.name}": path
                for path in (*self.manifests, *self.fidelities)
            },
        }


def write_page(run: str, files: PageFiles, jobs: Path, page: Path) -> None:
    """Write the report of a run; equal inputs give equal bytes.

    Args:
        run: Name of the run.
        files: Result files of the run.
        jobs: Folder of what runs share, whose manifests count beside the run's own.
        page: HTML file to write, in the run's folder or its folder ``validation``.

    Raises:
        DataError: If a file is broken, or the samples are of other rows than these.
    """
    folder = run_folder(page.parent)
    manifests = read_manifests([folder, jobs])
    origins = {name: origin(path, folder, manifests) for name, path in files.named().items()}
    reports = {report.name: report for report in map(read_training, files.reports)}
    text = render(
        TEMPLATE,
        {
            "run": run,
            **_findings(files, _teachers(reports)),
            **_training(files, reports),
            **_data(files),
            **_examples(files),
            **_origins(origins),
            "style": style_sheet(STYLE),
            "script": Markup("\n").join(map(packaged, SCRIPTS)),
        },
    )
    with atomic(page) as partial:
        partial.write_text(text, encoding="utf-8")


def _findings(files: PageFiles, teachers: Mapping[str, str]) -> dict[str, Any]:
    """Return the parts of the page that come from scores and costs."""
    report = read_evaluation(files.scores)
    costs = {_model(path): read_cost(path) for path in files.costs}
    best = choose(report, costs)
    return {
        "evaluation": report,
        "confidence": _confidence(report),
        "best": best,
        "reasons": reasons(best, report, costs, teachers) if best else [],
        "rule": RULE,
        "sentences": summary(report),
        "retrieval": against_retrieval(report),
        "not_measured": not_measured(report),
        "score_table": tables.score_table(report),
        "rivals": tables.rivals(report),
        "faults": _faults(report),
        "fewest_faults": FEWEST_FAULTS,
        "metric_table": tables.metric_table(report),
        "comparison_table": tables.comparison_table(report),
        "slice_tables": slice_tables(report),
        "seed_table": seed_table(report),
        "reading_aid": tables.reading_aid(),
        "cost_table": tables.cost_table(costs),
        "scatters": _scatters(report, costs),
    }


def _training(files: PageFiles, reports: Mapping[str, TrainingReport]) -> dict[str, Any]:
    return {
        "training_table": tables.training_table(reports),
        "settings": {name: _json(report.params) for name, report in reports.items()},
        "curves": _curves(files.steps, files.epochs),
        "points": POINTS,
    }


def _data(files: PageFiles) -> dict[str, Any]:
    return {
        "corpus": card_tables("Corpus", read_json(files.card), CORPUS),
        "dataset": card_tables("Dataset", read_json(files.dataset), DATASET),
        "signals": signal_table({path.parent.name: read_manifest(path) for path in files.manifests}),
        "fidelity": fidelity_table({path.parent.name: read_fidelity(path) for path in files.fidelities}),
    }


def _examples(files: PageFiles) -> dict[str, Any]:
    rows = read_parquet(files.test, ["id", "prompt"])
    prompts = dict(zip(rows["id"].to_pylist(), rows["prompt"].to_pylist(), strict=True))
    examples = browser(read_samples(files.samples), prompts)
    return {
        "shown": len(examples["rows"]),
        "total": examples["total"],
        "fails_today": {model: count for model, count in examples["fails_today"].items() if count},
        "examples_data": packed(examples),
    }


def _origins(origins: Mapping[str, Origin]) -> dict[str, Any]:
    return {
        "origins": origin_table(origins),
        "recorded": any(found.rule for found in origins.values()),
        "origins_json": script_json({name: found._asdict() for name, found in origins.items()}),
    }


def _model(path: Path) -> str:
    """Return ``students/ce`` of ``…/students/ce/cost.json``."""
    return f"{path.parent.parent.name}/{path.parent.name}"


def _teachers(reports: Mapping[str, TrainingReport]) -> dict[str, str]:
    """Return the teacher of every student."""
    return {
        name: f"teachers/{report.params['teacher']}"
        for name, report in reports.items()
        if "teacher" in report.params
    }


def _confidence(report: EvaluationReport) -> str:
    signatures = (score.signature for scores in report.models.values() for score in scores.values())
    return confidence(next(signatures, ""))


def _faults(report: EvaluationReport) -> int:
    """Return the number of rows whose code was given a fault."""
    return max((scores["exposed"].n for scores in report.models.values() if "exposed" in scores), default=0)


def _scatters(
    report: EvaluationReport, costs: Mapping[str, Cost]
) -> dict[str, tuple[str, Markup, list[str]]]:
    """Return key of a cost: its name, the figure and the fronts in words."""
    shown = [metric for metric in HEADLINES if metric in report.metrics]
    found = {}
    for cost, name in COSTS.items():
        known = known_costs(costs, cost)
        if shown and any(known.get(model) for model in report.models):
            figure = Markup(cost_scatter(report, costs, shown, cost))
            found[cost] = (name, figure, list(fronts(report, costs, shown, cost)))
    return found


def _curves(steps: list[Path], epochs: list[Path]) -> dict[str, Markup]:
    validations = {_model(path): path for path in epochs}
    return {
        name: Markup(training_curves(name, read_curves(path, validations[name])))
        for name, path in ((_model(path), path) for path in steps)
    }


def _json(value: Any) -> str:  # noqa: ANN401  (a JSON value)
    return json.dumps(value, indent=1, ensure_ascii=False)
