"""CodeBLEU (Ren et al. 2020): n-grams, n-grams with weighted keywords, syntax and data flow of Java texts.

CodeBLEU = ¼ (n-gram + weighted n-gram + syntax + data flow), each of the whole corpus, from row statistics.
The parts are those of the authors' code, which the package ``codebleu`` carries on. Where that differs from
the paper, and this module from the package, docs/decisions/codebleu.md says why and a test shows it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache, reduce
from importlib.metadata import version
from itertools import chain
from operator import or_
from typing import Any, NamedTuple

import numpy as np
from javalang.tokenizer import Keyword
from numpy.typing import NDArray
from tree_sitter import Node

from kdlib.java.syntax import COMMENTS, language, parse
from kdlib.java.tokens import code_tokens
from kdlib.metrics.dataflow import Flow, can_flow, data_flow

PARTS = ("ngram", "weighted_ngram", "syntax", "data_flow")
_ORDER = 4
_COLUMNS = 2 + 4 * _ORDER + 4
_KEYWORDS = frozenset(Keyword.VALUES)
# §3.1: the weight of a keyword, where that of other tokens is 1.
_KEYWORD_WEIGHT = 5
# Stands for the matches of an order that has none (Chen & Cherry 2014, smoothing 1).
_SMALL = 0.1
Ngram = tuple[str, ...]


class Reading(NamedTuple):
    """What CodeBLEU compares of a text.

    Attributes:
        tokens: Java tokens.
        subtrees: Hash of every subtree of the syntax tree.
        flows: Data flows.
    """

    tokens: list[str]
    subtrees: list[int]
    flows: list[Flow]


def read(text: str) -> Reading:
    """Read a text once for all comparisons with others.

    Args:
        text: Java source of any extent, also syntactically wrong.
    """
    tokens = code_tokens(text)
    root = parse(text.encode(errors="replace")).root_node
    flows = data_flow(root) if root.has_error or can_flow(tokens) else []
    return Reading(tokens, _subtrees(root), flows)


def codebleu_statistics(
    predictions: Sequence[Reading], references: Sequence[Sequence[Reading]]
) -> NDArray[np.int64]:
    """Count what CodeBLEU needs of every row; summed over rows it gives the corpus value.

    Args:
        predictions: Reading of each row's candidate.
        references: Readings of each row's correct answers, at least one a row. An n-gram of the candidate may
            match the reference that has most of it; the other three parts are recalls of all references.

    Returns:
        ``[rows, 22]``: tokens of the candidate; tokens of the reference of closest length; for n = 1..4 each:
        matched n-grams, the candidate's n-grams, then with weighted keywords the references' n-grams that the
        candidate has and all of them; of the references' subtrees and of their data flows, those that the
        candidate has and all.

    Raises:
        ValueError: If the rows differ in number or one has no reference.
    """
    if not all(references):
        at = [bool(own) for own in references].index(False)
        raise ValueError(f"CodeBLEU needs a reference for every row; row {at} has none")
    rows = [_row(prediction, own) for prediction, own in zip(predictions, references, strict=True)]
    return np.array(rows, dtype=np.int64).reshape(-1, _COLUMNS)


def codebleu_parts(sums: NDArray[Any]) -> NDArray[np.float64]:
    """Return the four parts of CodeBLEU of summed statistics.

    n-gram match: min(1, e^(1 − r/c)) · (Π p_n)^¼ with p_n = matched / candidate's n-grams, c tokens of the
    candidates and r of the closest references. Weighted n-gram match: (Π r_n)^¼ with r_n = matched / all
    n-grams of the references, where a keyword counts as 5 unigrams. Syntax and data flow match: matched / all
    subtrees or flows of the references. An order without match counts as 0.1 matches; if no unigram matches,
    the part is 0. An order of which neither side has an n-gram is left out. References without data flow have
    nothing to miss: that part is 1.

    Args:
        sums: ``[corpora, 22]``, sums of rows of ``codebleu_statistics``, one corpus (or resample) a row.

    Returns:
        ``[corpora, 4]`` in [0, 1], in the order of ``PARTS``; 1 for equal texts.

    Reference: Ren et al. 2020, §3.
    """
    values = sums.astype(np.float64)
    length, closest = values[:, 0], values[:, 1]
    matched, total, recalled, wanted = np.split(values[:, 2 : 2 + 4 * _ORDER], 4, axis=1)
    subtrees, all_subtrees, flows, all_flows = values[:, 2 + 4 * _ORDER :].T
    used = total + wanted > 0
    brevity = np.exp(np.minimum(0.0, 1 - closest / np.maximum(length, 1)))
    return np.column_stack(
        [
            brevity * _geometric_mean(matched, total, used),
            _geometric_mean(recalled, wanted, used),
            _share(subtrees, all_subtrees),
            _share(flows, all_flows),
        ]
    )


def codebleu_values(sums: NDArray[Any]) -> NDArray[np.float64]:
    """Return the CodeBLEU of summed statistics, the mean of its four parts.

    Args:
        sums: ``[corpora, 22]``, sums of rows of ``codebleu_statistics``, one corpus (or resample) a row.

    Returns:
        ``[corpora]`` in [0, 1]; 1 for equal texts.
    """
    return codebleu_parts(sums).mean(axis=1)


def codebleu_signature(references: Sequence[Sequence[Reading]]) -> str:
    """Return how CodeBLEU is computed: references per row, tokens, keywords, smoothing, weights, grammar.

    Args:
        references: Readings of each row's correct answers.
    """
    numbers = {len(own) for own in references}
    return (
        f"nrefs:{numbers.pop() if len(numbers) == 1 else 'var'}|tok:java|keywords:java8x{_KEYWORD_WEIGHT}"
        f"|smooth:add{_SMALL:g}|weights:.25,.25,.25,.25|noflow:1"
        f"|tree-sitter:{version('tree-sitter')}|tree-sitter-java:{version('tree-sitter-java')}"
    )


def _row(prediction: Reading, references: Sequence[Reading]) -> list[int]:
    length = len(prediction.tokens)
    # Of two equally close references the shorter counts, as in BLEU.
    closest = min((len(own.tokens) for own in references), key=lambda own: (abs(own - length), own))
    theirs = [Counter(_ngrams(own.tokens)) for own in references]
    recalls = [_recall(prediction, *pair) for pair in zip(references, theirs, strict=True)]
    matched = _matched(prediction.tokens, theirs[0] if len(theirs) == 1 else reduce(or_, theirs))
    return [length, closest, *matched, *_totals(length), *map(sum, zip(*recalls, strict=True))]


def _recall(prediction: Reading, reference: Reading, ngrams: Counter[Ngram]) -> list[int]:
    """Return the last 12 columns of a row for one of its references."""
    matched = _matched(prediction.tokens, ngrams)
    wanted = _totals(len(reference.tokens))
    for keyword in _KEYWORDS.intersection(reference.tokens):
        extra = (_KEYWORD_WEIGHT - 1) * ngrams[(keyword,)]
        wanted[0] += extra
        matched[0] += min(extra, (_KEYWORD_WEIGHT - 1) * prediction.tokens.count(keyword))
    # The authors' code does not clip: one subtree of the candidate matches all its equals in the reference.
    subtrees = sum(map(set(prediction.subtrees).__contains__, reference.subtrees))
    flows = (Counter(prediction.flows) & Counter(reference.flows)).total() if reference.flows else 0
    return [*matched, *wanted, subtrees, len(reference.subtrees), flows, len(reference.flows)]


def _ngrams(tokens: list[str]) -> Iterator[Ngram]:
    """Yield the n-grams of all orders."""
    a, b, c = tokens[1:], tokens[2:], tokens[3:]
    # Each list is one shorter than the one before: the last n-gram of an order ends with the text.
    return chain(
        zip(tokens),
        zip(tokens, a, strict=False),
        zip(tokens, a, b, strict=False),
        zip(tokens, a, b, c, strict=False),
    )


def _totals(length: int) -> list[int]:
    """Return the number of n-grams of each order in a text of so many tokens."""
    return [max(0, length - shorter) for shorter in range(_ORDER)]


def _matched(tokens: list[str], ngrams: Counter[Ngram]) -> list[int]:
    """Return for each order how many n-grams of the tokens are among others, each of which serves once."""
    left = dict(ngrams)
    matched = [0] * _ORDER
    for ngram in _ngrams(tokens):
        if left.get(ngram):
            left[ngram] -= 1
            matched[len(ngram) - 1] += 1
    return matched


def _subtrees(root: Node) -> list[int]:
    """Return the hash of every subtree: of the kinds and fields of its named nodes, comments left out.

    A leaf is no subtree, the root always is. Hashes, since n levels of a tree written out take n² characters.
    """
    comments = _comments()
    cursor = root.walk()
    found: list[int] = []
    # Of every open node its kind, then of each finished child the field and the hash, or kind of a leaf.
    above: list[list[int]] = [[]]
    while (node := cursor.node) is not None:
        if node.is_named or node.is_missing:
            kind = node.kind_id
            if cursor.goto_first_child():
                above.append([kind])
                continue
            if kind not in comments:
                above[-1] += (cursor.field_id or 0, -kind if node.is_missing else kind)
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return found or [hash((root.kind_id,))]
            subtree = hash(tuple(above.pop()))
            found.append(subtree)
            above[-1] += (cursor.field_id or 0, subtree)
    return found


@cache
def _comments() -> frozenset[int | None]:
    return frozenset(language().id_for_node_kind(kind, True) for kind in COMMENTS)


def _geometric_mean(
    matched: NDArray[np.float64], total: NDArray[np.float64], used: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the smoothed geometric mean of shares ``[corpora, 4]`` over the orders in use, 1 of none."""
    logs = np.log(np.where(matched > 0, matched, _SMALL) / np.maximum(total, 1))
    mean = np.where(used, logs, 0.0).sum(axis=1) / np.maximum(used.sum(axis=1), 1)
    return np.where((matched[:, 0] == 0) & used[:, 0], 0.0, np.exp(mean))


def _share(matched: NDArray[np.float64], total: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(total > 0, matched / np.maximum(total, 1), 1.0)
