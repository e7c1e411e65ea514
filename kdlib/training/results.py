"""What a training leaves: its best and its final model, the records and a report."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdlib.files import atomic, write_json
from kdlib.telemetry.step_csv import EPOCHS, STEPS
from kdlib.telemetry.summaries import write_summaries
from kdlib.telemetry.warnings import Watch
from kdlib.training.loop.checkpoints import discard, last_checkpoint, read_state
from kdlib.training.loop.data import TrainingData
from kdlib.training.loop.job import TrainingRun

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def finish(run: TrainingRun, data: TrainingData, load_model: Callable[[Path], PreTrainedModel]) -> None:
    """Write the results of a training that ``fit`` has ended, and delete its checkpoints.

    Of several processes the first does it, when all have come here; the others wait for it.

    Args:
        run: Settings and places.
        data: What the model learnt from.
        load_model: Loads the plain model of a checkpoint, which may hold an adapter alone.
    """
    from accelerate import PartialState

    processes = PartialState()
    processes.wait_for_everyone()  # else one might look for checkpoints that the first discards
    if processes.is_main_process:
        write_results(run, data, load_model)
        discard(run.folder)
    processes.wait_for_everyone()


def write_results(
    run: TrainingRun, data: TrainingData, load_model: Callable[[Path], PreTrainedModel]
) -> None:
    """Write ``best_model``, ``final_model``, the CSV records, their summaries and ``training_report.json``.

    Args:
        run: Settings and places; its folder holds the checkpoints and records.
        data: What the model learnt from.
        load_model: Loads the plain model of a checkpoint.
    """
    folder = run.folder
    out = run.job.out
    checkpoint = last_checkpoint(folder)
    if checkpoint is None:
        raise RuntimeError(f"{folder}: training ended without a checkpoint")
    state = read_state(checkpoint)
    best = checkpoint.with_name(f"checkpoint-{state['best_global_step']}")
    parameters = _write_models({"best_model": best, "final_model": checkpoint}, out, load_model)
    for name in (STEPS, EPOCHS):
        with atomic(out / name) as partial:
            shutil.copyfile(folder / name, partial)
    watch = Watch(run.config_keys(), state["max_steps"], run.plan.warmup(state["max_steps"]))
    warnings = write_summaries(folder / STEPS, folder / EPOCHS, out, run.name, run.params, watch)
    report = {
        "name": run.name,
        "key": run.key,
        "parameters": parameters,
        **_progress(run, data, state),
        "warnings": [asdict(warning) for warning in warnings],
        "params": run.params,
        **({} if data.references is None else {"references": data.references}),
    }
    write_json(out / "training_report.json", report)
    print(
        f"results of {run.name}: {out} (best step {state['best_global_step']} with "
        f"{state['best_metric']:.4f} nats/token; warnings: {len(warnings)}, see distillation_log.txt)",
        flush=True,
    )


def _progress(run: TrainingRun, data: TrainingData, state: dict[str, Any]) -> dict[str, Any]:
    """Return the entries of the report on steps, epochs and validations.

    Args:
        run: Settings.
        data: Number of rows.
        state: The trainer's state at the last checkpoint.
    """
    from kdlib.training.loop.sampling import subsets_of

    epochs = round(state["epoch"])
    coverage = subsets_of(run.training, len(data.rows)).coverage(len(data.rows), run.training.epochs)
    return {
        "steps": state["global_step"],
        "planned_steps": state["max_steps"],
        "epochs": epochs,
        "coverage": coverage[:epochs],
        "best_step": state["best_global_step"],
        "best_validation_nll": state["best_metric"],
        "validation_nll": [entry["eval_nll"] for entry in state["log_history"] if "eval_nll" in entry],
    }


def _write_models(
    sources: Mapping[str, Path], out: Path, load_model: Callable[[Path], PreTrainedModel]
) -> int:
    """Write checkpoints as plain models, and return the number of parameters of each of these."""
    for name, source in sources.items():
        model = load_model(source)
        with atomic(out / name) as partial:
            model.save_pretrained(str(partial))
    return sum(p.numel() for p in model.parameters())
