"""Compile the first predictions of all models in their test files."""

from pathlib import Path
from typing import Any

from kdlib.corpus.sources import java_paths
from kdlib.evaluation.compilation import Folder, compile_rates
from kdlib.jobs import logged


def main(job: Any) -> None:  # noqa: ANN401  (Snakemake's job object)
    """Run the rule."""
    predicted = [Path(path).parent for path in job.input.predictions]
    roots = {name: Path(root) for name, root in job.params.folders.items()}
    compile_rates(
        models={f"{folder.parent.name}/{folder.name}": folder for folder in predicted},
        examples=Path(job.input.examples),
        test=Path(job.input.test),
        folders={name: Folder(root, java_paths(root)) for name, root in roots.items()},
        jars=Path(job.input.jars) if job.input.jars else None,
        out=Path(job.output.compilation),
    )


if __name__ == "__main__":
    with logged(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
