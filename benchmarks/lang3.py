"""Candidates for the tests of commons-lang3, a large library with large files of tests."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

from kdlib.config import DebianSource, Execution, Filters, read_config
from kdlib.corpus.mining.mining import mine_source
from kdlib.execution.classpath import build_class_path, read_class_path
from kdlib.execution.compiler import project_compiler
from kdlib.execution.jobs import ExecutionJob
from kdlib.execution.placement import NotExecutableError, target_of
from kdlib.execution.sandbox import find_sandbox
from kdlib.files import read_examples
from kdlib.java.compiler import find_jdk
from kdlib.records import Example
from kdlib.sources.debian import fetch_libraries
from kdlib.sources.fetch import fetch
from kdlib.sources.layout import maven_libraries

CONFIG = Path(__file__).resolve().parents[1] / "config"
FOLDER = Path("cache/benchmarks/commons-lang3").absolute()
_NAME = "commons-lang3"


def candidates(number: int) -> list[ExecutionJob]:
    """Return jobs, each a test with another assertion of its file in place of one of its own.

    Args:
        number: How many, in random order, the same each time.
    """
    _build()
    class_path = read_class_path(FOLDER / "classes")
    files: dict[str, list[Example]] = defaultdict(list)
    for example in read_examples(FOLDER / "examples.parquet"):
        files[example.occurrences[0].path].append(example)
    dice = random.Random(0)
    pairs = [(one, dice.choice(own)) for own in files.values() for one in own]
    dice.shuffle(pairs)
    jobs: list[ExecutionJob] = []
    for one, other in pairs:
        try:
            target = target_of(one.occurrences[0], class_path)
        except NotExecutableError:
            continue
        placed = target.place.with_statement(other.references[0])
        jobs.append(
            ExecutionJob(
                str(len(jobs)),
                (placed.file,),
                target.test_class,
                target.method,
                target.edition.path,
                target.framework,
                target.project,
                statement=placed.statement,
                control=(target.place.original(),),
            )
        )
        if len(jobs) == number:
            break
    return jobs


def _build() -> None:
    """Fetch, mine and compile the library once, as the rules do."""
    if (FOLDER / "classes").is_dir():
        return
    source = read_config([CONFIG / "config.yaml", CONFIG / "debian.yaml"]).corpus.sources[_NAME]
    assert isinstance(source, DebianSource)
    FOLDER.mkdir(parents=True, exist_ok=True)
    archive = FOLDER / "source.tar"
    fetch(source, archive)
    mine_source(_NAME, source, archive, Filters(), FOLDER / "examples.parquet", FOLDER / "mined.json", 1)
    fetch_libraries(Execution().packages, maven_libraries(archive), source.package, FOLDER / "jars")
    jars = sorted((FOLDER / "jars").glob("*.jar"))
    with project_compiler(find_jdk(), FOLDER / "cache", find_sandbox()) as compiler:
        build_class_path(compiler, archive, jars, FOLDER / "classes")
