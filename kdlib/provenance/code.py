"""What a rule's result depends on besides its input: a digest of the code that it runs.

Snakemake sees neither an edit in an imported module nor in a data file, so every rule carries this digest
in its ``params``. It is computed on syntax trees without docstrings: a comment or a reformat changes nothing.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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
    parts = {script.name: _script(script).digest}
    parts |= {name: _module(name).digest for name in modules}
    return parts | {_relative(path): _digest(path.read_bytes()) for path in data_files(modules)}


def code_modules(script: Path) -> list[str]:
    """Return the names of the kdlib modules that a script can import, transitively, sorted."""
    found: set[str] = set()
    queue = list(_modules(_script(script).imports))
    while queue:
        name = queue.pop()
        if name in found or left_out(name):
            continue
        found.add(name)
        queue += _modules(_module(name).imports)
    return sorted(found)


def left_out(module: str) -> bool:
    """Return whether no digest covers a module: ``LEFT_OUT`` names it or its package."""
    return any(f"{module}.".startswith(f"{name}.") for name in LEFT_OUT)


def data_files(modules: list[str]) -> list[Path]:
    """Return the packaged files that belong to modules: a module owns what it names as a string.

    A file counts if a module beside it or one folder up holds its name, or its folder's, as a string.
    """
    owned = []
    for path in _packaged_files():
        names, folders = {path.name, path.parent.name}, {path.parent, path.parent.parent}
        if any(_path(name).parent in folders and names & _module(name).strings for name in modules):
            owned.append(path)
    return owned


def foreign_imports(script: Path) -> set[str]:
    """Return the top-level names of what a script and its kdlib modules import from outside kdlib."""
    sources = [_script(script), *map(_module, code_modules(script))]
    tops = {name.partition(".")[0] for source in sources for name in source.imports}
    return tops - {PACKAGE.name} - sys.stdlib_module_names


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _relative(path: Path) -> str:
    return path.relative_to(PACKAGE.parent).as_posix()


@cache
def _packaged_files() -> list[Path]:
    """Return the files of this package that hold no Python."""
    found = sorted(PACKAGE.rglob("*"))
    return [path for path in found if path.suffix not in {".py", ".pyc"} and path.is_file()]


@cache
def _path(module: str) -> Path:
    """Return the file of a module of this package."""
    base = PACKAGE.parent.joinpath(*module.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


@cache
def _exists(module: str) -> bool:
    return _path(module).is_file()


def _modules(names: Iterable[str]) -> Iterator[str]:
    """Yield the kdlib modules that imported names stand for; a package stands for its ``__init__``."""
    for name in names:
        parts = name.split(".")
        if parts[0] == PACKAGE.name:
            prefixes = (".".join(parts[:n]) for n in range(1, len(parts) + 1))
            yield from (prefix for prefix in prefixes if _exists(prefix))


@dataclass(frozen=True)
class Source:
    """What counts of a Python file.

    Attributes:
        digest: Of its syntax tree, without docstrings and places.
        imports: All that it imports when it runs, with what it takes from a module as if below it.
        strings: Its string constants.
    """

    digest: str
    imports: tuple[str, ...]
    strings: frozenset[str]


@cache
def _module(name: str) -> Source:
    return read_source(_path(name).read_text())


@cache
def _script(path: Path) -> Source:
    return read_source(path.read_text())


def read_source(text: str) -> Source:
    """Return what counts of a Python file.

    Args:
        text: Python.
    """
    walk = _Walk()
    walk.over(ast.parse(text), runs=True)
    return Source(_digest("\0".join(walk.words).encode()), tuple(walk.imports), frozenset(walk.strings))


class _Walk:
    """One walk over a syntax tree for all that counts: every start of Snakemake reads all files of kdlib."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.imports: list[str] = []
        self.strings: set[str] = set()

    def over(self, value: object, runs: bool) -> None:
        """Note a node, a list of nodes or a plain value; of what never runs, imports do not count."""
        if isinstance(value, ast.AST):
            self.words.append(type(value).__name__)
            if runs and isinstance(value, ast.Import | ast.ImportFrom):
                self.imports += _imported_names(value)
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                self.strings.add(value.value)
            body_runs = runs and not _checks_types(value)
            for field in value._fields:
                if field == "body":
                    self.over(_body(value), body_runs)
                elif field != "ctx":  # load or store: the place tells
                    self.over(getattr(value, field, None), runs)
        elif isinstance(value, list):
            self.words.append("[")
            for item in value:
                self.over(item, runs)
            self.words.append("]")
        else:
            self.words.append(repr(value))


def _imported_names(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """Yield what a statement imports, with what it takes from a module as if below it."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif node.module and not node.level:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _checks_types(node: ast.AST) -> bool:
    """Return whether it is ``if TYPE_CHECKING:``, whose body never runs."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _body(node: ast.AST) -> object:
    """Return the body of a node, without its docstring."""
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and (
        ast.get_docstring(node, clean=False) is not None
    ):
        return node.body[1:]
    return getattr(node, "body", None)
