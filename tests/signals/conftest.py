"""Tiny teachers of several families, and what they say by a plain call of the model."""

import pytest

from kdlib.config import Size


def saved(model, folder):
    """Save a model whose answers are sharp enough to tell right from wrong."""
    import torch

    head = model.get_output_embeddings().weight
    with torch.no_grad():
        head.mul_(8)
        head[model.config.eos_token_id] *= 3  # so that its outputs end
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def teachers(tmp_path_factory, teacher, tokenizer):
    """Folders by family: T5 with tied embeddings (trained) and with a head of its own, Llama, and Gemma 2.

    Gemma 2 caps its logits after the head: c·tanh(z/c).
    """
    from transformers import (
        Gemma2Config,
        Gemma2ForCausalLM,
        T5Config,
        T5ForConditionalGeneration,
        set_seed,
    )

    from kdlib.models.scratch import build

    root = tmp_path_factory.mktemp("teachers")
    special = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id}
    causal = Size(d_model=24, d_ff=48, encoder_layers=0, decoder_layers=2, heads=2)
    set_seed(5)
    untied = T5Config.from_pretrained(teacher)
    untied.tie_word_embeddings = False
    gemma = Gemma2Config(
        vocab_size=len(tokenizer),
        hidden_size=24,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=12,
        final_logit_softcapping=3.0,
        attn_logit_softcapping=None,
        bos_token_id=None,
        **special,
    )
    return {
        "t5_tied": teacher,
        "t5_untied": saved(T5ForConditionalGeneration(untied), root / "t5_untied"),
        "llama": saved(build(causal, tokenizer, 0.0, seed=5), root / "llama"),
        "gemma2": saved(Gemma2ForCausalLM(gemma), root / "gemma2"),
    }


def logits_alone(model, row):
    """Return [positions, vocab] logits of one row by a call of the model without padding or hooks."""
    import torch

    source, target = row.source_ids, row.target_ids
    with torch.no_grad():
        if not model.config.is_encoder_decoder:
            return model(input_ids=torch.tensor([source + target[:-1]])).logits[0, len(source) - 1 :]
        started = torch.tensor([[model.config.decoder_start_token_id, *target[:-1]]])
        return model(input_ids=torch.tensor([source]), decoder_input_ids=started).logits[0]


@pytest.fixture(scope="session")
def alone():
    return logits_alone
