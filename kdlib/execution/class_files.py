"""Class files of single sources, to compare what a mutant compiles to with the original."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from kdlib.execution.compiler import Compiler
from kdlib.execution.harness import build_harness
from kdlib.execution.sandbox import Sandbox
from kdlib.java.compiler import Jdk, SourceFile


def class_files(
    jdk: Jdk,
    cache: Path,
    sandbox: Sandbox,
    files: Sequence[tuple[tuple[Path, ...], SourceFile]],
    workers: int = 1,
) -> list[dict[str, bytes] | None]:
    """Return of each file, compiled against its class path, binary name: class file, or None with an error.

    Nothing that is compiled is run.

    Args:
        jdk: The compiler.
        cache: Folder of the compiled harness.
        sandbox: Sandbox of the compilers.
        files: Class path and file.
        workers: Compilers at a time.
    """
    made: list[dict[str, bytes] | None] = [None] * len(files)
    # A compiler sees one class path: those of the same stand together.
    order = sorted(range(len(files)), key=lambda index: files[index][0])
    share = max(1, -(-len(order) // workers))
    shares = [order[first : first + share] for first in range(0, len(order), share)]
    harness = build_harness(jdk, cache)
    with (
        tempfile.TemporaryDirectory(prefix="kdlib-mutants-") as folder,
        ThreadPoolExecutor(workers) as threads,
        ExitStack() as compilers,
    ):

        def compile_share(share: Sequence[int]) -> None:
            compiler = Compiler(jdk, harness, sandbox, Path(tempfile.mkdtemp(dir=folder)))
            compilers.callback(compiler.end)
            for index in share:
                path, file = files[index]
                compiled = compiler.compile(path, [file])
                if not compiled.error:
                    made[index] = {name: base64.b64decode(code) for name, code in compiled.classes.items()}

        list(threads.map(compile_share, shares))
    return made
