"""Plain sentences that say what a run shows, each computed from its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kdlib.report.wording import decimal, interval, kind, label, listed, plain, probability, signed, verdict

RETRIEVAL, TRIGRAM, TRADITIONAL = "baselines/retrieval", "baselines/trigram", "students/traditional"
HEADLINES = ("exact_match", "token_f1", "nll")
SPLITS = {
    "class": "each class under test is on one side only",
    "project": "each project is on one side only",
    "row": "rows of one class are on both sides, so these numbers flatter",
}
Scores = Mapping[str, Any]
Comparison = Mapping[str, Any]


def summary(scores: Scores, costs: Mapping[str, Any], teachers: Mapping[str, str]) -> list[str]:
    """Return the sentences of "What this run says".

    Args:
        scores: Content of evaluation_metrics.json.
        costs: Model: content of its cost.json.
        teachers: Student: its teacher.
    """
    sentences = [_split(scores), *_floor(scores), *_retrieval(scores), *_traditional(scores)]
    best = {metric: _best(scores, metric) for metric in HEADLINES}
    sentences += [_best_sentence(scores, metric, names) for metric, names in best.items() if names]
    winners = dict.fromkeys(name for names in best.values() for name in names)
    return sentences + [
        _size(name, teachers[name], costs) for name in winners if _sizes(name, teachers, costs)
    ]


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


def _split(scores: Scores) -> str:
    by = scores["split"]
    meaning = f": {SPLITS[by]}" if by in SPLITS else ""
    return f"All models are scored on the same {plain(scores['rows'])} test rows, split by {by}{meaning}."


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


def _numbers(comparison: Comparison) -> str:
    ends = interval(comparison["low"], comparison["high"])
    return f"{signed(comparison['difference'])} {ends}, p = {probability(comparison['p'])}".replace(
        "= <", "<"
    )


def _floor(scores: Scores) -> list[str]:
    """Return a sentence per teacher, and one for all students: is NLL below the trigram's?"""
    found = _against(scores, TRIGRAM, ["nll"])
    teachers = {name: own[0] for name, own in found.items() if kind(name) == "teacher"}
    if not teachers:
        return ["No teacher is compared with the trigram floor: whether one uses its prompt is not known."]
    blind = "a language model that never sees the prompt"
    endings = {
        "better": f"The interval excludes 0: it predicts better than {blind}.",
        "worse": f"The interval excludes 0 on the wrong side: {blind} predicts better.",
        "undecided": f"The interval includes 0: it is not shown to predict better than {blind}.",
    }
    sentences = []
    for name, own in teachers.items():
        said = endings[_verdict(scores, own)]
        sentences.append(f"{name} against the trigram floor, nats per token: NLL {_numbers(own)}. {said}")
    students = {name: _verdict(scores, own[0]) for name, own in found.items() if kind(name) == "student"}
    below = [name for name, said in students.items() if said == "better"]
    rest = [name for name, said in students.items() if said != "better"]
    sentences += [f"Below the trigram floor, interval excluding 0: {listed(below)}."] if below else []
    sentences += [f"Not shown to be below the trigram floor: {listed(rest)}."] if rest else []
    return sentences


def _retrieval(scores: Scores) -> list[str]:
    """Return a sentence per trained model: does it beat the nearest training test's assertion?"""
    found = _against(scores, RETRIEVAL, list(scores["metrics"]))
    sentences = []
    for name, own in found.items():
        said = [(f"{label(c['metric'])} ({_numbers(c)})", _verdict(scores, c)) for c in own]
        wins = [text for text, outcome in said if outcome == "better"]
        losses = [
            text.removesuffix(")") + (", worse)" if outcome == "worse" else ", interval includes 0)")
            for text, outcome in said
            if outcome != "better"
        ]
        if not wins:
            sentences.append(f"{name} does not beat the retrieval baseline: {listed(losses)}.")
        else:
            but = f", but not on {listed(losses)}" if losses else ""
            sentences.append(f"{name} beats the retrieval baseline on {listed(wins)}{but}.")
    silent = [name for name in scores["models"] if kind(name) == "student" and name not in found]
    if silent:
        sentences.append(f"Not compared with the retrieval baseline: {listed(silent)}.")
    return sentences


def _traditional(scores: Scores) -> list[str]:
    endings = {"better": "better", "worse": "worse", "undecided": "no difference is shown"}
    return [
        f"{name} against {TRADITIONAL}: {label(own['metric'])} {_numbers(own)}: "
        f"{endings[_verdict(scores, own)]}."
        for name, comparisons in _against(scores, TRADITIONAL, list(scores["metrics"])).items()
        for own in comparisons
    ]


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


def _best_sentence(scores: Scores, metric: str, names: list[str]) -> str:
    own = scores["models"][names[0]][metric]
    if own["value"] == 0 and scores["metrics"][metric]["higher_is_better"]:
        return f"No student scores above 0 on {label(metric)}."
    number = f"{decimal(own['value'])} {interval(own['low'], own['high'])}"
    if len(names) > 1:
        return (
            f"Best students by {label(metric)}, with equal values: {listed(names)}, {decimal(own['value'])}."
        )
    return f"Best student by {label(metric)}: {names[0]}, {number}."


def _sizes(name: str, teachers: Mapping[str, str], costs: Mapping[str, Any]) -> bool:
    return name in costs and teachers.get(name) in costs


def _size(name: str, teacher: str, costs: Mapping[str, Any]) -> str:
    own, whole = costs[name]["parameters"], costs[teacher]["parameters"]
    return f"{name} has {plain(own)} parameters, {own / whole:.0%} of {teacher}'s {plain(whole)}."
