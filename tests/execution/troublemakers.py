"""Candidates that could bend the results of others, those that could be bent, and what is right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

from kdlib.execution.jobs import ExecutionJob
from kdlib.java.compiler import SourceFile

# The code under test may do what a candidate may not name.
PROJECT = Path(__file__).parent / "troubled"
# Methods of the project that leave something behind.
_LEAVES = (
    "factory locale zone laterLocale laterZone laterProperty timer pool extraction representation manager "
    "redirects authenticator proxies cookies provider beans hook silence handler"
)
_HEAD = (
    "package p; import org.junit.*; import static org.junit.Assert.*; import java.util.*; import java.io.*; "
    "import static org.assertj.core.api.Assertions.assertThat; "
)


class Candidate(NamedTuple):
    """A job and its right status."""

    job: ExecutionJob
    status: str


def candidates(classpath: tuple[Path, ...], copies: int) -> list[Candidate]:
    """Return the troublemakers once, and those whose results they could change several times.

    Args:
        classpath: JUnit 4, AssertJ and the compiled project.
        copies: Number of tests for each victim.
    """
    said = yaml.safe_load((PROJECT / "candidates.yaml").read_text())
    found = [
        _candidate(f"Leaves_{name}", f"assertEquals(1, Trouble.{name}());", "passed", classpath)
        for name in _LEAVES.split()
    ]
    for status, hostile in said["hostile"].items():
        found += [_candidate(f"Hostile{name}", text, status, classpath) for name, text in hostile.items()]
    for status, victims in said["victims"].items():
        found += [
            _candidate(f"Victim{name}{number}", text, status, classpath)
            for name, text in victims.items()
            for number in range(copies)
        ]
    return found


def _candidate(name: str, statement: str, status: str, classpath: Sequence[Path]) -> Candidate:
    before = f"{_HEAD}public class {name} {{ @Test public void t() throws Exception {{ "
    after = " } }"
    file = SourceFile(f"p/{name}", f"{before}{statement}{after}".encode())
    control = SourceFile(f"p/{name}", f"{before}assertEquals(10, Trouble.limit());{after}".encode())
    span = len(before.encode()), len(f"{before}{statement}".encode())
    job = ExecutionJob(
        name, (file,), f"p.{name}", "t", tuple(classpath), "junit4", statement=span, control=(control,)
    )
    return Candidate(job, status)
