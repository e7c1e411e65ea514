"""A checkpoint to go on from is of this model and of safetensors, or it is refused with the way out."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from kdlib.config import Lora, Size
from kdlib.files import DataError
from kdlib.models.adapters import with_lora
from kdlib.models.scratch import build
from kdlib.training.loop.checkpoints import check_fits, read_state
from kdlib.training.loop.record_writer import EPOCHS, STEPS, StepRecords

NANO = Size(d_model=32, d_ff=64, encoder_layers=1, decoder_layers=1, heads=2)
CAUSAL = NANO.model_copy(update={"encoder_layers": 0})
OTHERS = {
    "wider": NANO.model_copy(update={"d_ff": 96}),
    "deeper": NANO.model_copy(update={"decoder_layers": 2}),
    "causal": CAUSAL,
}


class Killed(BaseException):
    """A kill at a chosen place; no handler of ordinary errors sees it."""


@pytest.mark.parametrize("size", [NANO, CAUSAL], ids=["t5", "llama"])
@pytest.mark.parametrize("adapted", [False, True])
def test_a_models_own_weights_are_let_through(tokenizer, tmp_path, size, adapted):
    model = build(size, tokenizer, 0.0, 1)
    model = with_lora(model, Lora(), 1) if adapted else model
    model.save_pretrained(str(tmp_path))
    check_fits(tmp_path, model)


@pytest.mark.parametrize("other", OTHERS)
def test_weights_of_another_model_are_refused(tokenizer, tmp_path, other):
    build(OTHERS[other], tokenizer, 0.0, 1).save_pretrained(str(tmp_path / "checkpoint-4"))
    told = (
        r"checkpoint-4: it is a checkpoint of another model, (whose .* in this one|which has no .*); delete"
    )
    with pytest.raises(DataError, match=told) as caught:
        check_fits(tmp_path / "checkpoint-4", build(NANO, tokenizer, 0.0, 1))
    assert str(caught.value).endswith(f"delete {tmp_path} and run again")


def test_an_adapter_of_another_rank_and_a_whole_model_are_refused(tokenizer, tmp_path):
    model = build(NANO, tokenizer, 0.0, 1)
    model.save_pretrained(str(tmp_path / "whole"))
    adapted = with_lora(model, Lora(rank=4), 1)
    adapted.save_pretrained(str(tmp_path / "adapter"))
    with pytest.raises(DataError, match=r"which has no .*lora_A\.weight; delete"):
        check_fits(tmp_path / "whole", adapted)
    other = with_lora(build(NANO, tokenizer, 0.0, 1), Lora(rank=8), 1)
    with pytest.raises(DataError, match=r"lora_A\.weight \(4, 32\) has the shape \(8, 32\) in this one"):
        check_fits(tmp_path / "adapter", other)


@pytest.fixture
def killed(finetune, tmp_path, monkeypatch):
    """Return the newest checkpoint of a training that was killed in its third epoch, and how to go on."""

    def go_on():
        return finetune("killed", epochs=4, dropout=0)

    original, calls = StepRecords.step, iter(range(1, 100))

    def kill_at_ten(*args):
        if next(calls) == 10:
            raise Killed
        return original(*args)

    with monkeypatch.context() as patch:
        patch.setattr(StepRecords, "step", kill_at_ten)
        with pytest.raises(Killed):
            go_on()
    (folder,) = (tmp_path / "checkpoints").iterdir()
    return max(folder.glob("checkpoint-*"), key=lambda path: int(path.name.partition("-")[2])), go_on


def test_a_training_does_not_go_on_from_weights_of_another_model(killed, finetune, tmp_path):
    checkpoint, go_on = killed
    weights = {
        name: tensor[:-1].clone() for name, tensor in load_file(checkpoint / "model.safetensors").items()
    }
    save_file(weights, checkpoint / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(DataError, match="a checkpoint of another model") as caught:
        go_on()
    assert not (tmp_path / "killed").exists()
    shutil.rmtree(re.search(r"delete (\S+) and run", str(caught.value))[1])  # the way out that it tells
    assert go_on().exists()


def test_a_training_does_not_read_pickled_weights(killed, tmp_path):
    checkpoint, go_on = killed
    torch.save(load_file(checkpoint / "model.safetensors"), checkpoint / "pytorch_model.bin")
    (checkpoint / "model.safetensors").unlink()
    with pytest.raises(DataError, match=r"no safetensors; pickled weights can run code and are not read"):
        go_on()


def test_a_weights_file_that_breaks_off_is_named(killed):
    checkpoint, go_on = killed
    path = Path(checkpoint / "model.safetensors")
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(
        DataError,
        match=rf"{re.escape(str(path))}: cannot be read .*; delete {re.escape(str(checkpoint))} and run",
    ):
        go_on()
    shutil.rmtree(checkpoint)
    assert go_on().exists()


@pytest.fixture
def earlier(killed):
    """Return a checkpoint that another training left behind, and the best one beside it."""
    checkpoint, _ = killed
    return checkpoint, checkpoint.with_name(f"checkpoint-{read_state(checkpoint)['best_global_step']}")


def test_another_training_goes_on_from_a_named_checkpoint(earlier, finetune, outcome):
    undisturbed = outcome(finetune("undisturbed", code="one", epochs=4, dropout=0))
    resumed = outcome(finetune("resumed", code="other", epochs=4, dropout=0, resume_from=earlier[0]))
    for part in ("best_model/model.safetensors", "final_model/model.safetensors", "steps"):
        assert resumed[part] == undisturbed[part]


def test_what_was_named_stays_as_it_was(earlier, finetune):
    folder = earlier[0].parent
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    finetune("resumed", code="other", epochs=4, dropout=0, resume_from=earlier[0])
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_longer_training_goes_on_from_the_named_step(earlier, finetune):
    checkpoint, _ = earlier
    report = json.loads(
        (finetune("longer", epochs=6, dropout=0, resume_from=checkpoint) / "training_report.json").read_text()
    )
    assert report["epochs"] == 6
    assert report["steps"] == report["planned_steps"] == 1.5 * read_state(checkpoint)["max_steps"]


def test_its_own_checkpoints_go_before_the_named_one(earlier, finetune, monkeypatch):
    checkpoint, _ = earlier
    original, seen = StepRecords.open, []

    def opened(self, step):
        seen.append(step)
        return original(self, step)

    def stop(*_):
        raise Killed

    monkeypatch.setattr(StepRecords, "open", opened)
    monkeypatch.setattr("kdlib.training.results.write_results", stop)
    for _ in range(2):
        with pytest.raises(Killed):
            finetune("own", code="other", epochs=4, dropout=0, resume_from=checkpoint)
    state = read_state(checkpoint)
    assert seen == [state["global_step"], state["max_steps"]]


def test_a_named_checkpoint_that_is_none_is_told(earlier, finetune, tmp_path):
    checkpoint, _ = earlier
    folder = re.escape(str(checkpoint.parent))
    told = rf"checkpoint-99: no complete checkpoint; in {folder} there are .*{checkpoint.name}"
    with pytest.raises(DataError, match=told):
        finetune("none", epochs=4, resume_from=checkpoint.with_name("checkpoint-99"))
    with pytest.raises(DataError, match=r"no complete checkpoint; .*nowhere holds none"):
        finetune("none", epochs=4, resume_from=tmp_path / "nowhere" / "checkpoint-1")


@pytest.mark.parametrize("gone", [STEPS, EPOCHS, "best"])
def test_what_belongs_to_a_named_checkpoint_must_be_there(earlier, finetune, gone, tmp_path):
    checkpoint, best = earlier
    moved = tmp_path / "moved"
    shutil.copytree(checkpoint.parent, moved)
    path = moved / (best.name if gone == "best" else gone)
    named = moved / checkpoint.name
    if path == named:  # the newest is the best: it needs no other
        return
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(DataError, match=rf"{re.escape(str(path))}: there is no such file, and .* without it"):
        finetune("none", code="other", epochs=4, resume_from=named)
