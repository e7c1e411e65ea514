from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from kdlib.java.tokens import code_tokens
from kdlib.java.validity import is_statement
from kdlib.metrics.codebleu import codebleu_statistics, codebleu_values, read
from kdlib.metrics.quality import (
    WEIGHTS,
    quality_from_sums,
    quality_signature,
    quality_statistics,
    quality_values,
)
from kdlib.metrics.significance import intervals, ratio, resample_counts
from kdlib.metrics.similarity import token_accuracy, token_similarity


def one(*parts):
    return quality_values(*(np.array([part], dtype=np.float64) for part in parts)).tolist()


def test_weights_add_up_to_one():
    assert sum(Fraction(str(weight)) for weight in WEIGHTS.values()) == 1
    assert one(1, 1, 1, 1, 1) == [1.0]
    assert one(0, 0, 0, 0, 0) == [0.0]


@pytest.mark.parametrize(
    ("part", "weight"),
    [
        (0, Fraction(1, 4)),
        (1, Fraction(1, 4)),
        (2, Fraction(1, 5)),
        (3, Fraction(1, 5)),
        (4, Fraction(1, 10)),
    ],
)
def test_each_part_has_its_weight(part, weight):
    assert one(*(float(at == part) for at in range(5))) == pytest.approx([float(weight)])


def test_by_hand():
    assert one(0.5, 0.8, 0.9, 0.7, 0.6) == pytest.approx([0.125 + 0.2 + 0.18 + 0.14 + 0.06])


@pytest.mark.parametrize(("part", "name"), list(enumerate(WEIGHTS)))
@pytest.mark.parametrize("wrong", [31.4, -0.2, np.nan])
def test_another_scale_is_refused_by_name(part, name, wrong):
    with pytest.raises(ValueError, match=f"{name} .* got {wrong:g}"):
        one(*(wrong if at == part else 0.5 for at in range(5)))


def corpus(rows):
    """Parts of random rows; CodeBLEU is played by a ratio of sums, which is no mean of rows."""
    random = np.random.default_rng(7)
    codebleu = np.column_stack([random.integers(0, 3, rows), random.integers(3, 9, rows)])
    return codebleu, *(random.random((4, rows)).tolist())


def test_sums_give_the_value_of_the_corpus():
    codebleu, semantic, valid, similarity, accuracy = corpus(23)
    sums = quality_statistics(codebleu, semantic, valid, similarity, accuracy).sum(axis=0, keepdims=True)
    means = [np.mean(part) for part in (semantic, valid, similarity, accuracy)]
    parts = [codebleu[:, 0].sum() / codebleu[:, 1].sum(), *means]
    expected = 0.25 * parts[0] + 0.25 * parts[1] + 0.2 * parts[2] + 0.2 * parts[3] + 0.1 * parts[4]
    assert quality_from_sums(ratio)(sums) == pytest.approx([expected])


def test_an_interval_holds_the_value_and_equals_a_loop():
    codebleu, semantic, valid, similarity, accuracy = corpus(23)
    rows = quality_statistics(codebleu, semantic, valid, similarity, accuracy)
    counts = resample_counts(23, 200, seed=0)
    found = intervals({"quality": (rows, quality_from_sums(ratio))}, counts, 0.9)["quality"]
    assert found.low < found.value < found.high
    values = []
    for own in counts:
        taken = np.repeat(np.arange(23), own)
        means = [np.mean(np.array(part)[taken]) for part in (semantic, valid, similarity, accuracy)]
        own_codebleu = codebleu[taken, 0].sum() / codebleu[taken, 1].sum()
        values.append(np.dot([0.25, 0.25, 0.2, 0.2, 0.1], [own_codebleu, *means]))
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(values, [5, 95])))


def text_statistics(predictions, references):
    """Statistics of texts by the leaves, with a semantic similarity of 1 where they are equal and else ½."""
    own, gold = list(map(code_tokens, predictions)), list(map(code_tokens, references))
    return quality_statistics(
        codebleu_statistics(list(map(read, predictions)), [[read(text)] for text in references]),
        [(1 + (text == correct)) / 2 for text, correct in zip(predictions, references, strict=True)],
        list(map(is_statement, predictions)),
        [token_similarity(a, [b]) for a, b in zip(own, gold, strict=True)],
        [token_accuracy(a, [b]) for a, b in zip(own, gold, strict=True)],
    )


def test_of_texts():
    references = ["assertEquals(1, box.size());", 'assertTrue(box.has("a"));', "assertNull(box.get());"]
    predictions = ["assertEquals(2, box.size());", "assertTrue(box.has(", "assertNull(box.get());"]
    score = quality_from_sums(codebleu_values)
    assert score(text_statistics(references, references).sum(axis=0, keepdims=True)) == pytest.approx([1.0])
    rows = text_statistics(predictions, references)
    (codebleu,) = codebleu_values(rows[:, :-5].sum(axis=0, keepdims=True))
    # 10 of 11 and 6 of 10 tokens agree, and all of the last, each at its own place.
    tokens = (10 / 11 + 6 / 10 + 1) / 3
    expected = 0.25 * codebleu + 0.25 * (0.5 + 0.5 + 1) / 3 + 0.2 * 2 / 3 + 0.3 * tokens
    assert score(rows.sum(axis=0, keepdims=True)) == pytest.approx([expected])
    assert 0.3 < codebleu < 0.95


def test_signature():
    assert quality_signature() == (
        "w:codebleu=0.25,semantic=0.25,ast_validity=0.2,token_similarity=0.2,token_accuracy=0.1"
    )
