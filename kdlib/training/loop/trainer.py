"""The transformers Trainer with our loss: terms over valid positions, divided once per optimiser step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from accelerate.utils import gather_object
from torch.optim.lr_scheduler import LambdaLR
from transformers import EarlyStoppingCallback, PrinterCallback, Trainer, TrainingArguments

from kdlib.config import Training
from kdlib.files import DataError
from kdlib.losses.base import Unit
from kdlib.losses.combine import Combined
from kdlib.losses.contrastive import distinct
from kdlib.losses.inputs import Batch, GoldEmbeddings
from kdlib.models.batch import IGNORE, by_length, collate, layout_of
from kdlib.models.forward import TargetOutput, target_nll, target_output
from kdlib.teacher_signal import Signal
from kdlib.training.loop.callbacks import Beginning, Convergence, CoverageLog, SaveEvery, Validations
from kdlib.training.loop.collate import Collator
from kdlib.training.loop.data import TrainingData
from kdlib.training.loop.gradients import PartNorms, component_norms
from kdlib.training.loop.objective import Objective
from kdlib.training.loop.plan import Plan
from kdlib.training.loop.record_writer import StepRecords
from kdlib.training.loop.renaming import renaming
from kdlib.training.loop.sampling import EpochSampler, batches_of_process, subsets_of
from kdlib.training.loop.schedules import learning_rate_factor
from kdlib.training.teacher.gold_embeddings import GoldEmbeddingCache
from kdlib.training.teacher.online import signal_of

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor
    from transformers import PreTrainedModel, TrainerControl


class LossTrainer(Trainer):
    """Trains on an ``Objective``; accumulation over micro-batches equals the full batch."""

    def __init__(
        self,
        model: PreTrainedModel,
        args: TrainingArguments,
        data: TrainingData,
        objective: Objective,
        training: Training,
        plan: Plan,
        records: StepRecords,
    ) -> None:
        """Prepare a training.

        Args:
            model: Initialised model; it is trained in place.
            args: The trainer's arguments.
            data: What the model learns from.
            objective: Loss terms.
            training: Optimiser settings.
            plan: Weights, temperature and learning rate as functions of progress.
            records: Receives the numbers of every step and validation.

        Raises:
            DataError: If gradients of components are asked for where no process has a whole one.
        """
        subsets = subsets_of(training, len(data.rows))
        self.subsets = subsets if subsets.samples < len(data.rows) else None
        self.gradient_every = training.records.gradient_every
        self.layout = layout_of(model.config)
        self.data = data
        self.validation_order = by_length(data.validation)
        names = renaming(data.vocabulary, data.rows, training.renaming, training.seed)
        self.objective = objective
        self.plan = plan
        self.records = records
        self.parts = PartNorms()
        super().__init__(
            model=model,
            args=args,
            train_dataset=range(len(data.rows)),
            eval_dataset=data.validation,  # must be there; evaluate() reads the rows itself
            data_collator=Collator(data, names, self.layout, self._epoch),
            callbacks=[
                EarlyStoppingCallback(plan.patience),
                Convergence(plan.convergence, plan.converged_by),
                Validations(plan.validation_frequency, plan.epochs),
            ],
        )
        if self.is_fsdp_enabled and self.gradient_every:
            raise DataError(
                "no process of a sharded model has a component's whole gradient; set "
                "training.records.gradient_every: 0"
            )
        self.remove_callback(PrinterCallback)  # the monitor of the records prints
        self.add_callback(Beginning(records, plan))
        if not self.is_fsdp_enabled:  # nor has it that of a part
            self.add_callback(self.parts)
        self.add_callback(SaveEvery(training.save_steps))
        if self.subsets is not None:
            coverage = self.subsets.coverage(len(data.rows), training.epochs)
            self.add_callback(CoverageLog(coverage, len(data.rows), records.live))
        self.control: TrainerControl
        self.model_accepts_loss_kwargs = True  # so that positions are counted over the accumulated batch
        self._examples: int | torch.Tensor = 0
        self._gold_embeddings: Float[Tensor, "golds features"] | None = None
        self._codec = None if data.signals is None else data.signals.codec_on(self.args.device)
        self.teacher = None if data.teacher is None else data.teacher.to(self.args.device)

    @property
    def convergence(self) -> Convergence:
        """Return the watcher in use: resuming puts a restored one in place of the first."""
        return next(c for c in self.callback_handler.callbacks if isinstance(c, Convergence))

    def _get_train_sampler(self, train_dataset: Any = None) -> EpochSampler:  # noqa: ANN401, ARG002
        # Processes that step together read rows of like length, so that none waits for another.
        together = self.args.train_batch_size * self.args.world_size
        return EpochSampler(self.data.rows, together, self.args.seed, self._epoch, self.subsets)

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: torch.device
    ) -> tuple[list[Any], torch.Tensor | int | None]:
        """Count examples beside positions: the two divisors of the loss terms."""
        samples, positions = super().get_batch_samples(epoch_iterator, num_batches, device)
        examples = torch.tensor(sum(len(batch["labels"]) for batch in samples), device=device)
        self._examples = self.accelerator.gather(examples).sum()
        if self.objective.gold_embeddings is not None:
            self._number_golds(samples, self.objective.gold_embeddings)
        return samples, positions

    def _number_golds(self, samples: list[dict[str, Any]], gold_embeddings: GoldEmbeddingCache) -> None:
        """Number the distinct gold assertions of all processes' micro-batches, and take their embeddings."""
        # In the order of the processes' ranks, so that all of them number alike.
        targets = gather_object([target for batch in samples for target in batch["targets"].ids])
        first, _ = distinct(targets)
        numbers = {targets[index]: number for number, index in enumerate(first)}
        self._gold_embeddings = gold_embeddings(list(numbers))
        for batch in samples:
            batch["gold_numbers"] = torch.tensor([numbers[target] for target in batch["targets"].ids])

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """Return the share of this micro-batch in the loss of the whole accumulated batch."""
        if return_outputs or num_items_in_batch is None:
            raise ValueError("compute_loss is for training steps; evaluate() measures by itself")
        student = target_output(
            model, inputs, self.accelerator.unwrap_model(model), **self.objective.layers_asked()
        )
        temperature, alpha = self.plan.moment(self._epoch(), self.convergence.converged)
        weights = self.plan.weights(self.state.global_step / max(self.state.max_steps, 1), alpha)
        counts: dict[Unit, int | torch.Tensor] = {"position": num_items_in_batch, "example": self._examples}
        batch = self._batch(student, inputs, temperature)
        combined = self.objective.combined(batch, weights, counts)
        reduced = self._of_all_processes(combined)
        if "ce" in reduced.raw:
            self.convergence.add(float(reduced.raw["ce"]))
        norms = {}
        if self.gradient_every and self.state.global_step % self.gradient_every == 0:
            names = self.objective.components.names()
            totals = ((n, self.objective.combined(batch, weights, counts, only=n).total) for n in names)
            norms = component_norms(totals, self.model.parameters(), self.accelerator.reduce)
        if self.is_world_process_zero():
            self.records.micro_batch(reduced, weights, temperature, alpha, norms)
        return combined.total * self.accelerator.num_processes  # processes average their gradients

    def _of_all_processes(self, combined: Combined) -> Combined:
        """Return the sums over the processes' micro-batches, which they computed at the same time."""
        if self.accelerator.num_processes == 1:
            return combined
        parts = [*combined.raw.values(), *combined.weighted.values(), combined.total.detach()]
        *values, total = self.accelerator.reduce(torch.stack(parts), "sum").unbind()
        half = len(combined.raw)
        return Combined(
            total=total,
            raw=dict(zip(combined.raw, values[:half], strict=True)),
            weighted=dict(zip(combined.weighted, values[half:], strict=True)),
        )

    def _batch(self, student: TargetOutput, inputs: dict[str, Any], temperature: float) -> Batch:
        """Return the student's logits of a micro-batch with everything that its losses compare them with."""
        labels = inputs["labels"]
        targets = inputs["targets"].ids
        lengths = [len(target) for target in targets]
        legality = self.objective.legality
        pairing = self.objective.pairing
        teacher = None
        layers = None
        embeddings = None
        if self.teacher is not None:
            teacher = self.teacher.output(inputs.get("teacher", inputs), **self.objective.layers_asked())
            if pairing is not None and student.layers is not None and teacher.layers is not None:
                layers = pairing.pairs(student.layers, teacher.layers, inputs, lengths)
        if self.objective.gold_embeddings is not None and self._gold_embeddings is not None:
            encoder = self.objective.gold_embeddings.encoder
            embeddings = GoldEmbeddings(encoder, self._gold_embeddings, inputs["gold_numbers"])
        return Batch(
            student=student.logits,
            ids=labels[labels != IGNORE],
            lengths=lengths,
            signal=self._signal(teacher, inputs, temperature),
            token_weights=inputs.get("token_weights"),
            reference_weights=inputs.get("reference_weights"),
            gold_embeddings=embeddings,
            illegality=None if legality is None else legality.at(targets, labels.device),
            layers=layers,
            judging=self.objective.judging(
                f"{self.args.seed}:{self.state.global_step}:{targets}", labels.device
            ),
        )

    def _signal(
        self, teacher: TargetOutput | None, inputs: dict[str, Any], temperature: float
    ) -> Signal | None:
        """Return the teacher's distributions, computed beside the student or read from its signals."""
        if teacher is not None:
            return signal_of(teacher, temperature) if self.objective.components.need("signal") else None
        if self._codec is None:
            return None
        return self._codec.decode(inputs["signals"], temperature, str(self.args.device))

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:  # noqa: ANN401  (signature of transformers)
        """Return the validation loss in nats per token: a ratio of sums, not a mean of means."""
        nll = 0.0
        tokens = 0
        self.model.eval()
        with torch.no_grad():
            for numbers, counts in batches_of_process(
                self.validation_order,
                self.args.per_device_eval_batch_size,
                self.args.process_index,
                self.args.world_size,
            ):
                rows = [self.data.validation[number] for number in numbers]
                batch = {
                    name: tensor.to(self.args.device) for name, tensor in collate(rows, self.layout).items()
                }
                with self.compute_loss_context_manager():
                    found = target_nll(self.model, batch)
                if counts:
                    nll += float(found.sum())
                    tokens += len(found)
        self.model.train()
        nll, tokens = (sum(part) for part in zip(*gather_object([(nll, tokens)]), strict=True))
        metrics = {"eval_nll": nll / tokens}
        if self.is_world_process_zero():
            self.records.epoch(self._epoch(), self.state.global_step, metrics["eval_nll"])
        super().log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _save_rng_state(self, output_dir: str) -> None:
        """Save every process's random state before process 0 calls the checkpoint complete."""
        super()._save_rng_state(output_dir)
        self.accelerator.wait_for_everyone()

    def _load_best_model(self) -> None:
        """Do nothing: the results are written from the checkpoint of the best model."""

    def _issue_warnings_after_load(self, *_: object) -> None:
        """Do not warn of tied weights, which a file holds once; ``check_fits`` has compared all names."""

    def create_scheduler(
        self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None
    ) -> torch.optim.lr_scheduler.LRScheduler:
        """Return linear warm-up and linear decay to the floor."""
        warmup = self.plan.warmup(num_training_steps)
        floor = self.plan.floor
        self.lr_scheduler = LambdaLR(
            optimizer or self.optimizer,
            lambda step: learning_rate_factor(step, num_training_steps, warmup, floor),
        )
        return self.lr_scheduler

    def log(self, logs: dict[str, float], *_: Any) -> None:  # noqa: ANN401
        """Close the record of a step; the trainer's own history would grow with every step."""
        if "grad_norm" in logs and self.is_world_process_zero():
            norms = self.parts.norms(float(logs["grad_norm"]), self.args.max_grad_norm)
            step = self.state.global_step
            self.records.step(self._epoch_of_log(), step, logs["learning_rate"], norms, int(self._examples))
            if not self.accelerator.optimizer_step_was_skipped:  # as half precision does until its scale fits
                self.records.refuse_gradient(norms.total)

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:  # noqa: ARG002
        """Return nothing: the count walks through all modules in every step, and nobody reads it."""
        return 0

    def _epoch(self) -> int:
        # state.epoch is exact at the borders: (step + 1) / steps of the last step is 1.0
        return int(self.state.epoch or 0)

    def _epoch_of_log(self) -> int:
        """Return the epoch that the step just done belongs to; ``state.epoch`` already counts that step."""
        steps = max(self.state.max_steps // self.plan.epochs, 1)
        return (self.state.global_step - 1) // steps
