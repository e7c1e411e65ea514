"""Plain sentences that say what a run shows, each computed from its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup

from kdlib.records import RETRIEVAL, TRADITIONAL, TRIGRAM
from kdlib.report.cited import cited, difference, enumerated, score, sentence
from kdlib.report.wording import kind, label, listed, plain, verdict

HEADLINES = ("exact_match", "passes", "token_f1", "nll")
SPLITS = {
    "class": "each class under test is on one side only",
    "project": "each project is on one side only",
    "row": "rows of one class are on both sides, so these numbers flatter",
}
Scores = Mapping[str, Any]
Comparison = Mapping[str, Any]


def summary(scores: Scores) -> list[Markup]:
    """Return the sentences of "What this run says".

    Args:
        scores: Content of evaluation_metrics.json.
    """
    best = {metric: _best(scores, metric) for metric in HEADLINES}
    extremes = [_best_sentence(scores, metric, names) for metric, names in best.items() if names]
    return [_split(scores), *_floor(scores), *_traditional(scores), *extremes]


def not_measured(scores: Scores) -> list[tuple[str, str]]:
    """Return what has no number in this run, and why.

    Args:
        scores: Content of evaluation_metrics.json; its key ``not_measured`` is optional.
    """
    found = [(str(entry["what"]), str(entry["reason"])) for entry in scores.get("not_measured", [])]
    for metric in scores["metrics"]:
        lacking = [model for model, own in scores["models"].items() if metric not in own]
        if lacking:
            found.append(
                (f"{label(metric)} of {listed(lacking)}", "evaluation_metrics.json has no value for them")
            )
    return found


def _split(scores: Scores) -> Markup:
    by = scores["split"]
    meaning = f": {SPLITS[by]}" if by in SPLITS else ""
    rows = cited(plain(scores["rows"]), "rows")
    return sentence("All models are scored on the same {} test rows, split by {}{}.", rows, by, meaning)


def _against(scores: Scores, b: str, metrics: Iterable[str]) -> dict[str, list[Comparison]]:
    """Return the comparisons of every trained model with ``b``."""
    found: dict[str, list[Comparison]] = {}
    for comparison in scores["comparisons"]:
        trained = kind(comparison["a"]) in {"teacher", "student"}
        if trained and comparison["b"] == b and comparison["metric"] in metrics:
            found.setdefault(comparison["a"], []).append(comparison)
    return found


def _verdict(scores: Scores, comparison: Comparison) -> str:
    return verdict(comparison, scores["metrics"][comparison["metric"]]["higher_is_better"])


def _floor(scores: Scores) -> list[Markup]:
    """Return a sentence per teacher, and one for all students: is NLL below the trigram's?"""
    found = _against(scores, TRIGRAM, ["nll"])
    teachers = {name: own[0] for name, own in found.items() if kind(name) == "teacher"}
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
    for name, own in teachers.items():
        said = endings[_verdict(scores, own)]
        numbers = difference(scores, own)
        sentences.append(
            sentence("{} against the trigram floor, nats per token: NLL {}. {}", name, numbers, said)
        )
    students = {name: _verdict(scores, own[0]) for name, own in found.items() if kind(name) == "student"}
    below = [name for name, said in students.items() if said == "better"]
    rest = [name for name, said in students.items() if said != "better"]
    if below:
        sentences.append(sentence("Below the trigram floor, interval excluding 0: {}.", listed(below)))
    if rest:
        sentences.append(sentence("Not shown to be below the trigram floor: {}.", listed(rest)))
    return sentences


def against_retrieval(scores: Scores) -> list[Markup]:
    """Return a sentence per trained model: does it beat the nearest training test's assertion?

    Args:
        scores: Content of evaluation_metrics.json.
    """
    found = _against(scores, RETRIEVAL, list(scores["metrics"]))
    sentences = []
    for name, own in found.items():
        wins: list[Markup] = []
        losses: list[Markup] = []
        for comparison in own:
            outcome = _verdict(scores, comparison)
            end = {"better": "", "worse": ", worse", "undecided": ", interval includes 0"}[outcome]
            numbers = difference(scores, comparison)
            said = sentence("{} ({}{})", label(comparison["metric"]), numbers, end)
            (wins if outcome == "better" else losses).append(said)
        if not wins:
            sentences.append(
                sentence("{} does not beat the retrieval baseline: {}.", name, enumerated(losses))
            )
        else:
            but = sentence(", but not on {}", enumerated(losses)) if losses else ""
            sentences.append(
                sentence("{} beats the retrieval baseline on {}{}.", name, enumerated(wins), but)
            )
    silent = [name for name in scores["models"] if kind(name) == "student" and name not in found]
    if silent:
        sentences.append(sentence("Not compared with the retrieval baseline: {}.", listed(silent)))
    return sentences


def _traditional(scores: Scores) -> list[Markup]:
    endings = {"better": "better", "worse": "worse", "undecided": "no difference is shown"}
    sentences = []
    for name, own in _against(scores, TRADITIONAL, list(scores["metrics"])).items():
        parts = [
            sentence(
                "{} {}: {}",
                label(comparison["metric"]),
                difference(scores, comparison),
                endings[_verdict(scores, comparison)],
            )
            for comparison in own
        ]
        sentences.append(sentence("{} against {}: {}.", name, TRADITIONAL, Markup("; ").join(parts)))
    return sentences


def _best(scores: Scores, metric: str) -> list[str]:
    """Return the student with the best value, several if they tie."""
    values = {
        name: own[metric]["value"]
        for name, own in scores["models"].items()
        if kind(name) == "student" and metric in own
    }
    if not values:
        return []
    best = (max if scores["metrics"][metric]["higher_is_better"] else min)(values.values())
    return [name for name, value in values.items() if value == best]


def _best_sentence(scores: Scores, metric: str, names: list[str]) -> Markup:
    higher = scores["metrics"][metric]["higher_is_better"]
    if scores["models"][names[0]][metric]["value"] == 0 and higher:
        return sentence("No student scores above 0 on {}.", label(metric))
    extreme = "Highest" if higher else "Lowest"
    numbers = enumerated([sentence("{} {}", name, score(scores, name, metric)) for name in names])
    return sentence("{} {} of the students: {}.", extreme, label(metric), numbers)
