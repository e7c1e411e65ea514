"""Tables of the stored teacher signals: how large they are, and how far from their teacher."""

from __future__ import annotations

from collections.abc import Mapping

from kdlib.report.tables import Cell, Heading, Table, number
from kdlib.report.wording import plain
from kdlib.results.fidelity import Fidelity
from kdlib.signals.manifest import Manifest


def signal_table(manifests: Mapping[str, Manifest]) -> Table:
    """Return rows, tokens and bytes of each store, by split.

    Args:
        manifests: Teacher: manifest of its store.
    """
    rows = []
    for teacher, manifest in manifests.items():
        for split in sorted({shard.split for shard in manifest.files}):
            shards = [shard for shard in manifest.files if shard.split == split]
            size = sum(shard.bytes for shard in shards)
            tokens = sum(shard.positions for shard in shards)
            counts = [len(shards), sum(shard.rows for shard in shards), tokens, size]
            per_token = size / tokens if tokens else None
            first = Cell(teacher, key=f"files[split={split}]", file=f"signals/{teacher}/manifest.json")
            cells = [first, Cell(split), Cell(plain(manifest.codec))]
            rows.append([*cells, *map(number, counts), number(per_token)])
    names = {"teacher": "", "split": "", "codec": "", "shards": "number", "signals": "sum of rows"}
    names |= {"tokens": "sum of positions", "bytes": "sum of bytes", "bytes per token": "bytes / positions"}
    head = [Heading(name, key=key) for name, key in names.items()]
    return Table("signals-table", "Teacher signals", head, rows, key="{row}: {col}")


def fidelity_table(fidelities: Mapping[str, Fidelity]) -> Table:
    """Return how far each store is from its teacher, a row a temperature.

    Args:
        fidelities: Teacher: fidelity of its store.
    """
    rows = []
    for teacher, fidelity in fidelities.items():
        for place, figures in enumerate(fidelity.temperatures):
            note = figures.signature
            infinite = f"infinite at {figures.kl_infinite:.1%} of tokens" if figures.kl_infinite else ""
            top1 = None if figures.top1 is None else f"{figures.top1:.2%}"
            rows.append(
                [
                    Cell(teacher, key=str(place), file=f"signals/{teacher}/fidelity.json"),
                    Cell(plain(fidelity.codec)),
                    number(fidelity.bytes_per_token),
                    number(fidelity.bytes_per_token_with_codec),
                    number(figures.temperature, f"{figures.temperature:g}"),
                    number(figures.l1, _short(figures.l1))._replace(note=note),
                    number(figures.kl, _short(figures.kl))._replace(detail=infinite, note=note),
                    number(figures.top1, top1)._replace(note=note),
                    number(figures.entropy),
                    number(figures.kept_tokens),
                ]
            )
    at_t = "temperatures[{row}]."
    keys = ["", "", "bytes_per_token", "bytes_per_token_with_codec"]
    keys += [f"{at_t}{key}" for key in ("temperature", "l1", "kl", "top1", "entropy", "kept_tokens")]
    names = ("teacher", "codec", "bytes per token", "with what all signals share", "T")
    of_tokens = ("L1 ↓", "KL, nats ↓", "top-1 agreement ↑", "teacher's entropy, nats", "tokens kept")
    head = [Heading(name, key=key) for name, key in zip((*names, *of_tokens), keys, strict=True)]
    return Table("fidelity-table", "Fidelity of the stored signals", head, rows, key="{col}")


def _short(value: float | None) -> str | None:
    """Return two digits that count, since an error of 0.0004 must not read 0."""
    return None if value is None else f"{value:.2g}".replace("-", "−")
