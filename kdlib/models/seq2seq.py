"""Encoder-decoder models of the T5 family: built by size, saved and loaded as safetensors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.config import Size
from kdlib.files import DataError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast, T5ForConditionalGeneration


def build(
    size: Size, tokenizer: PreTrainedTokenizerFast, dropout: float, seed: int
) -> T5ForConditionalGeneration:
    """Return a T5 model with random weights and mimetic attention.

    Args:
        size: Its shape.
        tokenizer: Gives the vocabulary and the special ids; decoding starts with the padding token, as in T5.
        dropout: Dropout rate of every layer.
        seed: Seed of the weights.
    """
    from transformers import T5Config, T5ForConditionalGeneration, set_seed

    from kdlib.models.mimetic import mimetic_initialisation

    set_seed(seed)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=size.d_model,
        d_kv=size.d_model // size.heads,
        d_ff=size.d_ff,
        num_layers=size.encoder_layers,
        num_decoder_layers=size.decoder_layers,
        num_heads=size.heads,
        dropout_rate=dropout,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )
    model = T5ForConditionalGeneration(config)
    mimetic_initialisation(model, seed)
    return model


def load(folder: Path) -> T5ForConditionalGeneration:
    """Load a saved model for inference; only safetensors are read."""
    from transformers import T5ForConditionalGeneration

    if not (folder / "model.safetensors").exists():
        raise DataError(f"{folder}: no model.safetensors; train the model first")
    model = T5ForConditionalGeneration.from_pretrained(str(folder), use_safetensors=True)
    return model.eval()
