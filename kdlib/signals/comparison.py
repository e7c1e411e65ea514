"""A store beside its teacher: how far apart their distributions are at each token, and how fast it works."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import torch

from kdlib.models.batch import Row
from kdlib.signals.store import SignalStore
from kdlib.signals.teacher import teacher_output
from kdlib.teacher_signal import FullSignal, SignalKey, SparseSignal

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor
    from transformers import PreTrainedModel

    from kdlib.teacher_signal import Signal

READ_ROWS = 32  # a training batch
Figures = dict[str, float | None]


@dataclass(frozen=True, eq=False)
class TokenFidelity:
    """The teacher's p and the stored p̂ at each position; all are ``[positions]``, entropies in nats.

    Attributes:
        l1: Σ_v |p − p̂|, from 0 (equal) to 2 (disjoint).
        kl: KL(p ‖ p̂) = Σ_v p·(log p − log p̂); inf where p̂ is 0 and p is not.
        top1: 1 where the stored most probable token is one of the teacher's most probable, else 0.
        entropy: −Σ_v p·log p.
        kept_tokens: Tokens with a probability of their own.
        tail_mass: Probability that is spread evenly over all others.
        gold_nll: −log p of the gold token.
        stored_gold_nll: −log p̂ of the gold token; inf where p̂ is 0.
    """

    l1: Float[Tensor, " positions"]
    kl: Float[Tensor, " positions"]
    top1: Float[Tensor, " positions"]
    entropy: Float[Tensor, " positions"]
    kept_tokens: Float[Tensor, " positions"]
    tail_mass: Float[Tensor, " positions"]
    gold_nll: Float[Tensor, " positions"]
    stored_gold_nll: Float[Tensor, " positions"]


def compare(
    logits: Float[Tensor, "positions vocab"], signal: Signal, gold: Int[Tensor, " positions"]
) -> TokenFidelity:
    """Compare a stored signal with the teacher's logits, in double precision over the whole vocabulary.

    Args:
        logits: The teacher's, not divided by a temperature.
        signal: At the same positions; its temperature is that of both distributions.
        gold: Token ids of the target.
    """
    exact = torch.log_softmax(logits.double() / signal.temperature, dim=-1)
    stored, kept = spread(signal, logits.shape[1])
    p = exact.exp()
    tail = signal.tail_mass if isinstance(signal, SparseSignal) else torch.zeros(len(logits))
    best = stored.argmax(dim=1, keepdim=True)
    return TokenFidelity(
        l1=(p - stored.exp()).abs().sum(dim=1),
        # A probability that underflows is no infinite loss.
        kl=torch.where(p > 0, p * (exact - stored), 0.0).sum(dim=1),
        # Several tokens may be the teacher's best; logits show ties without rounding.
        top1=(logits.gather(1, best).squeeze(1) == logits.amax(dim=1)).double(),
        entropy=-torch.where(p > 0, p * exact, 0.0).sum(dim=1),
        kept_tokens=kept.double(),
        tail_mass=tail.double(),
        gold_nll=-exact.gather(1, gold[:, None]).squeeze(1),
        stored_gold_nll=-stored.gather(1, gold[:, None]).squeeze(1),
    )


def spread(
    signal: Signal, vocab_size: int
) -> tuple[Float[Tensor, "positions vocab"], Int[Tensor, " positions"]]:
    """Return log p̂ of every token, and how many tokens of each position have a probability of their own.

    A sparse signal says of its tail only the mass, so each token that it leaves out gets the same share:
    p̂ = tail mass / (V − kept).

    Args:
        signal: Full or sparse.
        vocab_size: V.
    """
    if isinstance(signal, FullSignal):
        return signal.log_probs.double(), torch.full((len(signal.log_probs),), vocab_size)
    known = signal.log_probs > -math.inf
    kept = known.sum(dim=1)
    share = signal.tail_mass.double() / (vocab_size - kept).clamp(min=1)
    log_probs = share.log()[:, None].repeat(1, vocab_size)
    log_probs[known.nonzero()[:, 0], signal.ids[known]] = signal.log_probs[known].double()
    return log_probs, kept


def measure(
    store: SignalStore,
    model: PreTrainedModel,
    precision: torch.dtype,
    chosen: Iterable[Sequence[Row]],
    temperatures: Sequence[float],
) -> tuple[dict[float, Figures], float]:
    """Return the figures at each temperature, and the seconds that encoding the same rows again takes.

    No more is in memory than the logits of a batch, and a few copies of those of a row.

    Args:
        store: Holds a signal of each row.
        model: The teacher, in evaluation mode.
        precision: Type in which it computes.
        chosen: Batches.
        temperatures: One or more T > 0 at which the store can answer.
    """
    found: dict[float, list[TokenFidelity]] = {temperature: [] for temperature in temperatures}
    seconds = 0.0
    for batch in chosen:
        output = teacher_output(model, batch, precision)
        keys = keys_of(batch)
        lengths = [len(row.target_ids) for row in batch]
        parts = output.logits.cpu().split(lengths)  # the device is done, too
        start = time.perf_counter()
        store.codec.encode(output.states, output.logits, keys, lengths)
        seconds += time.perf_counter() - start
        for row, key, logits in zip(batch, keys, parts, strict=True):
            gold = torch.tensor(row.target_ids)
            for temperature, figures in found.items():
                figures.append(compare(logits, store.signal(key, temperature), gold))
    return {temperature: _means(figures) for temperature, figures in found.items()}, seconds


def reading_speed(store: SignalStore, rows: Sequence[Row], temperature: float) -> tuple[float, float]:
    """Return tokens and bytes of the codec's columns a second, read and decoded in batches of training.

    Args:
        store: Holds a signal of each row.
        rows: One or more.
        temperature: T > 0.
    """
    tokens = size = 0
    start = time.perf_counter()
    for first in range(0, len(rows), READ_ROWS):
        columns = store.read(keys_of(rows[first : first + READ_ROWS]))
        tokens += len(store.codec.decode(columns, temperature).log_probs)
        size += sum(map(len, columns.values()))
    seconds = time.perf_counter() - start
    return tokens / seconds, size / seconds


def keys_of(rows: Iterable[Row]) -> list[SignalKey]:
    """Return the keys of the gold targets of rows."""
    return [SignalKey(row.id, row.target_hash, 0) for row in rows]


def _means(parts: Sequence[TokenFidelity]) -> Figures:
    """Return the mean of each figure over the tokens where it is finite, and the share of the others.

    JSON knows no infinity, and one token of zero probability would hide all that the others say.
    """
    found: Figures = {}
    for field in fields(TokenFidelity):
        values = torch.cat([getattr(part, field.name) for part in parts])
        finite = values[values.isfinite()]
        found[field.name] = float(finite.mean()) if len(finite) else None
        if field.name in ("kl", "stored_gold_nll"):
            found[f"{field.name}_infinite"] = (len(values) - len(finite)) / len(values)
    return found
