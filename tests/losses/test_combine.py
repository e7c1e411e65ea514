import pytest
import torch

from kdlib.losses.combine import LossTerm, combine, mean_over


def terms(values):
    return [
        LossTerm("jsd", 2 * values, "position"),
        LossTerm("focal", values**2, "position"),
        LossTerm("semantic", values[:2], "example"),
    ]


WEIGHTS = {"jsd": 0.7, "focal": 0.3, "semantic": 0.1, "contrastive": 9.0}
COUNTS = {"position": 6, "example": torch.tensor(4)}
SCALE = {"semantic": 5.0}


def test_hand_computed_figures():
    values = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    combined = combine(terms(values), WEIGHTS, COUNTS, SCALE)
    assert {name: value.item() for name, value in combined.raw.items()} == pytest.approx(
        {"jsd": 12 / 6, "focal": 14 / 6, "semantic": 3 / 4}
    )
    assert {name: value.item() for name, value in combined.weighted.items()} == pytest.approx(
        {"jsd": 1.4, "focal": 0.7, "semantic": 0.1 * 5 * 0.75}
    )
    combined.total.backward()
    # d total / d v = 0.7·2/6 + 0.3·2v/6 + 0.1·5/4 for the first two
    assert values.grad.tolist() == pytest.approx([0.458333333, 0.558333333, 0.533333333])


def test_weighted_sums_add_up_to_the_total_exactly():
    generator = torch.Generator().manual_seed(0)
    for _ in range(100):
        combined = combine(terms(torch.randn(7, generator=generator)), WEIGHTS, COUNTS, SCALE)
        assert sum(combined.weighted.values()).item() == combined.total.item()


def test_parts_are_detached():
    combined = combine(terms(torch.ones(3, requires_grad=True)), WEIGHTS, COUNTS, SCALE)
    assert combined.total.requires_grad
    assert not any(part.requires_grad for part in (*combined.raw.values(), *combined.weighted.values()))


def test_weight_zero_keeps_a_zero_gradient():
    values = torch.ones(3, requires_grad=True)
    combined = combine([LossTerm("jsd", values, "position")], {"jsd": 0.0}, COUNTS, {})
    combined.total.backward()
    assert values.grad.tolist() == [0.0, 0.0, 0.0]
    assert combined.raw["jsd"].item() == 0.5


def test_gradients_of_single_terms_add_up():
    values = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    singles = [
        torch.autograd.grad(combine([term], WEIGHTS, COUNTS, SCALE).total, values)[0]
        for term in terms(values)
    ]
    combine(terms(values), WEIGHTS, COUNTS, SCALE).total.backward()
    torch.testing.assert_close(sum(singles), values.grad)


def test_micro_batches_add_up_to_the_full_batch():
    results = []
    for parts in ([slice(0, 6)], [slice(0, 1), slice(1, 6)]):
        values = torch.arange(1.0, 7.0).requires_grad_()
        total = sum(
            combine([LossTerm("focal", values[part] ** 2, "position")], WEIGHTS, COUNTS, {}).total
            for part in parts
        )
        total.backward()
        results.append((total.detach(), values.grad))
    for whole, split in zip(*results, strict=True):
        torch.testing.assert_close(split, whole)


@pytest.mark.parametrize(
    ("names", "weights", "counts", "message"),
    [
        ([], WEIGHTS, COUNTS, "no loss terms"),
        (["jsd"], {"kl": 1.0}, COUNTS, r"'jsd' has no weight; weights: \['kl'\]"),
        (["jsd"], WEIGHTS, {"example": 4}, "'jsd' needs a count per position"),
        (["jsd", "jsd"], WEIGHTS, COUNTS, "'jsd' is given twice"),
    ],
)
def test_what_is_missing_is_named(names, weights, counts, message):
    with pytest.raises(ValueError, match=message):
        combine([LossTerm(name, torch.ones(2), "position") for name in names], weights, counts, {})


@pytest.mark.parametrize("count", [8, torch.tensor(8)])
def test_divides_by_the_count_of_the_whole_batch(count):
    assert mean_over(torch.tensor([1.0, 2.0, 5.0]), count).item() == 1.0


def test_shares_of_uneven_micro_batches_add_up_to_the_mean():
    values = torch.arange(7.0)
    shares = [mean_over(part, 7) for part in (values[:1], values[1:3], values[3:])]
    assert sum(shares).item() == pytest.approx(3.0)


@pytest.mark.parametrize("count", [0, torch.tensor(0)])
@pytest.mark.parametrize("n", [0, 3])
def test_count_zero_is_zero_with_a_graph(count, n):
    values = torch.ones(n, requires_grad=True)
    mean = mean_over(values * 2, count)
    mean.backward()
    assert mean.item() == 0.0
    assert values.grad is not None
    assert values.grad.tolist() == [0.0] * n
