"""The published package ``codebleu`` in an environment of its own, since it pins an older tree-sitter."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from kdlib.evaluation.text.statistics import Answer

FOLDER = Path("cache/benchmarks/codebleu")
PINS = ("codebleu==0.7.0", "tree-sitter-java==0.21.0")
# Pairs on standard input, seconds of one call a pair on standard output; the first call is not counted.
TIMER = """
import json, sys, time
from codebleu import calc_codebleu
pairs = json.load(sys.stdin)
calc_codebleu([pairs[0][1]], [pairs[0][0]], "java")
started = time.perf_counter()
for said, right in pairs:
    calc_codebleu([right], [said], "java")
print(time.perf_counter() - started)
"""


def package_seconds(answers: Sequence[Answer]) -> float:
    """Return how long the package takes for some pairs, one call each, by its own tokenizer.

    Args:
        answers: Pairs; the first candidate and the references of each.
    """
    pairs = [(answer.candidates[0], list(answer.references)) for answer in answers]
    done = subprocess.run(
        [str(_python()), "-c", TIMER],
        input=json.dumps(pairs),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a warning for every pair without data flow
        text=True,
        check=True,
    )
    return float(done.stdout)


def _python() -> Path:
    """Return the interpreter of the environment, which is made once."""
    python = FOLDER / "bin" / "python"
    if not (FOLDER / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PINS], check=True)
        (FOLDER / "installed").touch()
    return python.absolute()
