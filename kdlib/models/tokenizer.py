"""The tokenizer of a run: byte-level BPE trained on the training split, or that of a pretrained model."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.config import Tokenizer
from kdlib.files import atomic
from kdlib.records import MARKER

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PAD = "<pad>"
EOS = "</s>"
UNK = "<unk>"
# Camel-case words, single digits and single symbols, each with the blank before it: parts of identifiers
# that occur in the focal method can then be copied one by one.
PIECES = r" ?[A-Z]?[a-z]+| ?[A-Z]+(?![a-z])|\d| ?[^\sA-Za-z\d]|\s+(?!\S)|\s+"


def train_tokenizer(texts: Iterable[str], config: Tokenizer, folder: Path) -> PreTrainedTokenizerFast:
    """Train a tokenizer and write it to ``folder``; any text is encoded without loss.

    Args:
        texts: Training texts, read once.
        config: Vocabulary size and frequency threshold.
        folder: Replaced as a whole.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=config.vocab_size,
        min_frequency=config.min_frequency,
        special_tokens=[PAD, EOS, UNK, MARKER],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=EOS,
        unk_token=UNK,
        extra_special_tokens=[MARKER],
        split_special_tokens=True,  # Java text may hold "</s>"; only callers put special ids in place
    )
    with atomic(folder) as partial:
        fast.save_pretrained(str(partial))
    return fast


def copy_tokenizer(model: Path, folder: Path) -> PreTrainedTokenizerFast:
    """Write the tokenizer of a staged model as the run's.

    Args:
        model: Folder of the staged model.
        folder: Replaced as a whole.
    """
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast.from_pretrained(str(model), split_special_tokens=True)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    with atomic(folder) as partial:
        tokenizer.save_pretrained(str(partial))
    return load_tokenizer(folder)


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """Load the tokenizer of a run; text never becomes a special token of it."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast.from_pretrained(str(folder), split_special_tokens=True)


def embedding_rows(tokenizer: PreTrainedTokenizerFast) -> int:
    """Return the number of embeddings that a model of this tokenizer needs; ids may have gaps."""
    return max(tokenizer.get_vocab().values()) + 1


def decode(tokenizer: PreTrainedTokenizerFast, ids: Iterable[int]) -> str:
    """Return the text of token ids without special tokens and without any rewriting."""
    text = tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return str(text)


def token_texts(tokenizer: PreTrainedTokenizerFast) -> list[str]:
    """Return the text that each id adds behind other text, its leading blank included.

    Returns:
        ``[vocab]``; "" for special tokens and ids without meaning; a piece of a UTF-8 character may be
        U+FFFD.
    """
    # Decoded alone, a token of SentencePiece would lose its leading blank.
    anchor = tokenizer.encode(".", add_special_tokens=False)
    start = len(decode(tokenizer, anchor))
    return [decode(tokenizer, [*anchor, token])[start:] for token in range(embedding_rows(tokenizer))]
