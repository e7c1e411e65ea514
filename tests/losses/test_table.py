"""The whole table: every loss moves the student the way its name says."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from kdlib.losses.chunked import in_chunks
from kdlib.losses.combine import LossTerm, combine
from kdlib.losses.expected import FrozenEncoder, expected_vectors, gold_vectors
from kdlib.losses.inputs import Batch, GoldEmbeddings, Illegality, LayerPairs, MapPairs, StatePairs
from kdlib.losses.projections import Projections
from kdlib.losses.table import Components
from kdlib.teacher_signal import FullSignal, SparseSignal

VOCAB = 13
LENGTHS = [4, 0, 2, 5]
NAMES = list(Components.model_fields)
EVERY = pytest.mark.parametrize("name", NAMES)
LAYERS = ["hidden", "attention"]  # these read the student's layers, all others its logits


def encoder_of(rng):
    embedding, matrix = (torch.tensor(rng.normal(size=shape)) for shape in [(VOCAB, 5), (5, 4)])

    def encode(vectors, mask):
        order = 1 + 0.3 * torch.arange(vectors.shape[1])[:, None]
        states = torch.tanh(vectors @ matrix.to(vectors.dtype) * order.to(vectors.dtype))
        return (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)

    return FrozenEncoder(embedding, encode)


def layers_of(rng, lengths):
    """Two layers of an own width and of an own number of heads; what the mask leaves out is infinite."""
    states = [torch.tensor(rng.normal(size=(2, sum(lengths), width))) for width in (3, 4)]
    time = max(*lengths, 1)
    places = torch.arange(time)
    mask = (places[:, None] < torch.tensor(lengths)[:, None, None]) & (places <= places[:, None])
    maps = [torch.tensor(rng.normal(size=(2, len(lengths), heads, time, time))) for heads in (2, 3)]
    maps[1] = maps[1].masked_fill(~mask[:, None], torch.inf)
    projections = Projections(2, 3, 4, seed=1).double()
    return LayerPairs(
        [StatePairs(list(states[0]), list(states[1]), lengths, projections)],
        [MapPairs(list(maps[0]), list(maps[1]), mask)],
    )


def read(name, batch):
    """Return the tensor of the student that a loss reads."""
    if name not in LAYERS:
        return batch.student
    (pairs,) = batch.layers.states if name == "hidden" else batch.layers.maps
    return torch.stack(list(pairs.student))


def given(name, batch, tensor):
    """Return the batch with another tensor in place of ``read(name, batch)``."""
    if name not in LAYERS:
        return replace(batch, student=tensor)
    (states,), (maps,) = batch.layers.states, batch.layers.maps
    if name == "hidden":
        return replace(batch, layers=LayerPairs([replace(states, student=list(tensor))], [maps]))
    return replace(batch, layers=LayerPairs([states], [replace(maps, student=list(tensor))]))


def part_of(batch, first, last):
    """Return some examples, with their layers."""
    (states,), (maps,) = batch.layers.states, batch.layers.maps
    start = sum(batch.lengths[:first])
    of = slice(start, start + sum(batch.lengths[first:last]))
    states = StatePairs(
        [h[of] for h in states.student],
        [h[of] for h in states.teacher],
        batch.lengths[first:last],
        states.distance,
    )
    maps = MapPairs(
        [a[first:last] for a in maps.student], [a[first:last] for a in maps.teacher], maps.mask[first:last]
    )
    return replace(batch.examples(first, last), layers=LayerPairs([states], [maps]))


def batch_of(rng, temperature=2.0, kind="full", lengths=LENGTHS):
    positions = sum(lengths)
    logits, teacher = torch.tensor(rng.normal(size=(2, positions, VOCAB)))
    ids = torch.tensor(rng.integers(VOCAB, size=positions))
    encoder = encoder_of(rng)
    log_probs = (2 * teacher / temperature).log_softmax(1)
    signal = FullSignal(log_probs, temperature)
    if kind == "sparse":
        kept, tokens = log_probs.topk(5, dim=1)
        signal = SparseSignal(tokens, kept, 1 - kept.exp().sum(1), temperature)
    bank = torch.tensor(rng.random((3, VOCAB)) < 0.3)
    situations = torch.tensor(rng.integers(3, size=positions))
    return Batch(
        logits,
        ids,
        lengths,
        signal=signal,
        token_weights=torch.tensor(rng.choice([1.0, 2.5], size=positions)),
        gold_embeddings=GoldEmbeddings(
            encoder, gold_vectors(ids, lengths, encoder), torch.arange(len(lengths))
        ),
        illegality=Illegality(bank, situations),
        layers=layers_of(rng, lengths),
    )


def loss_of(name):
    return Components.model_validate({name: {}}).losses()[name]


def total(name, batch):
    """The term alone, as training weighs it: over 3 more positions and 1 more example elsewhere."""
    loss = loss_of(name)
    counts = {"position": sum(batch.lengths) + 3, "example": len(batch.lengths) + 1}
    return combine(
        [LossTerm(name, loss.values(batch), loss.unit)], {name: 0.5}, counts, {name: loss.factor()}
    )


def position_aware_similarity(said, meant):
    """PANS of two equally long token lists, by loops."""
    scores = []
    for n in range(1, min(4, len(meant)) + 1):
        places = range(len(meant) - n + 1)
        weight = [
            [math.exp(-0.1 * abs(i - j)) * (said[i : i + n] == meant[j : j + n]) for j in places]
            for i in places
        ]
        columns = zip(*weight, strict=True)
        scores.append(min(sum(map(max, weight)), sum(map(max, columns))) / len(places))
    return sum(scores) / len(scores)


def as_numpy(*lists):
    return [[tensor.detach().numpy() for tensor in entry] for entry in zip(*lists, strict=True)]


def state_parts(batch):
    (states,) = batch.layers.states
    return states.student, states.teacher, states.distance.weights


def improvable(batch):
    """Measures that a loss stands for, each from the logits by numpy; lower is better."""
    q = batch.student.detach().softmax(1).numpy()
    p = batch.signal.log_probs.exp().numpy()
    at_t = (batch.student.detach() / batch.signal.temperature).softmax(1).numpy()
    gold = q[np.arange(len(q)), batch.ids.numpy()]
    vectors = expected_vectors(batch.student.detach(), batch.lengths, batch.gold_embeddings.encoder).numpy()
    golds = batch.gold_embeddings.vectors.numpy()
    used = [i for i, length in enumerate(batch.lengths) if length]
    unit = lambda x: x[used] / np.linalg.norm(x[used], axis=1, keepdims=True)  # noqa: E731
    cosines = unit(vectors) @ unit(golds).T
    own = np.diag(cosines)
    said, meant = (torch.as_tensor(ids).split(batch.lengths) for ids in (q.argmax(1), batch.ids))
    similarities = [position_aware_similarity(said[i].tolist(), meant[i].tolist()) for i in used]
    return {
        "improbable gold": 1 - gold.mean(),
        "unlike the teacher": np.abs(p - at_t).sum(),
        "other meaning": 1 - own.mean(),
        "mistaken for another": (cosines - own[:, None]).max(axis=1).mean() + (cosines - own[:, None]).mean(),
        "other n-grams": 1 - np.mean(similarities),
        "unlike the teacher's states": sum(
            ((h @ w.T - aim) ** 2).sum() for h, aim, w in as_numpy(*state_parts(batch))
        ),
        "unlike the teacher's attention": sum(
            ((own.mean(1) - aim.mean(1)) ** 2)[batch.layers.maps[0].mask.numpy()].sum()
            for own, aim in as_numpy(batch.layers.maps[0].student, batch.layers.maps[0].teacher)
        ),
        "illegal": (q * batch.illegality.bank[batch.illegality.situations].numpy()).sum(1).mean(),
    }


IMPROVES = {
    "ce": "improbable gold",
    "focal": "improbable gold",
    "kl": "unlike the teacher",
    "reverse_kl": "unlike the teacher",
    "skew_kl": "unlike the teacher",
    "jsd": "unlike the teacher",
    "semantic": "other meaning",
    "contrastive": "mistaken for another",
    "pans": "other n-grams",
    "ast": "illegal",
    "hidden": "unlike the teacher's states",
    "attention": "unlike the teacher's attention",
}


@pytest.mark.parametrize(
    ("name", "temperature", "kind"),
    [(name, 1.0, "full") for name in NAMES if "signal" not in loss_of(name).needs]
    + [
        (name, temperature, kind)
        for name in NAMES
        if "signal" in loss_of(name).needs
        for temperature in (1.0, 2.0, 4.0)
        for kind in ("full", "sparse")
    ],
)
def test_every_gradient_agrees_with_finite_differences(rng, assert_gradient, name, temperature, kind):
    batch = batch_of(rng, temperature, kind, lengths=[3, 0, 2])
    assert_gradient(lambda z: total(name, given(name, batch, z)).total, read(name, batch).numpy())


@pytest.mark.slow
@EVERY
def test_descent_on_a_term_alone_improves_what_it_stands_for(rng, name):
    batch = batch_of(rng)
    before = improvable(batch)[IMPROVES[name]]
    student = read(name, batch).clone().requires_grad_()
    optimiser = torch.optim.Adam([student], lr=0.05)
    for _ in range(300):
        optimiser.zero_grad()
        total(name, given(name, batch, student)).total.backward()
        optimiser.step()
    after = improvable(given(name, batch, student))[IMPROVES[name]]
    assert after < before - 0.2 * abs(before)


@EVERY
def test_a_value_depends_on_its_own_example_alone(rng, name):
    batch = batch_of(rng)
    whole = loss_of(name).values(batch)
    parts = [loss_of(name).values(part_of(batch, n, n + 1)) for n in range(len(LENGTHS))]
    torch.testing.assert_close(torch.cat(parts), whole)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in LAYERS])
@pytest.mark.parametrize("chunk", [1, 5 * VOCAB])
def test_chunks_and_micro_batches_equal_the_whole(rng, name, chunk):
    batch = batch_of(rng)
    batch = replace(batch, student=batch.student.requires_grad_())
    plain = total(name, batch)
    (expected,) = torch.autograd.grad(plain.total, batch.student)
    counts = {"position": sum(LENGTHS) + 3, "example": len(LENGTHS) + 1}

    def share(part):
        loss = loss_of(name)
        term = LossTerm(name, loss.values(part), loss.unit)
        return combine([term], {name: 0.5}, counts, {name: loss.factor()})

    chunked = in_chunks(batch, share, chunk)
    torch.testing.assert_close(chunked.total, plain.total)
    torch.testing.assert_close(torch.autograd.grad(chunked.total, batch.student)[0], expected)
    micro = [in_chunks(batch.examples(first, last), share) for first, last in ((0, 1), (1, 4))]
    added = micro[0].total + micro[1].total
    torch.testing.assert_close(added, plain.total)
    torch.testing.assert_close(torch.autograd.grad(added, batch.student)[0], expected)


@pytest.mark.parametrize("name", LAYERS)
def test_micro_batches_of_layers_equal_the_whole(rng, name):
    batch = batch_of(rng)
    tensor = read(name, batch).requires_grad_()
    batch = given(name, batch, tensor)
    counts = {"position": sum(LENGTHS), "example": len(LENGTHS)}
    whole, *parts = (
        combine([LossTerm(name, loss_of(name).values(part), "example")], {name: 0.5}, counts, {}).total
        for part in (batch, part_of(batch, 0, 1), part_of(batch, 1, 4))
    )
    torch.testing.assert_close(sum(parts), whole)
    (expected,) = torch.autograd.grad(whole, tensor, retain_graph=True)
    torch.testing.assert_close(torch.autograd.grad(sum(parts), tensor)[0], expected)


@EVERY
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.bfloat16, 4e-2)])
def test_lower_precision_is_near(rng, name, dtype, tolerance):
    batch = batch_of(rng)
    found = []
    tensor = read(name, batch).to(dtype)
    for student in (tensor, tensor.double()):
        student.requires_grad_()
        (gradient,) = torch.autograd.grad(total(name, given(name, batch, student)).total, student)
        found.append(gradient.double())
    assert (found[0] - found[1]).norm() <= tolerance * found[1].norm()


@EVERY
def test_no_positions_at_all_are_answered(rng, name):
    batch = batch_of(rng, lengths=[0, 0])
    student = read(name, batch).requires_grad_()
    batch = given(name, batch, student)
    found = total(name, batch) if name in LAYERS else in_chunks(batch, lambda part: total(name, part))
    found.total.backward()
    assert float(found.raw[name]) == 0
    assert student.grad.shape == student.shape
    assert not student.grad.any()


@EVERY
def test_what_a_loss_lacks_is_named(rng, name):
    needs = loss_of(name).needs
    bare = replace(batch_of(rng), signal=None, gold_embeddings=None, illegality=None, layers=None)
    if not needs:
        assert loss_of(name).values(bare).isfinite().all()
        return
    with pytest.raises(ValueError, match=next(iter(needs))):
        loss_of(name).values(bare)
