"""Write docs/results.md from finished runs: ``python tools/results.py results/default results/debian``.

Sections of other runs stay, with a line that says that they are older.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HEAD = """# Results

`tools/results.py` writes this page from the result files of finished runs. Every score is shown, good or bad.
Intervals are bootstrap percentiles over test rows, for one training seed. A difference is significant if its
paired interval excludes 0. p is from approximate randomisation; Holm's correction is over all comparisons
with the same system on the same metric. Every value's signature is in
`results/{run}/evaluation/evaluation_metrics.json` and on the report page.
"""

OLDER = (
    "This section is of an earlier version, in which a pass was seen in one JVM and `tautology` was the "
    "share of predictions whose text cannot fail."
)


def section(run: Path) -> Iterator[str]:
    """Yield the lines of one run."""
    card = json.loads((run / "corpus/card.json").read_text())
    dataset = json.loads((run / "dataset/counts.json").read_text())
    scores = json.loads((run / "evaluation/evaluation_metrics.json").read_text())
    yield f"\n## {run.name}\n"
    yield from _corpus(card, dataset, scores)
    yield from _scores(scores)
    yield from _comparisons(scores)
    yield from _models(run)


def _corpus(card: dict[str, Any], dataset: dict[str, Any], scores: dict[str, Any]) -> Iterator[str]:
    sources = ", ".join(f"{name} {source['version']}" for name, source in card["sources"].items())
    counts = "; ".join(f"{name.replace('_', ' ')}: {_count(value)}" for name, value in card["counts"].items())
    rows = ", ".join(f"{split} {dataset[split]['rows']}" for split in ("train", "validation", "test"))
    leakage = ", ".join(
        f"{name.replace('_', ' ')} {value:.4f}"
        for name, value in card["leakage"].items()
        if isinstance(value, float)
    )
    yield f"Sources: {sources}. Split by {scores['split']}. {counts}."
    yield f"Token rows: {rows}. Leakage: {leakage}.\n"


def _count(value: int | dict[str, int]) -> str:
    """Return a number, or numbers with what they count."""
    if isinstance(value, int):
        return str(value)
    return ", ".join(f"{name} {number}" for name, number in value.items()) or "none"


def _scores(scores: dict[str, Any]) -> Iterator[str]:
    models = scores["models"]
    yield "| metric | " + " | ".join(models) + " |"
    yield "|---|" + "---:|" * len(models)
    for metric, told in scores["metrics"].items():
        cells = [
            f"{v['value']:.3f} [{v['low']:.3f}, {v['high']:.3f}]" if (v := values.get(metric)) else "–"
            for values in models.values()
        ]
        yield f"| {metric} {'↑' if told['higher_is_better'] else '↓'} | " + " | ".join(cells) + " |"
    for metric, own in scores["reference"].items():
        value = f"{own['value']:.3f} [{own['low']:.3f}, {own['high']:.3f}]"
        yield f"\nThe rows' own assertions have {metric} {value}, over {own['n']} rows."
    for missing in scores.get("not_measured", []):
        yield f"\nNot measured: {missing['what']} ({missing['reason']})."


def _comparisons(scores: dict[str, Any]) -> Iterator[str]:
    yield "\n| comparison | metric | difference | interval | p | p, Holm |\n|---|---|---|---|---|---|"
    for c in scores["comparisons"]:
        interval = f"[{c['low']:.3f}, {c['high']:.3f}]"
        p = f"{c['p']:.4f} | {c['p_holm']:.4f}"
        yield f"| {c['a']} − {c['b']} | {c['metric']} | {c['difference']:+.3f} | {interval} | {p} |"


def _models(run: Path) -> Iterator[str]:
    yield "\n| model | parameters | epochs | best validation NLL | training seconds | assertions/s |"
    yield "|---|---|---|---|---|---|"
    for path in sorted(run.glob("*/*/training_report.json"), reverse=True):
        report = json.loads(path.read_text())
        cost = json.loads((run / "evaluation" / report["name"] / "cost.json").read_text())
        with (path.parent / "step_metrics.csv").open(newline="") as file:
            seconds = float(list(csv.DictReader(file))[-1]["elapsed_time_seconds"])
        rate = cost["assertions_per_second"]
        speed = "–" if rate is None else f"{rate:.1f}"  # null where all predictions came from the cache
        yield (
            f"| {report['name']} | {report['parameters']:,} | {report['epochs']} | "
            f"{report['best_validation_nll']:.3f} | {seconds:.0f} | {speed} |"
        )


def page(runs: Sequence[Path], before: str) -> str:
    """Return the page with the sections of these runs, those of others kept.

    Args:
        runs: Folders of finished runs.
        before: The page as it is.
    """
    sections = {part.partition("\n")[0]: part for part in before.split("\n## ")[1:]}
    older = {
        name: part if OLDER in part else part.replace("\n", f"\n\n{OLDER}\n", 1)
        for name, part in sections.items()
    }
    made = {run.name: "\n".join(section(run)).removeprefix("\n## ") + "\n" for run in runs}
    return HEAD + "".join(f"\n## {part.rstrip()}\n" for part in (older | made).values())


if __name__ == "__main__":
    place = ROOT / "docs" / "results.md"
    place.write_text(page([Path(run) for run in sys.argv[1:]], place.read_text()))
