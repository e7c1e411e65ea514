"""Stored signals of a teacher: what is kept of a distribution, and how it is extracted."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kdlib.config.base import Precision, Strict

Compression = Literal["lz4", "zstd"]
MAX_KEPT = 255  # the number of kept tokens is stored as one byte


class Hidden(Strict):
    """The decoder's last hidden state; the output head is stored once: exact at any temperature."""

    kind: Literal["hidden"]
    precision: Literal["bf16", "int8"] = Field(
        "bf16", description="2 bytes per width and token; int8, scaled by channel and position, takes 1"
    )
    compression: Compression = Field("zstd", description="lz4 is fast, zstd small")


class Dense(Strict):
    """Full half-precision log-probabilities: the reference, at any temperature."""

    kind: Literal["dense"]
    compression: Compression = Field("lz4", description="lz4 is fast, zstd small")


class TopK(Strict):
    """The k most probable tokens in half precision and the mass of all others."""

    kind: Literal["topk"]
    k: int = Field(32, ge=1, le=MAX_KEPT, description="tokens kept at each position")
    temperature: float = Field(
        1.0, gt=0, description="the only temperature that the stored signals can answer at"
    )
    compression: Compression = Field("zstd", description="lz4 is fast, zstd small")


class Nucleus(Strict):
    """The most probable tokens up to a mass of 1 − ε in 8 bits and the mass of all others: the smallest."""

    kind: Literal["nucleus"]
    epsilon: float = Field(0.005, gt=0, lt=1, description="ε, mass that may be left to the tail")
    cap: int = Field(64, ge=1, le=MAX_KEPT, description="tokens kept at each position at most")
    temperature: float = Field(
        1.0, gt=0, description="the only temperature that the stored signals can answer at"
    )
    compression: Compression = Field("zstd", description="lz4 is fast, zstd small")


class Sampled(Strict):
    """The most probable tokens exactly, and the tail by draws from it: unbiased, unlike a truncation."""

    kind: Literal["sampled"]
    head: int = Field(8, ge=1, le=MAX_KEPT, description="tokens kept exactly at each position")
    draws: int = Field(8, ge=1, le=MAX_KEPT, description="tail tokens drawn at each position")
    temperature: float = Field(
        1.0, gt=0, description="the only temperature that the stored signals can answer at"
    )
    seed: int = Field(42, description="seed of the draws")
    compression: Compression = Field("zstd", description="lz4 is fast, zstd small")


Codec = Annotated[Hidden | Dense | TopK | Nucleus | Sampled, Field(discriminator="kind")]


class Signals(Strict):
    """Stored distributions of the teachers."""

    codec: Codec = Field(
        default_factory=lambda: Hidden(kind="hidden"), description="how a distribution is stored"
    )
    beams: int = Field(0, ge=0, description="beams of the teacher that are stored beside each gold target")
    shards: int = Field(2, ge=1, description="jobs and files per split; any number stores the same signals")
    batch_size: int | None = Field(
        16, ge=1, description="rows per forward pass; null finds a size by the free memory"
    )
    precision: Precision = Field(
        "auto",
        description="of the teacher's forward pass: auto is bfloat16 where the hardware computes in it",
    )
    fidelity_rows: int = Field(
        200, ge=1, description="validation rows on which stored signals and teacher are compared"
    )
