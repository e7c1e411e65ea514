"""What ``inspection`` finds, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kdlib.cli.inspection import Values


def text(found: Values) -> str:
    """Return what ``description`` found as lines and tables."""
    lines = [found["path"]]
    lines += [
        f"{name + ':':<11}{found[name]}" for name in ("model", "tokenizer", "dataset", "code", "precision")
    ]
    codec = dict(found["codec"])
    options = ", ".join(f"{name} {value}" for name, value in codec.items() if name != "kind")
    lines.append(f"{'codec:':<11}{codec['kind']} ({options})")
    if "codec_file" in found:
        lines.append(f"{'shared:':<11}{found['codec_file']}, {found['codec_bytes']:,} bytes")
    header = ["split", "shards", "rows", "tokens", "bytes", "bytes/token"]
    lines += ["", *table([header, *([_cell(split[name]) for name in header] for split in found["splits"])])]
    ranks = ", ".join(f"{rank}: {number:,}" for rank, number in found["ranks"].items())
    lines += ["", f"signals by rank (0 gold, 1… beams): {ranks or 'none'}"]
    if found["fidelity"] is not None:
        lines += ["", "fidelity", *_nested(found["fidelity"])]
    if "verified" in found:
        done = found["verified"]
        lines += ["", f"verified: {done['signals']:,} signals, {done['positions']:,} positions decoded"]
    return "\n".join(lines)


def signal_text(found: Values) -> str:
    """Return what ``one_signal`` found as a table: a position a line."""
    lines = [
        f"id {found['id']}, rank {found['rank']}, target {found['target_hash']}",
        f"score {found['score']:.4g} nats, T = {found['temperature']:g}; others: not shown, tail: not stored",
        "",
    ]
    rows = [["position", "others", "tail", "tokens"]]
    for number, position in enumerate(found["positions"]):
        tokens = "  ".join(
            f"{token['text']!r} {token['probability']:.3f}"
            if "text" in token
            else f"{token['id']} {token['probability']:.3f}"
            for token in position["tokens"]
        )
        rows.append([str(number), f"{position['others']:.4f}", f"{position['tail']:.4f}", tokens])
    return "\n".join([*lines, *table(rows)])


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return str(value)
        case int():
            return f"{value:,}"
        case float():
            return f"{value:.4g}"
    return str(value)


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of cells as aligned lines; the first and the last column are text, all others numbers."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if number in (0, len(row) - 1) else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _nested(values: Mapping[str, Any]) -> list[str]:
    """Return any mapping as lines: plain values first, then a table for each mapping of mappings."""
    plain = {name: value for name, value in values.items() if not isinstance(value, Mapping)}
    lines = [f"  {name}: {_cell(value)}" for name, value in plain.items()]
    for name, inner in values.items():
        if name in plain:
            continue
        if not all(isinstance(row, Mapping) for row in inner.values()):
            lines += [f"  {name}:", *(f"  {line}" for line in _nested(inner))]
            continue
        columns = list(dict.fromkeys(column for row in inner.values() for column in row))
        cells = [[key, *(_cell(row.get(column)) for column in columns)] for key, row in inner.items()]
        lines += [f"  {line}" for line in table([[name, *columns], *cells])]
    return lines
