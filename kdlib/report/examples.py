"""The examples that the page lets people search: prompt, reference and what every model wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kdlib.files import DataError

_VERDICTS = {
    "not_compiled": "does not compile",
    "failed": "fails",
    "timed_out": "does not end",
    "crashed": "ends its JVM",
}
EMBEDDED = 500  # rows; about 2 kB each with ten models, so that the page stays one file that opens at once


def browser(samples: Iterable[Mapping[str, Any]], prompts: Mapping[str, str]) -> dict[str, Any]:
    """Return what the example browser shows.

    Args:
        samples: Lines of predictions_final.jsonl.
        prompts: Id: prompt of every test row, in the order of the rows.

    Returns:
        ``models``; ``total`` rows; ``rows``, at most ``EMBEDDED``, with id, prompt, references and by model
        [prediction, right, token F1, syntax valid, whether it passes in its test, what it does there], or
        None where a model lacks the row; the last two are None where the row cannot be run.

    Raises:
        DataError: If a sample is of a row that is not in the test rows.
    """
    outputs: dict[str, dict[str, list[Any]]] = {}
    references: dict[str, list[str]] = {}
    models: dict[str, None] = {}
    for own in samples:
        if own["id"] not in prompts:
            raise DataError(
                f"predictions_final.jsonl: {own['id']!r} is not a test row; score the predictions again"
            )
        models[own["model"]] = None
        references[own["id"]] = own["references"]
        said = [own["prediction"], own["exact_match"], round(own["token_f1"], 3), own["syntax_valid"]]
        said += _in_its_test(own["execution"]) if "execution" in own else [None, None]
        outputs.setdefault(own["id"], {})[own["model"]] = said
    # Ids are digests: the first by id are a sample without favour.
    chosen = sorted(outputs)[:EMBEDDED]
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


def _in_its_test(outcome: Mapping[str, Any]) -> list[Any]:
    """Return whether a prediction passes, and what it does in words."""
    if outcome["status"] != "passed":
        return [False, f"{_VERDICTS[outcome['status']]}: {outcome['message']}"]
    if outcome["tautology"]:
        return [True, f"passes, as it always would: {outcome['tautology']}"]
    if not outcome["mutants"]:
        return [True, "passes"]
    return [True, f"passes, kills {outcome['killed']} of {outcome['mutants']} mutants"]
