"""What the user can mend, told early, with its cause and the way out."""

import resource
from functools import partial

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, T5Config, T5ForConditionalGeneration

from kdlib.config import Teacher
from kdlib.files import DataError, read_parquet, write_parquet
from kdlib.models import memory
from kdlib.models.scratch import build
from kdlib.training import results
from kdlib.training.finetune import finetune as finetune_teacher
from kdlib.training.inputs import TeacherInputs
from kdlib.training.loop.checkpoints import last_checkpoint
from kdlib.training.loop.dropout import with_word_dropout
from kdlib.training.loop.record_writer import StepRecords
from tests.conftest import job_in

pytestmark = pytest.mark.slow  # trains, until the disk or the memory is full

NANO = {"d_model": 32, "d_ff": 64, "encoder_layers": 1, "decoder_layers": 1, "heads": 2}


@pytest.fixture
def finetune_on(dataset, tmp_path):
    """Return a function that fine-tunes on other files into ``tmp_path/out``."""

    def run(train=dataset.train, validation=dataset.validation, size=NANO, **training):
        teacher = Teacher.model_validate(
            {"size": size, "training": {"batch_size": 8, "epochs": 1, **training}}
        )
        inputs = TeacherInputs(train, validation, dataset.tokenizer)
        finetune_teacher("toy", teacher, inputs, job_in(tmp_path))

    return run


def nothing_was_written(folder):
    return not any((folder / name).exists() for name in ("out", "checkpoints"))


@pytest.mark.parametrize("split", ["train", "validation"])
def test_an_empty_split_is_told_before_anything_is_written(finetune_on, dataset, tmp_path, split):
    write_parquet(tmp_path / "empty.parquet", read_parquet(dataset.train).slice(0, 0))
    name = {"train": "training"}.get(split, split)
    with pytest.raises(DataError, match=f"there are no {name} rows; take more sources"):
        finetune_on(**{split: tmp_path / "empty.parquet"})
    assert nothing_was_written(tmp_path)


def test_targets_that_were_all_cut_are_told_before_anything_is_written(finetune_on, dataset, tmp_path):
    table = read_parquet(dataset.train)
    place = table.column_names.index("target_ids")
    cut = [ids[:3] for ids in table["target_ids"].to_pylist()]
    write_parquet(tmp_path / "cut.parquet", table.set_column(place, "target_ids", [cut]))
    with pytest.raises(
        DataError, match=r"no target .* ends with the end token.*raise dataset.max_target_tokens"
    ):
        finetune_on(train=tmp_path / "cut.parquet")
    assert nothing_was_written(tmp_path)


@pytest.fixture
def largest_file():
    """Return a function that forbids this process files above so many bytes; a disk is full just so."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (150_000, "torch could not write it: the disk is full"),  # the optimiser's states
        (60_000, "cannot be written: the file is larger"),  # the weights
        (500, "cannot be written: the file is larger"),  # the records
    ],
)
def test_a_full_disk_is_told_and_training_goes_on_when_there_is_room(
    finetune_on, largest_file, outcome, tmp_path, size, said
):
    whole = tmp_path / "out"
    finetune_on(epochs=2, dropout=0.2)
    expected = outcome(whole.rename(tmp_path / "whole"))
    largest_file(size)
    with pytest.raises(DataError, match=f"checkpoints.*{said}.*make room and run again"):
        finetune_on(epochs=2, dropout=0.2)
    largest_file(-1)
    finetune_on(epochs=2, dropout=0.2)
    assert outcome(whole) == expected


def test_a_full_disk_at_the_end_leaves_no_half_result(finetune_on, largest_file, tmp_path, monkeypatch):
    original = results.write_results

    def write(*args):
        largest_file(60_000)
        original(*args)

    monkeypatch.setattr(results, "write_results", write)
    with pytest.raises(DataError, match="best_model: cannot be written: the file is larger"):
        finetune_on()
    largest_file(-1)
    assert not list((tmp_path / "out").iterdir())
    monkeypatch.undo()
    finetune_on()
    assert (tmp_path / "out" / "best_model" / "model.safetensors").exists()


def test_a_checkpoint_of_another_model_is_refused(finetune_on, tmp_path, monkeypatch, tokenizer):
    """The folder's name tells what it was made for; here somebody put another model's into it."""
    with monkeypatch.context() as patch:
        patch.setattr(results, "write_results", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            finetune_on()
    (folder,) = (tmp_path / "checkpoints").iterdir()
    size = replace_size(d_model=64)
    build(size, tokenizer, 0.0, 1).save_pretrained(last_checkpoint(folder))
    with pytest.raises(
        DataError, match=r"checkpoint of another model, whose .* has the shape .* in this one; delete"
    ):
        finetune_on()


def replace_size(**changes):
    return Teacher.model_validate({"size": {**NANO, **changes}}).size


def test_a_damaged_checkpoint_is_refused(finetune_on, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(results, "write_results", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            finetune_on()
    (folder,) = (tmp_path / "checkpoints").iterdir()
    file = last_checkpoint(folder) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"model.safetensors: cannot be read .* delete .* and run again"):
        finetune_on()


def test_too_little_memory_is_told_before_anything_is_written(finetune_on, tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "bytes_available", lambda _: 100_000)
    with pytest.raises(DataError, match=r"at least 0.0 GB .* free: lower training.batch_size"):
        finetune_on()
    assert nothing_was_written(tmp_path)


def test_memory_that_runs_out_in_a_step_is_told_with_the_key_to_change(finetune_on, monkeypatch):
    def greedy(*_):
        return torch.empty(1 << 56)

    monkeypatch.setattr(StepRecords, "micro_batch", greedy)
    with pytest.raises(
        DataError, match=r"memory ran out in training .*DefaultCPUAllocator.*lower training.batch_size"
    ):
        finetune_on()


def test_other_errors_of_a_step_keep_their_traceback(finetune_on, monkeypatch):
    def broken(*_):
        raise RuntimeError("ours")

    monkeypatch.setattr(StepRecords, "micro_batch", broken)
    with pytest.raises(RuntimeError, match="ours"):
        finetune_on()


def t5(**keys):
    shape = {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 3, "num_decoder_layers": 2, "num_heads": 4}
    return T5ForConditionalGeneration(T5Config(vocab_size=50, **shape, **keys))


def llama(**keys):
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 4}
    return LlamaForCausalLM(LlamaConfig(vocab_size=50, **shape, **heads, **keys))


MODELS = {
    "T5": partial(t5, dropout_rate=0.0),
    "T5 with dropout": partial(t5, dropout_rate=0.1),
    "T5 with eager attention": partial(t5, dropout_rate=0.0, attn_implementation="eager"),
    "Llama": llama,
    "Llama with dropout": partial(llama, attention_dropout=0.1),
    "Llama with eager attention": partial(llama, attn_implementation="eager"),
}


@pytest.mark.parametrize("checkpointed", [False, True])
@pytest.mark.parametrize("source", [40, 400])
@pytest.mark.parametrize("family", MODELS)
def test_a_forward_pass_keeps_no_less_than_is_counted(family, source, checkpointed):
    """Oracle: what autograd saves. A bound above it would refuse trainings that fit."""
    model, rows, target = MODELS[family]().train(), 4, 20
    with_word_dropout(model)  # as on a CPU
    if checkpointed:
        model.activation_checkpointing_enable()
    saved = {}
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}

    def keep(tensor):
        place = tensor.untyped_storage()
        if place.data_ptr() not in weights:
            saved[place.data_ptr()] = place.nbytes()
        return tensor

    ids = {"input_ids": torch.ones(rows, source, dtype=torch.long)}
    if model.config.is_encoder_decoder:
        ids["decoder_input_ids"] = torch.ones(rows, target, dtype=torch.long)
    else:
        ids["input_ids"] = torch.ones(rows, source + target, dtype=torch.long)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        kept = model(**ids)  # held, so that no storage is used twice
    states = 12 * sum(p.numel() for p in model.parameters())
    given = (rows, source, target, torch.device("cpu"), checkpointed)
    counted = memory.bytes_needed(model, *given) - states
    assert kept.logits is not None
    half = sum(saved.values()) / 2  # of it in half precision
    # The inputs of layers that run again are joined by the position bias of T5, of one row for all.
    assert (0.1 if checkpointed else 0.3) * half < counted < half


def test_checkpointed_activations_need_less_memory_before_the_trainer_has_asked_for_them(
    finetune_on, monkeypatch
):
    monkeypatch.setattr(memory, "bytes_available", lambda _: 2_000_000)
    with pytest.raises(DataError, match=r"or set training\.gradient_checkpointing"):
        finetune_on(batch_size=32)
    finetune_on(batch_size=32, gradient_checkpointing=True)
