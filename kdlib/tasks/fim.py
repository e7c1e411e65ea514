"""The fill-in-the-middle view: a document cut in three, in the order and with the marks of a model family.

Bavarian et al. 2022 (arXiv 2207.14255): PSM is §3, prefix, suffix, middle; SPM is the second variant of
App. D, which shares its sentinels with PSM: the suffix first, then prefix and middle in one piece.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kdlib.tasks.completion import Completion

Order = Literal["psm", "spm"]


@dataclass(frozen=True, slots=True)
class Sentinels:
    """What a model family writes around the three parts.

    Attributes:
        psm: What stands before prefix, suffix and middle.
        spm: What stands before suffix and before prefix; the middle follows the prefix without a mark. None
            if models of the family know PSM only.
        end: What follows the middle.
        stop: What follows any other text.
    """

    psm: tuple[str, str, str]
    spm: tuple[str, str] | None
    end: str
    stop: str

    def marks(self, order: Order) -> Sequence[str]:
        """Return what stands before the parts of the context, in their order.

        Raises:
            ValueError: If the family does not know the order.
        """
        if order == "psm":
            return self.psm
        if self.spm is None:
            raise ValueError(f"models with the sentinel {self.psm[0]!r} know no suffix-prefix-middle order")
        return self.spm

    def stand_in(self, text: str) -> bool:
        """Return whether a text holds a sentinel, which would read as one of those that are written."""
        return any(mark.strip() in text for mark in (*self.psm, self.end, self.stop))


FAMILIES = {
    # PSM: Qwen2.5-Coder, arXiv 2409.12186 §3.2. Its report shows no SPM: a model learns it from these rows.
    "qwen": Sentinels(
        psm=("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
        spm=("<|fim_prefix|><|fim_suffix|>", "<|fim_middle|>"),
        end="<|endoftext|>",
        stop="<|endoftext|>",
    ),
    # Both orders: StarCoder, arXiv 2305.06161 §3; its SPM is SantaCoder's "SPMv2", arXiv 2301.03988 §5.
    "starcoder": Sentinels(
        psm=("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
        spm=("<fim_prefix><fim_suffix>", "<fim_middle>"),
        end="<|endoftext|>",
        stop="<|endoftext|>",
    ),
    # DeepSeek-Coder, arXiv 2401.14196 §3.1.2: trained on PSM only; the hole stands where the middle was.
    "deepseek": Sentinels(
        psm=("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
        spm=None,
        end="<｜end▁of▁sentence｜>",
        stop="<｜end▁of▁sentence｜>",
    ),
    # Both orders: Code Llama, arXiv 2308.12950 §2.3, with the blanks of the format that its tokenizer names.
    "codellama": Sentinels(
        psm=("<PRE> ", " <SUF>", " <MID>"),
        spm=("<PRE> <SUF>", " <MID> "),
        end=" <EOT>",
        stop="</s>",
    ),
}


@dataclass(frozen=True, slots=True)
class Parts:
    """A document, or a window of it, cut in three."""

    prefix: str
    middle: str
    suffix: str

    def document(self) -> str:
        """Return the text as it was before it was cut."""
        return self.prefix + self.middle + self.suffix


def clip(parts: Parts, limit: int) -> Parts:
    """Return parts of at most ``limit`` characters with the same middle.

    The prefix loses from its left end, the suffix from its right. If both are too long, the suffix keeps a
    quarter of the room, and what one does not need goes to the other.

    Raises:
        ValueError: If the middle alone is longer than ``limit``.
    """
    if len(parts.middle) > limit:
        raise ValueError(f"a middle of {len(parts.middle)} characters does not fit into {limit}")
    left, right = _shares(len(parts.prefix), len(parts.suffix), limit - len(parts.middle))
    return Parts(parts.prefix[len(parts.prefix) - left :], parts.middle, parts.suffix[:right])


def overhead(sentinels: Sentinels, order: Order) -> int:
    """Return how many characters of a text are sentinels."""
    return sum(map(len, sentinels.marks(order))) + len(sentinels.end)


def join(parts: Parts, sentinels: Sentinels, order: Order) -> Completion:
    """Return the text of three parts: the middle and the end token stand last, whatever the order.

    Raises:
        ValueError: If the document holds a sentinel, or the family does not know the order.
    """
    if sentinels.stand_in(parts.document()):
        raise ValueError("the document holds a sentinel of the model family")
    context = "".join(_context(parts.prefix, parts.suffix, sentinels.marks(order), order))
    return Completion(context + parts.middle + sentinels.end, len(context))


def parse(completion: Completion, sentinels: Sentinels) -> Parts:
    """Return the parts of which ``join`` made a text.

    Raises:
        ValueError: If it is no such text.
    """
    context = completion.text[: completion.prefix_length]
    learned = completion.text[completion.prefix_length :]
    middle = learned.removesuffix(sentinels.end)
    if middle != learned:
        # The marks that open SPM begin like the one that opens PSM.
        if sentinels.spm is not None and context.startswith(sentinels.spm[0]):
            suffix, mark, prefix = context.removeprefix(sentinels.spm[0]).partition(sentinels.spm[1])
            if mark:
                return Parts(prefix, middle, suffix)
        elif context.startswith(sentinels.psm[0]) and context.endswith(sentinels.psm[2]):
            inner = context.removeprefix(sentinels.psm[0]).removesuffix(sentinels.psm[2])
            prefix, mark, suffix = inner.partition(sentinels.psm[1])
            if mark:
                return Parts(prefix, middle, suffix)
    raise ValueError(f"no text with the sentinels {', '.join(sentinels.psm)}: {completion.text[:80]!r}")


def _context(prefix: str, suffix: str, marks: Sequence[str], order: Order) -> list[str]:
    if order == "psm":
        return [marks[0], prefix, marks[1], suffix, marks[2]]
    return [marks[0], suffix, marks[1], prefix]


def _shares(left: int, right: int, room: int) -> tuple[int, int]:
    """Return how much is kept of the end of the prefix and of the start of the suffix."""
    kept = min(right, max(room // 4, room - left))
    return min(left, room - kept), kept
