"""Class files of single sources, to compare what a mutant compiles to with the original."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Sequence
from pathlib import Path

from kdlib.execution.compiler import Compiler
from kdlib.execution.harness import build_harness
from kdlib.execution.sandbox import Sandbox
from kdlib.java.compiler import Jdk, SourceFile


def class_files(
    jdk: Jdk, cache: Path, sandbox: Sandbox, files: Sequence[tuple[tuple[Path, ...], SourceFile]]
) -> list[dict[str, bytes] | None]:
    """Return of each file, compiled against its class path, binary name: class file, or None with an error.

    Nothing that is compiled is run.

    Args:
        jdk: The compiler.
        cache: Folder of the compiled harness.
        sandbox: Sandbox of the compiler.
        files: Class path and file.
    """
    made: list[dict[str, bytes] | None] = [None] * len(files)
    with tempfile.TemporaryDirectory(prefix="kdlib-mutants-") as folder:
        compiler = Compiler(jdk, build_harness(jdk, cache), sandbox, Path(folder))
        try:
            # A compiler sees one class path: those of the same stand together.
            for index in sorted(range(len(files)), key=lambda index: files[index][0]):
                path, file = files[index]
                compiled = compiler.compile(path, [file])
                if not compiled.error:
                    made[index] = {name: base64.b64decode(code) for name, code in compiled.classes.items()}
        finally:
            compiler.end()
    return made
