"""Draw assertions of real tests whose focal methods people then label: places only, no code.

The draw sees syntax and nothing of how kdlib resolves calls, so that the labels can judge it. In every source
the kinds of assertion take turns, in an order that the seed decides; no two draws share a test method.

    python tools/focal_sample.py config/debian.yaml guava joda-time --each 30 > sample.jsonl
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kdlib.config import DebianSource, read_config
from kdlib.java.assertions import assertion_kind, is_test_annotation
from kdlib.java.methods import Method, read_unit
from kdlib.java.syntax import captures, parse
from kdlib.sources.java_files import JavaFile, java_files

SEED = 20261121


def assertions(source: str, file: JavaFile) -> Iterator[dict[str, Any]]:
    """Yield the place and kind of every assertion statement in a test method of a file."""
    if "test" not in file.path.lower():
        return
    root = parse(file.content).root_node
    if root.has_error:
        return
    methods = [method for kind in read_unit(root).types for method in kind.methods if looks_like_test(method)]
    for statement in captures(root, "(expression_statement (method_invocation)) @s").get("s", []):
        kind = assertion_kind(statement)
        around = next((m for m in methods if m.start <= statement.start_byte < m.end), None)
        if kind and around:
            yield {
                "source": source,
                "path": file.path,
                "test_method": around.name,
                "line": statement.start_point.row + 1,
                "start_byte": statement.start_byte,
                "end_byte": statement.end_byte,
                "kind": kind,
            }


def looks_like_test(method: Method) -> bool:
    """Return whether a method is a test by its annotation or its name."""
    return any(map(is_test_annotation, method.annotations)) or method.name.startswith("test")


def order(row: dict[str, Any]) -> str:
    """Return a random but repeatable place in the draw."""
    return hashlib.sha256(f"{SEED}:{row['source']}:{row['path']}:{row['start_byte']}".encode()).hexdigest()


def draw(rows: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Return ``count`` rows: kinds take turns, and a test method gives at most one."""
    queues: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(rows, key=order):
        queues[row["kind"]].append(row)
    drawn: list[dict[str, Any]] = []
    used: set[tuple[str, str]] = set()
    while len(drawn) < count and any(queues.values()):
        for kind in sorted(queues):
            while queues[kind]:
                row = queues[kind].pop(0)
                if (row["path"], row["test_method"]) not in used:
                    used.add((row["path"], row["test_method"]))
                    drawn.append({"id": order(row)[:12], **row})
                    break
    return drawn[:count]


def main() -> None:
    """Print one JSON object a line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("config", type=Path, help="overlay with Debian sources, already fetched")
    parser.add_argument("sources", nargs="+", help="names of its sources")
    parser.add_argument("--each", type=int, default=30, help="assertions per source")
    options = parser.parse_args()
    config = read_config([Path("config/config.yaml"), options.config])
    for name in options.sources:
        source = config.corpus.sources[name]
        if not isinstance(source, DebianSource):
            parser.error(f"{name} is no Debian source")
        archive = Path(f"cache/sources/{name}-{source.sha256[:12]}.tar")
        rows = [row for file in java_files(archive) for row in assertions(name, file)]
        for row in draw(rows, options.each):
            print(json.dumps(row))


if __name__ == "__main__":
    main()
