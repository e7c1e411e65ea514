"""No candidate changes the result of another or forges its own, in whatever order they come."""

from __future__ import annotations

import random
from dataclasses import replace

from kdlib.execution.sandbox import find_sandbox
from kdlib.java.compiler import SourceFile
from tests.execution.conftest import results
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
