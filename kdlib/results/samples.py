"""Schema of ``predictions_final.jsonl``: one line for each model and test row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import with_config

from kdlib.files import read_jsonl
from kdlib.results.measurements import Outcome
from kdlib.results.schema import STRICT, parse


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Sample:
    """The first prediction of a model for a test row.

    Attributes:
        model: Name of the model.
        id: Id of the row.
        prediction: Text of the prediction.
        references: Correct answers.
        values: Metric: the value on this row alone.
        execution: What the prediction did in its test; None if the row cannot be run.
    """

    model: str
    id: str
    prediction: str
    references: Sequence[str]
    values: Mapping[str, bool | float]
    execution: Outcome | None = None

    def as_json(self) -> dict[str, Any]:
        """Return a line of the file, on which every metric is a key of its own."""
        line: dict[str, Any] = {"model": self.model, "id": self.id, "prediction": self.prediction}
        line |= {"references": list(self.references), **self.values}
        return line if self.execution is None else {**line, "execution": asdict(self.execution)}


_FIELDS = {"model", "id", "prediction", "references", "execution"}


def read_samples(path: Path) -> Iterator[Sample]:
    """Yield the lines of a file; one that does not fit the schema is a ``DataError``."""
    for number, line in enumerate(read_jsonl(path), 1):
        known = {name: value for name, value in line.items() if name in _FIELDS}
        values = {name: value for name, value in line.items() if name not in _FIELDS}
        yield parse({**known, "values": values}, Sample, f"{path}:{number}")
