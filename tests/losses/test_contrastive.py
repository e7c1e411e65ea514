import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kdlib.losses.combine import mean_over
from kdlib.losses.contrastive import contrastive, distinct
from kdlib.losses.expected import FrozenEncoder, expected_vectors, gold_vectors

POSITIVES = torch.tensor([2, 0, 1, 2, 4, 3, 0])  # some golds are shared


@pytest.fixture
def student(rng):
    return torch.tensor(rng.normal(size=(7, 3)))


@pytest.fixture
def golds(rng):
    return torch.tensor(rng.normal(size=(5, 3)))


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True)) / math.hypot(*a) / math.hypot(*b)


def oracle(student, golds, positives, temperature):
    values = []
    for vector, own in zip(student, positives, strict=True):
        weights = [math.exp(cosine(vector, gold) / temperature) for gold in golds]
        values.append(-math.log(weights[own] / sum(weights)))
    return values


@pytest.mark.parametrize("temperature", [0.07, 0.1, 2.0])
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 3e-5), (torch.bfloat16, 3e-5)]
)
def test_equals_the_formula(student, golds, temperature, dtype, tolerance):
    student, golds = student.to(dtype), golds.to(dtype)
    values = contrastive(student, golds, POSITIVES, temperature)
    assert values.dtype == torch.promote_types(dtype, torch.float32)
    expected = oracle(student.tolist(), golds.tolist(), POSITIVES.tolist(), temperature)
    np.testing.assert_allclose(values, expected, rtol=tolerance, atol=tolerance)


def test_the_default_temperature_is_a_tenth(student, golds):
    found = contrastive(student, golds, POSITIVES)
    np.testing.assert_allclose(found, oracle(student.tolist(), golds.tolist(), POSITIVES.tolist(), 0.1))


def test_chance_is_the_logarithm_of_the_number_of_golds():
    # One axis is as far from the student as any other.
    values = contrastive(torch.ones(3, 5), torch.eye(5), torch.tensor([4, 0, 4]))
    np.testing.assert_allclose(values, math.log(5), rtol=1e-6)


def test_one_gold_leaves_nothing_to_tell(student, golds):
    student.requires_grad_()
    values = contrastive(student, golds[:1], torch.zeros_like(POSITIVES))
    values.sum().backward()
    assert values.tolist() == [0.0] * 7
    np.testing.assert_allclose(student.grad, 0, atol=1e-15)


def test_order_and_length_of_golds_do_not_matter(rng, student, golds):
    order = torch.tensor([3, 0, 4, 1, 2])
    shuffled = golds[order] * torch.tensor(rng.uniform(0.01, 100, size=(5, 1)))
    values = contrastive(student * 7, shuffled, order.argsort()[POSITIVES])
    torch.testing.assert_close(values, contrastive(student, golds, POSITIVES))


def test_values_are_bounded(student, golds):
    # Cosines are within ±1, so that a gold's share is at least e^−20 of the others'.
    worst = contrastive(-golds, golds, torch.arange(5))
    assert (worst > math.log(5)).all()
    for values in (worst, contrastive(student, golds, POSITIVES)):
        assert (values >= 0).all()
        assert (values <= math.log1p(4 * math.exp(20))).all()


def test_gradient_by_finite_differences(assert_gradient, student, golds):
    assert_gradient(lambda vectors: contrastive(vectors, golds, POSITIVES, 0.5), student.numpy())


def test_no_gradient_reaches_the_golds(student, golds):
    student.requires_grad_()
    golds.requires_grad_()
    contrastive(student, golds, POSITIVES).sum().backward()
    assert golds.grad is None
    assert (student.grad.norm(dim=1) > 0).all()


def test_an_example_without_positions_has_no_value_no_gradient_and_is_no_negative(student, golds):
    whole = contrastive(student, golds, POSITIVES)
    absent = torch.cat([golds, torch.zeros(1, 3)])
    student[3] = 0
    student.requires_grad_()
    for positives in (POSITIVES, POSITIVES.index_fill(0, torch.tensor([3]), 5)):
        values = contrastive(student, absent, positives)
        (gradient,) = torch.autograd.grad(values.sum(), student)
        torch.testing.assert_close(values, whole.index_fill(0, torch.tensor([3]), 0.0))
        assert (gradient[3] == 0).all()
        assert gradient.isfinite().all()


def test_a_batch_of_examples_without_positions_is_answered():
    student = torch.zeros(3, 4, requires_grad=True)
    values = contrastive(student, torch.zeros(1, 4), torch.zeros(3, dtype=torch.long))
    values.sum().backward()
    assert values.tolist() == [0.0] * 3
    assert (student.grad == 0).all()


def test_a_gold_without_positions_is_nobodys_aim(student, golds):
    student.requires_grad_()
    absent = torch.cat([golds, torch.zeros(1, 3)])
    values = contrastive(student, absent, torch.full((7,), 5))
    values.sum().backward()
    assert values.tolist() == [0.0] * 7
    assert (student.grad == 0).all()


@pytest.mark.parametrize("golds", [0, 5])
def test_no_examples_give_an_empty_loss_with_a_graph(golds):
    student = torch.zeros(0, 3, requires_grad=True)
    values = contrastive(student, torch.ones(golds, 3), POSITIVES[:0])
    values.sum().backward()
    assert values.shape == (0,)
    assert student.grad.shape == (0, 3)


def test_micro_batches_add_up_to_the_full_batch(student, golds):
    results = []
    for parts in ([slice(0, 7)], [slice(0, 1), slice(1, 4), slice(4, 4), slice(4, 7)]):
        own = student.clone().requires_grad_()
        total = sum(mean_over(contrastive(own[part], golds, POSITIVES[part]), 7) for part in parts)
        total.backward()
        results.append((total.detach(), own.grad))
    for whole, split in zip(*results, strict=True):
        torch.testing.assert_close(split, whole)


def ranks(vectors, golds, positives):
    """Return how many golds are nearer than the own one."""
    cosines = torch.cosine_similarity(vectors[:, None], golds[None], dim=2)
    return (cosines > cosines.gather(1, positives[:, None])).sum(1)


def test_descent_on_it_alone_puts_the_own_gold_first(rng):
    def mean(vectors, mask):
        return (vectors * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)

    encoder = FrozenEncoder(torch.tensor(rng.normal(size=(31, 8))), mean)
    texts = [rng.integers(0, 31, length).tolist() for length in (3, 1, 4, 2, 5, 3)]
    texts.append(texts[0])
    first, numbers = distinct([str(text) for text in texts])
    lengths, positives = [len(text) for text in texts], torch.tensor(numbers)
    golds = gold_vectors(torch.tensor(sum(texts, [])), lengths, encoder)[first]  # noqa: RUF017  (a few)
    student = torch.tensor(rng.normal(size=(sum(lengths), 31)), requires_grad=True)
    optimiser = torch.optim.SGD([student], lr=1.0)
    found = []
    for _ in range(60):
        optimiser.zero_grad()
        vectors = expected_vectors(student, lengths, encoder)
        found.append(ranks(vectors.detach(), golds, positives))
        contrastive(vectors, golds, positives).sum().backward()
        optimiser.step()
    assert len(golds) == 6
    assert found[0].sum() > 5
    assert found[-1].tolist() == [0] * 7


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from("abcd")))
def test_distinct_keys_are_told_from_repeated_ones(keys):
    first, numbers = distinct(keys)
    assert [keys[index] for index in first] == list(dict.fromkeys(keys))
    assert [keys[first[number]] for number in numbers] == keys
    assert first == [keys.index(key) for key in dict.fromkeys(keys)]


def test_distinct_of_an_example():
    assert distinct(["b", "a", "b", "c", "a"]) == ([0, 1, 3], [0, 1, 0, 2, 1])


@pytest.mark.parametrize(
    ("vectors", "golds", "temperature", "message"),
    [
        ((6, 3), (5, 3), 0.1, r"6 examples, positives \[7\]"),
        ((7, 3), (5, 4), 0.1, "3 features, golds 4"),
        ((7, 3), (5, 3), 0.0, "temperature must be > 0, got 0.0"),
        ((7, 3), (5, 3), math.nan, "temperature must be > 0, got nan"),
    ],
)
def test_what_does_not_fit_is_named(vectors, golds, temperature, message):
    with pytest.raises(ValueError, match=message):
        contrastive(torch.zeros(vectors), torch.zeros(golds), POSITIVES, temperature)
