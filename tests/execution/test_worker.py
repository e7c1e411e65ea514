"""No candidate changes the result of another or forges its own, in whatever order they come."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from kdlib.execution import worker
from kdlib.execution.jobs import ExecutionJob
from kdlib.execution.runner import Runner
from kdlib.execution.sandbox import find_sandbox
from kdlib.java.compiler import SourceFile
from kdlib.sources.debian import fetch_jars
from tests.execution.conftest import HEAD5, JUNIT5, chosen, results
from tests.execution.troublemakers import candidates


def test_whatever_comes_before_it_each_candidate_has_its_own_result(troubled, tmp_path):
    """In one order; make drill tries ten, with one worker and with two."""
    chosen = candidates(troubled, copies=1)
    random.Random(1).shuffle(chosen)
    found = results([each.job for each in chosen], tmp_path, find_sandbox())
    wrong = [
        f"not {each.status}: {found[each.job.id]}"
        for each in chosen
        if found[each.job.id].status != each.status
    ]
    assert not wrong, "\n".join(wrong)


def test_a_test_that_needs_its_surroundings_does_not_pass(troubled, tmp_path):
    """The second JVM has another locale, time zone and hashes."""
    (each,) = (each for each in candidates(troubled, 1) if each.job.id == "VictimHalf0")
    bodies = {
        "Language": 'assertEquals("en", Locale.getDefault().getLanguage());',
        "Zone": 'assertEquals("UTC", TimeZone.getDefault().getID());',
        "Fine": 'assertEquals("0.5", Trouble.half());',
    }
    content = each.job.files[0].content.decode()
    jobs = []
    for name, body in bodies.items():
        text = content.replace('assertEquals("0.5", Trouble.half());', body)
        file = SourceFile(each.job.files[0].name, text.encode())
        start = each.job.statement[0]
        jobs.append(replace(each.job, id=name, files=(file,), statement=(start, start + len(body))))
    found = results(jobs, tmp_path, find_sandbox(), workers=1)
    assert {name: result.status for name, result in found.items()} == {
        "Language": "failed",
        "Zone": "failed",
        "Fine": "passed",
    }
    assert found["Zone"].message.startswith("with another locale, time zone and other hashes: ")


# What each framework starts or remembers by itself is nothing that a test left.
QUIET = {
    "logs": 'Logger log = Logger.getLogger("p"); log.setLevel(Level.OFF); log.warning("no");',
    "mocks": "List<?> all = mock(List.class); when(all.size()).thenReturn(3); assertEquals(3, all.size());",
    "fluent": "assertThat(List.of(1, 2)).extracting(each -> each + 1).containsExactly(2, 3);",
    "plain": "assertEquals(10, Trouble.limit());",
}
IMPORTS = (
    "import java.util.*; import java.util.logging.*; import static org.mockito.Mockito.*; "
    "import static org.assertj.core.api.Assertions.assertThat;"
)


@pytest.mark.parametrize("framework", ["junit4", "junit5"])
def test_tests_that_leave_nothing_share_a_jvm(framework, jars, troubled, tmp_path, monkeypatch):
    """Each new JVM costs a hundred times what a test takes."""
    started = []

    class Counted(Runner):
        def __init__(self, *arguments):
            started.append(arguments)
            super().__init__(*arguments)

    monkeypatch.setattr(worker, "Runner", Counted)
    mockito = fetch_jars(["libmockito-java", "libbyte-buddy-java", "libobjenesis-java"], tmp_path / "jars")
    head = (
        HEAD5 if framework == "junit5" else "package p; import org.junit.*; import static org.junit.Assert.*;"
    )
    methods = (f"@Test public void {name}() {{ {body} }}" for name, body in QUIET.items())
    file = SourceFile("p/Quiet", f"{head} {IMPORTS} public class Quiet {{ {' '.join(methods)} }}".encode())
    classpath = (*troubled, *chosen(jars, JUNIT5), *mockito)
    jobs = [ExecutionJob(name, (file,), "p.Quiet", name, classpath, framework) for name in QUIET]
    found = results(jobs, tmp_path, find_sandbox(), workers=1)
    assert {name: result.status for name, result in found.items()} == dict.fromkeys(QUIET, "passed")
    assert len(started) == 2  # a pass is seen in two
