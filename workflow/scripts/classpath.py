"""Compile a source once, beside the jars that it needs."""

from pathlib import Path
from typing import Any

from kdlib.execution.classpath import build_class_path, refuse_class_path
from kdlib.files import read_json
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
    build_class_path(find_jdk(), Path(job.params.root), jars, folder)


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
