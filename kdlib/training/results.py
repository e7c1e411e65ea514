"""What a training leaves: its best and its final model, the records and a report."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdlib.files import atomic, write_json
from kdlib.telemetry.step_csv import EPOCHS, STEPS
from kdlib.telemetry.summaries import write_summaries
from kdlib.telemetry.warnings import Watch
from kdlib.training.loop.checkpoints import last_checkpoint, read_state

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from kdlib.telemetry.health import Keys
    from kdlib.training.loop.loop import Job
    from kdlib.training.loop.plan import Plan


def write_results(
    folder: Path,
    job: Job,
    params: dict[str, Any],
    opened: Callable[[Path], PreTrainedModel],
    references: dict[str, int] | None,
    keys: Keys,
    plan: Plan,
    coverage: Sequence[float],
) -> None:
    """Write the models, the records, their summaries and ``training_report.json``.

    Args:
        folder: Checkpoints and records of the training.
        job: Places and names.
        params: Settings to show in the report.
        opened: Reads the plain model from a checkpoint.
        references: Counts of the teacher's answers among the rows; None without any.
        keys: What the warnings name.
        plan: Tells how many steps warm up.
        coverage: Share of all rows that were drawn up to the end of each epoch.
    """
    checkpoint = last_checkpoint(folder)
    if checkpoint is None:
        raise RuntimeError(f"{folder}: training ended without a checkpoint")
    state = read_state(checkpoint)
    best = checkpoint.with_name(f"checkpoint-{state['best_global_step']}")
    parameters = _write_models({"best_model": best, "final_model": checkpoint}, job.out, opened)
    for name in (STEPS, EPOCHS):
        with atomic(job.out / name) as partial:
            shutil.copyfile(folder / name, partial)
    watch = Watch(keys, state["max_steps"], plan.warmup(state["max_steps"]))
    warnings = write_summaries(folder / STEPS, folder / EPOCHS, job.out, job.name, params, watch)
    epochs = round(state["epoch"])
    history = [entry["eval_nll"] for entry in state["log_history"] if "eval_nll" in entry]
    write_json(
        job.out / "training_report.json",
        {
            "name": job.name,
            "key": job.key,
            "parameters": parameters,
            "steps": state["global_step"],
            "planned_steps": state["max_steps"],
            "epochs": epochs,
            "coverage": coverage[:epochs],
            "best_step": state["best_global_step"],
            "best_validation_nll": state["best_metric"],
            "validation_nll": history,
            "warnings": [asdict(warning) for warning in warnings],
            "params": params,
            **({} if references is None else {"references": references}),
        },
    )
    print(
        f"results of {job.name}: {job.out} (best step {state['best_global_step']} with "
        f"{state['best_metric']:.4f} nats/token; warnings: {len(warnings)}, see distillation_log.txt)",
        flush=True,
    )


def _write_models(sources: Mapping[str, Path], out: Path, opened: Callable[[Path], PreTrainedModel]) -> int:
    """Write checkpoints as plain models, and return how many parameters each of these has."""
    for name, source in sources.items():
        model = opened(source)
        with atomic(out / name) as partial:
            model.save_pretrained(str(partial))
    return sum(p.numel() for p in model.parameters())
