"""The JDK's compiler on whole folders; nothing compiled is run."""

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
# Of every process of Java: the user's locale would decide how names of files are read.
JAVA_ENVIRONMENT = {"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
# Below the error stand its line, a mark and, if something is unknown, what.
_ERROR = re.compile(r"^(.+?\.java):\d+: error: (.*)$(?:\n.*\n +\^\n  symbol: +(.*)$)?", re.MULTILINE)


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
    done = subprocess.run([home, "-version"], capture_output=True, text=True, check=False)
    found = re.search(r"^javac (?:1\.)?(\d+)\S*", done.stdout + done.stderr, re.MULTILINE)
    if not found or int(found[1]) < _OLDEST:
        said = found[0] if found else f"status {done.returncode} of {home} -version"
        raise DataError(f"no JDK of Java {_OLDEST} or later, but {said}; install default-jdk-headless")
    return Jdk(home.with_name("java"), home, found[0].removeprefix("javac "))


def compile_files(jdk: Jdk, files: Sequence[Path], jars: Sequence[Path], classes: Path) -> str | None:
    """Compile files together, as a project, into a folder of classes.

    Args:
        jdk: The compiler.
        files: Java files in UTF-8.
        jars: Class path.
        classes: Folder to write; a file ``classes.files`` beside it lists the files for javac.

    Returns:
        javac's first error, or None if all compile.
    """
    done = _javac(jdk, files, jars, classes)
    if not done.returncode:
        return None
    lines = (done.stderr + done.stdout).splitlines()
    return next((line for line in lines if "error: " in line), f"javac ended with status {done.returncode}")


def compile_most(
    jdk: Jdk, files: Sequence[Path], jars: Sequence[Path], classes: Path, release: int | None = None
) -> dict[Path, str]:
    """Compile files together into a folder of classes, without those that keep the others from it.

    Files with errors are left out, and then those that need them, until the rest compiles.

    Args:
        jdk: The compiler.
        files: Java files in UTF-8.
        jars: Class path.
        classes: Folder to write.
        release: Version of Java whose language and library are used, e.g. 8, if not the JDK's own.

    Returns:
        File: its first error, of each that was left out.
    """
    left_out: dict[Path, str] = {}
    rest = list(files)
    # All errors of all files, not javac's first hundred, and of files beside broken ones too.
    options = ["-Xmaxerrs", "1000000", "--should-stop=ifError=FLOW"]
    options += ["--release", str(release)] if release else []
    while rest:
        done = _javac(jdk, rest, jars, classes, *options)
        if not done.returncode:
            break
        shutil.rmtree(classes)
        classes.mkdir()
        errors = _ERROR.findall(done.stderr)
        found = {Path(path): " ".join(f"{error} {what}".split()) for path, error, what in reversed(errors)}
        if not found.keys() & set(rest):
            said = next(iter(done.stderr.splitlines()), "no message")
            found = dict.fromkeys(rest, f"javac ended with status {done.returncode}: {said}")
        left_out |= found
        rest = [file for file in rest if file not in found]
    return left_out


def _javac(
    jdk: Jdk, files: Sequence[Path], jars: Sequence[Path], classes: Path, *more: str
) -> subprocess.CompletedProcess[str]:
    arguments = classes.with_suffix(".files")
    # A list of files would reach the system's limit for a command; javac reads quoted names from a file.
    arguments.write_text("".join(f"{_quoted(file)}\n" for file in files))
    classes.mkdir(parents=True, exist_ok=True)
    options = [f"-J{_ENGLISH}", "-proc:none", "-nowarn", "-implicit:none", "-encoding", "UTF-8", *more]
    # An empty class path would be the working directory.
    places = ["-cp", _joined([*jars, classes]), "-d", str(classes)]
    command = [str(jdk.javac), *options, *places, f"@{arguments}"]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)


def _joined(paths: Sequence[Path]) -> str:
    return os.pathsep.join(map(str, paths))


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
