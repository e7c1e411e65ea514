"""Run the first predictions of all models in their tests, and on mutants."""

from pathlib import Path
from typing import Any

from kdlib.config import Execution
from kdlib.evaluation.execution.run import execute
from kdlib.jobs import recorded


def main(job: Any) -> None:
    """Run the rule."""
    predicted = [Path(path).parent for path in job.input.predictions]
    execute(
        models={f"{folder.parent.name}/{folder.name}": folder for folder in predicted},
        examples=Path(job.input.examples),
        test=Path(job.input.rows),
        class_paths={name: Path(path).absolute() for name, path in job.params.class_paths.items()},
        settings=Execution.model_validate(job.params.execution),
        cache=Path(job.params.cache).absolute(),
        out=Path(job.output.execution),
    )


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
