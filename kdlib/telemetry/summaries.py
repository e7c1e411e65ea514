"""Files about a finished run, made from its CSV records: equal records give equal files, clocks aside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from kdlib.files import atomic, write_json
from kdlib.telemetry.epoch_stats import Epoch, component_summary, epochs_of
from kdlib.telemetry.step_csv import Step, Validation, history, read_steps, read_validations
from kdlib.telemetry.tensorboard import write_board
from kdlib.telemetry.warnings import HealthWarning, Watch, warnings_of


def write_summaries(
    steps: Path, epochs: Path, out: Path, name: str, params: Mapping[str, Any], watch: Watch
) -> list[HealthWarning]:
    """Write the summaries of epochs and of components, ``distillation_log.txt`` and ``tensorboard/``.

    Args:
        steps: ``step_metrics.csv``.
        epochs: ``training_metrics.csv``.
        out: Folder of the results.
        name: Name of the run, e.g. ``students/trident``.
        params: Settings to show.
        watch: A new watch, which finds the warnings.

    Returns:
        The warnings.
    """
    validations = read_validations(epochs)
    found = list(epochs_of(read_steps(steps)))
    warnings = warnings_of(history(read_steps(steps), validations), watch)
    with atomic(out / "epochs") as partial:
        for epoch in found:
            inside = [asdict(w) for w in warnings if epoch.first.number <= w.step <= epoch.last.number]
            summary = {**epoch.summary(validations), "warnings": inside}
            write_json(partial / f"epoch_{epoch.number}_summary.json", summary)
    write_json(out / "multi_component_loss_summary.json", component_summary(found))
    with atomic(out / "distillation_log.txt") as partial:
        lines = log_lines(name, params, found, validations, warnings, watch)
        partial.write_text("\n".join(lines) + "\n")
    with atomic(out / "tensorboard") as partial:
        write_board(partial, history(read_steps(steps), validations))
    return warnings


def log_lines(
    name: str,
    params: Mapping[str, Any],
    epochs: Sequence[Epoch],
    validations: Sequence[Validation],
    warnings: Sequence[HealthWarning],
    watch: Watch,
) -> Iterator[str]:
    """Yield the lines of ``distillation_log.txt``; clock times stand only in brackets at the start of a line.

    Args:
        name: Name of the run, e.g. ``students/trident``.
        params: Settings to show.
        epochs: Epochs of the run.
        validations: Validations of the run.
        warnings: Warnings of the run.
        watch: Watch with the planned numbers of epochs and steps.
    """
    yield f"{_clock(epochs[0].first)} {name}"
    yield ""
    yield yaml.safe_dump(_without_none(params), sort_keys=False).rstrip()
    yield ""
    for epoch in epochs:
        planned = watch.keys.training.epochs
        yield f"{_clock(epoch.last)} {epoch.line(planned, watch.planned, validations)}"
        yield "    " + "  ".join(_state(epoch))
        for warning in warnings:
            if epoch.first.number <= warning.step <= epoch.last.number:
                yield f"    warning: {warning.text()}"
    best = min(validations, key=lambda validation: validation.nll)
    last = epochs[-1].last
    yield ""
    early = f", of {watch.planned} planned" if last.number < watch.planned else ""
    result = f"best validation {best.nll:.4f} nats/token at step {best.step}"
    yield f"{_clock(last)} {last.number} steps{early}; {result}"
    yield f"warnings: {len(warnings)}"


def _without_none(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings without those that are None, at any depth."""
    return {
        name: _without_none(value) if isinstance(value, Mapping) else value
        for name, value in settings.items()
        if value is not None
    }


def _state(epoch: Epoch) -> Iterator[str]:
    """Yield what changes from epoch to epoch, beside the losses."""
    last = epoch.last
    yield f"learning rate {last.learning_rate:.3g}  T {last.temperature:.3g}  alpha {last.alpha:.3g}"
    yield f"gradient {epoch.norms.get('total', float('nan')):.3g}, at most {epoch.largest:.3g}"
    yield "weights " + ", ".join(f"{name} {weight:.3g}" for name, weight in last.weights.items())
    if epoch.shares:
        yield "of the gradient " + ", ".join(f"{name} {share:.0%}" for name, share in epoch.shares.items())


def _clock(step: Step) -> str:
    when = datetime.fromtimestamp(step.time, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"[{when} UTC, {timedelta(seconds=round(step.seconds))}]"
