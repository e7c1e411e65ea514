"""The batch size that is found by the free memory."""

import psutil
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kdlib.models.batch import Row
from kdlib.models.load import load
from kdlib.signals import memory
from kdlib.signals.memory import LARGEST, SHARE, free_bytes, rows_that_fit


@pytest.fixture(scope="module", params=["t5_tied", "llama"])
def model(request, teachers):
    return load(teachers[request.param])


def row(source, target):
    return Row("a", [1] * source, [1] * target, "h")


def fitting(model, free, rows, *beams):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "free_bytes", lambda _: free)
        return rows_that_fit(model, rows, *beams)


SIZES = st.tuples(st.integers(1, 600), st.integers(1, 64))


@given(st.lists(st.integers(0, 10**12), min_size=2, max_size=4), SIZES, st.integers(0, 8))
def test_more_memory_never_gives_fewer_rows(model, free, size, beams):
    found = [fitting(model, amount, [row(*size)], beams, 32) for amount in sorted(free)]
    assert found == sorted(found)
    assert all(size in {2**power for power in range(9)} for size in found)


@given(SIZES, st.integers(1, 8))
def test_longer_rows_and_more_beams_never_give_more(model, size, beams):
    free = 10**9
    usual = fitting(model, free, [row(*size)])
    assert fitting(model, free, [row(size[0] + 50, size[1])]) <= usual
    assert fitting(model, free, [row(size[0], size[1] + 50)]) <= usual
    assert fitting(model, free, [row(*size), row(1, 1)]) == usual
    assert fitting(model, free, [row(*size)], beams, 32) <= usual


def test_the_ends(model):
    assert fitting(model, 0, [row(10, 10)]) == 1
    assert fitting(model, 10**15, [row(10, 10)]) == LARGEST
    assert 1 <= fitting(model, 10**9, []) <= LARGEST


def test_the_logits_of_all_rows_fit(model):
    """The largest tensors by far: a batch's logits, which a codec sorts."""
    free, rows = 64 * 2**20, [row(20, 32)]
    size = fitting(model, free, rows)
    assert 1 < size < LARGEST
    assert size * 32 * model.config.vocab_size * 4 < SHARE * free / 2


def test_free_memory_of_this_machine():
    assert 0 < free_bytes(torch.device("cpu")) <= psutil.virtual_memory().total
