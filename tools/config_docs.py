"""Write config/README.md and config/schema.json from kdlib/config; a test keeps them in step."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from kdlib.config import Config
from kdlib.config.presets import presets

ROOT = Path(__file__).resolve().parent.parent
HEAD = """# Configuration

`config.yaml` is the default run; files given with `--configfile` are laid over it, key by key; `null` drops
an entry of `sources`, `teachers` or `students`. All mistakes are reported together before any job
starts: `kdlib config --overlay FILE` checks a file and prints it with every preset resolved.

This page and `schema.json` (for editors) are generated from `kdlib/config/`: `make docs`.

| key | type | default | meaning |
|---|---|---|---|
"""


def rows(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield a table row per key, sections before what is in them."""
    for name, field in model.model_fields.items():
        key = f"{prefix}{name}"
        yield f"| `{key}` | {_type(field.annotation)} | {_default(field)} | {field.description or ''} |"
        for nested, tag in _nested(field.annotation):
            yield from rows(nested, f"{key}.{tag}")


def _nested(annotation: Any) -> Iterator[tuple[type[BaseModel], str]]:  # noqa: ANN401
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, ""
        return
    entry = "NAME." if typing.get_origin(annotation) is dict else ""
    for part in typing.get_args(annotation):
        for model, tag in _nested(part):
            kind = model.model_fields.get("kind")
            yield model, entry + (f"({typing.get_args(kind.annotation)[0]})." if kind and entry else tag)


def _type(annotation: Any) -> str:  # noqa: ANN401
    origin = typing.get_origin(annotation)
    parts = typing.get_args(annotation)
    if origin is typing.Annotated:
        return _type(parts[0])
    if origin is typing.Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(_type(part) for part in parts))
    if origin is dict:
        return f"mapping of {_type(parts[1])}"
    if origin is tuple and parts[-1] is ...:
        return f"list of {_type(parts[0])}"
    if origin is tuple:
        return f"[{', '.join(_type(part) for part in parts)}]"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    return {"NoneType": "null", "str": "text", "int": "integer", "float": "number"}.get(
        annotation.__name__, annotation.__name__
    )


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined or isinstance(value, BaseModel | dict):
        return ""
    return f"`{json.dumps(value)}`"


def readme() -> str:
    """Return config/README.md."""
    names = [f"- {kind}: {', '.join(f'`{name}`' for name in table)}" for kind, table in presets().items()]
    return (
        HEAD
        + "\n".join(rows(Config))
        + "\n\nNamed values (`kdlib/config/presets.yaml`):\n"
        + "\n".join(names)
        + "\n"
    )


def schema() -> str:
    """Return config/schema.json, which takes overlays too: they leave keys out and drop entries with null."""
    whole = Config.model_json_schema()
    sections = whole["$defs"]
    del whole["required"], sections["Student"]["required"]
    tables = [whole["properties"][name] for name in ("models", "encoders", "teachers", "students")]
    for table in (*tables, sections["Corpus"]["properties"]["sources"]):
        entries = table["patternProperties"]
        table["patternProperties"] = {
            name: {"anyOf": [entry, {"type": "null"}]} for name, entry in entries.items()
        }
    return json.dumps(whole, indent=2) + "\n"


if __name__ == "__main__":
    (ROOT / "config" / "README.md").write_text(readme())
    (ROOT / "config" / "schema.json").write_text(schema())
