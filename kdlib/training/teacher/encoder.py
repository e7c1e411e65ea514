"""Frozen encoders that measure meaning: the teacher's own, or a sentence encoder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.files import DataError
from kdlib.models.batch import Row
from kdlib.records import digest
from kdlib.training.loop.loop import job_key

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from kdlib.losses.expected import FrozenEncoder
    from kdlib.training.teacher.gold_embeddings import GoldVectors


def gold_vectors_of(
    model: Path,
    words: PreTrainedTokenizerFast,
    rows: Sequence[Row],
    folder: Path,
    threads: int,
    loaded: PreTrainedModel | None = None,
) -> GoldVectors:
    """Return the vectors of the rows' gold assertions in a frozen encoder.

    Args:
        model: Folder of a teacher's model, whose encoder measures, or of a sentence encoder.
        words: The run's tokenizer, through whose tokens a sentence encoder reads.
        rows: Training rows.
        folder: Holds a file for each pair of encoder and assertions; students share it.
        threads: CPU threads; other threads, like another device, give other bytes.
        loaded: The teacher's model, if it is in memory already.

    Raises:
        DataError: If the model has no encoder, or an assertion is too long for it.
    """
    import numpy as np
    import torch

    from kdlib.losses.expected import FrozenEncoder
    from kdlib.models.load import computing_device, load
    from kdlib.models.sentence import projected_encoder
    from kdlib.models.tokenizer import token_texts
    from kdlib.training.teacher.gold_embeddings import GoldVectors, target_numbers

    device = computing_device()
    torch.set_num_threads(threads)
    files, texts = [model / "model.safetensors"], token_texts(words)
    settings = {"threads": threads, "device": device.type, "texts": digest(texts)}
    settings["targets"] = hashlib.sha256(np.unique(target_numbers(rows)).tobytes()).hexdigest()
    if (model / "modules.json").exists():
        files.append(model / "modules.json")
        longest = max(len(row.target_ids) for row in rows)
        encoder = FrozenEncoder(*projected_encoder(model, texts, longest, device))
    else:
        encoder = frozen_encoder((load(model) if loaded is None else loaded).to(device))
    return GoldVectors(encoder, folder / f"{job_key(settings, files)}.npy", rows)


def frozen_encoder(model: PreTrainedModel) -> FrozenEncoder:
    """Return a model's encoder as a measure: its embeddings, and its states' mean over the mask."""
    from kdlib.losses.expected import FrozenEncoder
    from kdlib.models.sentence import own_encoder

    if not model.config.is_encoder_decoder:
        raise DataError(
            "semantic and contrastive need a teacher with an encoder, and this one is a causal model; "
            "name an entry of encoders in the student's key encoder"
        )
    return FrozenEncoder(*own_encoder(model))
