"""The report: one HTML file with everything in it, made from the result files of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup

from kdlib.files import atomic, read_json, read_jsonl, read_parquet
from kdlib.provenance.manifest import read_manifests
from kdlib.report import tables
from kdlib.report.best import RULE, choose, reasons
from kdlib.report.cards import card_tables
from kdlib.report.cited import SCORES
from kdlib.report.curves import POINTS, read_curves
from kdlib.report.examples import browser, packed
from kdlib.report.figures import training_curves
from kdlib.report.origins import Origin, origin, origin_table
from kdlib.report.pareto import COSTS, fronts
from kdlib.report.scatter import cost_scatter
from kdlib.report.slices import seed_table, slice_tables
from kdlib.report.stores import fidelity_table, signal_table
from kdlib.report.summary import HEADLINES, against_retrieval, not_measured, summary
from kdlib.report.wording import confidence

TEMPLATE, STYLE = "page.html", "page.css"
CORPUS, DATASET = "corpus card", "dataset card"
SCRIPTS = ("sorting.js", "choices.js", "origins.js", "diff.js", "examples.js")


class Results(NamedTuple):
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
        test: Token rows (Parquet) of the test split; only ids and prompts are read.
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
            SCORES: self.scores,
            "predictions_final.jsonl": self.samples,
            CORPUS: self.card,
            DATASET: self.dataset,
            "test rows": self.test,
            **{f"{_model(path)}/{path.name}": path for path in of_models},
            **{
                f"signals/{path.parent.name}/{path.name}": path
                for path in (*self.manifests, *self.fidelities)
            },
        }


def write_page(run: str, results: Results, jobs: Path, page: Path) -> None:
    """Write the report of a run; equal inputs give equal bytes.

    Args:
        run: Name of the run.
        results: What to tell of.
        jobs: Folder of what runs share, whose manifests count beside the run's own.
        page: HTML file to write, in the run's folder.

    Raises:
        DataError: If a file is broken, or the samples are of other rows than the test rows.
    """
    manifests = read_manifests([page.parent, jobs])
    text = _render(
        {
            "run": run,
            **_findings(results),
            **_training(results),
            **_data(results),
            **_examples(results),
            **_origins(
                {name: origin(path, page.parent, manifests) for name, path in results.named().items()}
            ),
            "style": _part(STYLE),
            "script": Markup("\n").join(map(_part, SCRIPTS)),
        }
    )
    with atomic(page) as partial:
        partial.write_text(text, encoding="utf-8")


def _findings(results: Results) -> dict[str, Any]:
    """Return the parts of the page that come from scores and costs."""
    scores, costs = read_json(results.scores), {_model(path): read_json(path) for path in results.costs}
    teachers = _teachers(_reports(results))
    best = choose(scores, costs)
    return {
        "scores": scores,
        "confidence": _confidence(scores),
        "best": best,
        "reasons": reasons(best, scores, costs, teachers) if best else [],
        "rule": RULE,
        "sentences": summary(scores),
        "retrieval": against_retrieval(scores),
        "not_measured": not_measured(scores),
        "score_table": tables.score_table(scores),
        "rivals": tables.rivals(scores),
        "metric_table": tables.metric_table(scores),
        "comparison_table": tables.comparison_table(scores),
        "slice_tables": slice_tables(scores),
        "seed_table": seed_table(scores),
        "reading_aid": tables.reading_aid(),
        "cost_table": tables.cost_table(costs),
        "scatters": _scatters(scores, costs),
    }


def _reports(results: Results) -> dict[str, Any]:
    return {report["name"]: report for report in map(read_json, results.reports)}


def _training(results: Results) -> dict[str, Any]:
    reports = _reports(results)
    return {
        "training_table": tables.training_table(reports),
        "settings": {name: _json(report["params"]) for name, report in reports.items()},
        "curves": _curves(results.steps, results.epochs),
        "points": POINTS,
    }


def _data(results: Results) -> dict[str, Any]:
    return {
        "corpus": card_tables("Corpus", read_json(results.card), CORPUS),
        "dataset": card_tables("Dataset", read_json(results.dataset), DATASET),
        "signals": signal_table({path.parent.name: read_json(path) for path in results.manifests}),
        "fidelity": fidelity_table({path.parent.name: read_json(path) for path in results.fidelities}),
    }


def _examples(results: Results) -> dict[str, Any]:
    rows = read_parquet(results.test, ["id", "prompt"])
    prompts = dict(zip(rows["id"].to_pylist(), rows["prompt"].to_pylist(), strict=True))
    examples = browser(read_jsonl(results.samples), prompts)
    shown, total = len(examples["rows"]), examples["total"]
    return {"shown": shown, "total": total, "examples_data": packed(examples)}


def _origins(origins: Mapping[str, Origin]) -> dict[str, Any]:
    return {
        "origins": origin_table(origins),
        "recorded": any(own.rule for own in origins.values()),
        "origins_json": script_json({name: own._asdict() for name, own in origins.items()}),
    }


def script_json(value: Any) -> Markup:  # noqa: ANN401  (a JSON value)
    r"""Return JSON that can stand in a script element: ``<``, ``>`` and ``&`` as escapes like ``\u003c``.

    Reference: HTML standard, 4.12.1.3, "Restrictions for contents of script elements".
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _render(parts: dict[str, Any]) -> str:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["percent"] = lambda share: f"{100 * min(max(share, 0), 1):.1f}%"
    return environment.from_string(str(_part(TEMPLATE))).render(parts)


def _part(name: str) -> Markup:
    """Return a file that lies beside this module; it is ours, so it is not escaped."""
    return Markup(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def _model(path: Path) -> str:
    """Return ``students/ce`` of ``…/students/ce/cost.json``."""
    return f"{path.parent.parent.name}/{path.parent.name}"


def _teachers(reports: Mapping[str, Any]) -> dict[str, str]:
    """Return the teacher of every student."""
    return {
        name: f"teachers/{report['params']['teacher']}"
        for name, report in reports.items()
        if "teacher" in report["params"]
    }


def _confidence(scores: Mapping[str, Any]) -> str:
    signatures = [own["signature"] for model in scores["models"].values() for own in model.values()]
    return confidence(signatures[0] if signatures else "")


def _scatters(
    scores: Mapping[str, Any], costs: Mapping[str, Any]
) -> dict[str, tuple[str, Markup, list[str]]]:
    """Return key of a cost: its name, the figure and the fronts in words."""
    shown = [metric for metric in HEADLINES if metric in scores["metrics"]]
    known = [costs[model] for model in scores["models"] if model in costs]
    found = {}
    for cost, name in COSTS.items():
        if shown and any(own.get(cost) for own in known):
            figure = Markup(cost_scatter(scores, costs, shown, cost))
            found[cost] = (name, figure, list(fronts(scores, costs, shown, cost)))
    return found


def _curves(steps: list[Path], epochs: list[Path]) -> dict[str, Markup]:
    validations = {_model(path): path for path in epochs}
    return {
        name: Markup(training_curves(name, read_curves(path, validations[name])))
        for name, path in ((_model(path), path) for path in steps)
    }


def _json(value: Any) -> str:  # noqa: ANN401  (a JSON value)
    return json.dumps(value, indent=1, ensure_ascii=False)
