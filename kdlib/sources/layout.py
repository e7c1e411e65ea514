"""Which files of a source are compiled together: editions of one library in a source stay apart."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from pathlib import Path

from kdlib.sources.java_files import JavaFile, java_files

# module-info.java names modules that are no jars here, package-info.java holds no class.
_NO_CLASSES = ("module-info.java", "package-info.java")
# GWT's stand-ins for classes of the JDK and of the library; no JVM is to see them.
_EMULATION = "/super"
_PACKAGE = re.compile(rb"^\s*package\s+([\w.]+)\s*;", re.MULTILINE)
_DEPENDENCY = re.compile(rb"<dependency>.*?</dependency>", re.DOTALL)
_ARTIFACT = re.compile(rb"<artifactId>\s*([A-Za-z0-9.-]+)\s*</artifactId>")
_TESTS = (b"org.junit", b"junit.framework", b"org.testng")


def source_roots(files: Iterable[JavaFile]) -> dict[str, list[JavaFile]]:
    """Return the files with classes by their source root: the folder in which their package begins."""
    roots = defaultdict(list)
    for file in files:
        folder, _, name = file.path.rpartition("/")
        if name not in _NO_CLASSES:
            roots[_root(folder, _package_folder(file.content))].append(file)
    return {root: own for root, own in roots.items() if not root.endswith(_EMULATION)}


def layers(roots: Mapping[str, Sequence[JavaFile]]) -> list[list[str]]:
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
        if any(seed in layer for layer in found):
            continue
        layer, taken = [seed], set(classes[seed])
        for root in sorted(roots, key=lambda root: (_distance(root, seed), root)):
            if root != seed and not taken & classes[root]:
                layer.append(root)
                taken |= classes[root]
        found.append(layer)
    return found


def maven_libraries(source_root: Path) -> list[str]:
    """Return the Debian packages that a source's Maven files would be met by, if they have the usual names.

    Debian calls the package of an artifact ``x`` mostly ``libx-java``; some of these names are nobody's.

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
    """Return a folder without that of its package, or as it is if the two do not agree."""
    if not package:
        return folder
    return folder[: -len(package)].rstrip("/") if f"/{folder}".endswith(f"/{package}") else folder


def _holds_tests(file: JavaFile) -> bool:
    return any(mark in file.content for mark in _TESTS)


def _distance(one: str, other: str) -> int:
    """Return the steps from one folder to another."""
    here, there = one.split("/"), other.split("/")
    shared = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(here, there, strict=False))))
    return len(here) + len(there) - 2 * shared
