"""CodeBLEU (Ren et al. 2020): n-grams, n-grams with weighted keywords, syntax and data flow of Java texts.

CodeBLEU = ¼ (n-gram + weighted n-gram + syntax + data flow), each of the whole corpus, from row statistics.
The parts are those of the authors' code, which the package ``codebleu`` carries on. Where that differs from
the paper, and this module from the package, docs/decisions/014-codebleu.md says why and a test shows it.
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
_COLUMNS = 22
_KEYWORDS = frozenset(Keyword.VALUES)
# §3.1: the weight of a keyword, where that of other tokens is 1.
_KEYWORD_WEIGHT = 5
# Stands for the matches of an order that has none (Chen & Cherry 2014, smoothing 1).
_SMALL = 0.1
Ngram = tuple[str, ...]


class CodeFeatures(NamedTuple):
    """What CodeBLEU compares of a text.

    Attributes:
        tokens: Java tokens.
        subtrees: Hash of every subtree of the syntax tree.
        flows: Data flows.
    """

    tokens: list[str]
    subtrees: list[int]
    flows: list[Flow]


def read(text: str) -> CodeFeatures:
    """Read a text once for all comparisons with others.

    Args:
        text: Java source of any extent, also syntactically wrong.
    """
    tokens = code_tokens(text)
    root = parse(text.encode(errors="replace")).root_node
    flows = data_flow(root) if root.has_error or can_flow(tokens) else []
    return CodeFeatures(tokens, _subtrees(root), flows)


def codebleu_statistics(
    predictions: Sequence[CodeFeatures], references: Sequence[Sequence[CodeFeatures]]
) -> NDArray[np.int64]:
    """Count what CodeBLEU needs of every row; summed over rows it gives the corpus value.

    Args:
        predictions: Features of each row's candidate.
        references: Features of each row's correct answers, at least one a row. An n-gram of the candidate may
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
        at = [bool(features) for features in references].index(False)
        raise ValueError(f"CodeBLEU needs a reference for every row; row {at} has none")
    rows = [_row(prediction, features) for prediction, features in zip(predictions, references, strict=True)]
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
    length = values[:, 0]
    closest = values[:, 1]
    # [corpora, 2, 4]: precision and recall of each order.
    matched, total = values[:, 2:18].reshape(-1, 2, 2, _ORDER).transpose(2, 0, 1, 3)
    parts = np.ones((len(values), len(PARTS)))
    parts[:, :2] = _geometric_mean(matched, total)
    parts[:, 0] *= np.exp(np.minimum(0.0, 1 - closest / np.maximum(length, 1)))
    # [corpora, 2]: subtrees and flows.
    matched, total = values[:, 18:].reshape(-1, 2, 2).transpose(2, 0, 1)
    np.divide(matched, total, out=parts[:, 2:], where=total > 0)
    return parts


def codebleu_values(sums: NDArray[Any]) -> NDArray[np.float64]:
    """Return the CodeBLEU of summed statistics, the mean of its four parts.

    Args:
        sums: ``[corpora, 22]``, sums of rows of ``codebleu_statistics``, one corpus (or resample) a row.

    Returns:
        ``[corpora]`` in [0, 1]; 1 for equal texts.
    """
    return codebleu_parts(sums).sum(axis=1) / len(PARTS)


def codebleu_signature(references: Sequence[Sequence[CodeFeatures]]) -> str:
    """Return how CodeBLEU is computed: references per row, tokens, keywords, smoothing, weights, grammar.

    Args:
        references: Features of each row's correct answers.
    """
    numbers = {len(row) for row in references}
    return (
        f"nrefs:{numbers.pop() if len(numbers) == 1 else 'var'}|tok:java|keywords:java8x{_KEYWORD_WEIGHT}"
        f"|smooth:add{_SMALL:g}|weights:.25,.25,.25,.25|noflow:1"
        f"|tree-sitter:{version('tree-sitter')}|tree-sitter-java:{version('tree-sitter-java')}"
    )


def _row(prediction: CodeFeatures, references: Sequence[CodeFeatures]) -> list[int]:
    rows = [_pair(prediction, reference) for reference in references]
    if len(rows) == 1:
        return rows[0]
    length = rows[0][0]
    # Of two equally close references the shorter counts, as in BLEU.
    closest = min((abs(row[1] - length), row[1]) for row in rows)[1]
    most = reduce(or_, (Counter(_ngrams(reference.tokens)) for reference in references))
    recalls = zip(*(row[2 + 2 * _ORDER :] for row in rows), strict=True)
    return [length, closest, *_matched(prediction.tokens, most), *_totals(length), *map(sum, recalls)]


def _pair(prediction: CodeFeatures, reference: CodeFeatures) -> list[int]:
    tokens = prediction.tokens
    theirs = reference.tokens
    total = _totals(len(tokens))
    wanted = _totals(len(theirs))
    matched = _matched(tokens, Counter(_ngrams(theirs)))
    recalled = matched.copy()
    for keyword in _KEYWORDS.intersection(theirs):
        occurrences = theirs.count(keyword)
        wanted[0] += (_KEYWORD_WEIGHT - 1) * occurrences
        recalled[0] += (_KEYWORD_WEIGHT - 1) * min(occurrences, tokens.count(keyword))
    # The authors' code does not clip: one subtree of the candidate matches all its equals in the reference.
    subtrees = sum(map(set(prediction.subtrees).__contains__, reference.subtrees))
    flows = (Counter(prediction.flows) & Counter(reference.flows)).total() if reference.flows else 0
    ngrams = [*matched, *total, *recalled, *wanted]
    return [len(tokens), len(theirs), *ngrams, subtrees, len(reference.subtrees), flows, len(reference.flows)]


def _ngrams(tokens: list[str]) -> Iterator[Ngram]:
    """Yield the n-grams of all orders."""
    a = tokens[1:]
    b = tokens[2:]
    c = tokens[3:]
    # Each list is one shorter than the one before: the last n-gram of an order ends with the text.
    return chain(
        zip(tokens),
        zip(tokens, a, strict=False),
        zip(tokens, a, b, strict=False),
        zip(tokens, a, b, c, strict=False),
    )


def _totals(length: int) -> list[int]:
    """Return the number of n-grams of each order in a text of so many tokens."""
    if length < _ORDER:
        return [max(0, length - shorter) for shorter in range(_ORDER)]
    return list(range(length, length - _ORDER, -1))


def _matched(tokens: list[str], left: Counter[Ngram]) -> list[int]:
    """Return for each order how many n-grams of the tokens are among those left, which are used up."""
    matched = [0] * _ORDER
    for ngram in filter(left.get, _ngrams(tokens)):
        left[ngram] -= 1
        matched[len(ngram) - 1] += 1
    return matched


def _subtrees(root: Node) -> list[int]:
    """Return the hash of every subtree: of the kinds and fields of its named nodes, comments left out.

    A leaf is no subtree, the root always is. Hashes, since n levels of a tree written out take n² characters.
    """
    comments = _comments()
    broken = root.has_error
    cursor = root.walk()
    down = cursor.goto_first_child
    across = cursor.goto_next_sibling
    up = cursor.goto_parent
    found: list[int] = []
    # Of an open node its kind, then of each finished child the field and the hash, or kind of a leaf.
    children: list[int | None] = []
    above = []
    while (node := cursor.node) is not None:
        missing = broken and node.is_missing
        if node.is_named or missing:
            kind = node.kind_id
            if down():
                above.append(children)
                children = [kind]
                continue
            if kind not in comments:
                children += (cursor.field_id, -kind if missing else kind)
        while not across():
            if not up():
                return found or [hash((root.kind_id,))]
            subtree = hash(tuple(children))
            found.append(subtree)
            children = above.pop()
            children += (cursor.field_id, subtree)
    return found


@cache
def _comments() -> frozenset[int | None]:
    return frozenset(language().id_for_node_kind(kind, True) for kind in COMMENTS)


def _geometric_mean(matched: NDArray[np.float64], total: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the smoothed geometric means ``[corpora, 2]`` of shares ``[corpora, 2, 4]``, 1 of no order."""
    used = total.sum(axis=1, keepdims=True) > 0
    # Matches are whole numbers: what is below the smoothing constant is 0.
    logs = np.log(np.maximum(matched, _SMALL) / np.maximum(total, 1)) * used
    means = np.exp(logs.sum(axis=2) / np.maximum(used.sum(axis=2), 1))
    return np.where((matched[..., 0] > 0) | ~used[..., 0], means, 0.0)
