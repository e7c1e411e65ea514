"""The assertion view: focal method and masked test in, assertion out.

Teacher and student see exactly this prompt; nothing else in kdlib writes one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kdlib.files import DataError
from kdlib.records import MARKER, Example

FOCAL_HEADER = "FOCAL METHOD:\n"
TEST_HEADER = "\n\nTEST METHOD:\n"


def prompt(example: Example) -> str:
    """Return the whole prompt text of an example."""
    return FOCAL_HEADER + example.focal_method + TEST_HEADER + example.masked_test


def target(example: Example) -> str:
    """Return the text to be generated: the first reference."""
    return example.references[0]


def prompt_ids(
    example: Example, encode: Callable[[str], list[int]], marker: Sequence[int], eos: int, limit: int
) -> list[int]:
    """Return the prompt's token ids, shortened to ``limit`` without touching the marker.

    A test that is too long keeps the marker, then what precedes it, then what follows: the statements
    before an assertion say most about it. The focal method gives way first, but keeps a third.

    Args:
        example: What to write a prompt for.
        encode: Text to token ids, none of them special.
        marker: Ids of the marker: one if the tokenizer was made for it.
        eos: Id that closes the prompt.
        limit: Largest number of ids, the closing one included.

    Raises:
        DataError: If the headers and the marker alone are longer than ``limit``.
    """
    before, _, after = example.masked_test.partition(MARKER)
    head = encode(FOCAL_HEADER)
    gap = encode(TEST_HEADER)
    focal = encode(example.focal_method)
    left = encode(before)
    right = encode(after)
    room = limit - 1 - len(marker) - len(head) - len(gap)  # 1: the end
    if room < 0:
        raise DataError(
            f"a prompt of {limit} tokens has no room for its headers and the marker; this tokenizer needs "
            f"{limit - room}: raise dataset.max_source_tokens"
        )
    focal = focal[: max(room // 3, room - len(left) - len(right))]
    room -= len(focal)
    if len(left) + len(right) > room:
        left = left[max(len(left) - room + min(len(right), room // 4), 0) :]
    right = right[: room - len(left)]
    return head + focal + gap + left + [*marker] + right + [eos]
