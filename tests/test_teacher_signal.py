import math

import pytest
import torch

from kdlib.teacher_signal import FullSignal, SignalKey, SparseSignal


def full(positions, temperature=2.0):
    return FullSignal(torch.randn(positions, 5).log_softmax(-1), temperature)


def sparse(positions, k, temperature=2.0):
    ids = torch.arange(k).repeat(positions, 1)
    return SparseSignal(ids, torch.full((positions, k), -3.0), torch.full((positions,), 0.5), temperature)


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.inf, math.nan])
def test_temperature_is_positive(temperature):
    with pytest.raises(ValueError, match=str(temperature)):
        full(1, temperature)


def test_shapes_fit_together():
    with pytest.raises(ValueError, match=r"\[3\]"):
        FullSignal(torch.zeros(3), 1.0)
    with pytest.raises(ValueError, match=r"\[2, 3\], \[2, 4\], \[2\]"):
        SparseSignal(torch.zeros(2, 3, dtype=torch.long), torch.zeros(2, 4), torch.zeros(2), 1.0)
    with pytest.raises(ValueError, match=r"\[2, 3\], \[2, 3\], \[1\]"):
        SparseSignal(torch.zeros(2, 3, dtype=torch.long), torch.zeros(2, 3), torch.zeros(1), 1.0)


@pytest.mark.parametrize("signal", [full(2), sparse(2, 3)])
def test_moves_as_a_whole(signal):
    moved = signal.to(torch.device("meta"))
    assert type(moved) is type(signal)
    assert moved.temperature == signal.temperature
    tensors = [value for value in vars(moved).values() if isinstance(value, torch.Tensor)]
    assert len(tensors) == {FullSignal: 1, SparseSignal: 3}[type(signal)]
    assert all(tensor.is_meta for tensor in tensors)


def test_keys_are_compared_by_value():
    assert {SignalKey("a", "h", 0): 1}[SignalKey("a", "h", 0)] == 1
    assert SignalKey("a", "h", 0) != SignalKey("a", "h", 1)
