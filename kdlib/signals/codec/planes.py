"""What codecs share: checks, log-probabilities, and values as columns of bytes and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
import torch

from kdlib.files import DataError
from kdlib.softmax import in_parts, log_sum, normalise

if TYPE_CHECKING:
    from jaxtyping import Float, Int, Shaped, UInt8
    from torch import Tensor

    from kdlib.teacher_signal import SignalKey

DAMAGED = "its columns do not fit together; delete its shard and extract again"


def check_rows(
    logits: Float[Tensor, "positions vocab"],
    vocab_size: int,
    keys: Sequence[SignalKey],
    lengths: Sequence[int],
) -> None:
    """Make sure that logits are distributions over this vocabulary, and the rows are all of them.

    Raises:
        ValueError: If not, with the first position that is no distribution.
    """
    if logits.ndim != 2 or logits.shape[1] != vocab_size:
        raise ValueError(f"logits must be [positions, {vocab_size}], got {list(logits.shape)}")
    if len(keys) != len(lengths) or sum(lengths) != len(logits):
        raise ValueError(
            f"{len(keys)} keys and {len(lengths)} lengths of {sum(lengths)} positions together, "
            f"but logits of {len(logits)} positions"
        )
    best = logits.amax(dim=1)  # NaN if any logit is
    bad = (~best.isfinite()).nonzero().flatten().tolist()
    if bad:
        raise ValueError(f"position {bad[0]} has {float(best[bad[0]])} as its largest logit")


def check_temperature(asked: float, stored: float, kind: str) -> None:
    """Make sure that a sparse store is asked for the temperature that it was made at.

    Raises:
        DataError: If not: what a truncation at one temperature left out is most of another's mass.
    """
    if asked != stored:
        raise DataError(
            f"codec {kind} stored distributions at T = {stored:g} and cannot answer at T = {asked:g}; "
            "extract with codec hidden, which is exact at any temperature"
        )


def log_probs_of(
    logits: Float[Tensor, "positions vocab"], temperature: float
) -> Iterator[Float[Tensor, "part vocab"]]:
    """Yield log softmax(z / T) in single precision, some positions at a time.

    A position's numbers depend on its own logits only, whatever the others beside it: that is why shards of
    any number and batches of any size hold equal bytes.
    """
    for part in in_parts(logits):
        yield normalise(part.float() / temperature)


def top_tokens(
    logits: Float[Tensor, "positions vocab"], temperature: float, k: int
) -> tuple[Float[Tensor, "positions k"], Int[Tensor, "positions k"]]:
    """Return log-probabilities and ids of the k most probable tokens, best first, on the CPU."""
    log_probs = []
    ids = []
    for part in in_parts(logits):
        scaled = part.float() / temperature
        best = scaled.topk(k)
        peak = best.values[:, :1]
        # The sum alone is wanted of all others: what is subtracted from k numbers need not be from all.
        log_probs.append((best.values - peak - log_sum(scaled.sub_(peak).exp_())).float())
        ids.append(best.indices)
    return torch.cat(log_probs).cpu(), torch.cat(ids).cpu()


def id_columns(vocab_size: int, prefix: str = "ids") -> tuple[str, ...]:
    """Return the names of the planes of token ids, lowest byte first: as many as the vocabulary needs."""
    return tuple(f"{prefix}_{byte}" for byte in range((max(vocab_size - 1, 1).bit_length() + 7) // 8))


def id_planes(ids: Int[Tensor, " entries"], names: Sequence[str]) -> dict[str, UInt8[Tensor, " entries"]]:
    """Return token ids byte by byte: the high bytes of ids are alike, and compress well by themselves."""
    return {name: (ids >> 8 * byte & 255).to(torch.uint8) for byte, name in enumerate(names)}


def ids_of(
    columns: Mapping[str, UInt8[Tensor, " entries"]], names: Sequence[str], vocab_size: int
) -> Int[np.ndarray, " entries"]:
    """Return the token ids of their planes.

    Raises:
        DataError: If the planes differ in length or name a token that is not in the vocabulary.
    """
    planes = [columns[name].numpy() for name in names]
    if len({len(plane) for plane in planes}) > 1:
        raise DataError(DAMAGED)
    ids = planes[0].astype(np.int32)
    for byte, plane in enumerate(planes[1:], 1):
        ids |= plane.astype(np.int32) << 8 * byte
    if ids.max(initial=0) >= vocab_size:
        raise DataError(f"token {ids.max()} is not in the vocabulary of {vocab_size}; extract again")
    return ids


def as_bytes(values: Shaped[Tensor, ...]) -> UInt8[Tensor, " bytes"]:
    """Return the bytes of a tensor in the order of its elements."""
    return values.contiguous().flatten().view(torch.uint8)


def values_of(
    column: UInt8[Tensor, " bytes"], dtype: torch.dtype, width: int
) -> Shaped[Tensor, "positions width"]:
    """Return a column of bytes as ``width`` values a position.

    Raises:
        DataError: If the bytes are no whole number of positions.
    """
    if len(column) % (dtype.itemsize * width):
        raise DataError(DAMAGED)
    # A part of a longer column may start at an odd byte, where torch does not look for wider values.
    whole = column.clone() if column.storage_offset() % dtype.itemsize else column
    return whole.view(dtype).view(-1, width)


def rows_of(
    planes: Mapping[str, UInt8[Tensor, " bytes"]],
    per_position: Mapping[str, int | Int[Tensor, " positions"]],
    lengths: Sequence[int],
) -> list[dict[str, bytes]]:
    """Cut the bytes of many positions into rows.

    Args:
        planes: Name: bytes of all positions.
        per_position: Name: how many bytes each position has, one number or one a position.
        lengths: Positions of each row.
    """
    ends = list(accumulate(lengths))
    rows: list[dict[str, bytes]] = [{} for _ in lengths]
    for name, plane in planes.items():
        content = plane.cpu().numpy().tobytes()
        size = per_position[name]
        first = 0
        if isinstance(size, int):
            cuts = [end * size for end in ends]
        else:
            before = [0, *accumulate(size.tolist())]
            cuts = [before[end] for end in ends]
        for row, last in zip(rows, cuts, strict=True):
            row[name] = content[first:last]
            first = last
    return rows


def places_of(
    counts: UInt8[np.ndarray, " positions"], starts: Int[np.ndarray, " positions"], width: int
) -> Int[np.ndarray, " entries"]:
    """Return where each entry of a ragged list goes in a flattened ``[positions, width]`` array.

    Args:
        counts: Entries of each position.
        starts: Entries of all earlier positions.
        width: Largest count.
    """
    shifts = np.repeat(np.arange(len(counts)) * width - starts, counts)
    return shifts + np.arange(len(shifts))


def padded(
    values: Shaped[np.ndarray, " entries"],
    places: Int[np.ndarray, " entries"],
    shape: tuple[int, int],
    fill: float,
) -> Shaped[Tensor, "positions width"]:
    """Return ragged values as ``[positions, width]``, filled up."""
    flat = np.full(shape[0] * shape[1], fill, dtype=values.dtype)
    flat[places] = values
    return torch.from_numpy(flat).view(shape)
