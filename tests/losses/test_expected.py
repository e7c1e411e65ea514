import copy
import math

import numpy as np
import pytest
import torch

from kdlib.losses.combine import LossTerm, combine
from kdlib.losses.expected import FrozenEncoder, expected_vectors, gold_vectors
from kdlib.losses.semantic import semantic

IDS = torch.tensor([3, 1, 4, 1, 5, 0])
LENGTHS = [3, 0, 2, 1]
PARTS = {0: slice(0, 3), 2: slice(3, 5), 3: slice(5, 6)}  # example 1 has no position


class Encoder(torch.nn.Module):
    """A frozen encoder that is not linear, knows the order, and is pooled over the mask."""

    def __init__(self, width=5, features=4):
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        self.matrix = torch.nn.Parameter(torch.randn(width, features, generator=generator).double())
        self.requires_grad_(False)

    def forward(self, inputs, mask):
        order = 1 + 0.3 * torch.arange(inputs.shape[1], dtype=inputs.dtype)
        states = torch.tanh(inputs @ self.matrix * order[:, None])
        return (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


@pytest.fixture
def encoder(rng):
    return FrozenEncoder(torch.tensor(rng.normal(size=(7, 5))), Encoder())


@pytest.fixture
def logits(rng):
    return torch.tensor(rng.normal(size=(6, 7)))


def loss(student, encoder, ids=IDS, lengths=LENGTHS):
    return semantic(expected_vectors(student, lengths, encoder), gold_vectors(ids, lengths, encoder))


def pooled(vectors, matrix):
    """Loop over one example's positions and features."""
    states = [
        [math.tanh(sum(x * w for x, w in zip(vector, column, strict=True)) * (1 + 0.3 * t))
         for column in zip(*matrix, strict=True)]
        for t, vector in enumerate(vectors)
    ]  # fmt: skip
    return [sum(feature) / len(states) for feature in zip(*states, strict=True)]


def expectations(logits, embedding):
    """Loop over one example's positions and tokens."""
    found = []
    for row in logits:
        total = sum(math.exp(z) for z in row)
        vector = [0.0] * len(embedding[0])
        for z, token in zip(row, embedding, strict=True):
            vector = [x + math.exp(z) / total * e for x, e in zip(vector, token, strict=True)]
        found.append(vector)
    return found


def test_vectors_equal_the_formula_example_by_example(logits, encoder):
    embedding, matrix = encoder.embedding.tolist(), encoder.encode.matrix.tolist()
    student, gold = np.zeros((2, 4, 4))
    for example, part in PARTS.items():
        student[example] = pooled(expectations(logits[part].tolist(), embedding), matrix)
        gold[example] = pooled([embedding[token] for token in IDS[part]], matrix)
    np.testing.assert_allclose(expected_vectors(logits, LENGTHS, encoder), student, atol=1e-12)
    np.testing.assert_allclose(gold_vectors(IDS, LENGTHS, encoder), gold, atol=1e-12)
    assert np.abs(student - gold)[list(PARTS)].max(axis=1).min() > 1e-2


def test_a_certain_and_right_student_has_the_gold_vectors_and_no_loss(encoder):
    student = torch.where(torch.nn.functional.one_hot(IDS, 7) == 1, 0.0, -math.inf).double()
    student.requires_grad_()
    vectors = expected_vectors(student, LENGTHS, encoder)
    torch.testing.assert_close(vectors, gold_vectors(IDS, LENGTHS, encoder))
    values = loss(student, encoder)
    values.sum().backward()
    np.testing.assert_allclose(values.detach(), 0, atol=1e-12)
    np.testing.assert_allclose(student.grad, 0, atol=1e-12)


def test_a_shift_of_logits_changes_nothing(rng, logits, encoder):
    shifted = logits + torch.tensor(rng.normal(size=(6, 1))) * 9
    torch.testing.assert_close(
        expected_vectors(shifted, LENGTHS, encoder), expected_vectors(logits, LENGTHS, encoder)
    )


def test_an_impossible_token_is_inert(logits, encoder):
    """A token of logit −inf counts as little as one that the vocabulary does not have."""
    student = torch.cat([logits, torch.full((6, 1), -math.inf)], 1).requires_grad_()
    wider = FrozenEncoder(torch.cat([encoder.embedding, torch.full((1, 5), 1e9)]), encoder.encode)
    vectors = expected_vectors(student, LENGTHS, wider)
    vectors.sum().backward()
    torch.testing.assert_close(vectors, expected_vectors(logits, LENGTHS, encoder))
    assert student.grad[:, :7].abs().min() > 0
    assert (student.grad[:, 7] == 0).all()


def test_gradient_by_finite_differences(rng, assert_gradient, encoder):
    assert_gradient(lambda z: expected_vectors(z, LENGTHS, encoder), rng.normal(size=(6, 7)))
    assert_gradient(lambda z: loss(z, encoder), rng.normal(size=(6, 7)))


def test_gradient_reaches_every_logit_but_neither_encoder_nor_embedding(logits, encoder):
    encoder.embedding.requires_grad_()
    logits.requires_grad_()
    loss(logits, encoder).sum().backward()
    assert (logits.grad != 0).all()
    assert encoder.encode.matrix.grad is None
    assert encoder.embedding.grad is None


def test_gold_vectors_have_no_graph(encoder):
    encoder.embedding.requires_grad_()
    encoder.encode.requires_grad_()
    assert not gold_vectors(IDS, LENGTHS, encoder).requires_grad
    assert not gold_vectors(IDS[:0], [0], encoder).requires_grad


def test_the_encoder_sees_examples_with_positions_only(logits, encoder):
    masks = []

    def encode(inputs, mask):
        masks.append(mask.tolist())
        return encoder.encode(inputs, mask)

    expected_vectors(logits, LENGTHS, FrozenEncoder(encoder.embedding, encode))
    assert masks == [[[1, 1, 1], [1, 1, 0], [1, 0, 0]]]


def test_neither_padding_nor_other_examples_enter(logits, encoder):
    together = expected_vectors(logits, LENGTHS, encoder)
    gold = gold_vectors(IDS, LENGTHS, encoder)
    for example, part in PARTS.items():
        lengths = [LENGTHS[example]]
        torch.testing.assert_close(expected_vectors(logits[part], lengths, encoder)[0], together[example])
        torch.testing.assert_close(gold_vectors(IDS[part], lengths, encoder)[0], gold[example])


def test_micro_batches_add_up_to_the_full_batch(logits, encoder):
    def shares(student, parts):
        for own, lengths in parts:
            values = loss(student[own], encoder, IDS[own], lengths)
            term = LossTerm("semantic", values, "example")
            yield combine([term], {"semantic": 0.5}, {"example": 4}, {}).total

    results = []
    for parts in (
        [(slice(0, 6), LENGTHS)],
        [(slice(0, 3), [3]), (slice(3, 3), [0]), (slice(3, 6), [2, 1])],
    ):
        student = logits.clone().requires_grad_()
        total = sum(shares(student, parts))
        total.backward()
        results.append((total.detach(), student.grad))
    for whole, split in zip(*results, strict=True):
        torch.testing.assert_close(split, whole)


@pytest.mark.parametrize(
    ("student_dtype", "encoder_dtype", "tolerance", "gradient_tolerance"),
    [
        (torch.float32, torch.float32, 1e-5, 1e-5),
        (torch.bfloat16, torch.float32, 1e-5, 1e-2),
        (torch.float16, torch.float32, 1e-5, 1e-3),
        (torch.float32, torch.bfloat16, 2e-2, 2e-2),
        (torch.bfloat16, torch.bfloat16, 2e-2, 2e-2),
    ],
)
def test_lower_precision_is_near(
    logits, encoder, student_dtype, encoder_dtype, tolerance, gradient_tolerance
):
    student = logits.to(student_dtype)
    narrow = FrozenEncoder(
        encoder.embedding.to(encoder_dtype), copy.deepcopy(encoder.encode).to(encoder_dtype)
    )
    results = []
    for own, measure in ((student.double(), encoder), (student.clone(), narrow)):
        own.requires_grad_()
        vectors = expected_vectors(own, LENGTHS, measure)
        vectors.square().sum().backward()
        assert vectors.dtype == measure.embedding.dtype
        results.append((vectors.detach().double(), own.grad.double()))
    (exact, exact_gradient), (found, gradient) = results
    torch.testing.assert_close(found, exact, atol=tolerance, rtol=tolerance)
    torch.testing.assert_close(gradient, exact_gradient, atol=gradient_tolerance, rtol=gradient_tolerance)


@pytest.mark.parametrize("examples", [0, 3])
def test_no_positions_at_all_give_zeros_with_a_graph(encoder, examples):
    student = torch.zeros(0, 7, requires_grad=True)
    vectors = expected_vectors(student, [0] * examples, encoder)
    vectors.sum().backward()
    assert vectors.tolist() == [[0.0] * 4] * examples
    assert vectors.shape == (examples, 4)  # as many features as elsewhere
    assert student.grad.shape == (0, 7)
    assert gold_vectors(IDS[:0], [0] * examples, encoder).shape == (examples, 4)


@pytest.mark.parametrize(
    ("positions", "vocab", "message"),
    [(5, 7, "5 positions, but 6 in the lengths"), (6, 9, "9 tokens, the embedding 7")],
)
def test_other_sizes_are_named(encoder, positions, vocab, message):
    with pytest.raises(ValueError, match=message):
        expected_vectors(torch.zeros(positions, vocab), LENGTHS, encoder)


def test_gold_ids_of_other_number_are_named(encoder):
    with pytest.raises(ValueError, match="5 positions, but 6 in the lengths"):
        gold_vectors(IDS[:5], LENGTHS, encoder)
