"""BM25 scores of tokenised documents for tokenised queries; equal input gives equal scores, bit for bit."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csc_array

Tokens = Sequence[str]
K1 = 1.5
B = 0.75


@dataclass(frozen=True, slots=True)
class Bm25:
    """An index; make one by ``index``.

    Attributes:
        columns: Token: its column of the weights.
        weights: ``[documents, tokens]``, what one occurrence of a token in a query adds to a score.
    """

    columns: Mapping[str, int]
    weights: csc_array

    def scores(self, queries: Sequence[Tokens]) -> NDArray[np.float64]:
        """Return the score of every document for every query.

        Args:
            queries: Tokens of each query; repeated tokens count each time, unknown ones not at all.

        Returns:
            ``[queries, documents]``; higher is nearer.
        """
        counts = np.zeros((len(self.columns), len(queries)))
        for place, tokens in enumerate(queries):
            for token, count in Counter(tokens).items():
                if token in self.columns:
                    counts[self.columns[token], place] = count
        found: NDArray[np.float64] = (self.weights @ counts).T
        return found


def index(documents: Sequence[Tokens]) -> Bm25:
    """Return the index of some documents.

    Args:
        documents: Tokens of each document; one may be empty.

    Reference: Robertson & Zaragoza 2009, in Lucene's variant (k1 = 1.5, b = 0.75) by bm25s.
    """
    import bm25s
    from scipy.sparse import csc_array

    # "" is bm25s' own token of an empty document, whose length would otherwise divide by 0.
    filled = [list(tokens) or [""] for tokens in documents]
    # Sorted, since bm25s' own vocabulary follows the order of a set, and float sums follow the vocabulary.
    vocabulary = sorted({token for tokens in filled for token in tokens})
    columns = {token: column for column, token in enumerate(vocabulary)}
    model = bm25s.BM25(method="lucene", k1=K1, b=B)
    model.index(
        ([[columns[token] for token in tokens] for tokens in filled], columns),
        create_empty_token=False,
        show_progress=sys.stderr.isatty(),
    )
    parts = model.scores
    weights = np.asarray(parts["data"], dtype=np.float64)
    shape = (len(filled), len(columns))
    return Bm25(columns, csc_array((weights, parts["indices"], parts["indptr"]), shape=shape))
