import itertools
import math

import numpy as np
import pytest
import torch

from kdlib.losses.combine import mean_over
from kdlib.losses.inputs import Batch, Illegality, Judging
from kdlib.losses.legality import judge
from kdlib.losses.syntax import Ast, SampledAst, impossible_mass, sampled_validity
from kdlib.losses.table import Components

BANK = torch.tensor([[0, 1, 1, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1], [0, 0, 1, 0, 1]]).bool()
PLACES = torch.tensor([3, 0, 1, 2, 0, 3, 0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: impossible_mass(torch.zeros(3, 5), torch.zeros(2).long(), BANK),
            r"3 positions, situations \[2\]",
        ),
        (lambda: impossible_mass(torch.zeros(2, 4), torch.zeros(2).long(), BANK), "4 tokens, the bank 5"),
        (
            lambda: sampled_validity(torch.zeros(3, 5), [2], bool, 2, None),
            "3 positions, lengths add up to 2",
        ),
        (lambda: sampled_validity(torch.zeros(2, 5), [2], bool, 1, None), "at least 2 .*got 1"),
    ],
)
def test_wrong_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-6), (torch.bfloat16, 1e-6)]
)
def test_mass_equals_the_formula(rng, dtype, tolerance):
    student = torch.tensor(rng.normal(size=(7, 5)) * 3).to(dtype)
    expected = []
    for z, place in zip(student.double().tolist(), PLACES.tolist(), strict=True):
        weights = [math.exp(x) for x in z]
        expected.append(sum(w for w, bad in zip(weights, BANK[place], strict=True) if bad) / sum(weights))
    values = impossible_mass(student, PLACES, BANK)
    assert values.dtype == torch.promote_types(dtype, torch.float32)
    np.testing.assert_allclose(values.numpy(), expected, atol=tolerance)
    assert values[2] == 0
    assert values[3] == pytest.approx(1)


def test_the_component_reads_the_batch(rng):
    student = torch.tensor(rng.normal(size=(7, 5)))
    batch = Batch(student, PLACES, [7], illegality=Illegality(BANK, PLACES))
    torch.testing.assert_close(Ast().values(batch), impossible_mass(student, PLACES, BANK))
    with pytest.raises(ValueError, match="legality"):
        Ast().values(Batch(student, PLACES, [7]))


def test_mass_knows_no_shift(rng):
    student = torch.tensor(rng.normal(size=(7, 5)))
    torch.testing.assert_close(
        impossible_mass(student + 50, PLACES, BANK), impossible_mass(student, PLACES, BANK)
    )


def test_mass_by_finite_differences(rng, assert_gradient):
    assert_gradient(lambda z: impossible_mass(z, PLACES, BANK), rng.normal(size=(7, 5)))


def test_excluded_tokens_are_inert():
    student = torch.tensor([[0.0, -math.inf, 0.0, 0.0, 0.0]], requires_grad=True)
    values = impossible_mass(student, torch.tensor([0]), BANK)
    values.sum().backward()
    np.testing.assert_allclose(values.detach(), 0.25)
    np.testing.assert_allclose(student.grad, [[-0.0625, 0, 0.1875, -0.0625, -0.0625]], atol=1e-7)


def test_mass_descends_to_the_possible(rng):
    student = torch.tensor(rng.normal(size=(7, 5)), requires_grad=True)
    optimiser = torch.optim.SGD([student], lr=5.0)
    masses = []
    for _ in range(100):
        optimiser.zero_grad()
        mass = impossible_mass(student, PLACES, BANK)[PLACES != 2]  # everything is impossible in situation 2
        mass.sum().backward()
        optimiser.step()
        masses.append(mass.sum().item())
    assert masses[-1] < 0.05 * masses[0]


def test_mass_in_micro_batches_adds_up(rng):
    logits, results = torch.tensor(rng.normal(size=(7, 5))), []
    for parts in ([slice(0, 7)], [slice(0, 1), slice(1, 4), slice(4, 4), slice(4, 7)]):
        student = logits.clone().requires_grad_()
        total = sum(mean_over(impossible_mass(student[part], PLACES[part], BANK), 7) for part in parts)
        total.backward()
        results.append((total.detach(), student.grad))
    for whole, split in zip(*results, strict=True):
        torch.testing.assert_close(split, whole)


def test_no_positions_give_an_empty_mass_with_a_graph():
    student = torch.zeros(0, 5, requires_grad=True)
    values = impossible_mass(student, torch.zeros(0).long(), BANK[:0])
    values.sum().backward()
    assert values.shape == (0,)
    assert student.grad.shape == (0, 5)


# The share of invalid samples. Samples are judged by a rule that no single position can obey alone.
LENGTHS = [2, 0, 3]


def balanced(sample):
    return sum(sample) % 3 != 1


def invalid_mass(student):
    """P(invalid) per example over all sequences."""
    p = student.softmax(-1)
    values = []
    for part in p.split(LENGTHS):
        mass = student.new_zeros(())
        if len(part):
            for sample in itertools.product(range(p.shape[1]), repeat=len(part)):
                if not balanced(sample):
                    mass = mass + torch.stack([q[v] for q, v in zip(part, sample, strict=True)]).prod()
        values.append(mass)
    return torch.stack(values)


def seeded(seed=5):
    return torch.Generator().manual_seed(seed)


def test_sampled_validity_and_its_gradient_are_right_in_expectation(rng):
    student = torch.tensor(rng.normal(size=(5, 4)), requires_grad=True)
    exact = invalid_mass(student)
    values = sampled_validity(student, LENGTHS, balanced, 20_000, seeded())
    np.testing.assert_allclose(values.detach(), exact.detach(), atol=0.015)
    assert values[1] == 0
    weights = torch.tensor([1.0, 5.0, 2.0])
    (expected,) = torch.autograd.grad((exact * weights).sum(), student)
    (actual,) = torch.autograd.grad((values * weights).sum(), student)
    assert torch.cosine_similarity(actual.flatten(), expected.flatten(), dim=0) >= 0.99
    assert float(actual.norm()) == pytest.approx(float(expected.norm()), rel=0.05)


def test_two_samples_are_unbiased_too(rng):
    """The baseline must not take gradient away: the mean over many pairs is the gradient, length included."""
    logits = torch.tensor(rng.normal(size=(2, 3)))
    many = logits.repeat(8000, 1).requires_grad_()
    sampled_validity(many, 8000 * [2], balanced, 2, seeded()).mean().backward()
    actual = many.grad.reshape(8000, 2, 3).sum(0)
    student = logits.clone().requires_grad_()
    p, q = student.softmax(-1)
    exact = sum(p[a] * q[b] for a in range(3) for b in range(3) if not balanced((a, b)))
    (expected,) = torch.autograd.grad(exact, student)
    assert torch.cosine_similarity(actual.flatten(), expected.flatten(), dim=0) >= 0.99
    assert float(actual.norm()) == pytest.approx(float(expected.norm()), rel=0.1)


def test_gradient_equals_a_loop_over_the_samples(rng):
    student = torch.tensor(rng.normal(size=(2, 4)), requires_grad=True)
    judged = []

    def valid(sample):
        judged.append((sample, balanced(sample)))
        return judged[-1][1]

    value = sampled_validity(student, [2], valid, 5, seeded())
    (actual,) = torch.autograd.grad(value.sum(), student)
    p, expected = student.detach().softmax(-1), np.zeros((2, 4))
    wrong = [not ok for _, ok in judged]
    assert len(judged) == 5
    assert 0 < sum(wrong) < 5
    assert value.item() == pytest.approx(sum(wrong) / 5)
    for n, (sample, _) in enumerate(judged):
        others = (sum(wrong) - wrong[n]) / 4
        for t, v in itertools.product(range(2), range(4)):
            expected[t, v] += (wrong[n] - others) / 5 * ((sample[t] == v) - p[t, v].item())
    np.testing.assert_allclose(actual, expected, atol=1e-12)


@pytest.mark.parametrize(("verdict", "expected"), [(True, [0.0, 0.0, 0.0]), (False, [1.0, 0.0, 1.0])])
def test_agreeing_samples_have_no_gradient(rng, verdict, expected):
    student = torch.tensor(rng.normal(size=(5, 4)), requires_grad=True)
    values = sampled_validity(student, LENGTHS, lambda _: verdict, 3, seeded())
    values.sum().backward()
    assert values.tolist() == expected
    np.testing.assert_array_equal(student.grad, np.zeros((5, 4)))


def test_micro_batches_draw_the_same_samples_in_turn(rng):
    logits = torch.tensor(rng.normal(size=(5, 4)))
    whole = sampled_validity(logits, LENGTHS, balanced, 50, seeded())
    generator = seeded()
    parts = [
        sampled_validity(logits[:2], LENGTHS[:2], balanced, 50, generator),
        sampled_validity(logits[2:], LENGTHS[2:], balanced, 50, generator),
    ]
    torch.testing.assert_close(torch.cat(parts), whole)
    assert 0 < whole[0] < 1


def test_descent_on_it_alone_makes_samples_valid(rng):
    student = torch.tensor(rng.normal(size=(5, 4)), requires_grad=True)
    optimiser, generator = torch.optim.SGD([student], lr=1.0), seeded()
    before = invalid_mass(student).sum().item()
    for _ in range(100):
        optimiser.zero_grad()
        sampled_validity(student, LENGTHS, balanced, 16, generator).sum().backward()
        optimiser.step()
    assert invalid_mass(student).sum().item() < 0.2 * before


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_students_get_a_gradient(rng, dtype):
    student = torch.tensor(rng.normal(size=(5, 4))).to(dtype).requires_grad_()
    values = sampled_validity(student, LENGTHS, balanced, 20, seeded())
    values.sum().backward()
    exact = student.detach().double().requires_grad_()
    wide = sampled_validity(exact, LENGTHS, balanced, 20, seeded())
    wide.sum().backward()
    assert values.dtype == torch.float32
    np.testing.assert_allclose(values.detach(), wide.detach(), atol=1e-6)
    np.testing.assert_allclose(student.grad.double(), exact.grad, rtol=1e-2, atol=1e-3)


def test_excluded_tokens_are_never_drawn():
    student = torch.tensor([[0.0, -math.inf, 0.0]], requires_grad=True)
    values = sampled_validity(student, [1], lambda ids: ids == [0], 50, seeded())
    values.sum().backward()
    assert 0.2 < values.item() < 0.8
    assert student.grad.isfinite().all()
    assert student.grad[0, 1] == 0


@pytest.mark.parametrize("examples", [0, 3])
def test_no_positions_give_zeros_with_a_graph(examples):
    student = torch.zeros(0, 5, requires_grad=True)
    values = sampled_validity(student, examples * [0], balanced, 2, None)
    values.sum().backward()
    assert values.tolist() == [0.0] * examples
    assert student.grad.shape == (0, 5)


# The row of the table. Samples are judged by the parser.
END = 1
TEXTS = {0: "", 1: "", 2: "f(", 3: ")", 4: ";", 5: "(("}


def valid(ids):
    return judge(lambda chosen: "".join(TEXTS[token] for token in chosen), END)(ids)


def test_the_form_chooses_the_loss():
    forms = {
        name: Components.model_validate({"ast": raw}).ast for name, raw in (("", {}), ("m", {"form": "mass"}))
    }
    assert all(type(loss) is Ast for loss in forms.values())
    sampled = Components.model_validate({"ast": {"form": "sampled", "samples": 3}})
    assert type(sampled.ast) is SampledAst
    assert sampled.need("judge") == ["ast"]
    assert sampled.need("legality") == []
    assert Components.model_validate(sampled.model_dump()) == sampled


def batch_of(logits, seed=7):
    generator = torch.Generator().manual_seed(seed)
    return Batch(logits, torch.zeros(5, dtype=torch.long), [3, 2], judging=Judging(valid, generator))


def test_values_and_gradients_are_those_of_the_function(rng):
    logits = torch.tensor(rng.normal(size=(5, 6)), requires_grad=True)
    values = SampledAst(form="sampled", samples=3).values(batch_of(logits))
    expected = sampled_validity(logits, [3, 2], valid, 3, torch.Generator().manual_seed(7))
    assert torch.equal(values, expected)
    found, other = (torch.autograd.grad(v.sum(), logits)[0] for v in (values, expected))
    assert torch.equal(found, other)


def test_descent_makes_valid_statements(rng):
    """Three positions suffice for ``f();`` without an end."""
    logits = torch.tensor(rng.normal(size=(3, 6)), requires_grad=True)
    loss, generator = SampledAst(form="sampled", samples=8), torch.Generator().manual_seed(1)
    optimiser = torch.optim.Adam([logits], lr=0.05)
    shares = []
    for _ in range(400):
        batch = Batch(logits, torch.zeros(3, dtype=torch.long), [3], judging=Judging(valid, generator))
        value = loss.values(batch).sum()
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        shares.append(float(value.detach()))
    assert sum(shares[:20]) / 20 > 0.8
    assert sum(shares[-20:]) / 20 < 0.2


def test_a_missing_judge_is_named(rng):
    batch = Batch(torch.zeros(5, 6), torch.zeros(5, dtype=torch.long), [3, 2])
    with pytest.raises(ValueError, match="needs a judge"):
        SampledAst(form="sampled").values(batch)
