"""Combinations of keys that cannot work, each right by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from kdlib.config.check_models import impossible_encoders, impossible_models
from kdlib.config.check_students import impossible_students
from kdlib.config.corpus import Source
from kdlib.config.run import Config
from kdlib.config.training import Training


def impossible(config: Config, wrong: Mapping[str, Collection[str]]) -> Iterator[str]:
    """Yield a sentence for every combination of values that cannot work.

    Args:
        config: A configuration whose values are each right by themselves.
        wrong: Names of the entries of ``models``, ``encoders``, ``teachers`` and ``students`` that have
            mistakes: these are reported already, and naming such an entry is no second mistake.
    """
    yield from _impossible_corpus(config)
    if config.views.max_middle_chars >= config.views.max_chars:
        yield (
            f"views.max_middle_chars: {config.views.max_middle_chars} must be below "
            f"views.max_chars {config.views.max_chars}"
        )
    if config.evaluation.n_best > config.evaluation.beams:
        yield (
            f"evaluation.n_best: {config.evaluation.n_best} predictions need as many beams, "
            f"got {config.evaluation.beams}"
        )
    yield from impossible_models(config, wrong["models"])
    yield from impossible_encoders(config, wrong["encoders"])
    for where, training in _trainings(config):
        if training.accelerate is not None and not Path(training.accelerate).is_file():
            yield f"{where}.accelerate: there is no file {training.accelerate}"
    yield from impossible_students(config, wrong)


def _impossible_corpus(config: Config) -> Iterator[str]:
    """Yield what cannot work of sources and of their split."""
    shares = config.split.train + config.split.validation + config.split.test
    if abs(shares - 1) > 1e-6:
        yield f"split: train + validation + test must be 1, got {shares:g}"
    for name, source in config.corpus.sources.items():
        yield from _impossible_source(f"corpus.sources.{name}", source)
    if config.split.by == "project" and len(config.corpus.sources) < 3:
        yield f"split.by: project needs at least 3 sources, got {len(config.corpus.sources)}; use class"


def _impossible_source(where: str, source: Source) -> Iterator[str]:
    if source.kind == "path" and not Path(source.path).is_dir():
        yield f"{where}.path: there is no folder {source.path}"
    if source.kind == "import" and not Path(source.path).exists():
        yield f"{where}.path: there is no file or folder {source.path}"
    if source.kind == "archive" and "://" not in source.url and not Path(source.url).is_file():
        yield f"{where}.url: there is no file {source.url}"


def _trainings(config: Config) -> Iterator[tuple[str, Training]]:
    """Yield every training with its place."""
    for name, teacher in config.teachers.items():
        yield f"teachers.{name}.training", teacher.training
    for name, student in config.students.items():
        yield f"students.{name}.training", student.training
