"""The one best student of a run: chosen by a rule that the page states, with what speaks against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf
from typing import NamedTuple

from markupsafe import Markup

from kdlib.records import RETRIEVAL
from kdlib.report.cited import cost, difference, score, sentence
from kdlib.report.wording import kind, label, listed, verdict
from kdlib.results.cost import Cost
from kdlib.results.evaluation import Comparison, EvaluationReport

CRITERIA = ("exact_match", "valid", "token_f1", "nll")
LATENCY = "latency_p50_seconds"
RULE = (
    f"The first of {', '.join(map(label, CRITERIA[:-1]))} (higher is better) and {label(CRITERIA[-1])} "
    "(lower is better) on which a student scores above 0 decides. Students that are not shown to differ from "
    "the one with the best value tie: their paired interval includes 0, or, where the run does not compare "
    "the two, their intervals overlap. Of those that tie, the one with the fewest parameters is taken; of "
    "equally large ones the one with the better value, then the better value of the measures that follow, "
    "then the lower latency."
)
Costs = Mapping[str, Cost]


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


def choose(report: EvaluationReport, costs: Costs) -> Choice | None:
    """Return the best student by ``RULE``, or None if no student has a value of any criterion.

    Args:
        report: The evaluation.
        costs: Model: what it costs.
    """
    students = [name for name in report.models if kind(name) == "student"]
    metric = _deciding(report, students)
    if metric is None:
        return None
    following = CRITERIA[CRITERIA.index(metric) :]

    def merit(name: str) -> tuple[float, ...]:
        return (*(_loss(report, name, criterion) for criterion in following), _cost(costs, name, LATENCY))

    ranked = sorted((name for name in students if metric in report.models[name]), key=merit)
    tied = [name for name in ranked if not shown_to_differ(report, ranked[0], name, metric)]
    # A size that is not known is no reason.
    sized = all(name in costs for name in tied)
    best = min(tied, key=lambda name: (_cost(costs, name, "parameters") if sized else 0, *merit(name)))
    second = next((name for name in ranked if name != best), None)
    return Choice(best, metric, ranked[0], tied, second)


def shown_to_differ(report: EvaluationReport, a: str, b: str, metric: str) -> bool:
    """Return whether two models differ: their paired interval excludes 0, or else theirs do not overlap."""
    if a == b:
        return False
    paired = _paired(report, a, b, metric)
    if paired is not None:
        return not paired.low <= 0 <= paired.high
    one = report.models[a][metric]
    other = report.models[b][metric]
    return one.low > other.high or other.low > one.high


def _paired(report: EvaluationReport, a: str, b: str, metric: str) -> Comparison | None:
    """Return the paired comparison of two models in either order, if the run has it."""
    return report.comparison(a, b, metric) or report.comparison(b, a, metric)


def reasons(
    choice: Choice, report: EvaluationReport, costs: Costs, teachers: Mapping[str, str]
) -> list[Markup]:
    """Return why a student was chosen, and what speaks against it.

    Args:
        choice: From ``choose``.
        report: The evaluation.
        costs: Model: what it costs.
        teachers: Student: its teacher.
    """
    return [
        *_value(choice, report, costs),
        *_second(choice, report),
        *_baselines(choice, report),
        *_teacher(choice, report, costs, teachers.get(choice.name, "")),
    ]


def _deciding(report: EvaluationReport, students: list[str]) -> str | None:
    for metric in CRITERIA:
        values = [report.models[name][metric].value for name in students if metric in report.models[name]]
        if values and (not report.higher_is_better(metric) or max(values) > 0):
            return metric
    return None


def _loss(report: EvaluationReport, name: str, metric: str) -> float:
    """Return a value of which less is better."""
    score = report.models[name].get(metric)
    if score is None:
        return inf
    return -score.value if report.higher_is_better(metric) else score.value


def _cost(costs: Costs, name: str, key: str) -> float:
    value = getattr(costs[name], key) if name in costs else None
    return inf if value is None else float(value)


def _value(choice: Choice, report: EvaluationReport, costs: Costs) -> Iterator[Markup]:
    skipped = [
        label(metric)
        for metric in CRITERIA[: CRITERIA.index(choice.metric)]
        if any(metric in scores for name, scores in report.models.items() if kind(name) == "student")
    ]
    if skipped:
        yield sentence(
            "No student scores above 0 on {}, so {} decides.", listed(skipped), label(choice.metric)
        )
    value = score(report, choice.name, choice.metric)
    if choice.name == choice.highest:
        yield sentence("Its {} is the best of all students: {}.", label(choice.metric), value)
        return
    yield sentence(
        "Its {} is {}; {} has {}, from which it is not shown to differ, and more parameters ({} against {}).",
        label(choice.metric),
        value,
        choice.highest,
        score(report, choice.highest, choice.metric),
        cost(costs, choice.highest, "parameters"),
        cost(costs, choice.name, "parameters"),
    )


def _second(choice: Choice, report: EvaluationReport) -> Iterator[Markup]:
    if choice.second is None:
        yield sentence("It is the only student.")
        return
    paired = _paired(report, choice.name, choice.second, choice.metric)
    differ = shown_to_differ(report, choice.name, choice.second, choice.metric)
    if paired is None:
        how = "their intervals do not overlap" if differ else "their intervals overlap"
        basis = sentence("the run has no paired test of the two on it, and {}", how)
    else:
        basis = sentence("{} − {} is {}", paired.a, paired.b, difference(report, paired))
    if differ:
        end = "so they differ"
    else:
        end = "so the lead is not significant" if choice.name == choice.highest else "so they tie"
    value = score(report, choice.second, choice.metric)
    yield sentence("Next is {}, {}: {}, {}.", choice.second, value, basis, end)


def _baselines(choice: Choice, report: EvaluationReport) -> Iterator[Markup]:
    paired = report.comparison(choice.name, RETRIEVAL, choice.metric)
    if paired is not None:
        form = {
            "better": "It beats the retrieval baseline, the assertion of the nearest training row: {}.",
            "worse": "The retrieval baseline, the assertion of the nearest training row, beats it: {}.",
            "undecided": "Retrieval, the assertion of the nearest training row, is not shown to differ: {}.",
        }[verdict(paired, report.higher_is_better(choice.metric))]
        yield sentence(form, difference(report, paired))
    above = [
        name
        for name, scores in report.models.items()
        if kind(name) == "baseline" and choice.metric in scores
        if _loss(report, name, choice.metric) < _loss(report, choice.name, choice.metric)
        if paired is None or name != RETRIEVAL
    ]
    for name in above:
        value = score(report, name, choice.metric)
        yield sentence("{} has a better {}: {}.", name, label(choice.metric), value)


def _teacher(choice: Choice, report: EvaluationReport, costs: Costs, teacher: str) -> Iterator[Markup]:
    paired = report.comparison(choice.name, teacher, choice.metric)
    if paired is not None:
        words = {"better": "better than", "worse": "worse than", "undecided": "not shown to differ from"}
        outcome = words[verdict(paired, report.higher_is_better(choice.metric))]
        yield sentence("It is {} its teacher {}: {}.", outcome, teacher, difference(report, paired))
    size = _cost(costs, choice.name, "parameters")
    whole = _cost(costs, teacher, "parameters")
    if size < inf and whole < inf:
        yield sentence(
            "It has {} parameters, {} of {}'s {}.",
            cost(costs, choice.name, "parameters"),
            f"{size / whole:.0%}",
            teacher,
            cost(costs, teacher, "parameters"),
        )
    latencies = [_cost(costs, name, LATENCY) for name in (choice.name, teacher)]
    if max(latencies) < inf:
        yield sentence(
            "Its median latency is {} s against {} s of {}.",
            cost(costs, choice.name, LATENCY),
            cost(costs, teacher, LATENCY),
            teacher,
        )
