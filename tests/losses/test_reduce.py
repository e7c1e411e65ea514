import pytest
import torch

from kdlib.losses.reduce import mean_over


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
