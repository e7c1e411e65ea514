"""How long all checks and tests take, and how many there are: ``make test`` with nothing else at work."""

from __future__ import annotations

import re
import subprocess
import sys
import time

from benchmarks.contract import Claim, answer, quick

BEFORE = 6415  # tests when they took 47 minutes


def main() -> None:
    """Measure and answer."""
    started = time.perf_counter()
    printed = ""
    with subprocess.Popen(["make", "check" if quick() else "test"], stdout=subprocess.PIPE, text=True) as run:
        for line in run.stdout or ():
            print(line, end="", file=sys.stderr, flush=True)
            printed += line
    seconds = time.perf_counter() - started
    if run.returncode:
        raise SystemExit("make test has failed")
    what = "ruff, mypy, snakefmt, Snakemake's lint" + ("" if quick() else " and all tests, two at a time")
    claims = {"make_test_minutes": Claim(seconds / 60, "min", 20, "lower", f"{what}; all cores, alone", 1)}
    if passed := re.search(r"(\d+) passed", printed):
        against = f"{BEFORE} before tests ran side by side"
        claims["tests"] = Claim(int(passed[1]), "tests", BEFORE, "higher", against, 1)
    answer("tests", claims)


if __name__ == "__main__":
    main()
