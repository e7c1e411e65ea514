"""How a result file is read: strictly, into frozen dataclasses, and how these are written as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from kdlib.files import DataError, read_json

Schema = TypeVar("Schema")
STRICT = ConfigDict(extra="forbid")  # a key that no field has is an error


def read(path: Path, schema: type[Schema]) -> Schema:
    """Read a result file.

    Args:
        path: JSON file.
        schema: Dataclass that the whole file is an instance of.

    Raises:
        DataError: If the file is not JSON or does not fit the schema; the message names file and field.
    """
    return parse(read_json(path), schema, str(path))


def parse(value: object, schema: type[Schema], source: str) -> Schema:
    """Return JSON values as an instance of a schema.

    Args:
        value: What ``json.loads`` returned.
        schema: Dataclass.
        source: File, and line if it has several values; for the message.

    Raises:
        DataError: If the value does not fit the schema; the message names the first wrong field.
    """
    key: Any = schema  # mypy does not take type[Schema] for hashable
    try:
        found: Schema = _adapter(key).validate_json(json.dumps(value), strict=True)
        return found
    except ValidationError as error:
        first = error.errors()[0]
    field = ".".join(map(str, first["loc"]))
    problem = {
        "missing": f"{field} is missing",
        "unexpected_keyword_argument": f"{field} is not a known field",
    }.get(first["type"], f"{field}: {first['msg']}".removeprefix(": "))
    raise DataError(f"{source}: {problem}; another version of kdlib may have written it: run it again")


@cache
def _adapter(schema: Any) -> TypeAdapter[Any]:  # noqa: ANN401  (a class)
    return TypeAdapter(schema)


def without_none(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return values without those of the given names that are None: optional keys of a file."""
    return {name: value for name, value in values.items() if value is not None or name not in names}
