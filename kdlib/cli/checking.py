"""One assertion in one test of any project: the stages of a run, for a single row."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from kdlib.config import Execution, Filters, PathSource
from kdlib.corpus.mining.mining import mine_source
from kdlib.evaluation.execution.run import run_predictions
from kdlib.execution.classpath import build_class_path
from kdlib.execution.compiler import project_compiler
from kdlib.execution.sandbox import find_sandbox
from kdlib.files import DataError, read_examples, sha256, write_examples
from kdlib.java.compiler import find_jdk
from kdlib.records import Example, Occurrence, digest
from kdlib.results.measurements import Unmeasured
from kdlib.results.verdicts import verdict


def check_assertion(
    test: Path,
    line: int,
    assertion: str,
    project: Path,
    jars: Sequence[Path],
    settings: Execution,
    cache: Path,
) -> dict[str, Any]:
    """Run an assertion in place of the one that stands at a line of a test.

    Args:
        test: Java file of the project.
        line: Line of the assertion that is there now, from 1.
        assertion: One Java statement.
        project: Folder with the project's main and test sources.
        jars: What the project is compiled with, JUnit among them.
        settings: Limits and mutants.
        cache: Folder for class paths and results.

    Returns:
        ``assertion``, the one that stands there, and its ``reference`` entry; ``candidate``, the entry of the
        other (as in ``run_predictions``), and its ``verdict`` in words.

    Raises:
        DataError: If no assertion stands there, its test cannot be run, or the project cannot be read.
    """
    root = project.resolve()
    executions = cache / "executions"
    with tempfile.TemporaryDirectory(prefix="kdlib-check-") as folder:
        place = Path(folder)
        example = _example_at(test, line, root, place)
        (where,) = example.occurrences
        name = digest([str(root), where.version, find_jdk().version, *map(sha256, jars)])[:16]
        class_path = cache / "classpaths" / f"check-{name}"
        if not class_path.exists():
            _build(root, jars, settings, executions, class_path)
        examples = place / "examples.parquet"
        write_examples(examples, [example])
        built = {"project": class_path.absolute()}
        texts = {"candidate": [assertion]}
        found = run_predictions([example.id], texts, examples, built, settings, executions)
    if isinstance(found, Unmeasured):
        raise DataError(f"{test}:{line}: {found.reason}")
    candidate = found.models["candidate"][example.id]
    return {
        "assertion": example.references[0],
        "verdict": verdict(candidate),
        "reference": asdict(found.reference[example.id]),
        "candidate": asdict(candidate),
    }


def _build(root: Path, jars: Sequence[Path], settings: Execution, executions: Path, class_path: Path) -> None:
    """Compile a project into a class path."""
    sandbox = find_sandbox(settings.unsafe)
    with project_compiler(find_jdk(), executions, sandbox) as compiler:
        build_class_path(compiler, root, [jar.absolute() for jar in jars], class_path)


def _example_at(test: Path, line: int, root: Path, folder: Path) -> Example:
    """Return the example whose assertion stands at a line, with that occurrence alone."""
    path = test.resolve()
    if not path.is_file():
        raise DataError(f"{test}: there is no such file")
    if not path.is_relative_to(root):
        raise DataError(f"{test} does not lie in the project {root}; set --project to its folder")
    source = PathSource(kind="path", path=str(root), licence="unknown")
    mine_source("project", source, root, Filters(), folder / "mined.parquet", folder / "mined.json")
    content = path.read_bytes()
    known = []
    for example in read_examples(folder / "mined.parquet"):
        for where in example.occurrences:
            if where.path == path.relative_to(root).as_posix():
                first, last = _lines(content, where)
                if first <= line <= last:
                    return replace(example, occurrences=(where,))
                known.append(first)
    lines = ", ".join(map(str, sorted(set(known)))) or "none"
    raise DataError(f"{test}:{line}: no assertion of a test stands there; lines with one: {lines}")


def _lines(content: bytes, where: Occurrence) -> tuple[int, int]:
    """Return the first and last line of an assertion."""
    first = content.count(b"\n", 0, where.start_byte) + 1
    return first, first + content.count(b"\n", where.start_byte, where.end_byte)
