"""The one best student of a run: chosen by a rule that the page tells, with what speaks against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf
from typing import Any, NamedTuple

from markupsafe import Markup

from kdlib.records import RETRIEVAL
from kdlib.report.cited import cost, difference, score, sentence
from kdlib.report.wording import kind, label, listed, verdict

CRITERIA = ("exact_match", "passes", "token_f1", "nll")
LATENCY = "latency_p50_seconds"
RULE = (
    f"The first of {', '.join(map(label, CRITERIA[:-1]))} (higher is better) and {label(CRITERIA[-1])} "
    "(lower is better) on which a student scores above 0 decides. Students that are not shown to differ from "
    "the one with the best value tie: their paired interval includes 0, or, where the run does not compare "
    "the two, their intervals overlap. Of those that tie, the one with the fewest parameters is taken; of "
    "equally large ones the one with the better value, then the better value of the measures that follow, "
    "then the lower latency."
)
Scores = Mapping[str, Any]


class Choice(NamedTuple):
    """The best student.

    Attributes:
        name: Of the student.
        metric: What decided.
        highest: The student with the best value of it.
        tied: All that are not shown to differ from ``highest``, itself among them.
        second: The best of the others by value; None if there is no other.
    """

    name: str
    metric: str
    highest: str
    tied: list[str]
    second: str | None


def choose(scores: Scores, costs: Mapping[str, Any]) -> Choice | None:
    """Return the best student by ``RULE``, or None if no student has a value of any criterion.

    Args:
        scores: Content of evaluation_metrics.json.
        costs: Model: content of its cost.json.
    """
    students = [name for name in scores["models"] if kind(name) == "student"]
    metric = _deciding(scores, students)
    if metric is None:
        return None

    def merit(name: str) -> tuple[float, ...]:
        following = CRITERIA[CRITERIA.index(metric) :]
        values = [_loss(scores, name, own) for own in following]
        return (*values, _of(costs, name, LATENCY))

    ranked = sorted((name for name in students if metric in scores["models"][name]), key=merit)
    tied = [name for name in ranked if not shown_to_differ(scores, ranked[0], name, metric)]
    # A size that is not known is no reason.
    sized = all(name in costs for name in tied)
    best = min(tied, key=lambda name: (_of(costs, name, "parameters") if sized else 0, *merit(name)))
    second = next((name for name in ranked if name != best), None)
    return Choice(best, metric, ranked[0], tied, second)


def shown_to_differ(scores: Scores, a: str, b: str, metric: str) -> bool:
    """Return whether two models differ: their paired interval excludes 0, or else theirs do not overlap."""
    if a == b:
        return False
    paired = comparison(scores, a, b, metric) or comparison(scores, b, a, metric)
    if paired is not None:
        return not paired["low"] <= 0 <= paired["high"]
    one, other = (scores["models"][name][metric] for name in (a, b))
    return bool(one["low"] > other["high"] or other["low"] > one["high"])


def comparison(scores: Scores, a: str, b: str, metric: str) -> Mapping[str, Any] | None:
    """Return the paired comparison a − b, if the run has it."""
    wanted = (a, b, metric)
    found = (own for own in scores["comparisons"] if (own["a"], own["b"], own["metric"]) == wanted)
    return next(found, None)


def reasons(
    choice: Choice, scores: Scores, costs: Mapping[str, Any], teachers: Mapping[str, str]
) -> list[Markup]:
    """Return why a student was chosen, and what speaks against it.

    Args:
        choice: Of ``choose``.
        scores: Content of evaluation_metrics.json.
        costs: Model: content of its cost.json.
        teachers: Student: its teacher.
    """
    return [
        *_value(choice, scores, costs),
        *_second(choice, scores),
        *_baselines(choice, scores),
        *_teacher(choice, scores, costs, teachers.get(choice.name, "")),
    ]


def _deciding(scores: Scores, students: list[str]) -> str | None:
    for metric in CRITERIA:
        values = [
            scores["models"][name][metric]["value"] for name in students if metric in scores["models"][name]
        ]
        if values and (not scores["metrics"][metric]["higher_is_better"] or max(values) > 0):
            return metric
    return None


def _loss(scores: Scores, name: str, metric: str) -> float:
    """Return a value of which less is better."""
    own = scores["models"][name].get(metric)
    if own is None:
        return inf
    return float(-own["value"] if scores["metrics"][metric]["higher_is_better"] else own["value"])


def _of(costs: Mapping[str, Any], name: str, key: str) -> float:
    value = costs.get(name, {}).get(key)
    return inf if value is None else float(value)


def _value(choice: Choice, scores: Scores, costs: Mapping[str, Any]) -> Iterator[Markup]:
    skipped = [
        label(metric)
        for metric in CRITERIA[: CRITERIA.index(choice.metric)]
        if any(metric in own for name, own in scores["models"].items() if kind(name) == "student")
    ]
    if skipped:
        yield sentence(
            "No student scores above 0 on {}, so {} decides.", listed(skipped), label(choice.metric)
        )
    own = score(scores, choice.name, choice.metric)
    if choice.name == choice.highest:
        yield sentence("Its {} is the best of all students: {}.", label(choice.metric), own)
        return
    yield sentence(
        "Its {} is {}; {} has {}, from which it is not shown to differ, and more parameters ({} against {}).",
        label(choice.metric),
        own,
        choice.highest,
        score(scores, choice.highest, choice.metric),
        cost(costs, choice.highest, "parameters"),
        cost(costs, choice.name, "parameters"),
    )


def _second(choice: Choice, scores: Scores) -> Iterator[Markup]:
    if choice.second is None:
        yield sentence("It is the only student.")
        return
    a, b, metric = choice.name, choice.second, choice.metric
    paired = comparison(scores, a, b, metric) or comparison(scores, b, a, metric)
    differ = shown_to_differ(scores, a, b, metric)
    if paired is None:
        how = "their intervals do not overlap" if differ else "their intervals overlap"
        basis = sentence("the run has no paired test of the two on it, and {}", how)
    else:
        basis = sentence("{} − {} is {}", paired["a"], paired["b"], difference(scores, paired))
    end = (
        "so they differ"
        if differ
        else "so the lead is not significant"
        if a == choice.highest
        else "so they tie"
    )
    yield sentence("Next is {}, {}: {}, {}.", b, score(scores, b, metric), basis, end)


def _baselines(choice: Choice, scores: Scores) -> Iterator[Markup]:
    higher = scores["metrics"][choice.metric]["higher_is_better"]
    paired = comparison(scores, choice.name, RETRIEVAL, choice.metric)
    if paired is not None:
        form = {
            "better": "It beats the retrieval baseline, the assertion of the nearest training row: {}.",
            "worse": "The retrieval baseline, the assertion of the nearest training row, beats it: {}.",
            "undecided": "Retrieval, the assertion of the nearest training row, is not shown to differ: {}.",
        }[verdict(paired, higher)]
        yield sentence(form, difference(scores, paired))
    above = [
        name
        for name, own in scores["models"].items()
        if kind(name) == "baseline" and choice.metric in own
        if _loss(scores, name, choice.metric) < _loss(scores, choice.name, choice.metric)
        if paired is None or name != RETRIEVAL
    ]
    for name in above:
        yield sentence(
            "{} has a better {}: {}.", name, label(choice.metric), score(scores, name, choice.metric)
        )


def _teacher(choice: Choice, scores: Scores, costs: Mapping[str, Any], teacher: str) -> Iterator[Markup]:
    paired = comparison(scores, choice.name, teacher, choice.metric)
    if paired is not None:
        said = {"better": "better than", "worse": "worse than", "undecided": "not shown to differ from"}
        outcome = said[verdict(paired, scores["metrics"][choice.metric]["higher_is_better"])]
        yield sentence("It is {} its teacher {}: {}.", outcome, teacher, difference(scores, paired))
    if choice.name in costs and teacher in costs:
        share = costs[choice.name]["parameters"] / costs[teacher]["parameters"]
        yield sentence(
            "It has {} parameters, {} of {}'s {}.",
            cost(costs, choice.name, "parameters"),
            f"{share:.0%}",
            teacher,
            cost(costs, teacher, "parameters"),
        )
    own, whole = (_of(costs, name, LATENCY) for name in (choice.name, teacher))
    if own < inf and whole < inf:
        yield sentence(
            "Its median latency is {} s against {} s of {}.",
            cost(costs, choice.name, LATENCY),
            cost(costs, teacher, LATENCY),
            teacher,
        )
