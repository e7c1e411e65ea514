"""Run every benchmark, or those named, keep their JSON in benchmarks/results and write docs/performance.md.

python -m benchmarks mining         measures one again, the page keeps the others' stored answers
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
NAMES = sorted(p.stem for p in HERE.glob("*.py") if "\nif __name__" in p.read_text() and p.stem != "__main__")


def run(name: str, options: list[str]) -> dict[str, Any]:
    """Run one benchmark in its own process and return the object on its last line."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--json", *options],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def table(result: dict[str, Any]) -> str:
    """Return a benchmark's claims as Markdown."""
    machine = ", ".join(f"{key} {value}" for key, value in result["machine"].items())
    lines = [
        f"## {result['benchmark']}",
        "",
        machine,
        "",
        "| claim | value | target | measured against | runs |",
        "|---|---|---|---|---|",
    ]
    for name, claim in result["claims"].items():
        sign = {"lower": "≤", "higher": "≥"}[claim["better"]]
        target = "stated" if claim["target"] is None else f"{sign} {claim['target']:g}"
        met = claim["target"] is None or (
            claim["value"] <= claim["target"]
            if claim["better"] == "lower"
            else claim["value"] >= claim["target"]
        )
        value = f"{claim['value']:.3g} {claim['unit']}" + ("" if met else " (**missed**)")
        lines.append(f"| `{name}` | {value} | {target} | {claim['against']} | {claim['runs']} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run those that are asked for; a benchmark without a stored answer is always run."""
    options = [word for word in sys.argv[1:] if word.startswith("-")]
    asked = [word for word in sys.argv[1:] if not word.startswith("-")] or NAMES
    if unknown := set(asked) - set(NAMES):
        raise SystemExit(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    parts = []
    for name in NAMES:
        stored = HERE / "results" / f"{name}.json"
        if name in asked or not stored.exists():
            stored.write_text(json.dumps(run(name, options), indent=2) + "\n")
        parts.append(table(json.loads(stored.read_text())))
    head = (
        "# Performance\n\nMade by `make bench`; the raw answers lie in benchmarks/results. "
        "Machines are noisy: compare ratios.\n\n"
    )
    (HERE.parent / "docs" / "performance.md").write_text(head + "\n".join(parts))


if __name__ == "__main__":
    main()
