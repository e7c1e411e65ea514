import itertools

import pytest
import torch

from kdlib.config import Size
from kdlib.files import DataError
from kdlib.losses.contrastive import distinct
from kdlib.losses.inputs import Batch, GoldEmbeddings
from kdlib.losses.table import Components
from kdlib.models.batch import collate, layout_of
from kdlib.models.generate import log_probabilities
from kdlib.models.load import load
from kdlib.models.scratch import build
from kdlib.signals.store import SignalStore
from kdlib.teacher_signal import SignalKey
from kdlib.training.distill import legality_of
from kdlib.training.loop.objective import Objective
from kdlib.training.teacher.encoder import frozen_encoder, gold_embeddings_of

ALL = {name: {} for name in Components.model_fields if name not in ("hidden", "attention")}
ALL |= {"semantic": {"scale": 3.0}}


@pytest.fixture
def encoder(teacher):
    return frozen_encoder(load(teacher))


@pytest.fixture
def gold_embeddings(teacher, tokenizer, rows, tmp_path):
    return gold_embeddings_of(teacher, tokenizer, rows, tmp_path / "gold_embeddings", 1)


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


def batch_of(rows, logits, signal=None, gold_embeddings=None, legality=None):
    """Return random or given logits of rows with all that their losses read."""
    targets = [tuple(row.target_ids) for row in rows]
    embeddings = None
    if gold_embeddings is not None:
        first, numbers = distinct(targets)
        found = gold_embeddings([targets[i] for i in first])
        embeddings = GoldEmbeddings(gold_embeddings.encoder, found, torch.tensor(numbers))
    return Batch(
        logits,
        torch.tensor([token for target in targets for token in target]),
        [len(target) for target in targets],
        signal=signal,
        gold_embeddings=embeddings,
        illegality=None if legality is None else legality.at(targets, logits.device),
    )


def raw(objective, batch):
    weights = dict.fromkeys(objective.components.names(), 1.0)
    counts = {"position": len(batch.ids), "example": len(batch.lengths)}
    return objective.combined(batch, weights, counts).raw


def random_logits(rows, vocab, seed=0):
    torch.manual_seed(seed)
    return torch.randn(sum(len(row.target_ids) for row in rows), vocab, requires_grad=True)


def test_every_component_is_weighed_scaled_and_alone_if_asked(manifest, gold_embeddings, tokenizer, rows):
    objective = Objective(Components.model_validate(ALL), gold_embeddings, legality_of(tokenizer))
    logits = random_logits(rows[:3], len(gold_embeddings.encoder.embedding))
    batch = batch_of(
        rows[:3], logits, signal_of(manifest, rows[:3], 2.0), gold_embeddings, objective.legality
    )
    weights = {name: 0.1 + 0.05 * place for place, name in enumerate(ALL)}
    counts = {"position": len(batch.ids), "example": 3}
    together = objective.combined(batch, weights, counts)
    assert together.raw.keys() == ALL.keys()
    gradients = []
    for name in ALL:
        alone = objective.combined(batch, weights, counts, only=name)
        assert alone.raw.keys() == {name}
        torch.testing.assert_close(alone.raw[name], together.raw[name])
        factor = weights[name] * (3.0 if name == "semantic" else 1.0)
        torch.testing.assert_close(alone.total.detach(), factor * together.raw[name])
        gradients.append(torch.autograd.grad(alone.total, logits)[0])
        assert gradients[-1].norm() > 0
    torch.testing.assert_close(torch.autograd.grad(together.total, logits)[0], sum(gradients))


def divergences(manifest, logits, rows):
    objective = Objective(Components.model_validate({"kl": {}, "jsd": {}}))
    return raw(objective, batch_of(rows, logits, signal_of(manifest, rows, 3.0))).values()


def test_every_row_meets_its_own_signal(manifest, teacher, rows):
    """A student equal to the teacher has no divergence, unless rows are taken for each other."""
    model = load(teacher)
    for chosen in (rows[:4], rows[3::-1]):
        logits = torch.cat(log_probabilities(model, chosen))
        assert all(abs(value) < 1e-3 for value in divergences(manifest, logits, chosen))
    one, other = next(
        pair for pair in itertools.combinations(rows, 2) if len({len(row.target_ids) for row in pair}) == 1
    )
    logits = torch.cat(log_probabilities(model, [one, other]))
    assert all(value > 1e-3 for value in divergences(manifest, logits, [other, one]))


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_teacher_and_student_are_compared_at_the_temperature(manifest, teacher, rows, temperature):
    gold = torch.cat(log_probabilities(load(teacher), rows[:2]))
    logits = random_logits(rows[:2], gold.shape[1])
    batch = batch_of(rows[:2], logits, signal_of(manifest, rows[:2], temperature))
    found = raw(Objective(Components.model_validate({"kl": {}})), batch)["kl"]
    p, q = (torch.softmax(x.double() / temperature, 1) for x in (gold, logits.detach()))
    expected = temperature**2 * (p * (p / q).log()).sum(1).mean()
    torch.testing.assert_close(found.double(), expected, atol=1e-2, rtol=1e-2)


def test_a_causal_teacher_has_no_encoder_to_measure_with(tokenizer):
    size = Size(d_model=32, d_ff=64, encoder_layers=0, decoder_layers=1, heads=2)
    with pytest.raises(DataError, match="need a teacher with an encoder, and this one is a causal model"):
        frozen_encoder(build(size, tokenizer, 0.0, 1))


def test_drawn_outputs_are_judged_the_same_after_a_kill(distill, steps, outcome, monkeypatch):
    from kdlib.training.loop.record_writer import StepRecords

    class KilledError(Exception):
        """Stands for a kill -9."""

    given = {"components": {"ce": {}, "ast": {"form": "sampled", "samples": 2}}}
    given |= {"loss_weights": {"ce": 1.0, "ast": 0.5}, "store": None, "model": None}
    training = {"epochs": 3, "dropout": 0.1, "learning_rate": 0.01}
    whole = distill("whole", training, **given)
    assert all(0 <= float(row["ast_loss_raw"]) <= 1 for row in steps(whole))
    epoch, calls = StepRecords.epoch, []

    def kill(self, *args):
        calls.append(1)
        if len(calls) == 2:
            raise KilledError
        return epoch(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(StepRecords, "epoch", kill)
        with pytest.raises(KilledError):
            distill("again", training, **given)
    assert outcome(distill("again", training, **given)) == outcome(whole)
