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

_VERDICTS = {
    "not_compiled": "does not compile",
    "failed": "fails",
    "timed_out": "does not end",
    "crashed": "ends its JVM",
}
EMBEDDED = 2000  # rows
OUTPUTS = 20_000  # of all models together; packed, some 100 bytes each, so that the page stays below 5 MB


def browser(samples: Iterable[Sample], prompts: Mapping[str, str]) -> dict[str, Any]:
    """Return what the example browser shows.

    Args:
        samples: Lines of predictions_final.jsonl.
        prompts: Id: prompt of every test row, in the order of the rows.

    Returns:
        ``models``; ``total`` rows; ``rows``, as many as ``EMBEDDED`` and ``OUTPUTS`` allow, with id, prompt,
        references and by model [prediction, right, token F1, syntax valid, reached, the same in words], or
        None where a model lacks the row. ``reached`` is 0 if it does not compile in its test, 1 if it
        compiles, 2 if it passes; this and its words are None where the row cannot be run.

    Raises:
        DataError: If a sample is of a row that is not in the test rows.
    """
    outputs: dict[str, dict[str, list[Any]]] = {}
    references: dict[str, list[str]] = {}
    models: dict[str, None] = {}
    for sample in samples:
        if sample.id not in prompts:
            raise DataError(
                f"predictions_final.jsonl: {sample.id!r} is not a test row; score the predictions again"
            )
        models[sample.model] = None
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
    return {"models": list(models), "total": len(outputs), "rows": rows}


def _in_its_test(outcome: Outcome) -> list[Any]:
    """Return how far a prediction comes in its test, and what it does in words."""
    if outcome.status != "passed":
        reached = 0 if outcome.status == "not_compiled" else 1
        return [reached, f"{_VERDICTS[outcome.status]}: {outcome.message}"]
    if outcome.tautology:
        return [2, f"passes, as it always would: {outcome.tautology}"]
    if not outcome.mutants:
        return [2, "passes"]
    return [2, f"passes, kills {outcome.killed} of {outcome.mutants} mutants"]


def packed(value: Any) -> str:  # noqa: ANN401  (a JSON value)
    """Return JSON as base64 of gzip, which a page unpacks with ``DecompressionStream``."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # Without the time, equal values give equal bytes.
    return b64encode(gzip.compress(text.encode(), compresslevel=9, mtime=0)).decode()
