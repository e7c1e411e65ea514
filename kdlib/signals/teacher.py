"""The teacher as extraction runs it: on the best device, in the configured precision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.config.base import Precision
from kdlib.models.batch import Row, collate, layout_of
from kdlib.models.forward import TargetOutput, target_output
from kdlib.models.load import computing_device, dtype_of, load

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from transformers import PreTrainedModel


def open_teacher(folder: Path, precision: Precision, threads: int) -> tuple[PreTrainedModel, torch.dtype]:
    """Return the model on the best device, and the type in which it computes there.

    Args:
        folder: Folder of the model.
        precision: Configured precision; ``auto`` depends on the device.
        threads: CPU threads.
    """
    import torch

    torch.set_num_threads(threads)
    device = computing_device()
    return load(folder).to(device), dtype_of(precision, device)


def output_head(model: PreTrainedModel) -> dict[str, Tensor]:
    """Return the ``head`` [vocab, width] of a model and, if it has one, its ``bias`` [vocab]."""
    head = model.get_output_embeddings()
    found = {"head": head.weight, "bias": getattr(head, "bias", None)}
    return {
        name: tensor.detach().float().cpu().contiguous()
        for name, tensor in found.items()
        if tensor is not None
    }


def teacher_output(model: PreTrainedModel, rows: Sequence[Row], precision: torch.dtype) -> TargetOutput:
    """Return the model's states and logits at the targets of a batch, the logits in single precision.

    Args:
        model: Model in evaluation mode.
        rows: One batch.
        precision: Type in which all but the output head computes.
    """
    import torch

    tensors = {name: value.to(model.device) for name, value in collate(rows, layout_of(model.config)).items()}
    with torch.inference_mode(), _computing(model, precision):
        return target_output(model, tensors)


@contextmanager
def _computing(model: PreTrainedModel, precision: torch.dtype) -> Iterator[None]:
    """Let a model compute in a type, but its output head in single precision: 8 bits of a logit are too few.

    The head runs inside the model, since some families cap or scale its output.
    """
    import torch

    if precision == torch.float32:
        yield
        return
    head = model.get_output_embeddings()
    off = torch.autocast(model.device.type, enabled=False)

    def enter(_: torch.nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor]:
        off.__enter__()
        return (inputs[0].float(),)

    def leave(*_: object) -> None:
        off.__exit__(None, None, None)

    hooks = (head.register_forward_pre_hook(enter), head.register_forward_hook(leave, always_call=True))
    try:
        with torch.autocast(model.device.type, precision):
            yield
    finally:
        for hook in hooks:
            hook.remove()


def finished_outputs(
    model: PreTrainedModel, batch: Sequence[Row], precision: torch.dtype, beams: int, max_tokens: int
) -> list[list[tuple[list[int], float]]]:
    """Return for each row the teacher's own outputs that came to an end, best first.

    Args:
        model: Model in evaluation mode.
        batch: Rows; their targets are not read.
        precision: Type in which all but the output head computes.
        beams: Beam width, and the outputs of a row at most.
        max_tokens: Longest output.

    Returns:
        Token ids, closed by an end token, and their log-probability.
    """
    from kdlib.models.generate import beam_search

    ends = model.generation_config.eos_token_id
    ends = [ends] if isinstance(ends, int) else ends  # chat models have several
    with _computing(model, precision):
        found = beam_search(model, batch, beams, beams, max_tokens)
    return [[(ids, score) for ids, score in outputs if ids[-1] in ends] for outputs in found]
