"""javac for code that nobody has read: a warm JVM that sees a class path and the files, and nothing else."""

from __future__ import annotations

import base64
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from kdlib.execution.harness import build_harness, compiler_command
from kdlib.execution.jobs import ExecutionLimits
from kdlib.execution.jvm import Ended, Jvm
from kdlib.execution.sandbox import ENVIRONMENT, Sandbox, together
from kdlib.files import DataError
from kdlib.java.compiler import Jdk, SourceFile

_FILES_SECONDS = 60.0
_FILES_LIMITS = ExecutionLimits(seconds=_FILES_SECONDS, memory_mb=1024)
_PROJECT_SECONDS = 900.0
_PROJECT_LIMITS = ExecutionLimits(seconds=_PROJECT_SECONDS, memory_mb=2048)
_LONGEST_ANSWER = 256 << 20
# Each part of a class's name becomes a folder or a file.
_CLASS_NAME = re.compile(r"[^\x00-\x1f\x7f/\\.]+(\.[^\x00-\x1f\x7f/\\.]+)*")


class Compiled(NamedTuple):
    """What javac made of files.

    Attributes:
        classes: Binary name: class file in base64; empty with an error.
        error: The first error, empty if all compile.
        named: What the statement that was asked for names that could reach other jobs, empty if nothing.
    """

    classes: dict[str, str]
    error: str
    named: str


class Compiler:
    """A compiling JVM in the sandbox, which is replaced where another class path is asked for.

    Attributes:
        jdk: JDK whose compiler it is.
    """

    def __init__(
        self, jdk: Jdk, harness: Path, sandbox: Sandbox, folder: Path, limits: ExecutionLimits = _FILES_LIMITS
    ) -> None:
        """Start nothing yet.

        Args:
            jdk: JDK whose compiler it is.
            harness: Folder of the harness' classes.
            sandbox: Sandbox of the JVM.
            folder: Temporary folder outside the sandbox.
            limits: Time of each call, memory of the JVM.
        """
        self.jdk = jdk
        self._harness = harness
        self._sandbox = sandbox
        self._folder = folder
        self._limits = limits
        self._jvm: Jvm | None = None
        self._reads: tuple[Path, ...] = ()
        self._stopped = False

    def end(self) -> None:
        """End the JVM, from whatever thread, and start no other."""
        self._stopped = True
        self._drop()

    def compile(
        self,
        classpath: Sequence[Path],
        files: Sequence[SourceFile],
        statement: tuple[int, int] | None = None,
    ) -> Compiled:
        """Return the class files, or the first error.

        Args:
            classpath: Jars and folders of classes.
            files: Sources that are compiled together and shadow the class path.
            statement: Bytes of the first file, from and to, of which it is asked what they name.
        """
        request = {
            "classPath": [str(path) for path in classpath],
            "files": [
                {"name": file.name, "content": file.content.decode(errors="replace")} for file in files
            ],
            "paths": [],
            "release": "",
            "statement": statement and [_characters(files[0].content[:at]) for at in statement],
        }
        answer = self._answer(tuple(classpath), request)
        if isinstance(answer, Ended):
            return Compiled({}, self._failure(answer), "")
        return Compiled(answer["classes"], answer["error"], answer["named"])

    def compile_most(
        self,
        files: Sequence[Path],
        folder: Path,
        jars: Sequence[Path],
        classes: Path,
        release: int | None = None,
    ) -> dict[Path, str]:
        """Compile files together into a folder of classes, without those that keep the others from it.

        Files with errors are left out, and then those that need them, until the rest compiles.

        Args:
            files: Java files in UTF-8.
            folder: Absolute folder above all of them.
            jars: Class path.
            classes: Folder to write.
            release: Version of Java whose language and library are used, e.g. 8, if not the JDK's own.

        Returns:
            File: its first error, of each that was left out.

        Raises:
            DataError: If a class has a name that cannot be that of a file.
        """
        left_out: dict[Path, str] = {}
        rest = list(files)
        classes.mkdir(parents=True, exist_ok=True)
        # A sandbox keeps the folder that it was started with, whatever has its name now.
        self._drop()
        while rest:
            answer = self._compiled(rest, folder, jars, release)
            if isinstance(answer, Ended):
                return left_out | dict.fromkeys(rest, self._failure(answer))
            if not answer["error"]:
                _write(answer["classes"], classes)
                break
            found = _named(answer, rest)
            if not found and len(rest) > 1:
                found = self._too_hard(rest, folder, jars, release)
            left_out |= found or dict.fromkeys(rest, answer["error"])
            rest = [file for file in rest if file not in left_out]
        return left_out

    def _too_hard(
        self, files: Sequence[Path], folder: Path, jars: Sequence[Path], release: int | None
    ) -> dict[Path, str]:
        """Return the files at which javac gives up without naming one, as where they are too deep."""
        found: dict[Path, str] = {}
        for file in files:
            answer = self._compiled([file], folder, jars, release)
            if isinstance(answer, Ended):
                found[file] = self._failure(answer)
            elif answer["error"] and not _named(answer, [file]):
                found[file] = answer["error"]
        return found

    def _compiled(
        self, files: Sequence[Path], folder: Path, jars: Sequence[Path], release: int | None
    ) -> dict[str, Any] | Ended:
        request = {
            "classPath": [str(jar) for jar in jars],
            "files": [],
            "paths": [str(file) for file in files],
            "release": str(release or ""),
            "statement": None,
        }
        return self._answer((*jars, folder), request)

    def _answer(self, reads: tuple[Path, ...], request: Mapping[str, Any]) -> dict[str, Any] | Ended:
        fresh = self._jvm is None or self._reads != reads
        if fresh:
            self._start(reads)
        jvm = self._jvm
        if jvm is None:  # another thread has ended it
            raise CancelledError
        answer = jvm.ask(request, self._limits.seconds, _LONGEST_ANSWER)
        if not isinstance(answer, Ended) and not _well_formed(answer):
            answer = Ended(False, "its answer has another form")
        if isinstance(answer, Ended):
            self._drop()
            if not answer.late and not fresh:
                # What earlier files took of its memory and processor time may have ended it.
                return self._answer(reads, request)
        return answer

    def _start(self, reads: tuple[Path, ...]) -> None:
        self._drop()
        if self._stopped:
            raise CancelledError
        command = compiler_command(self.jdk, self._harness, reads, self._limits, self._sandbox, self._folder)
        self._jvm = Jvm(command, ENVIRONMENT, self._folder, together(self._limits))
        self._reads = reads

    def _drop(self) -> None:
        jvm, self._jvm = self._jvm, None
        if jvm is not None:
            jvm.end()

    def _failure(self, ended: Ended) -> str:
        late = f"not compiled within {self._limits.seconds:g} s"
        return late if ended.late else f"javac failed: {ended.reason}"


@contextmanager
def project_compiler(jdk: Jdk, cache: Path, sandbox: Sandbox) -> Iterator[Compiler]:
    """Yield a compiler with time and memory for whole projects.

    Args:
        jdk: JDK whose compiler it is.
        cache: Folder of the compiled harness.
        sandbox: Sandbox of the JVM.
    """
    with tempfile.TemporaryDirectory(prefix="kdlib-compiler-") as folder:
        compiler = Compiler(jdk, build_harness(jdk, cache), sandbox, Path(folder), _PROJECT_LIMITS)
        try:
            yield compiler
        finally:
            compiler.end()


def _named(answer: Mapping[str, Any], files: Sequence[Path]) -> dict[Path, str]:
    """Return the errors of an answer that are about these files."""
    errors = {Path(path): error for path, error in answer["errors"].items()}
    return {file: errors[file] for file in files if file in errors}


def _well_formed(answer: object) -> bool:
    """Return whether an answer is one of the harness, since something else could have written it."""
    if not isinstance(answer, dict) or not all(
        isinstance(answer.get(key), str) for key in ("error", "named")
    ):
        return False
    errors, classes = answer.get("errors"), answer.get("classes")
    if not isinstance(errors, dict) or not isinstance(classes, dict):
        return False
    return all(isinstance(value, str) for value in errors.values()) and all(map(_is_base64, classes.values()))


def _is_base64(code: object) -> bool:
    try:
        return isinstance(code, str) and bool(base64.b64decode(code, validate=True))
    except ValueError:
        return False


def _write(classes: Mapping[str, str], folder: Path) -> None:
    """Write class files below a folder, by their binary names."""
    for name, code in classes.items():
        if not _CLASS_NAME.fullmatch(name):
            raise DataError(f"{name!r}: a class of this name is no file; rename or remove it")
        path = folder.joinpath(*name.split(".")).with_name(f"{name.rpartition('.')[2]}.class")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(code))


def _characters(content: bytes) -> int:
    """Return how many characters Java counts in bytes of UTF-8."""
    return len(content.decode(errors="replace").encode("utf-16-le", "surrogatepass")) // 2
