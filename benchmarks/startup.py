"""How long a rule takes before it works, and ``kdlib --help``, as ratios: machines differ sixfold.

Each figure comes from fresh interpreters, whole processes with nothing subtracted: one of ours, then one of
what it is compared with, in turn. The script of a rule is imported as Snakemake would run it; heavy libraries
are imported inside functions, so that what remains is ours.
"""

from __future__ import annotations

import os
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
NUMPY, PYTHON = "import numpy", "pass"
HELP = "import sys; sys.argv = ['kdlib', '--help']; from kdlib.cli import app; app()"
# As for whoever installs kdlib, byte code is read, not made again by every process: see ``main``.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def seconds(code: str) -> float:
    """Return the wall seconds of ``python -c code``."""
    started = time.perf_counter()
    command = [sys.executable, "-c", code]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    return time.perf_counter() - started


def median_seconds(code: str, runs: int) -> float:
    """Return the median of some runs."""
    return statistics.median(seconds(code) for _ in range(runs))


def ratio(code: str, base: str, pairs: int) -> float:
    """Return how many times as long as a base some code takes: the median of pairs."""
    return statistics.median(seconds(code) / seconds(base) for _ in range(pairs))


def load(script: Path) -> str:
    """Return code that imports a script without running it."""
    return f"import runpy, sys; sys.path.insert(0, 'workflow/scripts'); runpy.run_path({str(script)!r})"


def heavy_libraries(script: Path) -> tuple[str, ...]:
    """Return the heavy libraries that the code behind a script imports somewhere."""
    text = "".join(
        Path(*name.split(".")).with_suffix(".py").read_text()
        for name in code_modules(script)
        if Path(*name.split(".")).with_suffix(".py").exists()
    )
    return tuple(name for name in HEAVY if re.search(rf"^\s*(from|import) {name}\b", text, re.MULTILINE))


def ratios(own: dict[str, float], free: set[str]) -> dict[str, Claim]:
    """Measure the ratios.

    Args:
        own: Seconds that each rule's script takes to import; only the slowest are measured again, in pairs.
        free: The rules whose code names no heavy library.
    """
    pairs, candidates = (5, 2) if quick() else (11, 3)
    order = sorted(own, key=own.__getitem__)
    slowest = {*order[-candidates:], *[rule for rule in order if rule in free][-candidates:]}
    over = {rule: ratio(load(SCRIPTS[0].with_stem(rule)), NUMPY, pairs) for rule in slowest}
    rule = max(over, key=over.__getitem__)
    free_rule = max(over.keys() & free, key=over.__getitem__)
    heavy, against = (
        ", ".join(HEAVY),
        "python -c 'import numpy', whole process, in pairs; ours is a process that",
    )
    return {
        "own_import_over_numpy": Claim(
            over[rule],
            "ratio",
            3,
            "lower",
            f"{against} imports a rule's script and all that stands at the top of its modules, so none of "
            f"{heavy}; worst of {len(own)} rules: {rule}",
            pairs,
        ),
        "torch_free_rule_over_numpy": Claim(
            over[free_rule],
            "ratio",
            6,
            "lower",
            f"{against} imports the script of a rule whose code names none of {heavy} anywhere: its whole "
            f"start-up; worst of {len(free)} rules: {free_rule}",
            pairs,
        ),
        "help_over_python": Claim(
            ratio(HELP, PYTHON, pairs),
            "ratio",
            4,
            "lower",
            "python -c pass, whole process, in pairs; ours is kdlib --help",
            pairs,
        ),
    }


def stated(own: dict[str, float], libraries: dict[str, tuple[str, ...]], runs: int) -> dict[str, Claim]:
    """Return the seconds of every rule, the heavy libraries that its code imports somewhere included."""
    bare = median_seconds(PYTHON, runs)
    sets = {named for named in libraries.values() if named}
    # Together, since most of them import others of them.
    heavy = {
        named: median_seconds(f"import {', '.join(named)}", 1 if quick() else 3) - bare for named in sets
    }
    return {
        f"import_s_{rule}": Claim(
            own[rule] + heavy.get(named, 0),
            "s",
            None,
            "lower",
            f"Python itself, {bare:.2g} s, kdlib and {', '.join(named) or 'no heavy library'}",
            runs,
        )
        for rule, named in libraries.items()
    }


def main() -> None:
    """Measure and answer."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", "kdlib", "workflow"], check=True)
    runs = 1 if quick() else 5
    libraries = {script.stem: heavy_libraries(script) for script in SCRIPTS}
    own = {script.stem: median_seconds(load(script), runs) for script in SCRIPTS}
    free = {rule for rule, named in libraries.items() if not named}
    answer("startup", {**ratios(own, free), **stated(own, libraries, runs)})


if __name__ == "__main__":
    main()
