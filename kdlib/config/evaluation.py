"""The section of predictions and scores."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kdlib.config.base import Name, Strict


class Evaluation(Strict):
    """Predictions and scores."""

    split: Literal["validation", "test"] = Field(
        "test",
        description="rows that models are evaluated on: choices are made on validation, whose results lie in "
        "results/{run}/validation; test is scored once, after the choice",
    )
    beams: int = Field(4, ge=1, description="beam width; 1 is greedy search")
    n_best: int = Field(4, ge=1, description="predictions kept for each row")
    batch_size: int = Field(32, ge=1, description="rows of a generation batch at most")
    batch_tokens: int = Field(
        16384,
        ge=1,
        description="tokens of the prompts of a generation batch at most, padding included: it bounds the "
        "memory of long prompts",
    )
    latency_rows: int = Field(
        16, ge=1, description="rows that are predicted alone, to measure a model's latency"
    )
    encoder: Name | None = Field(
        None,
        description="name of an entry of encoders that measures the semantic similarity of predictions; the "
        "encoder of the first teacher if left out",
    )
    resamples: int = Field(2000, ge=100, description="bootstrap resamples")
    confidence: float = Field(0.95, gt=0, lt=1, description="mass of the intervals")
    seed: int = Field(42, description="seed of the resampling")
