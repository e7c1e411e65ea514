"""Test classes: which methods of theirs are tests, and which class they test."""

from __future__ import annotations

import re

from kdlib.corpus.mining.project import Project, ProjectFile, ProjectType, distance
from kdlib.java.methods import Method

_AFFIXES = re.compile(r"^Tests?(?=[A-Z])|(?<=\w)(TestCase|Tests?|ITCase|IT)$")
_BASES = re.compile(r"^(Abstract|Base)(?=[A-Z])")
_CAMEL = re.compile(r"[A-Z]?[^A-Z]+|[A-Z]+(?=[A-Z]|$)")
_MOST_WORDS = 100  # of a test's name, with which a class may begin


def tests_of(project: Project, file: ProjectFile) -> list[tuple[ProjectType, Method]]:
    """Return the test methods of a file with their classes, in source order."""
    tests = [
        (kind, method)
        for kind in project.types_of(file)
        for method in kind.declaration.methods
        if project.is_test(kind, method)
    ]
    return sorted(tests, key=lambda test: test[1].start)


def class_under_test(project: Project, test: ProjectType) -> ProjectType | None:
    """Return the class whose name the name of a test class holds, or None.

    ``FooTest``, ``FooTests``, ``FooTestCase``, ``FooIT`` and ``TestFoo`` test ``Foo``, of their package if it
    has one. ``FooBarTest`` tests ``Foo`` where the package has no ``FooBar``, and ``AbstractFooTest`` and
    ``BaseFooTest`` test ``Foo`` where it has nothing of the longer name.
    """
    name = test.simple()
    names = (_AFFIXES.sub("", each, count=1) for each in dict.fromkeys((name, _BASES.sub("", name))))
    found = (_named(project, each, test) for each in names)
    return next((kind for kind in found if kind), None)


def _named(project: Project, name: str, test: ProjectType) -> ProjectType | None:
    words = _CAMEL.findall(name)
    package = test.file.unit.package
    for kept in range(min(len(words), _MOST_WORDS), 0, -1):
        candidates = [
            kind
            for kind in project.by_simple.get("".join(words[:kept]), ())
            if kind.file is not test.file and kind.declaration.name == kind.simple()
            if kept == len(words) or kind.file.unit.package == package
        ]
        if candidates:
            return min(
                candidates, key=lambda kind: (kind.file.unit.package != package, *distance(kind, test.file))
            )
    return None
