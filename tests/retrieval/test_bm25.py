from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from kdlib.retrieval.bm25 import index


def loop_bm25(documents, query, k1=1.5, b=0.75):
    """Lucene's BM25 (Robertson & Zaragoza 2009) by its formula; repeated query tokens count each time."""
    mean = sum(map(len, documents)) / len(documents)
    scores = []
    for document in documents:
        counts, total = Counter(document), 0.0
        for token in query:
            having = sum(token in other for other in documents)
            idf = math.log(1 + (len(documents) - having + 0.5) / (having + 0.5))
            total += idf * counts[token] / (counts[token] + k1 * (1 - b + b * len(document) / mean))
        scores.append(total)
    return scores


def test_scores_equal_the_formula():
    draw = np.random.default_rng(0)
    documents = [list(draw.choice(list("abcdefgh"), draw.integers(3, 12))) for _ in range(40)]
    queries = [list(draw.choice(list("abcdwxyz"), 6)) for _ in range(9)] + [["a", "a", "b"], ["unknown"]]
    found = index(documents).scores(queries)
    assert found.shape == (11, 40)
    for query, scores in zip(queries, found, strict=True):
        assert scores.tolist() == pytest.approx(loop_bm25(documents, query), rel=1e-5, abs=1e-9)


def test_empty_documents_and_queries_score_0():
    assert index([[]]).scores([[], ["x"]]).tolist() == [[0.0], [0.0]]


def test_documents_after_an_empty_one_are_found():
    scores = index([[], ["a", "b"], ["b"]]).scores([["a"]])
    assert scores.argmax() == 1
    assert scores[0, 0] == 0
