"""One training run, resumable at any moment: from rows and an objective to the best model and its records."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdlib.config import Training
from kdlib.files import needs_room, sha256
from kdlib.models.load import computing_device, dtype_of, load
from kdlib.models.memory import memory_told
from kdlib.telemetry.health import Keys
from kdlib.training.loop.checkpoints import adopt, check_fits, discard, is_last, last_checkpoint, state_of
from kdlib.training.results import write_results

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel, TrainingArguments

    from kdlib.training.data import Lessons
    from kdlib.training.loop.objective import Objective
    from kdlib.training.loop.plan import Plan
    from kdlib.training.loop.record_writer import StepRecords
    from kdlib.training.loop.sampling import Subsets
    from kdlib.training.loop.trainer import LossTrainer


@dataclass(frozen=True)
class Job:
    """Where a training runs and what it is called.

    Attributes:
        name: E.g. ``students/trident``.
        key: ``job_key`` of all that determines the result.
        checkpoints: Folder that outlives a crash; it is emptied at the end.
        out: Folder of the results.
        threads: CPU threads; equal threads give equal bytes.
        tracking: JSON of the tracking stage, or None.
        resume_from: Checkpoint of another training to go on from, or None.
    """

    name: str
    key: str
    checkpoints: Path
    out: Path
    threads: int
    tracking: Path | None
    resume_from: Path | None = None

    def folder(self) -> Path:
        """Return the folder of this training's checkpoints and mapped rows; equal twins do not share one."""
        return self.checkpoints / f"{self.name.replace('/', '-')}-{self.key}"


def job_key(settings: dict[str, Any], inputs: Sequence[Path]) -> str:
    """Return a digest of settings and input files; checkpoints of another key are never resumed."""
    sha = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for path in inputs:
        sha.update(sha256(path).encode())
    return sha.hexdigest()[:16]


def further_files(training: Training, resume_from: Path | None) -> list[Path]:
    """Return the files beside a stage's inputs that determine its result.

    Args:
        training: Names the processes' configuration.
        resume_from: Checkpoint of another training to go on from.

    Raises:
        DataError: If there is no such checkpoint.
    """
    processes_of = [Path(training.accelerate)] if training.accelerate else []
    return [*processes_of, *([state_of(resume_from)] if resume_from else [])]


def fit(
    model: PreTrainedModel | PeftModel,
    vocabulary: Mapping[str, int],
    lessons: Lessons,
    objective: Objective,
    training: Training,
    plan: Plan,
    job: Job,
    params: dict[str, Any],
    opened: Callable[[Path], PreTrainedModel] = load,
) -> None:
    """Train, and write ``best_model``, ``final_model``, the CSV records and ``training_report.json``.

    Args:
        model: Initialised model; it is trained in place.
        vocabulary: The tokenizer's pieces and their ids.
        lessons: What it learns from.
        objective: Loss terms.
        training: Optimiser settings.
        plan: What changes with progress.
        job: Places and names.
        params: Settings to show in MLflow and in the report.
        opened: Reads the plain model from a checkpoint, which of an adapted one holds the adapter alone.

    Raises:
        DataError: If a checkpoint does not fit the model, memory or disk are too small, or this machine
            cannot compute in the precision.
    """
    from kdlib.tracking.mlflow_run import LiveRun
    from kdlib.training.loop.record_writer import StepRecords
    from kdlib.training.loop.sampling import Subsets

    folder, args = job.folder(), arguments(training, job.folder())
    _prepare(model, args, training, job.threads)
    first = args.process_index == 0  # of several processes only the first writes results
    checkpoint = _checkpoint(model, args, job)
    resumed = int(checkpoint.name.partition("-")[2]) if checkpoint else 0
    live = LiveRun(job.tracking if first else None, job.name, job.key, params, resumed)
    keys = Keys(job.name.replace("/", "."), training, plan.balance)
    records = StepRecords(folder, objective.components.names(), live, keys)
    if first:
        records.open(resumed)
    subsets = Subsets(training.epoch_samples or len(lessons.rows), training.sampling_seed)
    if checkpoint is None and training.copy_steps:
        _teach_to_copy(model, training)
    if checkpoint is None or not is_last(checkpoint):
        trainer = _trainer(model, args, vocabulary, lessons, objective, training, plan, records, subsets)
        with closing(records), memory_told(), needs_room(folder):
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        if objective.golds is not None:
            print(f"gold vectors from the cache: {objective.golds.hit_rate():.1%}", flush=True)
    live.close()
    args.distributed_state.wait_for_everyone()  # else one might look for checkpoints that the first discards
    if first:
        coverage = subsets.coverage(len(lessons.rows), training.epochs)
        write_results(folder, job, params, opened, lessons.references, keys, plan, coverage)
        discard(folder)
    args.distributed_state.wait_for_everyone()


def _checkpoint(model: PreTrainedModel | PeftModel, args: TrainingArguments, job: Job) -> Path | None:
    """Return the checkpoint to go on from, if there is one; it fits the model."""
    folder = job.folder()
    with args.main_process_first(local=False):
        folder.mkdir(parents=True, exist_ok=True)
        checkpoint = last_checkpoint(folder)
        if checkpoint is None and job.resume_from is not None:
            checkpoint = adopt(job.resume_from, folder)
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


def _trainer(
    model: PreTrainedModel | PeftModel,
    args: TrainingArguments,
    vocabulary: Mapping[str, int],
    lessons: Lessons,
    objective: Objective,
    training: Training,
    plan: Plan,
    records: StepRecords,
    subsets: Subsets,
) -> LossTrainer:
    """Return the trainer with all that it calls back."""
    from kdlib.training.loop.callbacks import CoverageLog, SaveEvery
    from kdlib.training.loop.renaming import renaming
    from kdlib.training.loop.trainer import LossTrainer

    rows = len(lessons.rows)
    trainer = LossTrainer(
        model=model,
        args=args,
        lessons=lessons,
        objective=objective,
        plan=plan,
        records=records,
        renaming=renaming(vocabulary, lessons.rows, training.renaming, training.seed),
        gradient_every=training.records.gradient_every,
        subsets=subsets if subsets.samples < rows else None,
    )
    trainer.add_callback(SaveEvery(training.save_steps))
    if subsets.samples < rows:
        trainer.add_callback(CoverageLog(subsets.coverage(rows, training.epochs), rows, records.live))
    return trainer


def processes() -> int:
    """Return how many processes a launcher started to train one model together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def be_deterministic(wanted: bool) -> None:
    """Let torch take deterministic algorithms only, or whichever are fastest; on a CPU these are the same."""
    import torch

    if wanted:
        # cuBLAS reads it when it starts, and is deterministic with workspaces of a fixed size only.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(wanted)
    # Else all memory is filled before it is written, which guards kernels that read what nobody wrote.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.deterministic = wanted


def arguments(training: Training, folder: Path) -> TrainingArguments:
    """Return the trainer's arguments; rate, validation and logs are ours."""
    import torch
    from transformers import TrainingArguments

    device = computing_device()
    computed_in = dtype_of(training.precision, device)
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=training.epochs,
        per_device_train_batch_size=training.batch_size,
        per_device_eval_batch_size=2 * training.batch_size,
        gradient_accumulation_steps=training.accumulation,
        learning_rate=training.learning_rate,
        weight_decay=training.weight_decay,
        max_grad_norm=training.clip,
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="eval_nll",
        greater_is_better=False,
        logging_steps=1,
        logging_nan_inf_filter=False,
        dataloader_num_workers=_workers(training.workers, device),
        remove_unused_columns=False,
        # Several processes need equally many whole batches; the rows left out differ from epoch to epoch.
        dataloader_drop_last=processes() > 1,
        # All are used, maps of hidden states outside of the forward pass, where a search would miss them.
        ddp_find_unused_parameters=False,
        dataloader_pin_memory=torch.cuda.is_available(),
        restore_callback_states_from_checkpoint=True,
        report_to=[],
        seed=training.seed,
        bf16=computed_in == torch.bfloat16,
        fp16=computed_in == torch.float16,
        activation_checkpointing=training.gradient_checkpointing,
        use_cpu=device.type == "cpu",  # else bf16 is refused without a GPU
        disable_tqdm=True,  # the bar is ours
    )


def _workers(wanted: int | None, device: torch.device) -> int:
    if wanted is not None:
        return wanted
    # On a CPU a worker would take a core from the model; a GPU outruns the reading of one process.
    return 2 if device.type == "cuda" else 0
