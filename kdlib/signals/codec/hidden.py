"""The hidden codec: what the output head reads, instead of the many numbers that it answers.

A hidden state is d numbers, the distribution that the head makes of it is V, thirty to a hundred times as
many. The head is stored once, so the distribution comes back whole, and at any temperature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from kdlib.config import Hidden
from kdlib.files import DataError
from kdlib.signals.codec.planes import DAMAGED, as_bytes, check_rows, rows_of, values_of
from kdlib.softmax import normalise
from kdlib.teacher_signal import FullSignal

if TYPE_CHECKING:
    from jaxtyping import Float, UInt8
    from torch import Tensor

    from kdlib.config.signals import Compression
    from kdlib.teacher_signal import SignalKey

LEVELS = 127  # of int8, either side of 0


@dataclass(frozen=True, eq=False)
class HiddenCodec:
    """Hidden states in bfloat16, or in 8 bits with a scale for each channel and each position.

    A state h is stored as round(h / (c·s)) with the channels' scales c, which all signals share, and
    s = max |h / c| / 127 of the position.

    Attributes:
        options: Precision and compression.
        head: ``[vocab, width]``, weight of the output head.
        bias: ``[vocab]`` of the output head, if it has one.
        channels: ``[width]``, c, typical size of each channel; for int8 only.
    """

    options: Hidden
    head: Float[Tensor, "vocab width"]
    bias: Float[Tensor, " vocab"] | None
    channels: Float[Tensor, " width"] | None

    def __post_init__(self) -> None:
        shapes = {"bias": (self.bias, self.head.shape[:1]), "channels": (self.channels, self.head.shape[1:])}
        for name, (tensor, shape) in shapes.items():
            if tensor is not None and tensor.shape != shape:
                raise ValueError(f"{name} must be {list(shape)}, got {list(tensor.shape)}")
        if (self.options.precision == "int8") != (self.channels is not None):
            given = "none" if self.channels is None else "some"
            raise ValueError(
                f"int8 needs scales of the channels and bf16 none; {self.options.precision} got {given}"
            )
        if self.channels is not None and not (self.channels > 0).all():
            raise ValueError(f"scales of the channels must be > 0, got {float(self.channels.min())}")

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of bytes."""
        return ("states",) if self.channels is None else ("states", "scales")

    @property
    def compression(self) -> Compression:
        """How the columns are compressed in a file."""
        return self.options.compression

    def metadata(self) -> dict[str, Any]:
        """Return what ``codec_from`` needs, beside the tensors, to build this codec again."""
        return {**self.options.model_dump(), "vocab_size": len(self.head)}

    def tensors(self) -> dict[str, Tensor]:
        """Return the head and the channels' scales."""
        found = {"head": self.head, "bias": self.bias, "channels": self.channels}
        return {name: tensor for name, tensor in found.items() if tensor is not None}

    def encode(
        self,
        states: Float[Tensor, "positions width"],
        logits: Float[Tensor, "positions vocab"],
        keys: Sequence[SignalKey],
        lengths: Sequence[int],
    ) -> list[dict[str, bytes]]:
        """Return the columns of every row; see ``Codec``."""
        check_rows(logits, len(self.head), keys, lengths)
        width = self.head.shape[1]
        if states.shape != (len(logits), width):
            raise ValueError(f"states must be [{len(logits)}, {width}], got {list(states.shape)}")
        bad = (~states.isfinite().all(dim=1)).nonzero().flatten().tolist()
        if bad:
            raise ValueError(f"position {bad[0]} has a hidden state that is not finite")
        if self.channels is None:
            return rows_of({"states": as_bytes(states.bfloat16())}, {"states": 2 * width}, lengths)
        even = states.float() / self.channels.to(states.device)
        # The scale is rounded before it divides, so that what is read multiplies by the very same number.
        scales = (even.abs().amax(dim=1, keepdim=True) / LEVELS).clamp(min=1e-30).bfloat16()
        levels = (even / scales.float()).round().clamp(-LEVELS, LEVELS).to(torch.int8)
        planes = {"states": as_bytes(levels), "scales": as_bytes(scales)}
        return rows_of(planes, {"states": width, "scales": 2}, lengths)

    def decode(
        self, columns: Mapping[str, UInt8[Tensor, " bytes"]], temperature: float, device: str = "cpu"
    ) -> FullSignal:
        """Return the distributions of rows: one matrix product on the device. See ``Codec``."""
        width = self.head.shape[1]
        if self.channels is None:
            states = values_of(columns["states"], torch.bfloat16, width).to(device).float()
        else:
            levels = values_of(columns["states"], torch.int8, width).to(device)
            scales = values_of(columns["scales"], torch.bfloat16, 1).to(device)
            if len(levels) != len(scales):
                raise DataError(DAMAGED)
            states = levels * scales.float() * self.channels.to(device)
        # Dividing the states divides the logits, which are many more.
        logits = torch.nn.functional.linear(states / temperature, self.head.to(device, torch.float32))
        if self.bias is not None:
            logits += self.bias.to(device, torch.float32) / temperature
        return FullSignal(normalise(logits), temperature)
