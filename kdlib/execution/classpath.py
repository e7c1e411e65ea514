"""Class paths: a source compiled once, as far as it compiles, beside the jars that it needs."""

from __future__ import annotations

import os
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kdlib.execution.compiler import Compiler
from kdlib.execution.readable import open_to_others
from kdlib.files import DataError, atomic, read_json, write_json
from kdlib.java.classfile import ClassHeader, read_class
from kdlib.sources.archives import is_java
from kdlib.sources.java_files import JavaFile, java_files
from kdlib.sources.layout import editions, is_read_by_tests, resource_folders, source_roots

LISTING = "classpath.json"
_FILES = "files"
# Newer libraries make some old calls ambiguous: a source that loses many files is tried as old Java.
_MANY = 0.05
_OLD_JAVA = 8
_ANONYMOUS = re.compile(r"\$\d")  # or local
_MOST_BYTES = 8 << 20  # of a file that tests may read


@dataclass(frozen=True, slots=True)
class Edition:
    """A library and its tests, of which a source may hold several (guava's for Android).

    Attributes:
        classes: Folder of its compiled classes.
        path: The class path to run its tests: classes, files beside them, jars.
        runners: Abstract class: a class that can be run in its place, by binary names.
        headers: Binary name: header, of every class that was compiled.
    """

    classes: Path
    path: tuple[Path, ...]
    runners: Mapping[str, str]
    headers: Mapping[str, ClassHeader]


@dataclass(frozen=True, slots=True)
class ClassPath:
    """What the tests of a source are compiled against and run with.

    Attributes:
        files: Folder with the source's files by their paths, those in Java and those that tests read.
        editions: Compiled editions of the source.
        edition_of: Path of a Java file: which edition holds its classes.
        left_out: Path of a Java file: why it is in none.
        reason: Why nothing was compiled; empty if something was.
    """

    files: Path
    editions: tuple[Edition, ...]
    edition_of: Mapping[str, int]
    left_out: Mapping[str, str]
    reason: str = ""


def refuse_class_path(folder: Path, reason: str) -> None:
    """Write a class path without classes that states the reason; the tests of its source are then not run."""
    with atomic(folder) as partial:
        partial.mkdir()
        write_json(partial / LISTING, {"reason": reason})


def build_class_path(compiler: Compiler, source_root: Path, jars: Sequence[Path], folder: Path) -> None:
    """Compile a source once; what does not compile is left out and listed with its error.

    Where a file of the library is left out, its class in a jar, which Debian built, stands in.

    Args:
        compiler: A compiler of whole projects.
        source_root: Folder or archive of the source.
        jars: Libraries.
        folder: Folder to write: ``classpath.json`` ``{"javac", "jars": [path from the folder], "editions":
            [{"roots": [source root]}], "edition_of": {path: index}, "left_out": {path: error}}``, ``files/``
            and the classes of each edition in ``0/``, ``1/``, …

    Raises:
        DataError: If the source cannot be read.
    """
    with atomic(folder) as partial:
        partial.mkdir()
        read = java_files(source_root, is_read_by_tests)
        files = [
            file for file in read if len(file.content) <= _MOST_BYTES and _is_written(file, partial / _FILES)
        ]
        roots = source_roots(file for file in files if is_java(file.path))
        edition_of: dict[str, int] = {}
        left_out: dict[str, str] = {}
        found = editions(roots)
        for index, chosen in enumerate(found):
            new = [file for root in chosen for file in roots[root] if file.path not in edition_of]
            shared = [file for root in chosen for file in roots[root] if file.path in edition_of]
            errors = _compile(compiler, [*new, *shared], jars, partial, str(index))
            edition_of |= {file.path: index for file in new if file.path not in errors}
            left_out |= errors
        write_json(
            partial / LISTING,
            {
                "javac": compiler.jdk.version,
                # A project that is moved or copied takes its jars along.
                "jars": [os.path.relpath(jar, folder) for jar in jars],
                "editions": [{"roots": chosen} for chosen in found],
                "edition_of": edition_of,
                "left_out": {path: why for path, why in left_out.items() if path not in edition_of},
            },
        )
        # The sandbox reads it as another user.
        open_to_others(partial)


def _is_written(file: JavaFile, folder: Path) -> bool:
    """Write a file below a folder, unless an archive has its path for a folder as well."""
    path = folder / file.path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    except (FileExistsError, IsADirectoryError, NotADirectoryError):
        return False
    return True


def _compile(
    compiler: Compiler, files: Sequence[JavaFile], jars: Sequence[Path], folder: Path, name: str
) -> dict[str, str]:
    """Compile files of a folder into a folder of classes; return why some are left out."""
    place = folder.absolute() / _FILES
    paths = {place / file.path: file.path for file in files}
    with tempfile.TemporaryDirectory(prefix=".classes-", dir=folder) as temporary:
        classes = Path(temporary, "classes")
        errors = compiler.compile_most(list(paths), place, jars, classes)
        if len(errors) > _MANY * len(files):
            older = Path(temporary, "older")
            others = compiler.compile_most(list(paths), place, jars, older, release=_OLD_JAVA)
            if len(others) < len(errors):
                classes = older
                errors = others
        classes.rename(folder / name)
    return {paths[path]: error for path, error in errors.items()}


def read_class_path(folder: Path) -> ClassPath:
    """Read what ``build_class_path`` or ``refuse_class_path`` wrote.

    Raises:
        DataError: If its classes cannot be read.
    """
    found = read_json(folder / LISTING)
    if "reason" in found:
        return ClassPath(folder / _FILES, (), {}, {}, found["reason"])
    jars = tuple(Path(os.path.abspath(folder / jar)) for jar in found["jars"])
    editions = tuple(
        _edition(folder, index, entry["roots"], jars) for index, entry in enumerate(found["editions"])
    )
    return ClassPath(folder / _FILES, editions, found["edition_of"], found["left_out"])


def static_methods(path: Sequence[Path], classes: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return class: the names of its public static methods, of those classes that the jars of a path hold.

    Args:
        path: A class path; folders are not looked into.
        classes: Names of top-level classes.
    """
    entries = {f"{name.replace('.', '/')}.class": name for name in classes}
    found: dict[str, frozenset[str]] = {}
    for jar in path:
        if jar.suffix == ".jar" and jar.is_file():
            with zipfile.ZipFile(jar) as packed:
                for entry in entries.keys() & set(packed.namelist()):
                    header = read_class(packed.read(entry))
                    names = frozenset(
                        method.name for method in header.methods if method.public and method.static
                    )
                    found.setdefault(entries[entry], names)
    return found


def _edition(folder: Path, index: int, roots: Sequence[str], jars: tuple[Path, ...]) -> Edition:
    classes = folder / str(index)
    headers = {header.name: header for header in _headers(classes)}
    found = (path for root in roots for path in resource_folders(folder / _FILES, root))
    resources = tuple(dict.fromkeys(found))
    return Edition(classes, (classes, *resources, *jars), _runners(headers), headers)


def _headers(classes: Path) -> Iterator[ClassHeader]:
    for path in sorted(classes.rglob("*.class")):
        try:
            yield read_class(path.read_bytes())
        except DataError as error:
            raise DataError(f"{path}: {error}") from None


def _runners(headers: Mapping[str, ClassHeader]) -> dict[str, str]:
    """Return of each abstract class the first concrete class below it, the nearest first."""
    below: dict[str, list[str]] = {}
    for header in headers.values():
        below.setdefault(header.superclass, []).append(header.name)
    runners = {}
    for header in headers.values():
        level = below.get(header.name, []) if header.abstract else []
        while level:
            concrete = sorted(
                name for name in level if not headers[name].abstract and not _ANONYMOUS.search(name)
            )
            if concrete:
                runners[header.name] = concrete[0]
                break
            level = [inner for name in level for inner in below.get(name, ())]
    return runners
