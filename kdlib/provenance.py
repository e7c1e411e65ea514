"""What a rule's result depends on besides its input: a digest of the code that it runs.

Snakemake sees neither an edit in an imported module nor in a data file, so every rule carries this digest
in its ``params``. It is computed on syntax trees without docstrings: a comment or a reformat changes nothing.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
# Configuration acts through the values that a rule carries in its params, never through its code.
LEFT_OUT = ("kdlib.config",)


def code_digest(script: Path) -> str:
    """Return the digest of a script, the kdlib modules that it can import and the data files these name.

    Args:
        script: A Python file; imports inside functions count, and so do imports of imports.
    """
    sha = hashlib.sha256(_dump(script.read_text()).encode())
    modules = code_modules(script)
    for name in modules:
        sha.update(f"\0{name}\0{_module_dump(name)}".encode())
    for path in data_files(modules):
        sha.update(f"\0{path.relative_to(PACKAGE).as_posix()}\0".encode() + path.read_bytes())
    return sha.hexdigest()[:16]


def code_modules(script: Path) -> list[str]:
    """Return the names of the kdlib modules that a script can import, transitively, sorted."""
    found: set[str] = set()
    queue = list(_imports(ast.parse(script.read_text())))
    while queue:
        name = queue.pop()
        if name in found or name.startswith(LEFT_OUT):
            continue
        found.add(name)
        queue += _module_imports(name)
    return sorted(found)


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


def _path(module: str) -> Path:
    """Return the file of a module of this package."""
    base = PACKAGE.parent.joinpath(*module.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


def _exists(module: str) -> bool:
    return _path(module).is_file()


def _imports(tree: ast.Module) -> Iterator[str]:
    """Yield the kdlib modules named by a tree's imports; a package stands for its ``__init__``."""
    for node in _running(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == PACKAGE.name:
                prefixes = (".".join(parts[:n]) for n in range(1, len(parts) + 1))
                yield from (prefix for prefix in prefixes if _exists(prefix))


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
def _module_dump(module: str) -> str:
    return _dump(_path(module).read_text())


@cache
def _module_imports(module: str) -> tuple[str, ...]:
    return tuple(_imports(ast.parse(_path(module).read_text())))


@cache
def _strings(module: str) -> frozenset[str]:
    """Return all string constants of a module."""
    tree = ast.parse(_path(module).read_text())
    return frozenset(
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
