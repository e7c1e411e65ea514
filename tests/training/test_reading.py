"""What a training reads: rows in order, their stored signals, in as many processes as it likes."""

import numpy as np
import pytest
import torch
from transformers.trainer_utils import set_seed

from kdlib.config import Size
from kdlib.models.generate import log_probabilities
from kdlib.models.load import load
from kdlib.models.scratch import build
from kdlib.signals.store import SignalStore
from kdlib.teacher_signal import SignalKey
from kdlib.training.loop import loop as module
from kdlib.training.loop import renaming
from kdlib.training.loop.record_writer import StepRecords
from kdlib.training.loop.trainer import LossTrainer

NANO = Size(d_model=32, d_ff=64, encoder_layers=1, decoder_layers=1, heads=2)
NOISY = {"epochs": 3, "learning_rate": 0.01, "dropout": 0.2}
DIVERGENCES = {"components": {"kl": {}, "jsd": {}}, "loss_weights": {"kl": 0.5, "jsd": 0.5}}


def with_workers(patch, number):
    original = module.arguments

    def arguments(*given):
        found = original(*given)
        found.dataloader_num_workers = number
        return found

    patch.setattr(module, "arguments", arguments)


@pytest.mark.parametrize("student", [{"loss": "traditional"}, {}], ids=["traditional", "trident"])
def test_workers_read_the_same_batches(distill, outcome, monkeypatch, student):
    alone = outcome(distill("alone", NOISY, **student))
    with_workers(monkeypatch, 2)
    assert outcome(distill("helped", NOISY, **student)) == alone


def test_workers_know_the_epoch_of_a_renaming(finetune, outcome, monkeypatch):
    monkeypatch.setattr(renaming, "COMMON", 1.0)  # in so few rows every name is common
    alone = outcome(finetune("alone", **NOISY, renaming=0.7))
    assert alone["steps"] != outcome(finetune("plain", **NOISY))["steps"]
    with_workers(monkeypatch, 2)
    assert outcome(finetune("helped", **NOISY, renaming=0.7)) == alone


def kl(p, q):
    return (p * (np.log(p) - np.log(q))).sum(1)


def online(teacher, student, rows, temperature):
    """Return T²·KL and T²·JSD, mean over all positions, from two models at hand."""
    found = [torch.cat(log_probabilities(model, rows)).double() for model in (teacher, student)]
    p, q = (torch.softmax(logits / temperature, 1).numpy() for logits in found)
    p, q = (np.maximum(side, 1e-300) for side in (p, q))
    middle = (p + q) / 2
    values = kl(p, q), (kl(p, middle) + kl(q, middle)) / 2
    return [temperature**2 * float(value.mean()) for value in values]


@pytest.mark.parametrize(
    ("codec", "temperature", "tolerance"),
    [
        ({"kind": "hidden"}, 4.0, 3e-4),
        ({"kind": "hidden", "precision": "int8"}, 4.0, 2e-3),
        ({"kind": "dense"}, 4.0, 3e-4),
        # Tokens that are not kept differ among themselves as well: by no more than their mass, times nats.
        ({"kind": "topk", "k": 255}, 1.0, 0.015),
        ({"kind": "nucleus", "epsilon": 0.001, "cap": 255}, 1.0, 0.015),
        ({"kind": "sampled", "head": 250, "draws": 255}, 1.0, 0.015),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None,
)
def test_stored_signals_give_the_losses_of_the_teacher_itself(
    first_step, signals_of, teacher, tokenizer, rows, tmp_path, codec, temperature, tolerance
):
    manifest = signals_of(tmp_path / "store", teacher, codec=codec)
    constant = {"temperature": {"start": temperature, "end": temperature}}
    steps = first_step(4, 4, signals=manifest, **DIVERGENCES, **constant).steps
    student = build(NANO, tokenizer, 0.0, seed=3).eval()
    expected = online(load(teacher), student, rows[:16], temperature)
    for name, value in zip(("kl", "jsd"), expected, strict=True):
        found = sum(float(row[f"{name}_loss_raw"]) for row in steps)
        assert found == pytest.approx(value, rel=tolerance), name


class Killed(BaseException):
    """A kill between two steps."""


def recorded(patch):
    """Return a list that the rows of every forward pass will go to, by their labels."""
    seen, original = [], LossTrainer.compute_loss

    def compute_loss(self, model, inputs, **given):
        seen.append((self.state.global_step, inputs["labels"].tolist(), sorted(inputs["signals"])))
        return original(self, model, inputs, **given)

    patch.setattr(LossTrainer, "compute_loss", compute_loss)
    return seen


def by_steps(trainer):
    trainer.args.save_strategy, trainer.args.save_steps = "steps", 3
    return trainer


@pytest.mark.parametrize("workers", [0, 2])
def test_a_training_resumed_within_an_epoch_reads_what_was_left_of_it(
    trainer_of, rows, tmp_path, monkeypatch, workers
):
    def trained(name, resumed=0):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        set_seed(1)
        training = {**NOISY, "batch_size": 4, "accumulation": 2}
        trainer = by_steps(trainer_of(folder, training, resumed, chosen=rows[:30]))
        trainer.args.dataloader_num_workers = workers
        trainer.train(resume_from_checkpoint=str(folder / f"checkpoint-{resumed}") if resumed else None)
        return trainer.model.state_dict()

    with monkeypatch.context() as patch:
        whole = recorded(patch)
        expected = trained("whole")
    assert [step for step, *_ in whole] == sorted([*range(12)] * 2)  # 30 rows: 7 batches of 4, one of 2
    assert len({str(labels) for _, labels, _ in whole}) > 16  # another order each epoch
    with monkeypatch.context() as patch:
        original = StepRecords.step

        def killed(self, epoch, step, *given):
            if step == 8:
                raise Killed
            original(self, epoch, step, *given)

        patch.setattr(StepRecords, "step", killed)
        with pytest.raises(Killed):
            trained("killed")
    left = recorded(monkeypatch)
    found = trained("killed", resumed=6)
    assert left == whole[12:]
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


def test_a_batch_carries_the_stored_bytes_of_its_rows(trainer_of, rows, manifest, tmp_path):
    trainer = trainer_of(tmp_path, {"epochs": 1, "batch_size": 4})
    batch = next(iter(trainer.get_train_dataloader()))
    lengths = (batch["labels"] != -100).sum(1).tolist()
    targets = [labels[:length] for labels, length in zip(batch["labels"].tolist(), lengths, strict=True)]
    by_target = {(tuple(row.source_ids), tuple(row.target_ids)): row for row in rows[:16]}
    sources = [
        ids[: int(mask.sum())]
        for ids, mask in zip(batch["input_ids"].tolist(), batch["attention_mask"], strict=True)
    ]
    chosen = [by_target[tuple(s), tuple(t)] for s, t in zip(sources, targets, strict=True)]
    store = SignalStore(manifest)
    expected = store.read([SignalKey(row.id, row.target_hash, 0) for row in chosen])
    assert batch["signals"].keys() == expected.keys() == set(store.codec.columns)
    assert all(torch.equal(batch["signals"][name], tensor) for name, tensor in expected.items())


def test_the_order_is_that_of_the_seed(trainer_of, tmp_path):
    def order(seed):
        trainer = trainer_of(tmp_path, {"batch_size": 4, "seed": seed})
        return [batch["labels"].tolist() for batch in trainer.get_train_dataloader()]

    assert order(1) == order(1) != order(2)
