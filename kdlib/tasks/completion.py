"""A text of which only the end is learned, and the token labels that say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Completion:
    """Context and what is to be written after it.

    Attributes:
        text: The context, the completion and the token that ends it.
        prefix_length: Characters of the context; ``text[prefix_length:]`` is learned.
    """

    text: str
    prefix_length: int


def labelled_ids(
    completion: Completion, encode: Callable[[str], list[int]], ignore: int = -100
) -> tuple[list[int], list[int]]:
    """Return token ids and labels; only the completion and its end count.

    Context and completion are encoded apart, so that no token straddles their border: at inference, too, the
    context is encoded by itself. An offset mapping of the whole text would have to give a straddling token
    either to the loss, which then learns context, or to the context, which then shows what is to be learned.

    Args:
        completion: What to encode.
        encode: Text to token ids. The sentinels in the text become what the tokenizer makes of them, one id
            each if they are its special tokens; nothing is added at either end.
        ignore: Label of positions outside the loss.

    Returns:
        Ids, and as many labels; the model shifts them by one.
    """
    context = encode(completion.text[: completion.prefix_length])
    learned = encode(completion.text[completion.prefix_length :])
    return context + learned, [ignore] * len(context) + learned
