"""Plain sentences that say what a run shows, each computed from its numbers."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from kdlib.records import RETRIEVAL, TRADITIONAL, TRIGRAM
from kdlib.report.cited import cited, difference, enumerated, score, sentence
from kdlib.report.wording import Verdict, kind, label, listed, plain, verdict
from kdlib.results.evaluation import Comparison, EvaluationReport

HEADLINES = ("exact_match", "valid", "token_f1", "nll")
SPLITS = {
    "class": "each class under test is on one side only",
    "project": "each project is on one side only",
    "row": "rows of one class are on both sides, so these numbers flatter",
}


def summary(report: EvaluationReport) -> list[Markup]:
    """Return the sentences of "What this run says".

    Args:
        report: The evaluation.
    """
    best = {metric: _best(report, metric) for metric in HEADLINES}
    extremes = [_best_sentence(report, metric, names) for metric, names in best.items() if names]
    return [_split(report), *_floor(report), *_traditional(report), *extremes]


def not_measured(report: EvaluationReport) -> list[tuple[str, str]]:
    """Return what has no number in this run, and why.

    Args:
        report: The evaluation.
    """
    found = [(entry.what, entry.reason) for entry in report.not_measured]
    for metric in report.metrics:
        lacking = [model for model, scores in report.models.items() if metric not in scores]
        if lacking:
            found.append(
                (f"{label(metric)} of {listed(lacking)}", "evaluation_metrics.json has no value for them")
            )
    return found


def _split(report: EvaluationReport) -> Markup:
    meaning = f": {SPLITS[report.split]}" if report.split in SPLITS else ""
    rows = cited(plain(report.rows), "rows")
    text = "All models are scored on the same {} {} rows, split by {}{}."
    return sentence(text, rows, report.rows_of, report.split, meaning)


def _against(report: EvaluationReport, b: str, metrics: Iterable[str]) -> dict[str, list[Comparison]]:
    """Return the comparisons of every trained model with ``b``."""
    found: dict[str, list[Comparison]] = {}
    for comparison in report.comparisons:
        trained = kind(comparison.a) in {"teacher", "student"}
        if trained and comparison.b == b and comparison.metric in metrics:
            found.setdefault(comparison.a, []).append(comparison)
    return found


def _verdict(report: EvaluationReport, comparison: Comparison) -> Verdict:
    return verdict(comparison, report.higher_is_better(comparison.metric))


def _floor(report: EvaluationReport) -> list[Markup]:
    """Return a sentence per teacher, and one for all students: is NLL below the trigram's?"""
    found = {name: pairs[0] for name, pairs in _against(report, TRIGRAM, ["nll"]).items()}
    teachers = {name: comparison for name, comparison in found.items() if kind(name) == "teacher"}
    if not teachers:
        return [
            sentence(
                "No teacher is compared with the trigram floor: whether one uses its prompt is not known."
            )
        ]
    blind = "a language model that never sees the prompt"
    endings = {
        "better": f"The interval excludes 0: it predicts better than {blind}.",
        "worse": f"The interval excludes 0 on the wrong side: {blind} predicts better.",
        "undecided": f"The interval includes 0: it is not shown to predict better than {blind}.",
    }
    sentences = []
    for name, comparison in teachers.items():
        numbers = difference(report, comparison)
        ending = endings[_verdict(report, comparison)]
        form = "{} against the trigram floor, nats per token: NLL {}. {}"
        sentences.append(sentence(form, name, numbers, ending))
    students = {name: _verdict(report, found[name]) for name in found if kind(name) == "student"}
    below = [name for name, outcome in students.items() if outcome == "better"]
    rest = [name for name in students if name not in below]
    if below:
        sentences.append(sentence("Below the trigram floor, interval excluding 0: {}.", listed(below)))
    if rest:
        sentences.append(sentence("Not shown to be below the trigram floor: {}.", listed(rest)))
    return sentences


def against_retrieval(report: EvaluationReport) -> list[Markup]:
    """Return a sentence per trained model: does it beat the nearest training test's assertion?

    Args:
        report: The evaluation.
    """
    found = _against(report, RETRIEVAL, report.metrics)
    sentences = [_beats_retrieval(report, name, comparisons) for name, comparisons in found.items()]
    silent = [name for name in report.models if kind(name) == "student" and name not in found]
    if silent:
        sentences.append(sentence("Not compared with the retrieval baseline: {}.", listed(silent)))
    return sentences


def _beats_retrieval(report: EvaluationReport, name: str, comparisons: list[Comparison]) -> Markup:
    endings = {"better": "", "worse": ", worse", "undecided": ", interval includes 0"}
    wins: list[Markup] = []
    losses: list[Markup] = []
    for comparison in comparisons:
        outcome = _verdict(report, comparison)
        numbers = difference(report, comparison)
        part = sentence("{} ({}{})", label(comparison.metric), numbers, endings[outcome])
        (wins if outcome == "better" else losses).append(part)
    if not wins:
        return sentence("{} does not beat the retrieval baseline: {}.", name, enumerated(losses))
    but = sentence(", but not on {}", enumerated(losses)) if losses else ""
    return sentence("{} beats the retrieval baseline on {}{}.", name, enumerated(wins), but)


def _traditional(report: EvaluationReport) -> list[Markup]:
    endings = {"better": "better", "worse": "worse", "undecided": "no difference is shown"}
    sentences = []
    for name, comparisons in _against(report, TRADITIONAL, report.metrics).items():
        parts = [
            sentence(
                "{} {}: {}",
                label(comparison.metric),
                difference(report, comparison),
                endings[_verdict(report, comparison)],
            )
            for comparison in comparisons
        ]
        sentences.append(sentence("{} against {}: {}.", name, TRADITIONAL, Markup("; ").join(parts)))
    return sentences


def _best(report: EvaluationReport, metric: str) -> list[str]:
    """Return the student with the best value, several if they tie."""
    values = {
        name: scores[metric].value
        for name, scores in report.models.items()
        if kind(name) == "student" and metric in scores
    }
    if not values:
        return []
    best = (max if report.higher_is_better(metric) else min)(values.values())
    return [name for name, value in values.items() if value == best]


def _best_sentence(report: EvaluationReport, metric: str, names: list[str]) -> Markup:
    higher = report.higher_is_better(metric)
    if report.models[names[0]][metric].value == 0 and higher:
        return sentence("No student scores above 0 on {}.", label(metric))
    extreme = "Highest" if higher else "Lowest"
    numbers = enumerated([sentence("{} {}", name, score(report, name, metric)) for name in names])
    return sentence("{} {} of the students: {}.", extreme, label(metric), numbers)
