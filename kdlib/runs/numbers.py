"""Every number of a run, stage by stage, as its result files tell it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from kdlib.files import DataError, read_json

METRICS = Path("evaluation/evaluation_metrics.json")
# Of evaluation_metrics.json, what the rule agreement measures: a student beside its teacher.
AGREEMENT = ("krs", "agreement", "top1_agreement", "answer_agreement")
# Of a card: what a user gave, and what is drawn rather than read.
NOT_COUNTED = {"run", "dataset", "corpus", "split", "filters", "histograms"}


class Number(NamedTuple):
    """A number.

    Attributes:
        name: Of what is counted or measured, e.g. ``token_f1`` or ``splits.train.examples``.
        value: The number itself.
        low: Lower end of its interval, where it has one.
        high: Upper end.
        n: Rows that it was measured on, where that is told.
        signature: How it was measured, where that is told.
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
        folder: The run's, e.g. ``results/default``. Once it is evaluated, only models that were evaluated
            count: a student that was taken out of a configuration leaves its files behind.

    Raises:
        DataError: If a result cannot be read, or another version of kdlib has written it.
    """
    try:
        yield from _stages(folder)
    except KeyError as error:
        raise DataError(
            f"{folder}: made by another version of kdlib, without {error}; run it again"
        ) from None


def _stages(folder: Path) -> Iterator[Stage]:
    scores = read_json(folder / METRICS) if (folder / METRICS).is_file() else None
    yield from _corpus(folder)
    for teacher in _names(folder, scores, "teachers"):
        yield from _training(folder, f"teachers/{teacher}")
        yield from _signals(folder, teacher)
    for student in _names(folder, scores, "students"):
        yield from _training(folder, f"students/{student}")
    for kind in ("teachers", "students"):
        for name in _names(folder, scores, kind):
            yield from _cost(folder, f"{kind}/{name}")
    yield from _execution(folder)
    if scores is not None:
        yield from _agreement(folder, scores)
        yield from _evaluation(folder, scores)


def training_report(folder: Path, model: str) -> Path:
    """Return where the report of a training lies."""
    return folder / model / "training_report.json"


def _names(folder: Path, scores: Mapping[str, Any] | None, kind: str) -> list[str]:
    if scores is not None:
        return [name.partition("/")[2] for name in scores["models"] if name.startswith(f"{kind}/")]
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
    counts, more = folder / "dataset/counts.json", folder / "dataset/card.json"
    if counts.is_file():
        numbers = _of(more, NOT_COUNTED) if more.is_file() else _of(counts)
        yield Stage("dataset", counts, numbers, _existing(counts, more, more.with_suffix(".html")))


def _signals(folder: Path, teacher: str) -> Iterator[Stage]:
    store = folder / "signals" / teacher
    manifest, fidelity, speed = (store / f"{name}.json" for name in ("manifest", "fidelity", "speed"))
    if not manifest.is_file():
        return
    # Whose job has the settings; that of the manifest only gathers.
    made = next(iter(sorted(store.glob("train/*.parquet"))), manifest)
    yield Stage(f"signals/{teacher}", made, _of(manifest, {"codec"}), [manifest])
    if fidelity.is_file():
        numbers = [
            *_of(fidelity, {"codec"}),
            *(Number(f"speed.{own.name}", own.value) for own in _of(speed)),
            *(
                own._replace(name=f"T{at['temperature']:g}.{own.name}", signature=at["signature"])
                for at in read_json(fidelity)["temperatures"]
                for own in _leaves(at)
                if own.name != "temperature"
            ),
        ]
        yield Stage(f"fidelity/{teacher}", fidelity, numbers, _existing(fidelity, speed))


def _training(folder: Path, model: str) -> Iterator[Stage]:
    path = training_report(folder, model)
    if not path.is_file():
        return
    report = read_json(path)
    numbers = [*_of(path, {"params"}), Number("warnings", float(len(report["warnings"])))]
    numbers += [Number("final_coverage", float(share)) for share in report["coverage"][-1:]]
    records = ("step_metrics.csv", "training_metrics.csv", "multi_component_loss_summary.json")
    files = [path.with_name(name) for name in (*records, "distillation_log.txt")]
    yield Stage(model, path, numbers, [path, *_existing(*files)])


def _cost(folder: Path, model: str) -> Iterator[Stage]:
    path = folder / "evaluation" / model / "cost.json"
    if path.is_file():
        yield Stage(f"cost/{model}", path, _of(path, {"not_measured"}), [path])


def _execution(folder: Path) -> Iterator[Stage]:
    path = folder / "evaluation/execution.json"
    if not path.is_file():
        return
    found = read_json(path)
    systems = {"reference": found.get("reference", {}), **found.get("models", {})}
    counted = {
        name: Counter(answer["status"] for answer in answers.values()) for name, answers in systems.items()
    }
    numbers = [Number("rows", found["rows"]), Number("not_executable", len(found.get("not_executable", [])))]
    yield Stage("execution", path, numbers + list(_leaves(counted)), [path])


def _agreement(folder: Path, scores: Mapping[str, Any]) -> Iterator[Stage]:
    for model, own in scores["models"].items():
        measured = folder / "evaluation" / model / "agreement.parquet"
        numbers = [_scored(name, own[name]) for name in AGREEMENT if name in own]
        if numbers and measured.is_file():
            yield Stage(f"agreement/{model}", measured, numbers, [])


def _evaluation(folder: Path, scores: Mapping[str, Any]) -> Iterator[Stage]:
    for model, own in scores["models"].items():
        numbers = [_scored(name, score) for name, score in own.items()]
        numbers += [
            _scored(f"{name}:{part['value']}.{metric}", score)
            for name, parts in scores.get("slices", {}).items()
            for part in parts
            for metric, score in part["models"].get(model, {}).items()
        ]
        numbers += [
            Number(
                f"minus {pair['b']}.{pair['metric']}",
                pair["difference"],
                pair["low"],
                pair["high"],
                pair["n"],
                pair["signature"],
            )
            for pair in scores.get("comparisons", [])
            if pair["a"] == model
        ]
        yield Stage(f"evaluation/{model}", folder / METRICS, numbers, [])


def _scored(name: str, score: Mapping[str, Any]) -> Number:
    return Number(name, score["value"], score["low"], score["high"], score["n"], score["signature"])
