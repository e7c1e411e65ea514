"""Evaluation after the fact: any teacher and students on a dataset, in one go and without a workflow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from kdlib.config import Evaluation
from kdlib.evaluation.predictions.agreement import agreement
from kdlib.evaluation.predictions.baselines import write_baselines
from kdlib.evaluation.predictions.predict import predict
from kdlib.evaluation.predictions.similarity import similarities
from kdlib.evaluation.scores.measured import Measurements
from kdlib.evaluation.scores.results import METRICS_FILE
from kdlib.evaluation.scores.score import score
from kdlib.files import read_json, write_json, write_parquet
from kdlib.records import BASELINES

TEACHER = "teachers/teacher"


class Models(NamedTuple):
    """Folders of models.

    Attributes:
        teacher: The teacher, if there is one.
        students: Name: folder.
        encoder: Sentence encoder for semantic similarity; None takes the teacher's own.
    """

    teacher: Path | None
    students: Mapping[str, Path]
    encoder: Path | None


def evaluate_models(
    models: Models,
    dataset: Path,
    examples: Path | None,
    settings: Evaluation,
    max_tokens: int,
    split: str,
    threads: int,
    cache: Path,
    out: Path,
) -> dict[str, Any]:
    """Predict, compare with baselines and teacher, and score; return what evaluation_metrics.json holds.

    Args:
        models: The models.
        dataset: Folder with ``train.parquet``, ``test.parquet`` and ``tokenizer/``.
        examples: The corpus' examples (Parquet), for slices; None makes none.
        settings: Beams, batches and resampling.
        max_tokens: Longest prediction.
        split: How the rows were split off; part of every signature.
        threads: CPU threads.
        cache: Folder of cached predictions.
        out: Folder for the predictions of each model and the files of ``results.write_results``.

    Raises:
        DataError: If a model does not fit the dataset.
    """
    train, test, tokenizer = (dataset / name for name in ("train.parquet", "test.parquet", "tokenizer"))
    named = {TEACHER: models.teacher} if models.teacher else {}
    named |= {f"students/{name}": folder for name, folder in models.students.items()}
    for name, folder in named.items():
        predict(folder, tokenizer, test, settings, max_tokens, threads, cache, out / name)
    if models.teacher:
        for name, folder in models.students.items():
            place = out / "students" / name / "agreement.parquet"
            agreement(models.teacher, folder, tokenizer, test, settings.batch_size, threads, place)
    write_baselines(train, test, tokenizer, settings.n_best, max_tokens, out)
    folders = {name: out / name for name in (*named, *BASELINES)}
    teachers = {f"students/{name}": TEACHER for name in models.students} if models.teacher else {}
    measurements = _measured(models, folders, test, tokenizer, threads, out)
    score(folders, test, measurements, settings, split, teachers, [], examples, train, out, threads)
    return dict(read_json(out / METRICS_FILE))


def _measured(
    models: Models, folders: Mapping[str, Path], test: Path, tokenizer: Path, threads: int, out: Path
) -> Measurements:
    """Measure what needs all predictions, and say what is not measured here."""
    files = Measurements(out / "execution.json", out / "similarity.parquet", out / "similarity.json")
    write_json(files.execution, {"measured": False, "reason": "only the workflow runs predictions"})
    encoder = models.encoder or models.teacher
    if encoder is None:
        import pyarrow as pa

        schema = pa.schema([("model", pa.string()), ("id", pa.string()), ("value", pa.float64())])
        write_parquet(files.similarity, schema.empty_table())
        write_json(files.similarity_report, {"measured": False, "reason": "no teacher and no --encoder"})
        return files
    name = "encoder" if models.encoder else "teacher"
    places = (files.similarity, files.similarity_report)
    similarities(folders, test, tokenizer, encoder, name, threads, *places)
    return files
