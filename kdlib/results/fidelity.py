"""Schema of ``fidelity.json``: how far a store of teacher signals is from its teacher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import with_config

from kdlib.results.schema import STRICT, read


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class TemperatureFidelity:
    """Figures at one temperature: means over the tokens where a figure is finite, None if it is nowhere.

    Attributes:
        temperature: T > 0.
        l1: Σ_v |p − p̂|, from 0 (equal) to 2 (disjoint).
        kl: KL(p ‖ p̂), nats.
        kl_infinite: Share of tokens where it is infinite.
        top1: Share of tokens with the same most probable token.
        entropy: Entropy of the teacher, nats.
        kept_tokens: Tokens with a probability of their own.
        tail_mass: Probability that is spread evenly over all other tokens.
        gold_nll: −log p of the gold token, nats.
        stored_gold_nll: −log p̂ of the gold token, nats.
        stored_gold_nll_infinite: Share of tokens where that is infinite.
        signature: How the figures were computed.
    """

    temperature: float
    l1: float | None
    kl: float | None
    kl_infinite: float
    top1: float | None
    entropy: float | None
    kept_tokens: float | None
    tail_mass: float | None
    gold_nll: float | None
    stored_gold_nll: float | None
    stored_gold_nll_infinite: float
    signature: str


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Fidelity:
    """The content of ``fidelity.json``.

    Attributes:
        model: Digest of the teacher.
        codec: Codec of the store.
        precision: Type in which the teacher computes.
        split: Split of the rows.
        rows: Number of rows that were compared.
        tokens: Tokens of their targets.
        bytes_per_token: Bytes of all signals by stored tokens.
        bytes_per_token_with_codec: The same with the tensors that all signals share.
        temperatures: Figures at each temperature.
    """

    model: str
    codec: Mapping[str, Any]
    precision: str
    split: str
    rows: int
    tokens: int
    bytes_per_token: float
    bytes_per_token_with_codec: float
    temperatures: Sequence[TemperatureFidelity]


def read_fidelity(path: Path) -> Fidelity:
    """Read ``fidelity.json``; a file that does not fit the schema is a ``DataError``."""
    return read(path, Fidelity)
