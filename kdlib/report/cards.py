"""Tables of a card: whatever counts a stage wrote as JSON, in the order it wrote them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kdlib.report.tables import Cell, Heading, Table, number
from kdlib.report.wording import label, listed, plain

WIDEST = 10  # columns that fit a page


def card_tables(name: str, card: Mapping[str, Any], file: str) -> list[Table]:
    """Return the tables of a card: one of its plain values, one for each nested part.

    Args:
        name: What the captions begin with and the ids are made of.
        card: JSON object; nested objects of plain values become rows of one table, lists of objects too.
        file: Name of the card among the page's sources.
    """
    tables: list[Table] = []
    _walk([name], "", card, tables)
    return [table._replace(file=file) for table in tables]


def _walk(path: list[str], place: str, part: Mapping[str, Any], tables: list[Table]) -> None:
    """Add the tables of a part.

    Args:
        path: Titles of the part and those around it.
        place: Keys of the same, each with a dot behind it.
        part: JSON object.
        tables: Takes the tables.
    """
    rest = part
    if any(_is_plain(value) for value in part.values()):
        rows, rest = _plain_rows(part)
        _add(path, f"{place}{{row}}", ["what", "value"], rows, tables)
    groups = _groups(rest)
    for group in groups:
        if len(group) > 1:
            title = path if len(groups) == 1 else [*path, listed([label(key) for key in group])]
            across, names, rows = _matrix(group)
            key = f"{place}{{col}}.{{row}}" if across else f"{place}{{row}}.{{col}}"
            _add(title, key, names, rows, tables)
            continue
        for key, value in group.items():
            if isinstance(value, Mapping):
                _walk([*path, label(key)], f"{place}{key}.", value, tables)
            else:
                _list([*path, label(key)], f"{place}{key}", value, tables)


def _plain_rows(part: Mapping[str, Any]) -> tuple[list[list[Cell]], dict[str, Any]]:
    """Return rows of plain values and, in their place among these, of nested plain values; and the rest."""
    rows: list[list[Cell]] = []
    rest = {}
    for key, value in part.items():
        if _is_plain(value):
            rows.append([_named(key), _cell(value)])
        elif isinstance(value, Mapping) and _is_flat(value):
            rows += [
                [Cell(f"{_row(key)}: {_row(name)}", key=f"{key}.{name}"), _cell(inner)]
                for name, inner in value.items()
            ]
        else:
            rest[key] = value
    return rows, rest


def _groups(parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return nested parts, those that share keys together: they become rows of one table."""
    groups: list[dict[str, Any]] = []
    for key, value in parts.items():
        for group in groups:
            others = list(group.values())
            alike = [part for part in (value, *others) if isinstance(part, Mapping) and _is_flat(part)]
            if len(alike) == len(group) + 1 and set(value) & set(_keys(others)):
                group[key] = value
                break
        else:
            groups.append({key: value})
    return groups


def _list(path: list[str], place: str, items: Sequence[Any], tables: list[Table]) -> None:
    """Add a list that holds objects; what is not an object stands in a column of its own."""
    objects = [item if isinstance(item, Mapping) else {"value": item} for item in items]
    keys = _keys(objects)
    if any("\n" in str(value) for item in objects for value in item.values()):
        # Code does not fit into columns.
        for index, item in enumerate(objects):
            _walk([*path, str(index + 1)], f"{place}[{index}].", item, tables)
        return
    rows = [[_cell(item.get(key)) for key in keys] for item in objects]
    rows = [[row[0]._replace(key=str(at)), *row[1:]] for at, row in enumerate(rows)]
    _add(path, f"{place}[{{row}}].{{col}}", keys, rows, tables)


def _matrix(parts: Mapping[str, Mapping[str, Any]]) -> tuple[bool, list[str], list[list[Cell]]]:
    """Return headings and rows, and first whether the parts go across: if their keys are too many to."""
    keys = _keys(list(parts.values()))
    if len(keys) > WIDEST:
        rows = [[_named(key), *(_cell(part.get(key)) for part in parts.values())] for key in keys]
        return True, ["name", *parts], rows
    rows = [[_named(name), *(_cell(part.get(key)) for key in keys)] for name, part in parts.items()]
    return False, ["name", *keys], rows


def _named(key: str) -> Cell:
    return Cell(_row(key), key="" if _row(key) == key else key)


def _row(key: str) -> str:
    """Return a row's name: keys of ours read as words, others are data (paths, assertions) and stay."""
    return label(key) if re.fullmatch("[a-z_]+", key) else key


def _add(path: list[str], key: str, names: list[str], rows: list[list[Cell]], tables: list[Table]) -> None:
    head = [Heading(label(name), key="" if label(name) == name else name) for name in names]
    id_ = f"{path[0].split()[0].lower()}-table-{len(tables) + 1}"
    tables.append(Table(id_, ": ".join(path), head, rows, key=key))


def _keys(parts: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for part in parts for key in part))


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return not any(isinstance(item, Mapping | list) for item in value)
    return not isinstance(value, Mapping)


def _is_flat(value: Mapping[str, Any]) -> bool:
    return all(_is_plain(item) for item in value.values())


def _cell(value: Any) -> Cell:  # noqa: ANN401  (a JSON value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    text = plain(value)
    return Cell(text, mark="code" if "\n" in text else "")
