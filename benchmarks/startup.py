"""How long a rule takes before it works: our own imports, and whole start-ups of rules that need no torch.

Each figure is the median of fresh interpreters. The script of a rule is imported as Snakemake would run it;
heavy libraries are imported inside functions, so that what remains is ours.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.contract import Claim, answer, quick
from kdlib.provenance import code_modules

SCRIPTS = sorted(Path("workflow/scripts").glob("*.py"))
HEAVY = ("torch", "transformers", "sentence_transformers", "mlflow")

HELP = """
import sys
sys.argv = ["kdlib", "--help"]
from kdlib.cli import app
try: app()
except SystemExit: pass
"""


def seconds(code: str, runs: int) -> float:
    """Return the median wall seconds of ``python -c code`` in fresh interpreters."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def load(script: Path) -> str:
    """Return code that imports a script without running it."""
    return f"import runpy, sys; sys.path.insert(0, 'workflow/scripts'); runpy.run_path({str(script)!r})"


def heavy_libraries(script: Path) -> list[str]:
    """Return the heavy libraries that the code behind a script imports somewhere."""
    text = "".join(
        Path(*name.split(".")).with_suffix(".py").read_text()
        for name in code_modules(script)
        if Path(*name.split(".")).with_suffix(".py").exists()
    )
    return [name for name in HEAVY if re.search(rf"^\s*(from|import) {name}\b", text, re.MULTILINE)]


def main() -> None:
    """Measure and answer."""
    runs = 3 if quick() else 7
    bare = seconds("pass", runs)
    own = {script.stem: seconds(load(script), runs) - bare for script in SCRIPTS}
    torch_free = {s.stem: own[s.stem] + bare for s in SCRIPTS if not heavy_libraries(s)}
    help_s = seconds(
        HELP,
        runs,
    )
    imports = {name: seconds(f"import {name}", 1 if quick() else 3) - bare for name in HEAVY}
    worst, worst_free = max(own, key=own.__getitem__), max(torch_free, key=torch_free.__getitem__)
    claims = {
        "own_import_s": Claim(own[worst], "s", 0.5, "lower", f"worst of {len(own)} rules: {worst}", runs),
        "torch_free_rule_s": Claim(
            torch_free[worst_free], "s", 1.5, "lower", f"worst of {len(torch_free)} rules: {worst_free}", runs
        ),
        "help_s": Claim(help_s, "s", 0.5, "lower", "kdlib --help, whole process", runs),
    }
    for script in SCRIPTS:
        libraries = heavy_libraries(script)
        total = own[script.stem] + sum(imports[name] for name in libraries)
        claims[f"import_s_{script.stem}"] = Claim(
            total,
            "s",
            None,
            "lower",
            f"kdlib and {', '.join(libraries) or 'no heavy library'}, each by itself",
            runs,
        )
    answer("startup", claims)


if __name__ == "__main__":
    main()
