"""Class files of single sources, to compare what a mutant compiles to with the original."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from kdlib.execution.harness import build_harness, compiler_command
from kdlib.execution.jvm import Ended, Jvm
from kdlib.execution.sandbox import ENVIRONMENT
from kdlib.java.compiler import Jdk, SourceFile

_SECONDS = 60.0
_LONGEST = 64 << 20


def class_files(
    jdk: Jdk, cache: Path, files: Iterable[tuple[tuple[Path, ...], SourceFile]]
) -> Iterator[dict[str, bytes] | None]:
    """Yield of each file, compiled against its class path, binary name: class file, or None with an error.

    Nothing that is compiled is run.

    Args:
        jdk: The compiler.
        cache: Folder of the compiled harness.
        files: Class path and file.
    """
    command = compiler_command(jdk, build_harness(jdk, cache))
    with tempfile.TemporaryDirectory(prefix="kdlib-mutants-") as folder:
        jvm: Jvm | None = None
        try:
            for path, file in files:
                jvm = jvm or Jvm(command, ENVIRONMENT, Path(folder))
                request = {
                    "classPath": [str(part) for part in path],
                    "files": [{"name": file.name, "content": file.content.decode(errors="replace")}],
                    "statement": None,
                }
                answer = jvm.ask(request, _SECONDS, _LONGEST)
                if isinstance(answer, Ended):
                    jvm.end()
                    jvm = None
                    yield None
                elif answer["error"]:
                    yield None
                else:
                    yield {name: base64.b64decode(code) for name, code in answer["classes"].items()}
        finally:
            if jvm is not None:
                jvm.end()
