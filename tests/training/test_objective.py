import itertools

import pytest
import torch

from kdlib.config import Components, Size
from kdlib.files import DataError
from kdlib.models.batch import collate, layout_of
from kdlib.models.generate import log_probabilities
from kdlib.models.load import load
from kdlib.models.scratch import build
from kdlib.signals.signal import SignalKey
from kdlib.signals.store import SignalStore
from kdlib.training.distill import frozen_encoder
from kdlib.training.objective import Objective

ALL = {"ce": {}, "focal": {}, "kl": {}, "jsd": {}, "semantic": {"scale": 3.0}}


@pytest.fixture
def encoder(teacher):
    return frozen_encoder(load(teacher))


def student_logits(rows, vocab, seed=0):
    """Return random logits at the rows' target positions, gold ids and the row of each position."""
    targets = torch.tensor([token for row in rows for token in row.target_ids])
    places = torch.tensor([n for n, row in enumerate(rows) for _ in row.target_ids])
    torch.manual_seed(seed)
    return torch.randn(len(targets), vocab, requires_grad=True), targets, places


def signal_of(manifest, rows, temperature):
    store = SignalStore(manifest)
    columns = store.read([SignalKey(row.id, row.target_hash, 0) for row in rows])
    return store.codec.decode(columns, temperature)


def test_the_encoder_is_frozen_and_without_dropout(teacher, rows):
    model = load(teacher).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    frozen = frozen_encoder(model)
    assert not model.get_encoder().training
    assert not any(p.requires_grad for p in model.get_encoder().parameters())
    assert not frozen.embedding.requires_grad
    embeddings = torch.randn(2, 5, 32, requires_grad=True)
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]])
    first, second = frozen.encode(embeddings, mask), frozen.encode(embeddings, mask)
    assert torch.equal(first, second)
    first.sum().backward()
    assert embeddings.grad.norm() > 0  # a student learns through it
    assert all(p.grad is None for p in model.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_a_vector_is_the_mean_state_over_the_mask(teacher, encoder, rows):
    batch = collate(rows[:4], layout_of(load(teacher).config))
    found = encoder.encode(encoder.embedding[batch["input_ids"]], batch["attention_mask"])
    model = load(teacher)
    for row, vector in zip(rows[:4], found, strict=True):
        with torch.no_grad():
            states = model.get_encoder()(input_ids=torch.tensor([row.source_ids])).last_hidden_state[0]
        torch.testing.assert_close(vector, states.mean(0), atol=1e-5, rtol=1e-4)


def test_there_is_a_term_per_component_with_a_value_per_unit(manifest, encoder, rows):
    objective = Objective(Components.model_validate(ALL), encoder)
    logits, targets, places = student_logits(rows[:3], len(encoder.embedding))
    signal = signal_of(manifest, rows[:3], 2.0)
    terms = {term.name: term for term in objective.terms(logits, targets, places, 3, signal)}
    assert terms.keys() == ALL.keys()
    for name, term in terms.items():
        assert term.unit == ("example" if name == "semantic" else "position")
        assert term.values.shape == ((3,) if name == "semantic" else targets.shape)
        assert torch.autograd.grad(term.values.sum(), logits, retain_graph=True)[0].norm() > 0
    assert objective.scale() == {"semantic": 3.0}


def divergences(manifest, logits, rows):
    _, targets, places = student_logits(rows, logits.shape[1])
    objective = Objective(Components.model_validate({"kl": {}, "jsd": {}}))
    signal = signal_of(manifest, rows, 3.0)
    return [term.values for term in objective.terms(logits, targets, places, len(rows), signal)]


def test_every_row_meets_its_own_signal(manifest, teacher, rows):
    """A student equal to the teacher has no divergence, unless rows are taken for each other."""
    model = load(teacher)
    for chosen in (rows[:4], rows[3::-1]):
        logits = torch.cat(log_probabilities(model, chosen))
        assert all(values.abs().max() < 1e-3 for values in divergences(manifest, logits, chosen))
    one, other = next(
        pair for pair in itertools.combinations(rows, 2) if len({len(row.target_ids) for row in pair}) == 1
    )
    logits = torch.cat(log_probabilities(model, [one, other]))
    assert all(values.max() > 1e-2 for values in divergences(manifest, logits, [other, one]))


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_teacher_and_student_are_compared_at_the_temperature(manifest, teacher, rows, temperature):
    objective = Objective(Components.model_validate({"kl": {}}))
    gold = torch.cat(log_probabilities(load(teacher), rows[:2]))
    logits, targets, places = student_logits(rows[:2], gold.shape[1])
    (term,) = objective.terms(logits, targets, places, 2, signal_of(manifest, rows[:2], temperature))
    p, q = (torch.softmax(x.double() / temperature, 1) for x in (gold, logits))
    expected = temperature**2 * (p * (p / q).log()).sum(1)
    torch.testing.assert_close(term.values.double(), expected, atol=1e-2, rtol=1e-2)


def test_constants_of_the_components_are_used(encoder, rows):
    logits, targets, places = student_logits(rows[:2], len(encoder.embedding))

    def value(**components):
        objective = Objective(Components.model_validate(components), encoder)
        (term,) = objective.terms(logits, targets, places, 2, None)
        return term.values

    assert torch.allclose(value(focal={"alpha": 0.5}), 2 * value(focal={"alpha": 0.25}))
    assert torch.allclose(value(focal={"gamma": 0, "alpha": 1}), value(ce={}), atol=1e-5)
    assert not torch.allclose(value(ce={"label_smoothing": 0.1}), value(ce={}))


@pytest.mark.parametrize(
    ("component", "what"), [("kl", "signal"), ("jsd", "signal"), ("semantic", "encoder")]
)
def test_what_a_component_lacks_is_named(rows, component, what):
    logits, targets, places = student_logits(rows[:2], 20)
    objective = Objective(Components.model_validate({component: {}}))
    with pytest.raises(ValueError, match=what):
        objective.terms(logits, targets % 20, places, 2, None)


def test_a_causal_teacher_has_no_encoder_to_measure_with(tokenizer):
    size = Size(d_model=32, d_ff=64, encoder_layers=0, decoder_layers=1, heads=2)
    with pytest.raises(DataError, match="needs a teacher with an encoder; this one is a causal model"):
        frozen_encoder(build(size, tokenizer, 0.0, 1))
