"""Tables of a card: whatever counts a stage wrote as JSON, in the order it wrote them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kdlib.report.tables import Cell, Heading, Table, number
from kdlib.report.wording import label, plain


def card_tables(name: str, card: Mapping[str, Any]) -> list[Table]:
    """Return the tables of a card: one of its plain values, one for each nested part.

    Args:
        name: What the captions begin with and the ids are made of.
        card: JSON object; nested objects of plain values become rows of one table, lists of objects too.
    """
    tables: list[Table] = []
    _walk([name], card, tables)
    return tables


def _walk(path: list[str], part: Mapping[str, Any], tables: list[Table]) -> None:
    flat = {key: value for key, value in part.items() if _is_plain(value)}
    if flat:
        rows = [[Cell(label(key)), _cell(value)] for key, value in flat.items()]
        _add(path, ["what", "value"], rows, tables)
    nested = {key: value for key, value in part.items() if key not in flat}
    alike = {key: value for key, value in nested.items() if isinstance(value, Mapping) and _is_flat(value)}
    if len(alike) > 1:
        _add(path, ["name", *_keys(list(alike.values()))], _matrix(alike), tables)
        nested = {key: value for key, value in nested.items() if key not in alike}
    for key, value in nested.items():
        if isinstance(value, Mapping):
            _walk([*path, label(key)], value, tables)
        else:
            _list([*path, label(key)], value, tables)


def _list(path: list[str], items: Sequence[Any], tables: list[Table]) -> None:
    """Add a list that holds objects; what is not an object stands in a column of its own."""
    objects = [item if isinstance(item, Mapping) else {"value": item} for item in items]
    keys = _keys(objects)
    _add(path, keys, [[_cell(own.get(key)) for key in keys] for own in objects], tables)


def _matrix(parts: Mapping[str, Mapping[str, Any]]) -> list[list[Cell]]:
    keys = _keys(list(parts.values()))
    return [[Cell(label(name)), *(_cell(own.get(key)) for key in keys)] for name, own in parts.items()]


def _add(path: list[str], names: list[str], rows: list[list[Cell]], tables: list[Table]) -> None:
    head = [Heading(label(name)) for name in names]
    tables.append(Table(f"{path[0].split()[0].lower()}-table-{len(tables) + 1}", ": ".join(path), head, rows))


def _keys(parts: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for own in parts for key in own))


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return not any(isinstance(item, Mapping | list) for item in value)
    return not isinstance(value, Mapping)


def _is_flat(value: Mapping[str, Any]) -> bool:
    return all(_is_plain(item) for item in value.values())


def _cell(value: Any) -> Cell:  # noqa: ANN401  (a JSON value)
    counted = isinstance(value, int | float) and not isinstance(value, bool)
    return number(value) if counted else Cell(plain(value))
