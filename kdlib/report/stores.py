"""Tables of the stored teacher signals: how large they are, and how far from their teacher."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kdlib.report.tables import Cell, Heading, Table, number
from kdlib.report.wording import plain


def signal_table(manifests: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return rows, tokens and bytes of each store, by split.

    Args:
        manifests: Teacher: content of the store's manifest.json.
    """
    rows = []
    for teacher, manifest in manifests.items():
        for split in sorted({entry["split"] for entry in manifest["files"]}):
            own = [entry for entry in manifest["files"] if entry["split"] == split]
            size, tokens = (sum(entry[key] for entry in own) for key in ("bytes", "positions"))
            counts = [len(own), sum(entry["rows"] for entry in own), tokens, size]
            per_token = size / tokens if tokens else None
            first = Cell(teacher, key=f"files[split={split}]", file=f"signals/{teacher}/manifest.json")
            cells = [first, Cell(split), Cell(plain(manifest["codec"]))]
            rows.append([*cells, *map(number, counts), number(per_token)])
    names = {"teacher": "", "split": "", "codec": "", "shards": "number", "signals": "sum of rows"}
    names |= {"tokens": "sum of positions", "bytes": "sum of bytes", "bytes per token": "bytes / positions"}
    head = [Heading(name, key=key) for name, key in names.items()]
    return Table("signals-table", "Teacher signals", head, rows, key="{row}: {col}")


def fidelity_table(fidelities: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return how far each store is from its teacher, a row a temperature.

    Args:
        fidelities: Teacher: content of the store's fidelity.json.
    """
    rows = []
    for teacher, own in fidelities.items():
        for place, at in enumerate(own["temperatures"]):
            note, infinite = at["signature"], at["kl_infinite"]
            kl = number(at["kl"], _short(at["kl"]))._replace(
                detail=f"infinite at {infinite:.1%} of tokens" if infinite else "", note=note
            )
            l1 = number(at["l1"], _short(at["l1"]))._replace(note=note)
            top1 = number(at["top1"], f"{at['top1']:.2%}")._replace(note=note)
            sizes = [number(own[key]) for key in ("bytes_per_token", "bytes_per_token_with_codec")]
            temperature = number(at["temperature"], f"{at['temperature']:g}")
            first = Cell(teacher, key=str(place), file=f"signals/{teacher}/fidelity.json")
            cells = [first, Cell(plain(own["codec"])), *sizes, temperature, l1, kl, top1]
            rows.append([*cells, number(at["entropy"]), number(at["kept_tokens"])])
    at_t = "temperatures[{row}]."
    keys = ["", "", "bytes_per_token", "bytes_per_token_with_codec"]
    keys += [f"{at_t}{key}" for key in ("temperature", "l1", "kl", "top1", "entropy", "kept_tokens")]
    names = ("teacher", "codec", "bytes per token", "with what all signals share", "T")
    figures = ("L1 ↓", "KL, nats ↓", "top-1 agreement ↑", "teacher's entropy, nats", "tokens kept")
    head = [Heading(name, key=key) for name, key in zip((*names, *figures), keys, strict=True)]
    return Table("fidelity-table", "Fidelity of the stored signals", head, rows, key="{col}")


def _short(value: float | None) -> str | None:
    """Return two digits that count, since an error of 0.0004 must not read 0."""
    return None if value is None else f"{value:.2g}".replace("-", "−")
