"""Frozen encoders that embed assertions: the teacher's encoder, or a sentence encoder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from kdlib.files import DataError, sha256
from kdlib.losses.expected import FrozenEncoder
from kdlib.models.batch import Row
from kdlib.models.load import computing_device, load
from kdlib.models.sentence import own_encoder, projected_encoder
from kdlib.models.tokenizer import token_texts
from kdlib.records import digest
from kdlib.training.teacher.gold_embeddings import GoldEmbeddingCache, target_numbers

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


def gold_embeddings_of(
    model: Path,
    tokenizer: PreTrainedTokenizerFast,
    rows: Sequence[Row],
    folder: Path,
    threads: int,
    loaded: PreTrainedModel | None = None,
) -> GoldEmbeddingCache:
    """Return the embeddings of the rows' gold assertions in a frozen encoder.

    Args:
        model: Folder of a teacher's model, whose encoder measures, or of a sentence encoder.
        tokenizer: The run's tokenizer, through whose tokens a sentence encoder reads.
        rows: Training rows.
        folder: Folder with a file for each pair of encoder and assertions; students share it.
        threads: Number of CPU threads; another number, like another device, gives other bytes.
        loaded: The teacher's model, if it is in memory already.

    Raises:
        DataError: If the model has no encoder, or an assertion is too long for it.
    """
    device = computing_device()
    torch.set_num_threads(threads)
    files = [model / "model.safetensors"]
    texts = token_texts(tokenizer)
    settings = {"threads": threads, "device": device.type, "texts": digest(texts)}
    settings["targets"] = hashlib.sha256(np.unique(target_numbers(rows)).tobytes()).hexdigest()
    if (model / "modules.json").exists():
        files.append(model / "modules.json")
        longest = max(len(row.target_ids) for row in rows)
        encoder = FrozenEncoder(*projected_encoder(model, texts, longest, device))
    else:
        encoder = frozen_encoder((load(model) if loaded is None else loaded).to(device))
    key = digest([json.dumps(settings, sort_keys=True), *map(sha256, files)])[:16]
    return GoldEmbeddingCache(encoder, folder / f"{key}.npy", rows)


def frozen_encoder(model: PreTrainedModel) -> FrozenEncoder:
    """Return a model's encoder, frozen: its input embeddings, and the mean of its states over the mask.

    Raises:
        DataError: If the model is causal and has no encoder.
    """
    if not model.config.is_encoder_decoder:
        raise DataError(
            "semantic and contrastive need a teacher with an encoder, and this one is a causal model; "
            "name an entry of encoders in the student's key encoder"
        )
    return FrozenEncoder(*own_encoder(model))
