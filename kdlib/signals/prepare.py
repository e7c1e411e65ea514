"""What all signals of a store share, found once before its shards are written side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import nsmallest
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.config import Hidden, Nucleus, Signals
from kdlib.files import DataError
from kdlib.models.batch import Row, batches, read_rows
from kdlib.signals.codec.codec import codec_for
from kdlib.signals.shared import write_tensors
from kdlib.signals.teacher import open_teacher, output_head, teacher_output

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float, Int
    from torch import Tensor
    from transformers import PreTrainedModel

    from kdlib.models.forward import TargetOutput

CALIBRATION = 256  # rows: some thousands of positions give a channel's size to a few per cent
BATCH = 16
COUNTED = 1024  # rows whose tokens are counted at once
TOLERANCE = 1e-4  # of the largest logit: what single precision may differ by, summed in another order


def prepare(teacher: Path, train: Path, signals: Signals, threads: int, out: Path) -> None:
    """Write the tensors that the codec keeps once.

    They are, for ``hidden``, the output head and the channels' scales, and, for ``nucleus``, the order of the
    tokens.

    Args:
        teacher: Folder of the model.
        train: Token rows; the scales are those of a sample of them, the order that of all.
        signals: Codec and precision.
        threads: CPU threads.
        out: Safetensors file; it may hold no tensor.

    Raises:
        DataError: If codec ``hidden`` cannot serve the model, since its logits are more than a linear head's,
            or there is no row to see that on.
    """
    model, precision = open_teacher(teacher, signals.precision, threads)
    tensors: dict[str, Tensor] = {}
    if isinstance(signals.codec, Hidden):
        # Ids are digests, so the least are a random sample, and no other if the rows are in another order.
        rows = nsmallest(CALIBRATION, read_rows(train), key=lambda row: row.id)
        if not rows:
            raise DataError(f"{train}: there is no row to try the teacher on")
        tensors = output_head(model)
        states = _states(model, rows, precision, tensors)
        if signals.codec.precision == "int8":
            tensors["channels"] = channel_scales(states)
    elif isinstance(signals.codec, Nucleus):
        tensors = {"order": frequency_order(read_rows(train), model.config.vocab_size)}
    write_tensors(out, codec_for(signals.codec, model.config.vocab_size, tensors).tensors())


def frequency_order(rows: Sequence[Row], vocab_size: int) -> Int[Tensor, " vocab"]:
    """Return all token ids, most frequent in prompts and targets first, equally frequent ones in their order.

    Args:
        rows: Training rows.
        vocab_size: Entries of the teacher's output distribution.
    """
    import torch

    counts = torch.zeros(vocab_size, dtype=torch.long)
    for part in batches(rows, COUNTED):
        tokens = [token for row in part for token in chain(row.source_ids, row.target_ids)]
        counts += torch.bincount(torch.tensor(tokens, dtype=torch.long), minlength=vocab_size)
    return counts.argsort(descending=True, stable=True).int()


def channel_scales(states: Float[Tensor, "positions width"]) -> Float[Tensor, " width"]:
    """Return the size of each channel, c = max over positions of |h|.

    Args:
        states: Hidden states to learn from.
    """
    scales: Tensor = states.float().abs().amax(dim=0).clamp(min=1e-6)
    return scales


def _states(
    model: PreTrainedModel, rows: Sequence[Row], precision: torch.dtype, head: Mapping[str, Tensor]
) -> Float[Tensor, "positions width"]:
    """Return hidden states, after checking that the head makes the model's very logits of them."""
    import torch

    placed = {name: tensor.to(model.device) for name, tensor in head.items()}
    found = []
    for batch in batches(rows, BATCH):
        output = teacher_output(model, batch, precision)
        _check_linear(output, placed)
        found.append(output.states.float().cpu())
    return torch.cat(found)


def _check_linear(output: TargetOutput, head: Mapping[str, Tensor]) -> None:
    import torch

    rebuilt = torch.nn.functional.linear(output.states.float(), head["head"], head.get("bias"))
    difference = float((rebuilt - output.logits).abs().max())
    if not difference <= TOLERANCE * max(1.0, float(rebuilt.abs().max())):
        raise DataError(
            f"the model's logits are not a linear head of its hidden states (they differ by up to "
            f"{difference:.3g}); use codec nucleus"
        )
