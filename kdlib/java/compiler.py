"""The JDK, and its compiler on files of our own; nothing compiled is run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from kdlib.files import DataError

HARNESS = Path(__file__).parent / "harness"
_OLDEST = 17
_ENGLISH = "-Duser.language=en"
_SECONDS = 300.0
# Of every process of Java: the user's locale would decide how names of files are read.
JAVA_ENVIRONMENT = {"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}


class Jdk(NamedTuple):
    """A Java development kit."""

    java: Path
    javac: Path
    version: str


class SourceFile(NamedTuple):
    """A file to compile.

    Attributes:
        name: File name without ``.java``, which a public class in it must have.
        content: Bytes in UTF-8.
    """

    name: str
    content: bytes


def find_jdk() -> Jdk:
    """Return the JDK whose javac is on the PATH.

    Raises:
        DataError: If there is none, or one too old for the compile harness.
    """
    javac = shutil.which("javac")
    if javac is None:
        raise DataError("no JDK: javac is not on the PATH; install default-jdk-headless")
    # A JRE of another version may come first on the PATH: take the java beside this javac.
    home = Path(javac).resolve()
    try:
        done = subprocess.run(
            [home, "-version"],
            env=JAVA_ENVIRONMENT,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise DataError(f"no JDK: {home} -version has not ended within {_SECONDS:g} s") from None
    found = re.search(r"^javac (?:1\.)?(\d+)\S*", done.stdout + done.stderr, re.MULTILINE)
    if not found or int(found[1]) < _OLDEST:
        said = found[0] if found else f"status {done.returncode} of {home} -version"
        raise DataError(f"no JDK of Java {_OLDEST} or later, but {said}; install default-jdk-headless")
    return Jdk(home.with_name("java"), home, found[0].removeprefix("javac "))


def compile_files(jdk: Jdk, files: Sequence[Path], jars: Sequence[Path], classes: Path) -> str | None:
    """Compile files of our own together, as a project, into a folder of classes.

    There is no sandbox: what others wrote is for ``kdlib.execution.compiler``.

    Args:
        jdk: The compiler.
        files: Java files in UTF-8.
        jars: Class path.
        classes: Folder to write.

    Returns:
        javac's first error, or None if all compile.
    """
    classes.mkdir(parents=True, exist_ok=True)
    options = [f"-J{_ENGLISH}", "-proc:none", "-nowarn", "-implicit:none", "-encoding", "UTF-8"]
    # An empty class path would be the working directory. Without a path of their own, plugins of the class
    # path would be started.
    joined = os.pathsep.join(map(str, [*jars, classes]))
    places = ["-processorpath", "", "-cp", joined, "-d", str(classes)]
    command = [str(jdk.javac), *options, *places, *map(os.path.abspath, files)]
    try:
        done = subprocess.run(
            command,
            env=JAVA_ENVIRONMENT,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"javac has not ended within {_SECONDS:g} s"
    if not done.returncode:
        return None
    lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    said = lines[0] if lines else "without a message"
    return next(
        (line for line in lines if "error: " in line), f"javac ended with status {done.returncode}: {said}"
    )
