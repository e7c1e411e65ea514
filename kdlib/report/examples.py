"""The examples that the page lets people search: prompt, reference and what every model wrote."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any

from kdlib.files import DataError
from kdlib.results.measurements import Outcome
from kdlib.results.samples import Sample
from kdlib.results.verdicts import verdict

# How far a prediction comes in its test; what fails today compiles, and what is valid passes.
REACHED = ("does not compile", "compiles", "fails today", "passes", "valid")
ANSWERS = {"exposed": ", exposes a seeded fault", "blessed": ", passes on a seeded fault"}
EMBEDDED = 2000  # rows
OUTPUTS = 20_000  # of all models together; packed, some 100 bytes each, so that the page stays below 5 MB


def browser(samples: Iterable[Sample], prompts: Mapping[str, str]) -> dict[str, Any]:
    """Return what the example browser shows.

    Args:
        samples: Lines of predictions_final.jsonl.
        prompts: Id: prompt of every row, in the order of the rows.

    Returns:
        ``models``; ``total`` rows; ``rows``, as many as ``EMBEDDED`` and ``OUTPUTS`` allow, with id, prompt,
        references and by model [prediction, right, token F1, syntax valid, reached, the same in words], or
        None where a model lacks the row. ``reached`` is the last of ``REACHED`` that it comes to in its
        test, by number; this and its words are None where the row cannot be run. ``fails_today``: by model
        how many predictions disagree with the code, of all rows.

    Raises:
        DataError: If a sample is of a row that is not among these.
    """
    outputs: dict[str, dict[str, list[Any]]] = {}
    references: dict[str, list[str]] = {}
    models: dict[str, int] = {}
    for sample in samples:
        if sample.id not in prompts:
            raise DataError(
                f"predictions_final.jsonl: {sample.id!r} is no row of the dataset; score them again"
            )
        disagrees = sample.execution is not None and sample.execution.fails_today
        models[sample.model] = models.get(sample.model, 0) + disagrees
        references[sample.id] = list(sample.references)
        outputs.setdefault(sample.id, {})[sample.model] = [
            sample.prediction,
            sample.values["exact_match"],
            round(sample.values["token_f1"], 3),
            sample.values["syntax_valid"],
            *(_in_its_test(sample.execution) if sample.execution else [None, None]),
        ]
    # Ids are digests: the first by id are a sample without favour.
    chosen = sorted(outputs)[: min(EMBEDDED, OUTPUTS // max(len(models), 1))]
    rows = [
        {
            "id": id_,
            "prompt": prompts[id_],
            "references": references[id_],
            "outputs": [outputs[id_].get(model) for model in models],
        }
        for id_ in chosen
    ]
    return {"models": list(models), "total": len(outputs), "rows": rows, "fails_today": models}


def _in_its_test(outcome: Outcome) -> list[Any]:
    """Return how far a prediction comes in its test, and what it does in words."""
    reached = "does not compile"
    if outcome.valid:
        reached = "valid"
    elif outcome.passes:
        reached = "passes"
    elif outcome.compiles:
        reached = "fails today" if outcome.fails_today else "compiles"
    score = outcome.score
    kills = f", kills {score.killed} of {score.mutants} mutants" if outcome.valid and score.mutants else ""
    return [REACHED.index(reached), verdict(outcome) + kills + ANSWERS.get(outcome.fault or "none", "")]


def packed(value: Any) -> str:  # noqa: ANN401  (a JSON value)
    """Return JSON as base64 of gzip, which a page unpacks with ``DecompressionStream``."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # Without the time, equal values give equal bytes.
    return b64encode(gzip.compress(text.encode(), compresslevel=9, mtime=0)).decode()
