"""What is found once for all shards."""

import stat
from collections import Counter

import pytest
import torch

from kdlib.config import Dense, Hidden, Nucleus, Signals, TopK
from kdlib.files import DataError, read_parquet, write_parquet
from kdlib.models.batch import read_rows
from kdlib.models.load import load
from kdlib.signals import prepare as module
from kdlib.signals.prepare import channel_scales, frequency_order, prepare
from kdlib.signals.shared import read_tensors

INT8 = Hidden(kind="hidden", precision="int8")


@pytest.fixture
def prepared(dataset, tmp_path):
    """Return a function that prepares for a codec and returns the file."""

    def run(teacher, codec, precision="float32", train=dataset.train):
        out = tmp_path / f"{len(list(tmp_path.iterdir()))}.safetensors"
        prepare(teacher, train, Signals(codec=codec, precision=precision), 1, out)
        return out

    return run


@pytest.mark.parametrize("family", ["t5_tied", "t5_untied", "llama"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_head_and_the_size_of_each_channel(teachers, prepared, rows, alone, family, precision):
    model = load(teachers[family])
    found = read_tensors(prepared(teachers[family], INT8, precision))
    assert found.keys() == {"head", "channels"}
    assert torch.equal(found["head"], model.get_output_embeddings().weight)
    assert found["channels"].shape == (found["head"].shape[1],)
    seen = []
    hook = model.get_output_embeddings().register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    for row in rows:
        alone(model, row)
    hook.remove()
    states = [
        state[0, -len(row.target_ids) :].abs().amax(dim=0) for state, row in zip(seen, rows, strict=True)
    ]
    largest = torch.stack(states).amax(dim=0)
    torch.testing.assert_close(
        found["channels"], largest, atol=0, rtol=1e-3 if precision == "float32" else 0.1
    )


def test_bfloat16_states_need_no_scales(teachers, prepared):
    assert read_tensors(prepared(teachers["llama"], Hidden(kind="hidden"))).keys() == {"head"}


@pytest.mark.parametrize("codec", [Dense(kind="dense"), TopK(kind="topk")], ids=lambda codec: codec.kind)
def test_other_codecs_share_nothing(teachers, prepared, codec):
    assert read_tensors(prepared(teachers["llama"], codec)) == {}


def test_nucleus_orders_tokens_by_frequency(teachers, prepared, rows, tokenizer):
    found = read_tensors(prepared(teachers["llama"], Nucleus(kind="nucleus")))["order"].tolist()
    counts = Counter(token for row in rows for token in [*row.source_ids, *row.target_ids])
    assert found == sorted(range(len(tokenizer)), key=lambda token: (-counts[token], token))


def test_frequencies_are_counted_over_all_parts(rows, monkeypatch):
    expected = frequency_order(rows, 400)
    monkeypatch.setattr(module, "COUNTED", 3)
    assert torch.equal(frequency_order(rows, 400), expected)
    assert torch.equal(frequency_order([], 4), torch.tensor([0, 1, 2, 3]))


def test_a_channel_is_as_large_as_its_largest_state():
    states = torch.tensor([[1.0, -2.0, 0.0], [-3.0, 0.5, 0.0]])
    torch.testing.assert_close(channel_scales(states), torch.tensor([3.0, 2.0, 1e-6]))


def test_the_rows_are_a_sample_that_does_not_depend_on_their_order(
    teachers, prepared, dataset, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "CALIBRATION", 7)
    table = read_parquet(dataset.train)
    write_parquet(tmp_path / "turned.parquet", table.take(list(range(len(table)))[::-1]))
    first = prepared(teachers["t5_tied"], INT8).read_bytes()
    assert prepared(teachers["t5_tied"], INT8, train=tmp_path / "turned.parquet").read_bytes() == first
    monkeypatch.setattr(module, "CALIBRATION", 30)
    assert prepared(teachers["t5_tied"], INT8).read_bytes() != first


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_logits_that_are_no_linear_head_are_refused(teachers, prepared, precision, tmp_path):
    before = sorted(tmp_path.iterdir())
    for codec in (Hidden(kind="hidden"), INT8):
        with pytest.raises(DataError, match=r"not a linear head of its hidden states .*; use codec nucleus"):
            prepared(teachers["gemma2"], codec, precision)
    assert sorted(tmp_path.iterdir()) == before
    assert prepared(teachers["gemma2"], Nucleus(kind="nucleus"), precision).exists()


def test_a_head_with_a_bias(teachers, dataset, tmp_path, monkeypatch, rows, alone):
    def biased(folder):
        model = load(folder)
        head = model.get_output_embeddings()
        head.bias = torch.nn.Parameter(torch.linspace(-2, 2, len(head.weight)))
        return model

    monkeypatch.setattr("kdlib.signals.teacher.load", biased)
    out = tmp_path / "c"
    prepare(teachers["llama"], dataset.train, Signals(precision="float32"), 1, out)
    assert torch.equal(read_tensors(out)["bias"], torch.linspace(-2, 2, len(read_tensors(out)["head"])))


def test_a_model_that_answers_with_no_number_is_refused(teachers, dataset, tmp_path, monkeypatch):
    def broken(folder):
        model = load(folder)
        with torch.no_grad():
            model.get_output_embeddings().weight[3] = float("nan")
        return model

    monkeypatch.setattr("kdlib.signals.teacher.load", broken)
    with pytest.raises(DataError, match="differ by up to nan"):
        prepare(teachers["llama"], dataset.train, Signals(precision="float32"), 1, tmp_path / "c")


def test_no_rows_are_named(teachers, prepared, dataset, tmp_path):
    write_parquet(tmp_path / "none.parquet", read_parquet(dataset.train).slice(0, 0))
    assert read_rows(tmp_path / "none.parquet") == []
    with pytest.raises(DataError, match=r"none\.parquet: there is no row to try the teacher on"):
        prepared(teachers["llama"], INT8, train=tmp_path / "none.parquet")


def test_others_may_read_it(teachers, prepared, tmp_path):
    (tmp_path / "plain").write_text("")
    mode = prepared(teachers["llama"], INT8).stat().st_mode
    assert stat.S_IMODE(mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)
