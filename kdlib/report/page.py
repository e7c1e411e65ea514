"""The report: one HTML file with everything in it, made from the result files of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdlib.files import atomic, read_json, read_jsonl, read_parquet, sha256
from kdlib.report import tables
from kdlib.report.cards import card_tables
from kdlib.report.curves import POINTS, read_curves
from kdlib.report.examples import browser
from kdlib.report.figures import size_scatter, training_curves
from kdlib.report.slices import seed_table, slice_tables
from kdlib.report.summary import HEADLINES, not_measured, summary
from kdlib.report.wording import confidence

if TYPE_CHECKING:
    from markupsafe import Markup

TEMPLATE, STYLE, SCRIPT = "page.html", "page.css", "page.js"


def write_page(
    run: str,
    card: Path,
    dataset: Path,
    scores: Path,
    samples: Path,
    costs: list[Path],
    reports: list[Path],
    steps: list[Path],
    epochs: list[Path],
    manifests: list[Path],
    fidelities: list[Path],
    test: Path,
    page: Path,
) -> None:
    """Write the report of a run; equal inputs give equal bytes.

    Args:
        run: Name of the run.
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
        page: HTML file to write.

    Raises:
        DataError: If a file is broken, or the samples are of other rows than the test rows.
    """
    rows = read_parquet(test, ["id", "prompt"])
    prompts = dict(zip(rows["id"].to_pylist(), rows["prompt"].to_pylist(), strict=True))
    trained = {report["name"]: report for report in map(read_json, reports)}
    scored, size = read_json(scores), {_model(path): read_json(path) for path in costs}
    examples = browser(read_jsonl(samples), prompts)
    inputs = {
        "evaluation_metrics.json": scores,
        "predictions_final.jsonl": samples,
        "corpus card": card,
        "dataset card": dataset,
        "test rows": test,
    }
    text = _render(
        {
            "run": run,
            **_findings(scored, size, trained),
            "training_table": tables.training_table(trained),
            "settings": {name: _json(report["params"]) for name, report in trained.items()},
            "curves": _curves(steps, epochs),
            "points": POINTS,
            "corpus": card_tables("Corpus", read_json(card)),
            "dataset": card_tables("Dataset", read_json(dataset)),
            "signals": tables.signal_table({path.parent.name: read_json(path) for path in manifests}),
            "fidelity": tables.fidelity_table({path.parent.name: read_json(path) for path in fidelities}),
            "examples": examples,
            "examples_json": script_json(examples),
            "inputs": {name: sha256(path) for name, path in inputs.items()},
            "style": _part(STYLE),
            "script": _part(SCRIPT),
        }
    )
    with atomic(page) as partial:
        partial.write_text(text, encoding="utf-8")


def _findings(
    scores: Mapping[str, Any], costs: Mapping[str, Any], reports: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the parts of the page that come from scores and costs."""
    return {
        "scores": scores,
        "confidence": _confidence(scores),
        "sentences": summary(scores, costs, _teachers(reports)),
        "not_measured": not_measured(scores),
        "score_table": tables.score_table(scores),
        "metric_table": tables.metric_table(scores),
        "comparison_table": tables.comparison_table(scores),
        "slice_tables": slice_tables(scores),
        "seed_table": seed_table(scores),
        "reading_aid": tables.reading_aid(),
        "cost_table": tables.cost_table(costs),
        "scatter": _scatter(scores, costs),
    }


def script_json(value: Any) -> Markup:  # noqa: ANN401  (a JSON value)
    r"""Return JSON that can stand in a script element: ``<``, ``>`` and ``&`` as escapes like ``\u003c``.

    Reference: HTML standard, 4.12.1.3, "Restrictions for contents of script elements".
    """
    from markupsafe import Markup

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
    return environment.from_string(str(_part(TEMPLATE))).render(parts)


def _part(name: str) -> Markup:
    """Return a file that lies beside this module; it is ours, so it is not escaped."""
    from markupsafe import Markup

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


def _scatter(scores: Mapping[str, Any], costs: Mapping[str, Any]) -> Markup | None:
    from markupsafe import Markup

    shown = [metric for metric in HEADLINES if metric in scores["metrics"]]
    sized = any(name in costs for name in scores["models"])
    return Markup(size_scatter(scores, costs, shown)) if shown and sized else None


def _curves(steps: list[Path], epochs: list[Path]) -> dict[str, Markup]:
    from markupsafe import Markup

    validations = {_model(path): path for path in epochs}
    return {
        name: Markup(training_curves(name, read_curves(path, validations[name])))
        for name, path in ((_model(path), path) for path in steps)
    }


def _json(value: Any) -> str:  # noqa: ANN401  (a JSON value)
    return json.dumps(value, indent=1, ensure_ascii=False)
