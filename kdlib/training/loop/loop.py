"""One training run that can be resumed at any moment: from rows and an objective to its last checkpoint."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.files import needs_room
from kdlib.models.memory import memory_told
from kdlib.tracking.mlflow_run import LiveRun
from kdlib.training.loop.arguments import arguments, be_deterministic
from kdlib.training.loop.checkpoints import adopt, check_fits, is_last, last_checkpoint
from kdlib.training.loop.data import TrainingData
from kdlib.training.loop.job import TrainingRun
from kdlib.training.loop.record_writer import StepRecords

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, TrainingArguments

    from kdlib.config import Training
    from kdlib.training.loop.objective import Objective


def fit(
    run: TrainingRun, model: PreTrainedModel | PeftModel, data: TrainingData, objective: Objective
) -> None:
    """Train until the last checkpoint and the records are in the run's folder.

    Args:
        run: Settings and places.
        model: Initialised model; it is trained in place.
        data: What it learns from.
        objective: Loss terms.

    Raises:
        DataError: If a checkpoint does not fit the model, memory or disk are too small, or this machine
            cannot compute in the precision.
    """
    from kdlib.training.loop.trainer import LossTrainer

    args = arguments(run.training, run.folder)
    _prepare(model, args, run.training, run.job.threads)
    first = args.process_index == 0  # of several processes only the first writes records
    checkpoint = _checkpoint(run, model, args)
    resumed = int(checkpoint.name.partition("-")[2]) if checkpoint else 0
    live = LiveRun(run.job.tracking if first else None, run.name, run.key, run.params, resumed)
    records = StepRecords(run.folder, objective.components.names(), live, run.config_keys())
    if first:
        records.open(resumed)
    if checkpoint is None and run.training.copy_steps:
        _teach_to_copy(model, run.training)
    if checkpoint is None or not is_last(checkpoint):
        trainer = LossTrainer(model, args, data, objective, run.training, run.plan, records)
        with closing(records), memory_told(), needs_room(run.folder):
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        if objective.gold_embeddings is not None:
            print(f"gold embeddings from the cache: {objective.gold_embeddings.hit_rate():.1%}", flush=True)
    live.close()


def _checkpoint(run: TrainingRun, model: PreTrainedModel | PeftModel, args: TrainingArguments) -> Path | None:
    """Return the checkpoint to continue from, if there is one; it fits the model."""
    folder = run.folder
    with args.main_process_first(local=False):
        folder.mkdir(parents=True, exist_ok=True)
        checkpoint = last_checkpoint(folder)
        if checkpoint is None and run.job.resume_from is not None:
            checkpoint = adopt(run.job.resume_from, folder)
    if checkpoint is not None:
        check_fits(checkpoint, model)
    return checkpoint


def _teach_to_copy(model: PreTrainedModel | PeftModel, training: Training) -> None:
    from kdlib.models.copying import learn_to_copy

    copying = learn_to_copy(model, training.copy_steps, training.seed)
    print(f"copying warm-up: {training.copy_steps} steps, {copying:.3f} nats/token", flush=True)


def _prepare(
    model: PreTrainedModel | PeftModel, args: TrainingArguments, training: Training, threads: int
) -> None:
    """Set what this process computes with: threads, seeds, dropout, and algorithms of equal bytes."""
    import torch
    from transformers import set_seed
    from transformers.utils.logging import disable_progress_bar

    from kdlib.training.loop.dropout import with_word_dropout

    if args.device.type == "cpu":
        with_word_dropout(model)
    disable_progress_bar()  # one for every checkpoint
    torch.set_num_threads(threads)
    be_deterministic(training.deterministic)
    set_seed(training.seed)
