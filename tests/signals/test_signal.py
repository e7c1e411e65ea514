import math

import pytest
import torch

from kdlib.signals.signal import FullSignal, SignalKey, SparseSignal, concatenate


def full(positions, temperature=2.0):
    return FullSignal(torch.randn(positions, 5).log_softmax(-1), temperature)


def sparse(positions, k, temperature=2.0):
    ids = torch.arange(k).repeat(positions, 1)
    return SparseSignal(ids, torch.full((positions, k), -3.0), torch.full((positions,), 0.5), temperature)


def test_full_signals_are_joined_in_order():
    parts = [full(2), full(0), full(3)]
    joined = concatenate(parts)
    assert isinstance(joined, FullSignal)
    assert joined.temperature == 2.0
    assert joined.log_probs.tolist() == parts[0].log_probs.tolist() + parts[2].log_probs.tolist()


def test_sparse_signals_are_padded_to_the_largest_k():
    joined = concatenate([sparse(1, 2), sparse(2, 3)])
    assert isinstance(joined, SparseSignal)
    assert joined.log_probs.tolist() == [[-3.0, -3.0, -math.inf], [-3.0] * 3, [-3.0] * 3]
    assert joined.ids.tolist() == [[0, 1, 0], [0, 1, 2], [0, 1, 2]]
    assert joined.ids.dtype == torch.int64
    assert joined.tail_mass.tolist() == [0.5] * 3


def test_sparse_signals_of_no_position_or_no_token_are_joined():
    joined = concatenate([sparse(0, 4), sparse(2, 0), sparse(1, 2)])
    assert joined.ids.shape == joined.log_probs.shape == (3, 4)
    assert (joined.log_probs > -math.inf).sum(dim=1).tolist() == [0, 0, 2]
    assert joined.tail_mass.tolist() == [0.5] * 3


@pytest.mark.parametrize(
    ("signals", "message"),
    [
        ([], "no signals"),
        ([full(1), sparse(1, 2)], "1 full and 1 sparse"),
        ([full(1), full(1, 4.0)], r"\[2.0, 4.0\]"),
    ],
)
def test_what_cannot_be_joined_is_named(signals, message):
    with pytest.raises(ValueError, match=message):
        concatenate(signals)


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
