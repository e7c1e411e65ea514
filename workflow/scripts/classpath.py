"""Compile a source once, beside the jars that it needs."""

from pathlib import Path
from typing import Any

from kdlib.execution.classpath import build_class_path, refuse_class_path
from kdlib.execution.compiler import project_compiler
from kdlib.execution.sandbox import find_sandbox
from kdlib.files import DataError, read_json
from kdlib.java.compiler import find_jdk
from kdlib.jobs import recorded


def main(job: Any) -> None:
    """Run the rule."""
    found = read_json(Path(job.input.jars))
    folder = Path(job.output.folder)
    if "reason" in found:
        refuse_class_path(folder, f"no jars: {found['reason']}")
        return
    jars = [Path(path).absolute() for path in found["jars"]]
    try:
        sandbox = find_sandbox(job.params.unsafe)
    except DataError as error:
        refuse_class_path(folder, f"{error}; then delete {folder} and run again")
        return
    with project_compiler(find_jdk(), Path(job.params.cache), sandbox) as compiler:
        build_class_path(compiler, Path(job.params.root), jars, folder)


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
