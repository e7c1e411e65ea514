"""Every number of a run, stage by stage, as its result files have it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from kdlib.files import read_json
from kdlib.results.cost import read_cost
from kdlib.results.evaluation import METRICS_FILE, Comparison, EvaluationReport, Score, read_evaluation
from kdlib.results.fidelity import read_fidelity
from kdlib.results.measurements import Outcome, Unmeasured, read_execution
from kdlib.results.places import run_folder
from kdlib.results.training import read_training

METRICS = Path("evaluation", METRICS_FILE)
# Of evaluation_metrics.json, what the rule agreement measures: a student beside its teacher.
AGREEMENT = ("krs", "agreement", "top1_agreement", "answer_agreement")
# Of a card: what a user gave, and what is drawn rather than read.
NOT_COUNTED = {"run", "dataset", "corpus", "split", "filters", "histograms"}


class Number(NamedTuple):
    """A number.

    Attributes:
        name: What is counted or measured, e.g. ``token_f1`` or ``splits.train.examples``.
        value: The number itself.
        low: Lower end of its interval, where it has one.
        high: Upper end.
        n: Rows that it was measured on, where that is known.
        signature: How it was measured, where that is known.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None
    signature: str = ""


class Stage(NamedTuple):
    """What one stage found.

    Attributes:
        name: E.g. ``corpus``, ``signals/base``, ``students/ce`` or ``evaluation/students/ce``.
        made: The result by which its job is known.
        numbers: What it counted and measured.
        files: Results to keep with the numbers.
    """

    name: str
    made: Path
    numbers: list[Number]
    files: list[Path]


def stages(folder: Path) -> Iterator[Stage]:
    """Yield the stages of a run that have results, in the order of the pipeline.

    Args:
        folder: The run's, e.g. ``results/default``, or its folder ``validation``, whose stages are those of
            the run with the evaluation on validation, named ``validation/…``. Once it is evaluated, only
            models that were evaluated count: a student that was taken out of a configuration leaves its
            files behind.

    Raises:
        DataError: If a result cannot be read, or another version of kdlib has written it.
    """
    scores = read_evaluation(folder / METRICS) if (folder / METRICS).is_file() else None
    run = run_folder(folder)
    teachers, students = (_names(run, scores, kind) for kind in ("teachers", "students"))
    yield from _corpus(run)
    for teacher in teachers:
        yield from _training(run, f"teachers/{teacher}")
        yield from _signals(run, teacher)
    for student in students:
        yield from _training(run, f"students/{student}")
    models = [*(f"teachers/{name}" for name in teachers), *(f"students/{name}" for name in students)]
    prefix = "" if run == folder else f"{folder.name}/"
    for stage in _evaluations(folder, models, scores):
        yield stage._replace(name=prefix + stage.name)


def _evaluations(folder: Path, models: Iterable[str], scores: EvaluationReport | None) -> Iterator[Stage]:
    for model in models:
        yield from _cost(folder, model)
    yield from _execution(folder)
    if scores is not None:
        yield from _agreement(folder, scores)
        yield from _evaluation(folder, scores)


def training_report(folder: Path, model: str) -> Path:
    """Return where the report of a training lies."""
    return folder / model / "training_report.json"


def _names(folder: Path, scores: EvaluationReport | None, kind: str) -> list[str]:
    if scores is not None:
        return [name.partition("/")[2] for name in scores.models if name.startswith(f"{kind}/")]
    return sorted(path.parent.name for path in folder.glob(f"{kind}/*/training_report.json"))


def _leaves(value: object, place: str = "") -> Iterator[Number]:
    """Yield the numbers of nested mappings by dotted names; lists are left out."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{place}.{name}" if place else str(name))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield Number(place, float(value))


def _of(path: Path, without: Iterable[str] = ()) -> list[Number]:
    """Return the numbers of a JSON file, without some of its keys; none if there is no such file."""
    found = read_json(path) if path.is_file() else {}
    return list(_leaves({name: value for name, value in found.items() if name not in without}))


def _existing(*paths: Path) -> list[Path]:
    return [path for path in paths if path.is_file()]


def _corpus(folder: Path) -> Iterator[Stage]:
    card = folder / "corpus/card.json"
    if card.is_file():
        yield Stage("corpus", card, _of(card, NOT_COUNTED), [card])
    counts = folder / "dataset/counts.json"
    more = folder / "dataset/card.json"
    if counts.is_file():
        numbers = _of(more, NOT_COUNTED) if more.is_file() else _of(counts)
        yield Stage("dataset", counts, numbers, _existing(counts, more, more.with_suffix(".html")))


def _signals(folder: Path, teacher: str) -> Iterator[Stage]:
    store = folder / "signals" / teacher
    manifest = store / "manifest.json"
    if not manifest.is_file():
        return
    # Whose job has the settings; that of the manifest only gathers.
    made = next(iter(sorted(store.glob("train/*.parquet"))), manifest)
    yield Stage(f"signals/{teacher}", made, _of(manifest, {"codec"}), [manifest])
    fidelity = store / "fidelity.json"
    speed = store / "speed.json"
    if fidelity.is_file():
        clocks = [number._replace(name=f"speed.{number.name}") for number in _of(speed)]
        numbers = [*_of(fidelity, {"codec"}), *clocks, *_at_temperatures(fidelity)]
        yield Stage(f"fidelity/{teacher}", fidelity, numbers, _existing(fidelity, speed))


def _at_temperatures(fidelity: Path) -> Iterator[Number]:
    for figures in read_fidelity(fidelity).temperatures:
        for number in _leaves(asdict(figures)):
            if number.name != "temperature":
                name = f"T{figures.temperature:g}.{number.name}"
                yield number._replace(name=name, signature=figures.signature)


def _training(folder: Path, model: str) -> Iterator[Stage]:
    path = training_report(folder, model)
    if not path.is_file():
        return
    report = read_training(path)
    numbers = [*_of(path, {"params"}), Number("warnings", float(len(report.warnings)))]
    numbers += [Number("final_coverage", share) for share in report.coverage[-1:]]
    records = ("step_metrics.csv", "training_metrics.csv", "multi_component_loss_summary.json")
    files = [path.with_name(name) for name in (*records, "distillation_log.txt")]
    yield Stage(model, path, numbers, [path, *_existing(*files)])


def _cost(folder: Path, model: str) -> Iterator[Stage]:
    path = folder / "evaluation" / model / "cost.json"
    if path.is_file():
        yield Stage(f"cost/{model}", path, list(_leaves(read_cost(path).figures())), [path])


def _execution(folder: Path) -> Iterator[Stage]:
    path = folder / "evaluation/execution.json"
    if not path.is_file():
        return
    report = read_execution(path)
    if isinstance(report, Unmeasured):
        return
    systems: dict[str, Mapping[str, Outcome]] = {"reference": report.reference, **report.models}
    counted = {
        name: Counter(outcome.status for outcome in outcomes.values()) for name, outcomes in systems.items()
    }
    numbers = [Number("rows", report.rows), Number("not_executable", len(report.not_executable))]
    yield Stage("execution", path, numbers + list(_leaves(counted)), [path])


def _agreement(folder: Path, report: EvaluationReport) -> Iterator[Stage]:
    for model, scores in report.models.items():
        measured = folder / "evaluation" / model / "agreement.parquet"
        numbers = [_scored(name, scores[name]) for name in AGREEMENT if name in scores]
        if numbers and measured.is_file():
            yield Stage(f"agreement/{model}", measured, numbers, [])


def _evaluation(folder: Path, report: EvaluationReport) -> Iterator[Stage]:
    for model, scores in report.models.items():
        numbers = [
            *(_scored(name, score) for name, score in scores.items()),
            *_slices(report, model),
            *(_compared(pair) for pair in report.comparisons if pair.a == model),
        ]
        yield Stage(f"evaluation/{model}", folder / METRICS, numbers, [])


def _slices(report: EvaluationReport, model: str) -> Iterator[Number]:
    for name, parts in report.slices.items():
        for part in parts:
            for metric, score in part.models.get(model, {}).items():
                yield _scored(f"{name}:{part.value}.{metric}", score)


def _compared(pair: Comparison) -> Number:
    name = f"minus {pair.b}.{pair.metric}"
    return Number(name, pair.difference, pair.low, pair.high, pair.n, pair.signature)


def _scored(name: str, score: Score) -> Number:
    return Number(name, score.value, score.low, score.high, score.n, score.signature)
