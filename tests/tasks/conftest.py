import pytest


@pytest.fixture
def tokenizer():
    """A byte-level BPE tokenizer, a new one for each test."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    own = Tokenizer(models.BPE())
    own.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    own.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    own.train_from_iterator(["assertEquals(größe, 12); return this.size; int größe() {"] * 9, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=own, clean_up_tokenization_spaces=False)
