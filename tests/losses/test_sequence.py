import math

import numpy as np
import pytest
import torch

from kdlib.losses.combine import mean_over
from kdlib.losses.cross_entropy import cross_entropy
from kdlib.losses.sequence import reference_weights, sequence_level

GROUPS = [3, 1, 0, 4, 2]  # an example of one reference, and one of none


def grouped(values, lengths):
    values = iter(values)
    return [[next(values) for _ in range(length)] for length in lengths]


def softmax(values):
    exponentials = [math.exp(value) for value in values]
    return [value / sum(exponentials) for value in exponentials]


# reference_weights


@pytest.mark.parametrize("gold_weight", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5), (torch.bfloat16, 1e-5)]
)
def test_weights_equal_the_formula(rng, gold_weight, temperature, dtype, tolerance):
    scores = torch.tensor(rng.normal(size=10) * 3).to(dtype)
    expected = []
    for _, *beams in [group for group in grouped(scores.tolist(), GROUPS) if group]:
        expected.append(gold_weight if beams else 1.0)
        expected += [(1 - gold_weight) * weight for weight in softmax([beam / temperature for beam in beams])]
    weights = reference_weights(scores, GROUPS, gold_weight, temperature)
    np.testing.assert_allclose(weights.numpy(), expected, rtol=tolerance)


def test_weights_of_an_example_sum_to_one(rng):
    weights = reference_weights(torch.tensor(rng.normal(size=10)), GROUPS, 0.3, 2.0)
    sums = [sum(group) for group in grouped(weights.tolist(), GROUPS)]
    np.testing.assert_allclose(sums, [1, 1, 0, 1, 1], rtol=1e-12)


def test_one_beam_without_gold_is_hard_distillation():
    assert reference_weights(torch.tensor([-3.0, -1.0, 0.0, -9.0]), [2, 2], 0.0).tolist() == [0, 1, 0, 1]


def test_a_temperature_near_zero_keeps_the_best_beam_and_a_large_one_all():
    scores = torch.tensor([0.0, -2.0, -1.0, -3.0])
    assert reference_weights(scores, [4], 0.2, 1e-3).tolist() == pytest.approx([0.2, 0, 0.8, 0])
    assert reference_weights(scores, [4], 0.1, 1e6).tolist() == pytest.approx([0.1, 0.3, 0.3, 0.3], rel=1e-5)


@pytest.mark.parametrize("gold", [math.nan, math.inf, -math.inf, 700.0])
def test_the_golds_score_is_not_read_and_an_impossible_beam_has_no_weight(gold):
    weights = reference_weights(torch.tensor([gold, -1.0, -math.inf, -1.0]), [4], 0.5)
    assert weights.tolist() == [0.5, 0.25, 0.0, 0.25]


def test_weights_do_not_notice_a_shift_of_an_examples_scores(rng):
    scores = torch.tensor(rng.normal(size=10))
    shift = torch.tensor([500.0, -7.0, 0.0, 30.0, -900.0]).double().repeat_interleave(torch.tensor(GROUPS))
    torch.testing.assert_close(
        reference_weights(scores + shift, GROUPS, 0.3), reference_weights(scores, GROUPS, 0.3)
    )


@pytest.mark.parametrize("lengths", [[], [0, 0]])
def test_no_references_have_no_weights(lengths):
    assert reference_weights(torch.zeros(0), lengths, 0.3).tolist() == []


@pytest.mark.parametrize(
    ("lengths", "gold_weight", "temperature", "message"),
    [
        ([2, 2], 0.5, 1.0, "3 references, but the lengths add up to 4"),
        ([3], -0.1, 1.0, "got -0.1"),
        ([3], 1.5, 1.0, "got 1.5"),
        ([3], math.nan, 1.0, "got nan"),
        ([3], 0.5, 0.0, "temperature must be > 0, got 0.0"),
    ],
)
def test_weights_that_cannot_be_are_named(lengths, gold_weight, temperature, message):
    with pytest.raises(ValueError, match=message):
        reference_weights(torch.zeros(3), lengths, gold_weight, temperature)


# sequence_level

LENGTHS = [2, 0, 1, 4]  # positions of four references, one of them empty
WEIGHTS = torch.tensor([0.25, 1.0, 0.75, 1.0], dtype=torch.float64)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.bfloat16, 1e-6)])
def test_each_position_has_its_references_weight(rng, dtype, tolerance):
    nll = torch.tensor(rng.exponential(size=7)).to(dtype)
    expected = []
    for own, weight in zip(grouped(nll.tolist(), LENGTHS), WEIGHTS.tolist(), strict=True):
        expected += [weight * value for value in own]
    values = sequence_level(nll, LENGTHS, WEIGHTS)
    assert values.dtype == torch.float32
    np.testing.assert_allclose(values.numpy(), expected, rtol=tolerance)


def test_equal_references_of_any_weights_are_cross_entropy_to_one(rng):
    logits = torch.tensor(rng.normal(size=(3, 5)))
    targets = torch.tensor([4, 0, 2])
    weights = reference_weights(torch.tensor([0.0, -1.0, -2.5]).double(), [3], 0.2)
    nll = cross_entropy(logits.repeat(3, 1), targets.repeat(3))
    total = sequence_level(nll, [3, 3, 3], weights).sum()
    torch.testing.assert_close(total, cross_entropy(logits, targets).sum())


def test_hard_distillation_is_cross_entropy_to_the_beam(rng):
    logits = torch.tensor(rng.normal(size=(7, 5)))
    targets = torch.tensor(rng.integers(0, 5, 7))
    weights = reference_weights(torch.tensor([0.0, -3.0]).double(), [2], 0.0)
    nll = cross_entropy(logits, targets)
    values = sequence_level(nll, [4, 3], weights)
    torch.testing.assert_close(values, torch.cat([torch.zeros(4).double(), nll[4:]]))


def test_sequence_gradient_by_finite_differences(rng, assert_gradient):
    targets = torch.tensor(rng.integers(0, 5, 7))
    assert_gradient(
        lambda z: sequence_level(cross_entropy(z, targets), LENGTHS, WEIGHTS), rng.normal(size=(7, 5))
    )


@pytest.mark.parametrize("garbage", [math.inf, math.nan])
def test_a_reference_without_weight_is_inert(garbage):
    nll = torch.tensor([garbage, 1.0, garbage, 2.0, 3.0], requires_grad=True)
    values = sequence_level(nll, [3, 2], torch.tensor([0.0, 0.5]))
    values.sum().backward()
    assert values.tolist() == [0.0, 0.0, 0.0, 1.0, 1.5]
    assert nll.grad.tolist() == [0.0, 0.0, 0.0, 0.5, 0.5]


def test_an_impossible_token_without_weight_leaves_the_logits_gradient_finite():
    logits = torch.tensor([[0.0, -math.inf], [0.3, -0.2]], requires_grad=True)
    nll = cross_entropy(logits, torch.tensor([1, 1]))
    sequence_level(nll, [1, 1], torch.tensor([0.0, 1.0])).sum().backward()
    assert logits.grad[0].tolist() == [0.0, 0.0]
    assert logits.grad[1, 1] < 0


def test_no_gradient_reaches_the_weights(rng):
    weights = WEIGHTS.clone().requires_grad_()
    nll = torch.tensor(rng.exponential(size=7), requires_grad=True)
    sequence_level(nll, LENGTHS, weights).sum().backward()
    assert weights.grad is None
    assert (nll.grad > 0).all()


def test_sequence_micro_batches_add_up_to_the_full_batch(rng):
    logits = torch.tensor(rng.normal(size=(7, 5)))
    targets = torch.tensor(rng.integers(0, 5, 7))
    results = []
    for parts in ([(slice(0, 7), slice(0, 4))], [(slice(0, 2), slice(0, 2)), (slice(2, 7), slice(2, 4))]):
        student = logits.clone().requires_grad_()
        total = sum(
            mean_over(
                sequence_level(
                    cross_entropy(student[own], targets[own]), LENGTHS[references], WEIGHTS[references]
                ),
                7,
            )
            for own, references in parts
        )
        total.backward()
        results.append((total.detach(), student.grad))
    for whole, split in zip(*results, strict=True):
        torch.testing.assert_close(split, whole)


@pytest.mark.slow
def test_descent_makes_references_likely_in_the_order_of_their_weights():
    # Three references of one token each for one example: the optimum of Σ w·nll is p = w.
    logits = torch.zeros(4, requires_grad=True)
    weights = reference_weights(torch.tensor([0.0, -0.5, -2.0]), [3], 0.5)
    optimiser = torch.optim.SGD([logits], lr=1.0)
    for _ in range(300):
        optimiser.zero_grad()
        nll = cross_entropy(logits.expand(3, 4), torch.tensor([0, 1, 2]))
        sequence_level(nll, [1, 1, 1], weights).sum().backward()
        optimiser.step()
    np.testing.assert_allclose(logits.detach().softmax(0)[:3], weights, atol=0.01)


@pytest.mark.parametrize("lengths", [[], [0, 0]])
def test_zero_positions_give_an_empty_loss_with_a_graph(lengths):
    nll = torch.zeros(0, requires_grad=True)
    values = sequence_level(nll, lengths, torch.ones(len(lengths)))
    values.sum().backward()
    assert values.shape == nll.grad.shape == (0,)


@pytest.mark.parametrize(
    ("lengths", "weights", "message"),
    [([3, 3], 2, "7 positions, but the lengths add up to 6"), ([4, 3], 3, "3 weights, but lengths of 2")],
)
def test_references_of_other_size_are_named(lengths, weights, message):
    with pytest.raises(ValueError, match=message):
        sequence_level(torch.zeros(7), lengths, torch.ones(weights))
