"""Token weighting: sub-words of a target that belong to a token on which Java tests turn weigh more."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from kdlib.java.tokens import token_spans

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


@cache
def critical_tokens() -> dict[str, tuple[str, ...]]:
    """Return the curated table, category: Java tokens; no token stands twice."""
    table = yaml.safe_load(Path(__file__).with_name("critical_tokens.yaml").read_text(encoding="utf-8"))
    return {category: tuple(tokens) for category, tokens in table.items()}


def critical_spans(text: str, tokens: frozenset[str]) -> list[tuple[int, int]]:
    """Return where a text holds one of the tokens as a whole Java token.

    What stands in a literal, a comment or a longer identifier is no token of its own and is not found.

    Args:
        text: Java source of any extent, also syntactically wrong.
        tokens: Java tokens.

    Returns:
        Character spans [start, end) in source order.
    """
    return [(start, end) for start, end in token_spans(text) if text[start:end] in tokens]


def token_weights(
    text: str, offsets: Sequence[tuple[int, int]], weight: float, tokens: frozenset[str]
) -> list[float]:
    """Return the weight of each sub-word: ``weight`` if it covers some of a critical span, else 1.

    Blanks count as nothing, as only some tokenizers give them to the sub-word that follows.

    Args:
        text: Java source.
        offsets: Character span [start, end) of each sub-word; an empty one (an end token's) has weight 1.
        weight: Factor of critical sub-words in the loss.
        tokens: Java tokens that are critical.
    """
    critical = [False] * len(text)
    for start, end in critical_spans(text, tokens):
        critical[start:end] = [not character.isspace() for character in text[start:end]]
    return [weight if any(critical[start:end]) else 1.0 for start, end in offsets]


def row_weights(
    tokenizer: PreTrainedTokenizerFast,
    texts: Sequence[str],
    targets: Sequence[Sequence[int]],
    weight: float,
) -> list[list[float]]:
    """Return the weights of stored targets under the whole table, one per token id.

    Args:
        tokenizer: The tokenizer that encoded the targets.
        texts: Text of each target.
        targets: Token ids of each target, with or without the end token.
        weight: Factor of critical sub-words in the loss; the end token has weight 1.

    Raises:
        ValueError: If the tokenizer gives other ids for a text, or texts and targets differ in number.
    """
    if len(texts) != len(targets):
        raise ValueError(f"{len(texts)} texts, but {len(targets)} targets")
    if not texts:
        return []
    tokens = frozenset(chain.from_iterable(critical_tokens().values()))
    encoded = tokenizer(list(texts), add_special_tokens=False, return_offsets_mapping=True)
    weights = []
    for text, target, ids, offsets in zip(
        texts, targets, encoded["input_ids"], encoded["offset_mapping"], strict=True
    ):
        end = list(target[len(ids) :])
        if list(target[: len(ids)]) != ids or end not in ([], [tokenizer.eos_token_id]):
            raise ValueError(f"the tokenizer gives {ids} for {text!r}, but its target is {list(target)}")
        weights.append([*token_weights(text, offsets, weight, tokens), *(1.0 for _ in end)])
    return weights
