"""The layout of a Java project: source roots, editions, modules, tests and resources.

It is read from paths and package declarations, without the project's build tool.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from pathlib import Path, PurePosixPath

from kdlib.sources.archives import is_java
from kdlib.sources.java_files import JavaFile, java_files

# module-info.java names modules that are no jars here, package-info.java holds no class.
_NO_CLASSES = ("module-info.java", "package-info.java")
# GWT's stand-ins for classes of the JDK and of the library; no JVM is to see them.
_EMULATION = "/super"
_PACKAGE = re.compile(rb"^\s*package\s+([\w.]+)\s*;", re.MULTILINE)
_DEPENDENCY = re.compile(rb"<dependency>.*?</dependency>", re.DOTALL)
_ARTIFACT = re.compile(rb"<artifactId>\s*([A-Za-z0-9.-]+)\s*</artifactId>")
_TEST_FRAMEWORKS = (b"org.junit", b"junit.framework", b"org.testng")
# src/test, src/integrationTest, and test folders of projects that do not follow Maven.
_TEST_FOLDER = re.compile(r"(^|/)(tests?|src/\w*[tT]est\w*)/")


def is_test_path(path: str) -> bool:
    """Return whether a file lies among tests, by its path inside the source."""
    return "src/main/" not in path and bool(_TEST_FOLDER.search(path))


def is_read_by_tests(path: str) -> bool:
    """Return whether tests may need a file: Java, and what lies in ``src`` or a folder of tests."""
    return is_java(path) or "/src/" in f"/{path}" or "/test" in f"/{path}"


def module_of(path: str) -> str:
    """Return the folder of the Maven module that a test file belongs to; empty for that of the source."""
    before, found, _ = f"/{path}".rpartition("/src/test/")
    return before.lstrip("/") if found else ""


def resource_folders(files: Path, root: str) -> list[Path]:
    """Return the folders whose files belong on the class path of a source root: Maven's, and the root.

    Args:
        files: Folder with the files of the source.
        root: A source root, as a path inside the source.
    """
    places = (PurePosixPath(root).parent / "resources", PurePosixPath(root))
    return [files / place for place in places if (files / place).is_dir()]


def steps_between(path: str, other: str) -> int:
    """Return the number of steps up and down from one path inside a source to another."""
    here = path.split("/")
    there = other.split("/")
    shared = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(here, there, strict=False))))
    return len(here) + len(there) - 2 * shared


def source_roots(files: Iterable[JavaFile]) -> dict[str, list[JavaFile]]:
    """Return the files with classes by their source root: the folder in which their package begins."""
    roots = defaultdict(list)
    for file in files:
        folder, _, name = file.path.rpartition("/")
        if name not in _NO_CLASSES:
            roots[_root(folder, _package_folder(file.content))].append(file)
    return {root: members for root, members in roots.items() if not root.endswith(_EMULATION)}


def editions(roots: Mapping[str, Sequence[JavaFile]]) -> list[list[str]]:
    """Return the sets of roots to compile together, in each no class twice, every root with tests in one.

    A source may hold a library twice, say for Android: each edition goes with the roots nearest to it.

    Args:
        roots: Files by source root.

    Returns:
        Sets of roots, each in the order in which their classes count.
    """
    classes = {root: {file.path[len(root) :] for file in files} for root, files in roots.items()}
    tested = sorted(root for root, files in roots.items() if any(_holds_tests(file) for file in files))
    found: list[list[str]] = []
    for seed in tested or sorted(roots):
        if any(seed in edition for edition in found):
            continue
        edition = [seed]
        taken = set(classes[seed])
        for root in sorted(roots, key=lambda root: (steps_between(root, seed), root)):
            if root != seed and not taken & classes[root]:
                edition.append(root)
                taken |= classes[root]
        found.append(edition)
    return found


def maven_libraries(source_root: Path) -> list[str]:
    """Return the Debian packages that should hold the dependencies in a source's Maven files.

    Debian calls the package of an artifact ``x`` mostly ``libx-java``; not all of the names need exist.

    Args:
        source_root: Folder or archive of the source.
    """
    builds = java_files(source_root, lambda name: name.endswith("pom.xml"))
    blocks = (block for file in builds for block in _DEPENDENCY.findall(file.content))
    found = (match for block in blocks for match in _ARTIFACT.findall(block))
    return sorted({f"lib{name.decode().lower()}-java" for name in found})


def _package_folder(content: bytes) -> str:
    match = _PACKAGE.search(content)
    return match[1].decode().replace(".", "/") if match else ""


def _root(folder: str, package: str) -> str:
    """Return a folder without the folders of its package; the folder itself if it does not end in them."""
    if not package:
        return folder
    return folder[: -len(package)].rstrip("/") if f"/{folder}".endswith(f"/{package}") else folder


def _holds_tests(file: JavaFile) -> bool:
    return any(mark in file.content for mark in _TEST_FRAMEWORKS)
