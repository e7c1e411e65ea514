"""What every codec does, and which one a store was written with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import TypeAdapter, ValidationError

from kdlib.config import Codec as Options
from kdlib.config import Dense, Hidden, Nucleus, Sampled, TopK
from kdlib.files import DataError

if TYPE_CHECKING:
    from jaxtyping import Float, UInt8
    from torch import Tensor

    from kdlib.config.signals import Compression
    from kdlib.teacher_signal import Signal, SignalKey


class Codec(Protocol):
    """A way to store distributions; losses and trainers never learn which one.

    A row's signal is one byte string per column. Strings of several rows are read by putting those of a
    column one after the other, so that many rows are decoded at once.
    """

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of bytes."""

    @property
    def compression(self) -> Compression:
        """How the columns are compressed in a file."""

    def encode(
        self,
        states: Float[Tensor, "positions width"],
        logits: Float[Tensor, "positions vocab"],
        keys: Sequence[SignalKey],
        lengths: Sequence[int],
    ) -> list[dict[str, bytes]]:
        """Return the columns of every row.

        Args:
            states: What the teacher's output head read, row after row.
            logits: What it answered, not divided by a temperature.
            keys: One key a row; random draws depend on nothing but a row's key and the codec's seed.
            lengths: Positions of each row; they add up to all positions.

        Raises:
            ValueError: If the shapes do not fit the codec or each other, or a position has no distribution.
        """

    def decode(
        self, columns: Mapping[str, UInt8[Tensor, " bytes"]], temperature: float, device: str = "cpu"
    ) -> Signal:
        """Return the distributions of one or more rows at a temperature.

        Args:
            columns: Each column's bytes, row after row, on the CPU.
            temperature: T > 0.
            device: Where the signal is wanted; what is heavy is computed there.

        Raises:
            DataError: If the columns do not fit together, or the codec cannot answer at that temperature.
        """

    def metadata(self) -> dict[str, Any]:
        """Return what ``codec_from`` needs beside ``tensors`` to build this codec again, as JSON values."""

    def tensors(self) -> dict[str, Tensor]:
        """Return what all signals of a store share; it is stored once."""


def codec_for(options: Options, vocab_size: int, tensors: Mapping[str, Tensor]) -> Codec:
    """Return the codec that the configuration asks for.

    Args:
        options: The key ``signals.codec``.
        vocab_size: Entries of the teacher's output distribution.
        tensors: What ``signals.prepare`` found: for ``hidden`` the output head and the channels' scales, for
            ``nucleus`` the order of the tokens.

    Raises:
        DataError: If the tensors are not those of the codec.
    """
    return codec_from({**options.model_dump(), "vocab_size": vocab_size}, tensors)


def codec_from(metadata: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Codec:
    """Return the codec of a store.

    Args:
        metadata: What ``metadata()`` returned when the store was written.
        tensors: What ``tensors()`` returned then; on the device where signals are wanted they are not copied
            for each of them.

    Raises:
        DataError: If this version knows no such codec, or the tensors are not its own.
    """
    described = {name: value for name, value in metadata.items() if name != "vocab_size"}
    try:
        options: Options = TypeAdapter(Options).validate_python(described)
        if missing := type(options).model_fields.keys() - options.model_fields_set:
            raise ValueError(f"it lacks {', '.join(sorted(missing))}")
        vocab_size = metadata.get("vocab_size")
        if type(vocab_size) is not int or vocab_size < 1:
            raise ValueError(f"its vocab_size is {vocab_size!r}")
        return _built(options, vocab_size, tensors)
    except ValueError as error:
        reasons = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise DataError(
            f"unknown codec {dict(metadata)}: {reasons}; use the version that wrote it or extract again"
        ) from None


def _built(options: Options, vocab_size: int, tensors: Mapping[str, Tensor]) -> Codec:
    from kdlib.signals.codec.dense import DenseCodec
    from kdlib.signals.codec.hidden import HiddenCodec
    from kdlib.signals.codec.nucleus import NucleusCodec
    from kdlib.signals.codec.sampled import SampledCodec
    from kdlib.signals.codec.topk import TopKCodec

    match options:
        case Dense():
            return DenseCodec(vocab_size, options.compression)
        case Hidden():
            if "head" not in tensors or len(tensors["head"]) != vocab_size:
                raise ValueError(f"its tensors {sorted(tensors)} hold no output head of {vocab_size} tokens")
            return HiddenCodec(options, tensors["head"], tensors.get("bias"), tensors.get("channels"))
        case Nucleus():
            return NucleusCodec(vocab_size, options, tensors.get("order"))
        case Sampled():
            return SampledCodec(vocab_size, options)
        case TopK():
            return TopKCodec(vocab_size, options)
