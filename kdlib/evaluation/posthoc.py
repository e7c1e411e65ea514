"""Evaluation after the fact: any teacher and students on a dataset, in one go and without a workflow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from kdlib.config import Evaluation
from kdlib.evaluation.predictions.agreement import agreement
from kdlib.evaluation.predictions.baselines import write_baselines
from kdlib.evaluation.predictions.predict import predict
from kdlib.evaluation.predictions.similarity import similarities
from kdlib.evaluation.scores.measured import MeasurementFiles
from kdlib.evaluation.scores.score import Relations, ScoredData, score
from kdlib.files import write_json, write_parquet
from kdlib.records import BASELINES
from kdlib.results.evaluation import EvaluationReport
from kdlib.results.measurements import Unmeasured

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
) -> EvaluationReport:
    """Predict, compare with baselines and teacher, and score; return what evaluation_metrics.json holds.

    Args:
        models: The models.
        dataset: Folder with ``train.parquet``, the rows of ``settings.split`` and ``tokenizer/``.
        examples: The corpus' examples (Parquet), for slices; None makes none.
        settings: Split of the rows, beams, batches and resampling.
        max_tokens: Longest prediction.
        split: How the rows were split off; part of every signature.
        threads: CPU threads.
        cache: Folder of cached predictions.
        out: Folder for the predictions of each model and the files of ``results.write_results``.

    Raises:
        DataError: If a model does not fit the dataset.
    """
    train = dataset / "train.parquet"
    test = dataset / f"{settings.split}.parquet"
    tokenizer = dataset / "tokenizer"
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
    data = ScoredData(test, train, examples, split)
    return score(folders, data, measurements, settings, Relations(teachers, []), out, threads)


def _measured(
    models: Models, folders: Mapping[str, Path], test: Path, tokenizer: Path, threads: int, out: Path
) -> MeasurementFiles:
    """Measure what needs all predictions, and say what is not measured here."""
    files = MeasurementFiles(out / "execution.json", out / "similarity.parquet", out / "similarity.json")
    write_json(files.execution, Unmeasured(False, "only the workflow runs predictions").as_json())
    encoder = models.encoder or models.teacher
    if encoder is None:
        import pyarrow as pa

        schema = pa.schema([("model", pa.string()), ("id", pa.string()), ("value", pa.float64())])
        write_parquet(files.similarity, schema.empty_table())
        write_json(files.similarity_report, Unmeasured(False, "no teacher and no --encoder").as_json())
        return files
    name = "encoder" if models.encoder else "teacher"
    similarities(folders, test, tokenizer, encoder, name, threads, files.similarity, files.similarity_report)
    return files
