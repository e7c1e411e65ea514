"""What a rule's result depends on besides its input: a digest of the code that it runs.

Snakemake sees neither an edit in an imported module nor in a data file, so every rule carries this digest
in its ``params``. It is computed on syntax trees without docstrings: a comment or a reformat changes nothing.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
# Configuration acts through the values that a rule carries in its params, never through its code. How a job
# is logged and recorded changes nothing that it computes, nor does how a training is shown in MLflow.
LEFT_OUT = ("kdlib.config", "kdlib.jobs", "kdlib.tracking.mlflow_run")


def code_digest(script: Path) -> str:
    """Return the digest of a script, the kdlib modules that it can import and the data files these name.

    Args:
        script: A Python file; imports inside functions count, and so do imports of imports.
    """
    parts = "\0".join(f"{name} {digest}" for name, digest in code_parts(script).items())
    return _digest(parts.encode())


def code_parts(script: Path) -> dict[str, str]:
    """Return what ``code_digest`` is made of: script, module or data file, each with a digest of its own.

    Args:
        script: A Python file.
    """
    modules = code_modules(script)
    parts = {script.name: _digest(_dump(script.read_text()).encode())}
    parts |= {name: _module_digest(name) for name in modules}
    files = {path.relative_to(PACKAGE.parent).as_posix(): path for path in data_files(modules)}
    return parts | {name: _digest(path.read_bytes()) for name, path in files.items()}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def code_modules(script: Path) -> list[str]:
    """Return the names of the kdlib modules that a script can import, transitively, sorted."""
    found: set[str] = set()
    queue = list(_modules(_imported_names(ast.parse(script.read_text()))))
    while queue:
        name = queue.pop()
        if name in found or left_out(name):
            continue
        found.add(name)
        queue += _modules(_module_names(name))
    return sorted(found)


def left_out(module: str) -> bool:
    """Return whether no digest covers a module: ``LEFT_OUT`` names it or its package."""
    return any(f"{module}.".startswith(f"{name}.") for name in LEFT_OUT)


def data_files(modules: list[str]) -> list[Path]:
    """Return the packaged files that belong to modules: a module owns what it names as a string.

    A file counts if a module beside it or one folder up holds its name, or its folder's, as a string.
    """
    files = []
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix in {".py", ".pyc"} or not path.is_file():
            continue
        names = {path.name, path.parent.name}
        owners = [name for name in modules if _path(name).parent in {path.parent, path.parent.parent}]
        if any(names & _strings(owner) for owner in owners):
            files.append(path)
    return files


def foreign_imports(script: Path) -> set[str]:
    """Return the top-level names of what a script and its kdlib modules import from outside kdlib."""
    names = set(_imported_names(ast.parse(script.read_text())))
    tops = {name.split(".")[0] for name in names.union(*map(_module_names, code_modules(script)))}
    return tops - {PACKAGE.name} - sys.stdlib_module_names


def _path(module: str) -> Path:
    """Return the file of a module of this package."""
    base = PACKAGE.parent.joinpath(*module.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


def _exists(module: str) -> bool:
    return _path(module).is_file()


def _modules(names: Iterable[str]) -> Iterator[str]:
    """Yield the kdlib modules that imported names stand for; a package stands for its ``__init__``."""
    for name in names:
        parts = name.split(".")
        if parts[0] == PACKAGE.name:
            prefixes = (".".join(parts[:n]) for n in range(1, len(parts) + 1))
            yield from (prefix for prefix in prefixes if _exists(prefix))


def _imported_names(tree: ast.Module) -> Iterator[str]:
    """Yield everything that a tree imports when it runs, with what it takes from a module as if below it."""
    for node in _running(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all nodes below one but those under ``if TYPE_CHECKING:``, which never run."""
    for child in ast.iter_child_nodes(node):
        yield child
        if (
            isinstance(child, ast.If)
            and isinstance(child.test, ast.Name)
            and child.test.id == "TYPE_CHECKING"
        ):
            for other in child.orelse:
                yield other
                yield from _running(other)
        else:
            yield from _running(child)


def _dump(source: str) -> str:
    """Return a source's syntax tree as text, without docstrings and places."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and (
            ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)


@cache
def _module_digest(module: str) -> str:
    return _digest(_dump(_path(module).read_text()).encode())


@cache
def _module_names(module: str) -> tuple[str, ...]:
    return tuple(_imported_names(ast.parse(_path(module).read_text())))


@cache
def _strings(module: str) -> frozenset[str]:
    """Return all string constants of a module."""
    tree = ast.parse(_path(module).read_text())
    return frozenset(
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
