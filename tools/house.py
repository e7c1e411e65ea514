"""Print figures on the shape of a checkout, to compare it before and after a change.

``python tools/house.py ROOT``. Imports inside functions and under TYPE_CHECKING count as well.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from pathlib import Path


def imported(tree: ast.Module, modules: Set[str]) -> set[str]:
    """Return the modules that a file imports, of those given by their dotted names."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found.update(inner & modules or {str(node.module)})
    return found & modules


def cycles(graph: Mapping[str, Set[str]]) -> int:
    """Return the number of groups of nodes that import each other, directly or not."""
    reached = {node: set(targets) for node, targets in graph.items()}
    for middle in graph:
        for targets in reached.values():
            if middle in targets:
                targets |= reached[middle]
    groups = {frozenset(other for other in reached[node] if node in reached[other]) for node in graph}
    return sum(len(group) > 1 for group in groups)


def of_folders(graph: Mapping[str, Set[str]]) -> dict[str, set[str]]:
    """Return the imports between folders; a module directly in kdlib stands for itself."""
    parent = {name: name.rpartition(".")[0] for name in graph}
    apart = {*parent.values()} | {name for name in graph if parent[name] == "kdlib"}
    folder = {name: name if name in apart else parent[name] for name in graph}
    joined: dict[str, set[str]] = {place: set() for place in folder.values()}
    for name, targets in graph.items():
        joined[folder[name]] |= {folder[target] for target in targets} - {"kdlib", folder[name]}
    return joined


def is_packed(node: ast.Assign) -> bool:
    """Return whether an assignment is ``a, b = x, y`` and no swap."""
    if not isinstance(node.value, ast.Tuple):
        return False
    targets = [target for target in node.targets if isinstance(target, ast.Tuple)]
    return any(set(map(ast.unparse, t.elts)) != set(map(ast.unparse, node.value.elts)) for t in targets)


def without_module(root: Path) -> int:
    """Return how many files of tests have no module of their name, those of the workflow left out."""
    found = [path.relative_to(root / "tests") for path in root.glob("tests/**/test_*.py")]
    tests = [path for path in found if path.parts[0] != "workflow"]
    modules = [root / "kdlib" / path.with_name(path.name.removeprefix("test_")) for path in tests]
    return sum(not path.exists() and not path.with_suffix("").is_dir() for path in modules)


def figures(root: Path) -> Iterator[tuple[str, object]]:
    """Yield the name and the value of every figure of a checkout."""
    paths = [path.relative_to(root) for path in root.glob("kdlib/**/*.py")]
    trees = {path: ast.parse((root / path).read_text()) for path in paths}
    named = {".".join(p.with_suffix("").parts).removesuffix(".__init__"): t for p, t in trees.items()}
    graph = {name: imported(tree, named.keys()) - {name} for name, tree in named.items()}
    nodes = [node for tree in trees.values() for node in ast.walk(tree)]
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    tops = ("kdlib", "workflow", "tools", "benchmarks")
    code = [path.read_text() for top in tops for path in (root / top).rglob("*.py")]
    yield "cycles of files", cycles(graph)
    yield "cycles of folders", cycles(of_folders(graph))
    folders = Counter(path.parent for path in paths if path.name != "__init__.py")
    yield "modules in the fullest folder", max(folders.values())
    counts = [len(f.args.posonlyargs + f.args.args + f.args.kwonlyargs) for f in functions]
    yield "functions with over 9 parameters", sum(count > 9 for count in counts)
    assignments = [node for node in nodes if isinstance(node, ast.Assign)]
    yield "packed assignments among assignments", f"{sum(map(is_packed, assignments)) / len(assignments):.1%}"
    yield "noqa outside of tests", "".join(code).count("# noqa")
    yield "lines of the longest function", max(f.end_lineno - f.lineno + 1 for f in functions if f.end_lineno)
    yield "tests without a module of their name", without_module(root)


if __name__ == "__main__":
    for name, value in figures(Path(sys.argv[1] if len(sys.argv) > 1 else ".")):
        print(f"{name:40} {value}")
