"""``kdlib extract``: a teacher's signals without the workflow, with the keys of ``signals`` as options."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from kdlib.cli.errors import told
from kdlib.cli.stages import Base, Dataset, Overlay, configured_section, dataset_folder, existing


def extract(
    out: Annotated[Path, typer.Option(help="Folder of the store; new, or one that the same command began.")],
    keys: Mapping[str, str],
    name: Annotated[str, typer.Argument(help="Entry of teachers whose model of the run is asked.")] = "base",
    overlay: Overlay = None,
    base: Base = Path("config/config.yaml"),
    dataset: Dataset = None,
    teacher_model: Annotated[
        Path | None, typer.Option(help="Folder of the teacher's model; the run's if left out.")
    ] = None,
) -> None:
    """Store one teacher's signals on train and validation without the workflow.

    The section signals gives every setting that no option sets; options are its keys and take YAML.
    Run again, it goes on with the shards that are missing. OUT/manifest.json is what kdlib distill takes as
    --signals-manifest.

    Example:
    kdlib extract base --out stores/int8 --codec '{kind: hidden, precision: int8}'
    """
    from kdlib.provenance import code_digest
    from kdlib.signals import whole
    from kdlib.signals.extract import ExtractionJob

    config = configured_section("signals", keys, [base, *(overlay or [])])
    data = dataset_folder(dataset, config)
    model = teacher_model or Path("results") / config.run / "teachers" / name / "best_model"
    existing(model / "model.safetensors", "--teacher-model")
    with told():
        job = ExtractionJob(
            teacher=model,
            tokenizer=data / "tokenizer",
            signals=config.signals,
            max_tokens=config.dataset.max_target_tokens,
            threads=config.threads,
            code=code_digest(Path(whole.__file__)),
        )
        manifest = whole.extract_store(job, data / "train.parquet", data / "validation.parquet", out)
    print(f"{manifest}: look into it with kdlib signals inspect {out}")
