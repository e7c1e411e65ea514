"""Models with random weights: T5 encoder-decoders with mimetic attention, and causal Llama models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kdlib.config import Size
from kdlib.models.tokenizer import embedding_rows

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast, T5ForConditionalGeneration

POSITIONS = 1 << 20  # rotary ones are computed, not learnt: the longest prompt bounds them


def build(
    size: Size, tokenizer: PreTrainedTokenizerFast, dropout: float, seed: int
) -> T5ForConditionalGeneration | LlamaForCausalLM:
    """Return a model with random weights.

    Args:
        size: Shape of the model; without encoder layers it is causal.
        tokenizer: Gives the vocabulary and the special ids; decoding starts with the padding token, as in T5.
        dropout: Dropout rate of every layer, in a causal model of attention alone.
        seed: Seed of the weights.
    """
    from transformers import set_seed

    set_seed(seed)
    if size.encoder_layers:
        return _encoder_decoder(size, tokenizer, dropout, seed)
    return _causal(size, tokenizer, dropout)


def _encoder_decoder(
    size: Size, tokenizer: PreTrainedTokenizerFast, dropout: float, seed: int
) -> T5ForConditionalGeneration:
    from transformers import T5Config, T5ForConditionalGeneration

    from kdlib.models.mimetic import mimetic_initialisation

    config = T5Config(
        vocab_size=embedding_rows(tokenizer),
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


def _causal(size: Size, tokenizer: PreTrainedTokenizerFast, dropout: float) -> LlamaForCausalLM:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=embedding_rows(tokenizer),
        hidden_size=size.d_model,
        intermediate_size=size.d_ff,
        num_hidden_layers=size.decoder_layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.heads,
        max_position_embeddings=POSITIONS,
        attention_dropout=dropout,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    return LlamaForCausalLM(config)
