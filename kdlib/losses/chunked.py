"""Losses a few examples at a time: values and gradient in one pass, with one buffer of the logits' size.

The straightforward way keeps several tensors of the size of the logits for the backward pass, each of which
travels through main memory. Here the graph of a chunk lives only until its gradient is written, in cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch.autograd.function import once_differentiable

from kdlib.losses.combine import Combined
from kdlib.losses.inputs import Batch
from kdlib.losses.precision import widen

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

# Logits of a chunk at least. 2 MB in single precision stay in a CPU's cache, and the allocator hands out the
# same pages again: four times as much made focal and sparse jsd twice as slow. A GPU needs more to be busy.
CHUNK = {"cpu": 1 << 19}
CHUNK_OF_ACCELERATORS = 1 << 27


def in_chunks(batch: Batch, combined: Callable[[Batch], Combined], chunk: int | None = None) -> Combined:
    """Return what ``combined(batch)`` returns, in value and gradient, from chunks of whole examples.

    Args:
        batch: Logits, with or without a graph, and their references.
        combined: Loss of a batch whose shares add up over its parts: it divides by counts of the whole.
        chunk: Logits that a chunk should have at least; by default as many as suit the device.

    Returns:
        The total hangs on ``batch.student`` alone. Its gradient can be taken once.
    """
    student = batch.student
    size = CHUNK.get(student.device.type, CHUNK_OF_ACCELERATORS) if chunk is None else chunk
    wanted = torch.is_grad_enabled() and student.requires_grad
    # A gradient scaler multiplies what is kept here: half precision would have lost the small ones by then.
    kept = torch.float32 if student.dtype == torch.float16 else student.dtype
    gradient = torch.empty_like(student, dtype=kept) if wanted else None
    parts: list[Combined] = []
    start = 0
    for part in _parts(batch, size):
        # Gradients of several terms are added up in single precision, whatever the logits are.
        leaf = widen(part.student.detach()).requires_grad_(wanted)
        found = combined(replace(part, student=leaf))
        if gradient is not None:
            (gradient[start : start + len(leaf)],) = torch.autograd.grad(found.total, leaf)
        parts.append(replace(found, total=found.total.detach()))
        start += len(leaf)
    total = sum(part.total for part in parts[1:]) + parts[0].total
    return Combined(
        total=total if gradient is None else _KnownGradient.apply(student, total, gradient),
        raw=_sums([part.raw for part in parts]),
        weighted=_sums([part.weighted for part in parts]),
    )


def _parts(batch: Batch, size: int) -> Iterator[Batch]:
    """Yield the batch in runs of whole examples with at least ``size`` logits each, but for the last."""
    vocab = batch.student.shape[1]
    first = positions = 0
    for last, length in enumerate(batch.lengths, start=1):
        positions += length
        if positions * vocab >= size or last == len(batch.lengths):
            yield batch.examples(first, last)
            first = last
            positions = 0
    if not batch.lengths:
        yield batch


def _sums(parts: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.stack([part[name] for part in parts]).sum() for name in parts[0]}


class _KnownGradient(torch.autograd.Function):
    """A scalar whose gradient to one tensor has been computed already."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401  (torch's context)
        student: Float[Tensor, "positions vocab"],
        total: Float[Tensor, ""],
        gradient: Float[Tensor, "positions vocab"],
    ) -> Float[Tensor, ""]:
        ctx.gradient = gradient
        ctx.dtype = student.dtype
        return total.clone()

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any,  # noqa: ANN401
        upstream: Float[Tensor, ""],
    ) -> tuple[Float[Tensor, "positions vocab"], None, None]:
        # Handed over, not kept: it is scaled in place, so that no second tensor of its size is made.
        gradient = ctx.gradient
        ctx.gradient = None
        if gradient is None:
            raise RuntimeError("the gradient of a chunked loss can be taken only once")
        # A factor of 1 is the rule on a CPU and not worth a pass; asking a GPU would stall it.
        if upstream.device.type != "cpu" or upstream.item() != 1:
            gradient.mul_(upstream)
        return gradient.to(ctx.dtype), None, None
