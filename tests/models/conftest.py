"""Tiny models of both families, with weights large enough that no two positions are alike."""

from __future__ import annotations

import random

import pytest
import torch

from kdlib.models.batch import Row

VOCABULARY, PAD, EOS = 23, 0, 1
JAVA = "@Test\nvoid size() {\n    assertEquals(12, größe.get()); // </s>\n}"
FAMILIES = ("t5_tied", "t5_untied", "llama_tied", "llama_untied")


def byte_tokenizer():
    """Return byte-level BPE on the words of GPT-2, as many pretrained models have; the marker is no entry."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    own = Tokenizer(models.BPE())
    own.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    own.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<pad>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    own.train_from_iterator([JAVA] * 9, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=own, pad_token="<pad>", eos_token="</s>")


def tiny(family: str, vocabulary: int = VOCABULARY, eos: int | list[int] = EOS, layers: int = 2):
    """Return a model in evaluation mode; T5 scales what its head reads if and only if embeddings are tied."""
    from transformers import LlamaConfig, LlamaForCausalLM, T5Config, T5ForConditionalGeneration

    torch.manual_seed(5)
    tied = family.endswith("_tied")
    common = {"vocab_size": vocabulary, "pad_token_id": PAD, "eos_token_id": eos, "tie_word_embeddings": tied}
    if family.startswith("t5"):
        shape = {"d_model": 24, "d_kv": 8, "d_ff": 40, "num_layers": layers, "num_heads": 3}
        model = T5ForConditionalGeneration(
            T5Config(**common, **shape, dropout_rate=0.25, decoder_start_token_id=PAD)
        )
        if not tied:  # transformers ties T5 at first, and unties what a file holds apart
            model.lm_head.weight = torch.nn.Parameter(torch.empty_like(model.shared.weight))
    else:
        shape = {"hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": layers}
        heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
        model = LlamaForCausalLM(LlamaConfig(**common, **shape, **heads, max_position_embeddings=64))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" not in name:
                weight.normal_(0, 0.35)
        if family == "t5_tied":
            model.shared.weight.mul_(4)  # its logits are divided by √24
    return model.eval()


@pytest.fixture(scope="session")
def tiny_model():
    return tiny


@pytest.fixture(scope="session", params=FAMILIES)
def model(request):
    return tiny(request.param)


@pytest.fixture(scope="session")
def odd_rows() -> list[Row]:
    """Rows of odd lengths over the tiny vocabulary; prompts hold the padding id as well."""
    dice = random.Random(3)
    return [
        Row(
            f"id{number}",
            [*(dice.randrange(VOCABULARY) for _ in range(source)), EOS],
            [*(dice.randrange(2, VOCABULARY) for _ in range(target)), EOS],
            f"h{number}",
        )
        for number, (source, target) in enumerate([(7, 3), (1, 5), (12, 1), (5, 0), (7, 4)])
    ]
