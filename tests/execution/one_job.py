"""One JUnit 4 test in a process of its own.

``python -m tests.execution.one_job SANDBOX FOLDER BODY UMASK USER JAR...`` prints the status and the message
of the test, or why there is no such sandbox. The class path lies in FOLDER and is written, as all else is,
with the umask and by the user.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from kdlib.execution.compiler import project_compiler
from kdlib.execution.jobs import ExecutionLimits
from kdlib.execution.pool import run
from kdlib.execution.sandbox import why_not
from kdlib.java.compiler import find_jdk
from tests.execution.conftest import LIBRARY, job4


def main(sandbox: str, place: str, body: str, umask: str, user: str, *jars: str) -> None:
    """Compile the library, then compile and run the test."""
    os.umask(int(umask, 8))
    if int(user) != os.geteuid():
        os.chown(place, int(user), int(user))
        os.setgroups([])
        os.setresgid(*[int(user)] * 3)
        os.setresuid(*[int(user)] * 3)
    os.chdir(place)
    if sandbox != "unsafe" and (reason := why_not(sandbox)):
        print("none", reason)
        return
    folder = Path(place)
    (folder / "source").mkdir()
    (folder / "source/Counter.java").write_text(LIBRARY)
    path = [folder / Path(jar).name for jar in jars]
    for jar, copy in zip(jars, path, strict=True):
        shutil.copyfile(jar, copy)
    with project_compiler(find_jdk(), Path("cache"), sandbox) as compiler:
        left_out = compiler.compile_most(
            [folder / "source/Counter.java"], folder / "source", path, folder / "classes"
        )
    assert not left_out, left_out
    job = job4("One", body, (*path, folder / "classes"))
    for result in run([job], ExecutionLimits(seconds=300), 1, Path("cache"), sandbox):
        print(result.status, result.message)


if __name__ == "__main__":
    main(*sys.argv[1:])
