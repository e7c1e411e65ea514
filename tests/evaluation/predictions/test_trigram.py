from __future__ import annotations

import math
import random
from itertools import product

import numpy as np
import pytest

from kdlib.evaluation.predictions.trigram import START, estimate_discounts, fit
from kdlib.files import DataError

V, EOS = 7, 1


def corpus(seed, rows):
    draw = random.Random(seed)
    return [[*draw.choices([2, 3, 4, 5], [8, 4, 2, 1], k=draw.randint(0, 6)), EOS] for _ in range(rows)]


class Loops:
    """The formula by counting through all sequences at every call, with nothing kept between calls."""

    def __init__(self, targets):
        self.paths = [[START, *ids] for ids in targets]
        tokens = [START, *range(V)]
        self.discount = {
            size: self.discounts([self.count(gram) for gram in product(tokens, repeat=size)])
            for size in (1, 2, 3)
        }

    def occurrences(self, gram):
        size = len(gram)
        return sum(
            tuple(path[at : at + size]) == gram for path in self.paths for at in range(len(path) - size + 1)
        )

    def count(self, gram):
        if gram == (START,):
            return 0
        if len(gram) == 3 or gram[0] == START:
            return self.occurrences(gram)
        return sum(self.occurrences((left, *gram)) > 0 for left in [START, *range(V)])

    @staticmethod
    def discounts(counts):
        n1, n2, n3, n4 = (counts.count(k) for k in (1, 2, 3, 4))
        if n1 == 0 or n2 == 0:
            return [0.5, 0.5, 0.5]
        y = n1 / (n1 + 2 * n2)
        three = [1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3 if n3 else 0]
        return three if n3 and n4 and min(three) > 0 else [y, y, y]

    def p(self, history, token):
        counts = [self.count((*history, other)) for other in range(V)]
        lower = self.p(history[1:], token) if history else 1 / V
        total = sum(counts)
        if total == 0:
            return lower
        own = self.discount[len(history) + 1]
        taken = [own[min(count, 3) - 1] if count else 0 for count in counts]
        return (counts[token] - taken[token]) / total + sum(taken) / total * lower


@pytest.mark.parametrize("rows", [1, 5, 40])
def test_equals_the_formula_in_loops(rows):
    targets = corpus(rows, rows)
    model, oracle = fit(targets, V), Loops(targets)
    for ids in [*corpus(99, 4), [EOS], [6, 6, 2, EOS]]:
        path = [START, *ids]
        expected = [
            math.log(oracle.p(tuple(path[max(0, at - 2) : at]), path[at])) for at in range(1, len(path))
        ]
        np.testing.assert_allclose(model.log_probs(ids), expected, rtol=1e-10)


@pytest.mark.parametrize("rows", [1, 2, 3, 10, 200])
def test_sums_to_one_after_any_history(rows):
    model = fit(corpus(rows, rows), V)
    histories = [(), (START,), *product([START, *range(V)], range(V)), (3, 3, 2, 4)]
    for history in histories:
        own = model.distribution(history)
        assert own.shape == (V,)
        assert own.min() > 0
        assert own.sum() == pytest.approx(1, abs=1e-12)


def test_distribution_and_log_probs_agree():
    model = fit(corpus(1, 30), V)
    ids = [2, 4, 3, EOS]
    rows = [model.distribution((START, *ids[:at]))[token] for at, token in enumerate(ids)]
    np.testing.assert_allclose(model.log_probs(ids), np.log(rows))


def test_three_discounts_where_they_can_be_estimated():
    counts = [1] * 40 + [2] * 20 + [3] * 12 + [4] * 8 + [5] * 5
    y = 40 / 80
    expected = (1 - 2 * y * 20 / 40, 2 - 3 * y * 12 / 20, 3 - 4 * y * 8 / 12)
    assert estimate_discounts(counts) == pytest.approx(expected)
    assert len(set(expected)) == 3


def test_fallbacks_of_the_discounts():
    assert estimate_discounts([1, 1, 2]) == (0.5, 0.5, 0.5)  # Y = 2/4
    assert estimate_discounts([1, 2, 3]) == pytest.approx((1 / 3, 1 / 3, 1 / 3))  # no n-gram four times
    assert estimate_discounts([1, 1]) == (0.5, 0.5, 0.5)
    assert estimate_discounts([3, 3]) == (0.5, 0.5, 0.5)
    # D2 = 2 − 3·Y·9/1 < 0
    y = 4 / 6
    assert estimate_discounts([1] * 4 + [2] + [3] * 9 + [4]) == pytest.approx((y, y, y))


def test_n_best_equals_exhaustive_search():
    model = fit(corpus(6, 25), V)
    others = [token for token in range(V) if token != EOS]
    everything = [(*ids, EOS) for length in range(4) for ids in product(others, repeat=length)]
    scored = sorted(((ids, float(model.log_probs(ids).sum())) for ids in everything), key=lambda own: -own[1])
    found = model.n_best(5, max_tokens=4)
    assert [ids for ids, _ in found] == [ids for ids, _ in scored[:5]]
    assert [score for _, score in found] == pytest.approx([score for _, score in scored[:5]])


def test_n_best_is_bounded():
    model = fit(corpus(6, 25), V)
    assert model.n_best(4, max_tokens=1) == [((EOS,), pytest.approx(model.log_probs([EOS])[0]))]
    assert all(len(ids) <= 3 for ids, _ in model.n_best(9, max_tokens=3))


@pytest.mark.parametrize("targets", [[], [[]], [[2, 1], [2, 3]]])
def test_targets_without_a_common_end_are_refused(targets):
    with pytest.raises(DataError, match="EOS"):
        fit(targets, V)


def test_foreign_ids_are_refused():
    with pytest.raises(DataError, match="7 entries"):
        fit([[7, EOS]], V)
    with pytest.raises(DataError, match="from -1"):
        fit([[2, EOS]], V).log_probs([-1, EOS])
