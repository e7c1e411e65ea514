"""The arguments of the transformers Trainer, and what a process sets before it computes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.config import Training
from kdlib.models.load import computing_device, dtype_of

if TYPE_CHECKING:
    import torch
    from transformers import TrainingArguments


def processes() -> int:
    """Return the number of processes that train one model together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def be_deterministic(wanted: bool) -> None:
    """Restrict torch to deterministic algorithms, or allow the fastest ones; on a CPU these are the same.

    Args:
        wanted: Whether only deterministic algorithms are allowed.
    """
    import torch

    if wanted:
        # cuBLAS reads it when it starts, and is deterministic with workspaces of a fixed size only.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(wanted)
    # Filling new memory costs time, and is needed only by kernels that read uninitialised memory.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.deterministic = wanted


def arguments(training: Training, folder: Path) -> TrainingArguments:
    """Return the trainer's arguments; learning rate, validation and logs are not left to it.

    Args:
        training: Optimiser settings.
        folder: Folder of the checkpoints.

    Raises:
        DataError: If this machine cannot compute in the precision.
    """
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
