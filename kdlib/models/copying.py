"""Copying warm-up: a model from scratch learns to continue a sequence that stands in its prompt.

Most words of an assertion stand in its prompt, but a few thousand assertions do not teach a transformer to
copy: cross entropy on them falls faster by learning names by heart. Random token sequences leave nothing else
to learn, and some hundred short steps suffice if attention starts mimetic (``models.mimetic``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cross_entropy

if TYPE_CHECKING:
    from transformers import T5ForConditionalGeneration

SPECIAL = 4  # ids below are the tokenizer's special tokens
ROWS = 32
SOURCE = 48
TARGET = 12
LEARNING_RATE = 2e-3  # at its peak
RISE = 100  # steps in which the learning rate rises linearly to it


def learn_to_copy(model: T5ForConditionalGeneration, steps: int, seed: int) -> float:
    """Train a model to continue spans of random prompts, in place.

    The first token of a span cannot be known, so it does not count; from then on the loss can go to 0.

    Args:
        model: Model from scratch.
        steps: Optimiser steps of 32 prompts of 48 tokens, continued for 11 tokens.
        seed: Seed of the prompts.

    Returns:
        Cross entropy of the last step in nats per token (ln of the vocabulary's size if nothing was learned).
    """
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.0, betas=(0.9, 0.98))
    rise = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / RISE))
    model.train()
    last = float("nan")
    for _ in range(steps):
        prompt = torch.randint(SPECIAL, model.config.vocab_size, (ROWS, SOURCE), generator=generator)
        start = torch.randint(0, SOURCE - TARGET + 1, (ROWS, 1), generator=generator)
        span = prompt.gather(1, start + torch.arange(TARGET)).to(model.device)
        logits = model(input_ids=prompt.to(model.device), decoder_input_ids=span[:, :-1]).logits
        loss = cross_entropy(logits.flatten(0, 1), span[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        rise.step()
        last = float(loss.detach())
    return last
