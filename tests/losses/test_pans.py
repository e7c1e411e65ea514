import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kdlib.losses.combine import mean_over
from kdlib.losses.inputs import Batch
from kdlib.losses.pans import Pans, pans

LENGTHS = [5, 0, 2, 7, 1]
EXAMPLES = [slice(0, 5), slice(5, 5), slice(5, 7), slice(7, 14), slice(14, 15)]
TARGETS = torch.tensor([3, 1, 4, 1, 3, 0, 0, 6, 5, 5, 2, 6, 5, 0, 2])
TOKENS = 7


def metric(prediction, reference):
    """Discrete PANS of two token lists of any lengths."""
    scores = []
    for n in (1, 2, 3, 4):
        p = [prediction[i : i + n] for i in range(len(prediction) - n + 1)]
        r = [reference[j : j + n] for j in range(len(reference) - n + 1)]
        if not p and not r:
            continue
        of_p = [max((math.exp(-0.1 * abs(i - j)) for j in range(len(r)) if p[i] == r[j]), default=0.0)
                for i in range(len(p))]  # fmt: skip
        of_r = [max((math.exp(-0.1 * abs(i - j)) for i in range(len(p)) if p[i] == r[j]), default=0.0)
                for j in range(len(r))]  # fmt: skip
        scores.append(min(sum(of_p), sum(of_r)) / max(len(p), len(r)))
    return sum(scores) / len(scores) if scores else 1.0


def soft_loss(logits, reference):
    """One example's loss by loops over n-grams, from its rows of logits."""
    if not reference:
        return 0.0
    p = [[math.exp(z) / sum(math.exp(other) for other in row) for z in row] for row in logits]
    scores = []
    for n in range(1, min(4, len(reference)) + 1):
        count = len(reference) - n + 1
        w = [
            [math.exp(-0.1 * abs(i - j)) * math.prod(p[i + k][reference[j + k]] for k in range(n))
             for j in range(count)]
            for i in range(count)
        ]  # fmt: skip
        columns = zip(*w, strict=True)
        scores.append(min(sum(map(max, columns)), sum(map(max, w))) / count)
    return 1 - sum(scores) / len(scores)


def one_hot(tokens, vocab=TOKENS):
    """Return logits of a student that is certain of these tokens."""
    certain = torch.nn.functional.one_hot(torch.as_tensor(tokens, dtype=torch.long), vocab)
    return torch.where(certain == 1, 0.0, -math.inf).double()


def likely(rng, scale=1.0):
    """Return logits that lean towards the targets, so that long n-grams count too."""
    noise = torch.tensor(rng.normal(size=(len(TARGETS), TOKENS)) * scale)
    return noise + 2 * torch.nn.functional.one_hot(TARGETS, TOKENS)


@pytest.mark.parametrize("scale", [0.5, 3.0])
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-6), (torch.bfloat16, 1e-6)]
)
def test_equals_the_formula_example_by_example(rng, scale, dtype, tolerance):
    student = likely(rng, scale).to(dtype)
    expected = [soft_loss(student.double()[own].tolist(), TARGETS[own].tolist()) for own in EXAMPLES]
    values = pans(student, TARGETS, LENGTHS)
    assert values.dtype == torch.promote_types(dtype, torch.float32)
    np.testing.assert_allclose(values.numpy(), expected, atol=tolerance)
    assert min(expected[0], *expected[2:]) > 1e-3


pairs_of_lists = st.integers(0, 9).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 2), min_size=n, max_size=n)] * 2)
)


@settings(max_examples=100, deadline=None)
@given(st.lists(pairs_of_lists, min_size=1, max_size=4))
def test_of_a_certain_student_it_is_the_metric_of_tokens(pairs):
    predicted, gold = ([token for pair in pairs for token in pair[side]] for side in (0, 1))
    student = one_hot(predicted, 3)
    values = pans(student, torch.tensor(gold, dtype=torch.long), [len(reference) for _, reference in pairs])
    np.testing.assert_allclose(values.numpy(), [1 - metric(*pair) for pair in pairs], atol=1e-12)
    assert ((values >= 0) & (values <= 1)).all()
    for value, (prediction, reference) in zip(values.tolist(), pairs, strict=True):
        assert (value == 0) == (prediction == reference)


@pytest.mark.parametrize(
    ("predicted", "reference", "similarity"),
    [
        ([1, 0], [0, 1], math.exp(-0.1) / 2),  # each token is one off, and no pair of tokens matches
        ([0, 0, 0], [0, 1, 0], 2 / 3 / 3),  # as many references are matched as min(2, 2 + e^−0.1)
        ([1], [0], 0.0),
    ],
)
def test_values_worked_out_by_hand(predicted, reference, similarity):
    value = pans(one_hot(predicted), torch.tensor(reference), [len(reference)])
    assert value.item() == pytest.approx(1 - similarity)


def test_a_certain_and_right_student_has_zero_loss_and_gradient():
    student = one_hot(TARGETS).requires_grad_()
    values = pans(student, TARGETS, LENGTHS)
    values.sum().backward()
    assert values.tolist() == [0.0] * 5
    assert student.grad.tolist() == torch.zeros(15, TOKENS).tolist()


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_lies_between_0_and_1(rng, scale):
    student = torch.tensor(rng.normal(size=(15, TOKENS)) * scale, dtype=torch.float32)
    values = pans(student, TARGETS, LENGTHS)
    assert ((values >= 0) & (values <= 1)).all()
    assert values[1] == 0
    assert (values[[0, 2, 3, 4]] > 0).all()


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_gradient_by_finite_differences(rng, assert_gradient, scale):
    assert_gradient(lambda z: pans(z, TARGETS, LENGTHS), likely(rng, scale).numpy())


def test_gradient_of_a_tie_is_shared_evenly(assert_gradient):
    # Only places 0 and 2, which are equally far, give token 1 of place 1 any mass worth a maximum.
    logits = np.array([[1.0, 2.0, 0.0], [0.0, -3.0, 1.0], [1.0, 2.0, 0.0]])
    reference = torch.tensor([0, 1, 0])
    student = torch.tensor(logits, requires_grad=True)
    pans(student, reference, [3]).sum().backward()
    assert student.grad[0, 1] != 0
    torch.testing.assert_close(student.grad, student.grad.flip(0))
    assert_gradient(lambda z: pans(z, reference, [3]), logits)


def test_a_constant_added_to_a_position_changes_nothing(rng):
    student = likely(rng)
    shifted = student + torch.tensor(rng.normal(size=(15, 1)) * 10)
    torch.testing.assert_close(pans(shifted, TARGETS, LENGTHS), pans(student, TARGETS, LENGTHS))


def test_numbers_of_tokens_mean_nothing(rng):
    student = likely(rng)
    order = torch.tensor(rng.permutation(TOKENS))
    renamed = pans(student[:, order], order.argsort()[TARGETS], LENGTHS)
    torch.testing.assert_close(renamed, pans(student, TARGETS, LENGTHS))


def test_reading_backwards_changes_nothing(rng):
    student = likely(rng)
    backwards = pans(student.flip(0), TARGETS.flip(0), LENGTHS[::-1])
    torch.testing.assert_close(backwards.flip(0), pans(student, TARGETS, LENGTHS))


def test_tokens_without_mass_are_inert(rng):
    logits = likely(rng)
    results = []
    for width in (0, 2):
        excluded = torch.full((15, width), -math.inf, dtype=torch.float64)
        student = torch.cat([logits, excluded], 1).requires_grad_()
        values = pans(student, TARGETS, LENGTHS)
        results.append((values, torch.autograd.grad(values.sum(), student)[0][:, :TOKENS]))
    for plain, padded in zip(*results, strict=True):
        torch.testing.assert_close(padded, plain)


def test_gold_tokens_without_mass_have_no_gradient_but_leave_that_of_others(rng):
    student = likely(rng)
    student[[0, 6, 14], TARGETS[[0, 6, 14]]] = -math.inf
    student.requires_grad_()
    values = pans(student, TARGETS, LENGTHS)
    values.sum().backward()
    assert values[4] == 1  # its only token is impossible
    assert student.grad.isfinite().all()
    assert (student.grad[[0, 6, 14], TARGETS[[0, 6, 14]]] == 0).all()
    assert (student.grad[1:5] != 0).any(1).all()


def test_an_example_is_the_same_alone_and_among_others(rng):
    together = likely(rng).requires_grad_()
    values = pans(together, TARGETS, LENGTHS)
    values.sum().backward()
    for value, own, length in zip(values, EXAMPLES, LENGTHS, strict=True):
        alone = together.detach()[own].requires_grad_()
        one = pans(alone, TARGETS[own], [length])
        one.sum().backward()
        torch.testing.assert_close(one[0], value)
        torch.testing.assert_close(alone.grad, together.grad[own])


def test_micro_batches_add_up_to_the_full_batch(rng):
    logits = likely(rng)
    results = []
    for parts in ([slice(0, 5)], [slice(0, 1), slice(1, 2), slice(2, 2), slice(2, 5)]):
        student = logits.clone().requires_grad_()
        shares = []
        for part in parts:
            own = slice(sum(LENGTHS[: part.start]), sum(LENGTHS[: part.stop]))
            shares.append(mean_over(pans(student[own], TARGETS[own], LENGTHS[part]), 5))
            shares[-1].backward()
        results.append((sum(shares).detach(), student.grad))
    for whole, split in zip(*results, strict=True):
        torch.testing.assert_close(split, whole)


@pytest.mark.parametrize("lengths", [[], [0, 0, 0]])
def test_zero_positions_give_zeros_with_a_graph(lengths):
    student = torch.zeros(0, TOKENS, requires_grad=True)
    values = pans(student, torch.zeros(0, dtype=torch.long), lengths)
    values.sum().backward()
    assert values.tolist() == [0.0] * len(lengths)
    assert student.grad.shape == (0, TOKENS)


@pytest.mark.parametrize(
    ("dtype", "rtol", "atol"), [(torch.float32, 1e-4, 1e-6), (torch.bfloat16, 1e-2, 1e-4)]
)
def test_gradient_of_a_lower_precision_is_near(rng, dtype, rtol, atol):
    logits = likely(rng)
    gradients = []
    for kind in (dtype, torch.float64):
        student = logits.to(dtype).to(kind).requires_grad_()
        pans(student, TARGETS, LENGTHS).sum().backward()
        gradients.append(student.grad.double())
    torch.testing.assert_close(*gradients, rtol=rtol, atol=atol)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lean", "reached"),
    [
        (2.0, 1.0),
        (0.0, 0.8),  # not convex: right tokens one place off, at 0.9 each, may hold it
    ],
)
def test_descent_on_it_alone_raises_pans_of_the_likeliest_tokens(rng, lean, reached):
    start = rng.normal(size=(15, TOKENS)) + lean * np.eye(TOKENS)[TARGETS]
    student = torch.tensor(start, requires_grad=True)

    def score():
        chosen = student.detach().argmax(1).tolist()
        return np.mean([metric(chosen[own], TARGETS[own].tolist()) for own in EXAMPLES])

    before = score()
    optimiser = torch.optim.SGD([student], lr=2.0)
    losses = []
    for _ in range(300):
        optimiser.zero_grad()
        loss = pans(student, TARGETS, LENGTHS).sum()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert before < 0.9
    assert score() >= max(reached, before + 0.1)
    assert losses[-1] < 0.3 * losses[0]


@pytest.mark.parametrize(
    ("positions", "targets", "lengths", "message"),
    [
        (14, 15, LENGTHS, r"14 positions, targets \[15\], lengths add up to 15"),
        (15, 14, LENGTHS, r"15 positions, targets \[14\], lengths add up to 15"),
        (15, 15, LENGTHS[1:], r"15 positions, targets \[15\], lengths add up to 10"),
    ],
)
def test_other_sizes_are_named(positions, targets, lengths, message):
    with pytest.raises(ValueError, match=message):
        pans(torch.zeros(positions, TOKENS), torch.zeros(targets, dtype=torch.long), lengths)


def test_as_a_component_it_is_one_value_per_example(rng):
    student = likely(rng)
    batch = Batch(student=student, ids=TARGETS, lengths=LENGTHS)
    assert Pans.unit == "example"
    torch.testing.assert_close(Pans().values(batch), pans(student, TARGETS, LENGTHS))
