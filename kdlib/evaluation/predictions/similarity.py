"""Semantic similarity: how near a prediction's meaning is to the reference's, by a sentence encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kdlib.evaluation.predictions.outputs import ScoredRow, read_output, read_rows
from kdlib.files import DataError, read_json, write_json, write_parquet
from kdlib.results.measurements import SimilarityReport, Unmeasured


def similarities(
    models: Mapping[str, Path],
    test: Path,
    tokenizer: Path,
    encoder: Path,
    name: str,
    threads: int,
    values: Path,
    report: Path,
) -> None:
    """Write the semantic similarity of every model's first predictions.

    It is max(cos(v(prediction), v(reference)), 0), of several references the best, and 0 for a prediction of
    white space alone. Every distinct text is encoded once.

    Args:
        models: Name: folder with ``predictions.jsonl``.
        test: Dataset rows (Parquet).
        tokenizer: Folder of the run's tokenizer.
        encoder: Folder of a staged sentence encoder, or of a teacher, whose own encoder measures.
        name: The encoder's name, for the signature: ``encoders/minilm``, ``teachers/base``.
        threads: CPU threads.
        values: Parquet file to write: ``model``, ``id``, ``value`` in [0, 1], models and rows in their order;
            without a row if nothing was measured.
        report: JSON to write: a ``SimilarityReport``, or ``Unmeasured`` with the reason.

    Raises:
        DataError: If predictions are not of the test rows.
    """
    import pyarrow as pa

    rows = read_rows(test)
    firsts = {
        model: [texts[0] for texts in read_output(model, folder, rows).candidates]
        for model, folder in models.items()
    }
    schema = pa.schema([("model", pa.string()), ("id", pa.string()), ("value", pa.float64())])
    if reason := _no_encoder(encoder, name):
        write_parquet(values, schema.empty_table())
        write_json(report, Unmeasured(False, reason).as_json())
        return
    found = _measured(rows, firsts, tokenizer, encoder, threads)
    columns = {
        "model": [model for model in firsts for _ in rows],
        "id": [row.id for _ in firsts for row in rows],
        "value": np.concatenate(list(found.values())),
    }
    write_parquet(values, pa.table(columns, schema=schema))
    signature = f"v:1|encoder:{name}|map:max(cos,0)|blank:0"
    write_json(report, SimilarityReport(True, len(rows), signature).as_json())


def _no_encoder(folder: Path, name: str) -> str:
    """Return why a folder's encoder cannot measure, or nothing."""
    if (folder / "modules.json").exists() or read_json(folder / "config.json").get("is_encoder_decoder"):
        return ""
    return f"{name} is a causal model without an encoder; name an entry of encoders in evaluation.encoder"


def _measured(
    rows: Sequence[ScoredRow],
    firsts: Mapping[str, Sequence[str]],
    tokenizer: Path,
    encoder: Path,
    threads: int,
) -> dict[str, NDArray[np.float64]]:
    """Return each model's values, in the order of the rows."""
    from kdlib.models.sentence import text_vectors
    from kdlib.models.tokenizer import load_tokenizer

    texts = {text for row in rows for text in row.references}
    texts = texts.union(*firsts.values())
    places = {text: place for place, text in enumerate(sorted(texts))}
    vectors = text_vectors(encoder, load_tokenizer(tokenizer), list(places), threads).double().numpy()
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(lengths).all():
        raise DataError(f"{encoder}: its vectors are no numbers; its training may have diverged")
    units = vectors / np.maximum(lengths, np.finfo(np.float64).tiny)

    def value(text: str, references: Sequence[str]) -> float:
        if not text.strip():
            return 0.0
        best = max(float(units[places[text]] @ units[places[reference]]) for reference in references)
        return min(max(best, 0.0), 1.0)  # rounding may leave a cosine above 1

    return {
        model: np.array([value(text, row.references) for text, row in zip(texts, rows, strict=True)])
        for model, texts in firsts.items()
    }
