"""Score pairs of Java texts with the published package `codebleu`, as an oracle for kdlib.metrics.codebleu.

The package pins a tree-sitter that kdlib cannot use, so it needs an environment of its own:

    python -m venv /tmp/codebleu
    /tmp/codebleu/bin/pip install codebleu==0.7.0 tree-sitter-java==0.21.0
    PYTHONPATH=. /tmp/codebleu/bin/python tools/codebleu_golden.py tests/golden/codebleu.jsonl

Every line of the file but the first is {"kind", "prediction", "references"}. The script adds `package`, the
four parts and CodeBLEU by the package with Java tokens; the first line holds versions and the same numbers of
all rows of kind "corpus" together. The package's data flow depends on the order of Python's sets, which is
another in every process: `package` is its answer with sets in order of insertion, `data_flow` lists those of
some processes that differ.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from kdlib.java.tokens import code_tokens

PARTS = ("ngram_match_score", "weighted_ngram_match_score", "syntax_match_score", "dataflow_match_score")
SCORES = (*PARTS, "codebleu")
SEEDS = range(6)
Row = dict[str, Any]


class OrderedSet(dict[object, None]):
    """A set in order of insertion, as far as the package uses sets."""

    def __init__(self, items: Iterable[object] = ()) -> None:
        super().__init__(dict.fromkeys(items))

    def add(self, item: object) -> None:
        """Add an item at the end unless it is there."""
        self.setdefault(item)


def package_parts(rows: list[Row]) -> list[float]:
    """Return the package's four parts of rows taken as one corpus, and their mean as it takes it."""
    calc_codebleu = import_module("codebleu").calc_codebleu
    references = [row["references"] for row in rows]
    predictions = [row["prediction"] for row in rows]
    scores = calc_codebleu(references, predictions, "java", tokenizer=code_tokens)
    return [scores[name] for name in SCORES]


def all_parts(rows: list[Row]) -> list[list[float]]:
    """Return the parts of the corpus, then of every row."""
    corpus = [row for row in rows if row["kind"] == "corpus"]
    return [package_parts(corpus), *(package_parts([row]) for row in rows)]


def ordered_parts(rows: list[Row]) -> list[list[float]]:
    """Return the parts of the corpus, then of every row, with sets in order of insertion."""
    for module in ("codebleu.dataflow_match", "codebleu.parser.DFG"):
        vars(import_module(module))["set"] = OrderedSet
    return all_parts(rows)


def seeded_parts(file: Path, seed: int) -> list[list[float]]:
    """Return the parts of the corpus, then of every row, by a process with a given hash seed."""
    command = [sys.executable, __file__, str(file), "--print"]
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    result: list[list[float]] = json.loads(subprocess.check_output(command, env=environment, text=True))
    return result


def main() -> None:
    """Fill in the package's values."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--print", action="store_true", help="print the values of this process and write none"
    )
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.file.read_text().splitlines()]
    rows = [row for row in rows if "prediction" in row]
    # The package warns of every reference without data flow.
    logging.disable()
    if options.print:
        print(json.dumps(all_parts(rows)))
        return
    versions = {name: version(name) for name in ("codebleu", "tree-sitter", "tree-sitter-java")}
    head: Row = {"versions": versions, "seeds": len(SEEDS)}
    seeded = zip(*(seeded_parts(options.file, seed) for seed in SEEDS), strict=True)
    for row, values, runs in zip([head, *rows], ordered_parts(rows), seeded, strict=True):
        flows = sorted({run[3] for run in runs} - {values[3]})
        row |= {"package": values} | ({"data_flow": flows} if flows else {})
    lines = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in [head, *rows])
    options.file.write_text("".join(line + "\n" for line in lines))


if __name__ == "__main__":
    main()
