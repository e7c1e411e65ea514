"""The transformers Trainer with our loss: terms over valid positions, divided once per optimiser step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch.optim.lr_scheduler import LambdaLR
from transformers import EarlyStoppingCallback, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import ExportableState

from kdlib.losses.combine import combine
from kdlib.models.batch import IGNORE, Row, batches, collate
from kdlib.training.schedules import has_converged, learning_rate_factor

if TYPE_CHECKING:
    from transformers import PreTrainedModel, TrainerControl

    from kdlib.training.objective import Objective
    from kdlib.training.plan import Plan
    from kdlib.training.records import StepRecords
    from kdlib.training.renaming import Renaming


class Convergence(TrainerCallback, ExportableState):
    """Watches the mean cross entropy of every epoch; its state travels with the checkpoints.

    Attributes:
        converged: Whether an epoch improved it by less than the threshold; it then stays so.
    """

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self.converged = False
        self.previous: float | None = None
        self.total: float | None = None
        self.steps = 0

    def add(self, ce: float) -> None:
        """Add a micro-batch's share in the cross entropy of its optimiser step."""
        self.total = (self.total or 0.0) + ce

    def on_step_end(self, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Count a step (signature of transformers)."""
        self.steps += 1

    def on_epoch_end(self, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Compare the epoch's mean with the one before (signature of transformers)."""
        if self.total is None:  # the loss has no cross entropy
            return
        current = self.total / self.steps
        if self.previous is not None and has_converged(self.previous, current, self.threshold):
            self.converged = True
        self.previous, self.total, self.steps = current, None, 0

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        kept = ("converged", "previous", "total", "steps")
        return {
            "args": {"threshold": self.threshold},
            "attributes": {name: getattr(self, name) for name in kept},
        }


class LossTrainer(Trainer):
    """Trains on an ``Objective``; accumulation over micro-batches equals the full batch."""

    def __init__(
        self,
        model: PreTrainedModel,
        args: TrainingArguments,
        rows: Sequence[Row],
        validation: Sequence[Row],
        objective: Objective,
        plan: Plan,
        records: StepRecords,
        renaming: Renaming,
    ) -> None:
        self.rows = rows
        self.renaming = renaming
        self.validation = validation
        self.objective = objective
        self.plan = plan
        self.records = records
        super().__init__(
            model=model,
            args=args,
            train_dataset=[{"input_ids": row.source_ids, "index": i} for i, row in enumerate(rows)],
            eval_dataset=validation,  # must be there; evaluate() reads ``validation`` itself
            data_collator=self._collate,
            callbacks=[EarlyStoppingCallback(plan.patience), Convergence(plan.convergence)],
        )
        self.control: TrainerControl
        self.model_accepts_loss_kwargs = True  # so that positions are counted over the accumulated batch
        self._examples: int | torch.Tensor = 0

    @property
    def convergence(self) -> Convergence:
        """Return the watcher in use: resuming puts a restored one in place of the first."""
        return next(c for c in self.callback_handler.callbacks if isinstance(c, Convergence))

    def _collate(self, items: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        index = [item["index"] for item in items]
        epoch = self._epoch()
        drawn = [self.renaming.apply(self.rows[i], i, epoch) for i in index]
        tensors = collate(drawn, self.model.config.pad_token_id)
        return {**tensors, "index": torch.tensor(index)}

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: torch.device
    ) -> tuple[list[Any], torch.Tensor | int | None]:
        """Count examples beside positions: the two divisors of the loss terms."""
        samples, positions = super().get_batch_samples(epoch_iterator, num_batches, device)
        examples = torch.tensor(sum(len(batch["index"]) for batch in samples), device=device)
        self._examples = self.accelerator.gather(examples).sum()
        return samples, positions

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """Return the share of this micro-batch in the loss of the whole accumulated batch."""
        if return_outputs or num_items_in_batch is None:
            raise ValueError("compute_loss is for training steps; evaluate() measures by itself")
        labels = inputs["labels"]
        logits = self._logits(model, inputs)
        valid = labels != IGNORE
        temperature, alpha = self.plan.moment(self._epoch(), self.convergence.converged)
        weights = self.plan.weights(self.state.global_step / max(self.state.max_steps, 1), alpha)
        combined = combine(
            self.objective.terms(
                logits[valid],
                labels[valid],
                valid.nonzero()[:, 0],
                [self.rows[i] for i in inputs["index"].tolist()],
                temperature,
            ),
            weights,
            {"position": num_items_in_batch, "example": self._examples},
            self.objective.scale(),
        )
        if "ce" in combined.raw:
            self.convergence.add(float(combined.raw["ce"]))
        self.records.micro_batch(combined, weights, temperature, alpha)
        return combined.total * self.accelerator.num_processes  # processes average their gradients

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:  # noqa: ANN401  (signature of transformers)
        """Return the validation loss in nats per token: a ratio of sums, not a mean of means."""
        nll, tokens = 0.0, 0
        self.model.eval()
        with torch.no_grad():
            for rows in batches(self.validation, self.args.per_device_eval_batch_size):
                batch = {
                    name: tensor.to(self.args.device)
                    for name, tensor in collate(rows, self.model.config.pad_token_id).items()
                }
                logits, labels = self._logits(self.model, batch), batch["labels"]
                nll += float(
                    torch.nn.functional.cross_entropy(
                        logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORE, reduction="sum"
                    )
                )
                tokens += int((labels != IGNORE).sum())
        self.model.train()
        metrics = {"eval_nll": nll / tokens}
        self.records.epoch(self._epoch(), self.state.global_step, metrics["eval_nll"])
        super().log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def create_scheduler(
        self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None
    ) -> torch.optim.lr_scheduler.LRScheduler:
        """Return linear warm-up and linear decay to the floor."""
        warmup = round(self.plan.warmup_ratio * num_training_steps)
        floor = self.plan.floor
        self.lr_scheduler = LambdaLR(
            optimizer or self.optimizer,
            lambda step: learning_rate_factor(step, num_training_steps, warmup, floor),
        )
        return self.lr_scheduler

    def log(self, logs: dict[str, float], *_: Any) -> None:  # noqa: ANN401
        """Close the record of a step; the trainer's own history would grow with every step."""
        if "grad_norm" in logs:
            self.records.step(
                self._epoch_of_log(), self.state.global_step, logs["learning_rate"], logs["grad_norm"]
            )

    def _logits(self, model: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return logits [rows, target, vocab] under teacher forcing."""
        prepare = self.accelerator.unwrap_model(model).prepare_decoder_input_ids_from_labels
        outputs = model(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            decoder_input_ids=prepare(batch["labels"]),
        )
        logits: torch.Tensor = outputs.logits
        return logits

    def _epoch(self) -> int:
        # state.epoch is exact at the borders: (step + 1) / steps of the last step is 1.0
        return int(self.state.epoch or 0)

    def _epoch_of_log(self) -> int:
        """Return the epoch that the step just done belongs to; ``state.epoch`` already counts that step."""
        steps = max(self.state.max_steps // self.plan.epochs, 1)
        return (self.state.global_step - 1) // steps
