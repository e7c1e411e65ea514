import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kdlib.files import read_json, sha256
from kdlib.models.batch import Row, read_rows
from kdlib.models.generate import log_probabilities
from kdlib.models.seq2seq import load
from kdlib.signals.codec import DenseCodec
from kdlib.signals.extract import shard_of, signal_rows
from kdlib.signals.signal import SignalKey
from kdlib.signals.store import SignalStore


@pytest.fixture(scope="module")
def model(teacher):
    return load(teacher)


@pytest.fixture(scope="module")
def store(manifest):
    return SignalStore(manifest)


@given(st.integers(0, 40), st.integers(1, 12))
def test_shards_hold_every_row_once_and_are_of_like_size(number, shards):
    rows = [Row(str(i), [1], [1], "h") for i in range(number)]
    parts = [shard_of(rows, shard, shards) for shard in range(shards)]
    assert [row for part in parts for row in part] == rows
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("shard", [-1, 3])
def test_a_shard_that_does_not_exist_is_an_error(shard):
    with pytest.raises(ValueError, match=r"shard must be in 0…2"):
        shard_of([], shard, 3)


def test_the_store_answers_for_every_row_of_both_splits(store, dataset):
    expected = {
        (row.id, row.target_hash) for path in (dataset.train, dataset.validation) for row in read_rows(path)
    }
    keys = list(store.keys())
    assert {(key.id, key.target_hash) for key in keys} == expected
    assert len(keys) == len(expected) == 36
    assert {key.rank for key in keys} == {0}


def test_signals_are_the_models_log_probabilities_in_half_precision(store, model, rows):
    for row in rows:
        expected = log_probabilities(model, [row], model.config.pad_token_id)[0]
        signal = store.signal(SignalKey(row.id, row.target_hash, 0), 1.0)
        # 2⁻⁸ below −8, half precision's last bit; alone or in a batch differs by less
        torch.testing.assert_close(signal.log_probs, expected, atol=2**-8, rtol=2**-11)
        assert signal.log_probs.shape == (len(row.target_ids), model.config.vocab_size)


def test_a_score_is_the_log_likelihood_of_the_whole_target(store, model, rows):
    for row in rows[:8]:
        line = log_probabilities(model, [row], model.config.pad_token_id)[0]
        expected = float(line[range(len(row.target_ids)), row.target_ids].sum())
        assert store.score(SignalKey(row.id, row.target_hash, 0)) == pytest.approx(expected, abs=1e-3)


def decoded(model, rows, batch_size):
    codec = DenseCodec(model.config.vocab_size, "lz4")
    return {
        signal.id: codec.decode(signal.signal, signal.positions, 1.0).log_probs.numpy()
        for signal in signal_rows(model, rows, codec, batch_size)
    }


def test_signals_do_not_depend_on_the_batch(model, rows):
    expected = decoded(model, rows[:9], 1)
    assert len(expected) == 9
    for batch_size in (2, 9):
        found = decoded(model, rows[:9], batch_size)
        assert found.keys() == expected.keys()
        for identity, values in expected.items():
            # a rounding to half precision may fall on the other side
            np.testing.assert_allclose(found[identity], values, atol=2**-7)


def test_the_manifest_names_what_the_signals_come_from(manifest, teacher, dataset):
    description = read_json(manifest)
    assert description["model"] == sha256(teacher / "model.safetensors")
    assert description["tokenizer"] == sha256(dataset.tokenizer / "tokenizer.json")
    assert (description["dataset"], description["code"], description["shards"]) == ("d1", "c1", 2)
    assert [(file["split"], file["shard"], file["rows"]) for file in description["files"]] == [
        ("train", 0, 16),
        ("train", 1, 16),
        ("validation", 0, 2),
        ("validation", 1, 2),
    ]


def test_extracting_again_gives_equal_bytes(manifest, tmp_path, teacher, dataset):
    from kdlib.config import Signals
    from kdlib.signals.extract import extract

    again = tmp_path / "1.parquet"
    settings = Signals(shards=2, batch_size=5)
    extract(teacher, dataset.tokenizer, dataset.train, "d1", "train", 1, settings, 1, "c1", again)
    assert sha256(again) == sha256(manifest.parent / "train" / "1.parquet")
    assert pq.read_metadata(again).num_rows == 16
