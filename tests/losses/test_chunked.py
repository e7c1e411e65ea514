import numpy as np
import pytest
import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

from kdlib.losses.chunked import in_chunks
from kdlib.losses.combine import LossTerm, combine
from kdlib.losses.cross_entropy import cross_entropy
from kdlib.losses.divergence import jsd, kl
from kdlib.losses.focal import focal
from kdlib.losses.inputs import Batch
from kdlib.teacher_signal import FullSignal

LENGTHS = [3, 0, 5, 1, 2]
VOCAB = 31


def batch_of(rng, lengths=LENGTHS, vocab=VOCAB, dtype=torch.float64):
    positions = sum(lengths)
    logits, teacher = torch.tensor(rng.normal(size=(2, positions, vocab)))
    student = logits.to(dtype).requires_grad_()
    ids = torch.tensor(rng.integers(vocab, size=positions))
    return Batch(student, ids, lengths, signal=FullSignal((teacher / 2).log_softmax(1).to(dtype), 2.0))


def squares(batch):
    parts = [z.square().sum() for z in batch.student.split(list(batch.lengths))]
    return torch.stack(parts) if parts else batch.student.sum().expand(0)


def combined(batch):
    terms = [
        LossTerm("ce", cross_entropy(batch.student, batch.ids), "position"),
        LossTerm("focal", focal(batch.student, batch.ids), "position"),
        LossTerm("kl", kl(batch.student, batch.signal), "position"),
        LossTerm("jsd", jsd(batch.student, batch.signal), "position"),
        LossTerm("examples", squares(batch), "example"),
    ]
    weights = {"ce": 0.3, "focal": 0.5, "kl": 0.2, "jsd": 0.7, "examples": 0.1}
    return combine(terms, weights, {"position": 17, "example": 6}, {"focal": 3.0})


@pytest.mark.parametrize("chunk", [1, 2 * VOCAB, 4 * VOCAB, 10**6])
@pytest.mark.parametrize("upstream", [1.0, 0.25])
def test_chunks_equal_the_plain_form_in_value_and_gradient(rng, chunk, upstream):
    batch = batch_of(rng)
    found, plain = in_chunks(batch, combined, chunk), combined(batch)
    torch.testing.assert_close(found.total, plain.total)
    for name in plain.raw:
        torch.testing.assert_close(found.raw[name], plain.raw[name])
        torch.testing.assert_close(found.weighted[name], plain.weighted[name])
    (gradient,) = torch.autograd.grad(upstream * found.total, batch.student)
    (expected,) = torch.autograd.grad(upstream * plain.total, batch.student)
    torch.testing.assert_close(gradient, expected)
    assert expected.norm() > 1e-3


def test_small_chunks_are_really_evaluated(rng):
    seen = []

    def counted(part):
        seen.append(list(part.lengths))
        return combined(part)

    in_chunks(batch_of(rng), counted, 3 * VOCAB)
    assert seen == [[3], [0, 5], [1, 2]]


def test_the_gradient_reaches_what_made_the_logits(rng):
    states, head = (
        torch.tensor(rng.normal(size=shape), requires_grad=True) for shape in [(11, 4), (4, VOCAB)]
    )
    batch = batch_of(rng)
    gradients = []
    for evaluate in (lambda b: in_chunks(b, combined, VOCAB), combined):
        whole = Batch(states @ head, batch.ids, batch.lengths, batch.signal)
        gradients.append(torch.autograd.grad(evaluate(whole).total, [states, head]))
    for chunked, plain in zip(*gradients, strict=True):
        torch.testing.assert_close(chunked, plain)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_gradients_of_half_precision_logits_have_their_type(rng, dtype):
    batch = batch_of(rng, dtype=dtype)
    total = in_chunks(batch, combined).total
    assert total.dtype == torch.float32
    (gradient,) = torch.autograd.grad(total, batch.student)
    assert gradient.dtype == dtype
    wide = Batch(batch.student.detach().double().requires_grad_(), batch.ids, batch.lengths, batch.signal)
    (expected,) = torch.autograd.grad(combined(wide).total, wide.student)
    np.testing.assert_allclose(gradient.double(), expected, atol=2e-2 * expected.abs().max())


def test_a_gradient_below_half_precision_survives_a_scaled_loss(rng):
    batch = batch_of(rng, dtype=torch.float16)
    tiny = 2.0**-30  # of a gradient near 2^-5: far below float16's smallest number

    def scaled(part):
        return combine(
            [LossTerm("ce", cross_entropy(part.student, part.ids), "position")],
            {"ce": tiny},
            {"position": 1},
            {},
        )

    (gradient,) = torch.autograd.grad(in_chunks(batch, scaled).total / tiny, batch.student)
    assert gradient.norm() > 0.1


def test_a_second_backward_is_refused(rng):
    total = in_chunks(batch_of(rng), combined).total
    total.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="only once"):
        total.backward()


def test_without_gradients_only_values_are_computed(rng):
    batch = batch_of(rng)
    with torch.no_grad():
        found = in_chunks(batch, combined)
    assert not found.total.requires_grad
    torch.testing.assert_close(found.total, combined(batch).total.detach())


@pytest.mark.parametrize("lengths", [[], [0, 0]])
def test_no_positions_give_zero_with_a_graph(rng, lengths):
    batch = batch_of(rng, lengths=lengths)
    found = in_chunks(batch, combined)
    (gradient,) = torch.autograd.grad(found.total, batch.student)
    assert float(found.total.detach()) == 0
    assert gradient.shape == (0, VOCAB)


def test_a_batch_whose_parts_disagree_is_refused():
    with pytest.raises(ValueError, match="student has 3 positions, ids 3, lengths 4 in sum"):
        Batch(torch.zeros(3, 7), torch.zeros(3, dtype=torch.long), [1, 3])


class Alive(TorchDispatchMode):
    """Counts the storages of at least ``size`` bytes, beside those of the inputs, that are alive at once."""

    def __init__(self, size, inputs):
        super().__init__()
        self.size, self.storages, self.most = size, {}, 0
        self.inputs = {tensor.untyped_storage()._cdata for tensor in inputs}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple | list) else [made]:
            storage = tensor.untyped_storage() if isinstance(tensor, torch.Tensor) else None
            if storage is not None and storage.nbytes() >= self.size and storage._cdata not in self.inputs:
                self.storages[storage._cdata] = StorageWeakRef(storage)
        alive = [reference for reference in self.storages.values() if not reference.expired()]
        self.most = max(self.most, len(alive))
        return made


@pytest.mark.parametrize(("evaluate", "most"), [(in_chunks, 1), (lambda batch, loss: loss(batch), 1000)])
def test_beside_logits_and_signal_only_the_gradient_is_of_their_size(rng, evaluate, most):
    lengths = [4] * 16
    batch = batch_of(rng, lengths=lengths, vocab=40_000, dtype=torch.float32)
    with Alive(4 * batch.student.numel(), [batch.student, batch.signal.log_probs]) as alive:
        (2 * evaluate(batch, combined).total).backward()
    assert 1 <= alive.most <= most
    assert most == 1 or alive.most > 4  # the plain form shows that the count counts
