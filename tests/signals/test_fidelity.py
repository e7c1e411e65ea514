import json
import math
import shutil
from hashlib import sha256

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from kdlib.config import Dense, Nucleus, Sampled, Signals, TopK
from kdlib.files import DataError, read_json
from kdlib.models.batch import Row, collate, layout_of, read_rows
from kdlib.models.load import load
from kdlib.signals.codec.topk import TopKCodec
from kdlib.signals.comparison import compare, spread
from kdlib.signals.fidelity import fidelity, sample
from kdlib.signals.store import SignalStore
from kdlib.teacher_signal import FullSignal, SignalKey, SparseSignal


def softmax(logits):
    mass = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return mass / mass.sum(axis=-1, keepdims=True)


def by_loops(logits, stored, temperature, gold):
    """Return the mean figures of distributions given as probabilities, token by token."""
    found = {name: [] for name in ("l1", "kl", "top1", "entropy", "gold_nll", "stored_gold_nll")}
    for at in range(len(logits)):
        p, q = softmax(logits[at] / temperature), stored[at]
        found["l1"].append(sum(abs(p[v] - q[v]) for v in range(len(p))))
        found["kl"].append(sum(p[v] * math.log(p[v] / q[v]) if q[v] else math.inf for v in range(len(p))))
        found["top1"].append(logits[at][max(range(len(q)), key=lambda v: q[v])] == max(logits[at]))
        found["entropy"].append(-sum(own * math.log(own) for own in p))
        found["gold_nll"].append(-math.log(p[gold[at]]))
        found["stored_gold_nll"].append(-math.log(q[gold[at]]) if q[gold[at]] else math.inf)
    return found


def agree(found, expected, rtol=1e-6):
    for name, values in expected.items():
        np.testing.assert_allclose(getattr(found, name), values, rtol=rtol, atol=1e-9, err_msg=name)


@pytest.fixture
def logits():
    return np.random.default_rng(3).normal(size=(7, 13)).astype(np.float32) * 3


GOLD = [0, 3, 12, 5, 5, 7, 1]


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_full_signals_agree_with_loops(logits, temperature):
    stored = softmax(logits / temperature + np.random.default_rng(4).normal(size=logits.shape))
    signal = FullSignal(torch.tensor(stored).log(), temperature)
    found = compare(torch.tensor(logits), signal, torch.tensor(GOLD))
    expected = by_loops(logits.astype(np.float64), stored, temperature, GOLD)
    assert 0 < np.mean(expected["top1"]) < 1
    agree(found, expected)
    assert found.kept_tokens.tolist() == [13] * 7
    assert found.tail_mass.tolist() == [0] * 7


def test_a_known_perturbation_has_the_known_distance():
    """Moving a mass of 0.1 from one token to another is an L1 of 0.2."""
    p = np.array([[0.5, 0.3, 0.2]])
    signal = FullSignal(torch.tensor([[0.4, 0.4, 0.2]]).log(), 1.0)
    found = compare(torch.tensor(np.log(p)), signal, torch.tensor([2]))
    assert float(found.l1) == pytest.approx(0.2, abs=1e-6)
    assert float(found.kl) == pytest.approx(0.5 * math.log(5 / 4) + 0.3 * math.log(3 / 4), abs=1e-6)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_a_tail_is_spread_evenly_over_the_tokens_left_out(seed, positions):
    rng, vocab, k = np.random.default_rng(seed), 9, 4
    logits = rng.normal(size=(positions, vocab)).astype(np.float32)
    ids = np.stack([rng.permutation(vocab)[:k] for _ in range(positions)])
    counts = rng.integers(1, k + 1, positions)
    masses, tail = rng.uniform(0.01, 0.2, (positions, k)), rng.uniform(0.01, 0.3, positions)
    log_probs = np.log(masses)
    expected = np.zeros((positions, vocab))
    for at in range(positions):
        # What pads a position must not hide a token that it keeps.
        ids[at, counts[at] :] = ids[at, 0]
        log_probs[at, counts[at] :] = -np.inf
        kept = {int(ids[at, j]): masses[at, j] for j in range(counts[at])}
        for v in range(vocab):
            expected[at, v] = kept.get(v, tail[at] / (vocab - len(kept)))
    signal = SparseSignal(torch.tensor(ids), torch.tensor(log_probs), torch.tensor(tail), 1.5)
    log_p, kept_tokens = spread(signal, vocab)
    np.testing.assert_allclose(log_p.exp(), expected, rtol=1e-12)
    assert kept_tokens.tolist() == counts.tolist()
    gold = rng.integers(0, vocab, positions)
    found = compare(torch.tensor(logits), signal, torch.tensor(gold))
    agree(found, by_loops(logits.astype(np.float64), expected, 1.5, gold))
    np.testing.assert_allclose(found.tail_mass, tail)


def test_all_tokens_kept_lose_nothing_but_bits(logits):
    codec = TopKCodec(13, TopK(kind="topk", k=13, temperature=2.0))
    (columns,) = codec.encode(torch.zeros(7, 1), torch.tensor(logits), [SignalKey("a", "b", 0)], [7])
    plain = {name: torch.frombuffer(bytearray(own), dtype=torch.uint8) for name, own in columns.items()}
    found = compare(torch.tensor(logits), codec.decode(plain, 2.0), torch.tensor(GOLD))
    assert float(found.l1.max()) < 2e-3
    assert found.top1.tolist() == [1] * 7
    assert found.kept_tokens.tolist() == [13] * 7


def test_what_is_impossible_in_the_store_only_is_infinite(logits):
    ids = torch.tensor(logits).topk(2).indices
    half = torch.full((7, 2), 0.5).log()
    found = compare(torch.tensor(logits), SparseSignal(ids, half, torch.zeros(7), 1.0), ids[:, 1])
    assert found.kl.isinf().all()
    assert found.l1.isfinite().all()
    np.testing.assert_allclose(found.stored_gold_nll, math.log(2))


def test_what_is_impossible_for_both_costs_nothing():
    logits = torch.tensor([[0.0, 1.0, -math.inf]], dtype=torch.float64)
    found = compare(logits, FullSignal(logits.log_softmax(-1), 1.0), torch.tensor([1]))
    agree(found, {"l1": [0], "kl": [0], "top1": [1]})
    p = 1 / (1 + math.e)
    assert float(found.entropy) == pytest.approx(-p * math.log(p) - (1 - p) * math.log(1 - p))


def test_either_of_two_best_tokens_is_right():
    logits = torch.tensor([[2.0, 1.0, 2.0]] * 3)
    stored = torch.tensor([[0.6, 0.1, 0.3], [0.3, 0.1, 0.6], [0.3, 0.4, 0.3]]).log()
    assert compare(logits, FullSignal(stored, 1.0), torch.tensor([0, 0, 0])).top1.tolist() == [1, 1, 0]


def test_rows_are_taken_by_a_hash_whatever_their_order():
    rows = [Row(f"id{number}", [1], [1], "h") for number in range(50)]
    expected = sorted(range(50), key=lambda number: sha256(f"42:id{number}".encode()).hexdigest())[:7]
    assert [row.id for row in sample(rows, 7)] == [f"id{number}" for number in expected]
    assert sample(rows[::-1], 7) == sample(rows, 7)
    assert len(sample(rows, 99)) == 50


@pytest.fixture
def measure(dataset, teacher, tmp_path):
    """Return the figures and the clocks of a store."""

    def run(manifest, temperatures, rows=3, model=teacher):
        out, speed = tmp_path / "fidelity.json", tmp_path / "speed.json"
        fidelity(manifest, model, dataset.validation, temperatures, rows, 1, 2, out, speed)
        return read_json(out), read_json(speed)

    return run


def plain_logits(model, row):
    """Return a model's logits at the target of one row, by an ordinary forward pass."""
    with torch.inference_mode():
        return model(**collate([row], layout_of(model.config))).logits[0].double().numpy()


@pytest.mark.parametrize(
    "codec",
    [
        Nucleus(kind="nucleus", epsilon=0.2, temperature=2.0),
        TopK(kind="topk", k=3, temperature=2.0),
        Dense(kind="dense"),
    ],
    ids=lambda codec: codec.kind,
)
def test_figures_are_those_of_the_files_and_a_plain_forward_pass(
    codec, measure, store_of, dataset, teacher, tmp_path
):
    manifest = store_of(tmp_path / "store", dataset, teacher, Signals(codec=codec, precision="float32"))
    report, _ = measure(manifest, [2.0])
    rows = sorted(read_rows(dataset.validation), key=lambda r: sha256(f"42:{r.id}".encode()).hexdigest())[:3]
    model, store, found = load(teacher), SignalStore(manifest), {}
    for row in rows:
        logits = plain_logits(model, row)
        signal = store.signal(SignalKey(row.id, row.target_hash, 0), 2.0)
        stored = spread(signal, logits.shape[1])[0].exp().numpy()
        for name, values in by_loops(logits, stored, 2.0, row.target_ids).items():
            found.setdefault(name, []).extend(values)
    (figures,) = report["temperatures"]
    assert report["tokens"] == len(found["l1"]) == sum(len(row.target_ids) for row in rows)
    for name, values in found.items():
        finite = [value for value in values if math.isfinite(value)]
        assert figures[name] == pytest.approx(np.mean(finite), rel=1e-4, abs=1e-5), name
        if f"{name}_infinite" in figures:
            assert figures[f"{name}_infinite"] == pytest.approx(1 - len(finite) / len(values))


def test_an_unchanged_teacher_is_what_its_dense_store_says(measure, store_of, dataset, teacher, tmp_path):
    manifest = store_of(tmp_path / "store", dataset, teacher, Signals(codec=Dense(kind="dense")))
    report, _ = measure(manifest, [1.0, 4.0])
    for figures in report["temperatures"]:
        assert figures["l1"] < 1e-3
        assert abs(figures["kl"]) < 1e-5
        assert figures["top1"] == 1
        assert figures["kl_infinite"] == figures["tail_mass"] == 0
        assert figures["stored_gold_nll"] == pytest.approx(figures["gold_nll"], abs=4e-3)


def test_every_temperature_has_its_figures_and_a_signature(manifest, measure, teacher):
    temperatures = [1.0, 2.4495, 4.0]
    report, _ = measure(manifest, temperatures)
    assert [own["temperature"] for own in report["temperatures"]] == temperatures
    entropies = [own["entropy"] for own in report["temperatures"]]
    assert entropies == sorted(entropies)
    assert report["model"] == sha256((teacher / "model.safetensors").read_bytes()).hexdigest()
    assert report["codec"]["kind"] == "hidden"
    description = read_json(manifest)
    sizes = [manifest.parent / entry["file"] for entry in description["files"]]
    size, positions = sum(path.stat().st_size for path in sizes), description["positions"]
    assert report["bytes_per_token"] == size / positions
    shared = (manifest.parent / "codec.safetensors").stat().st_size
    assert report["bytes_per_token_with_codec"] == (size + shared) / positions
    for own in report["temperatures"]:
        assert own["signature"].startswith("fidelity|v:1|codec:hidden,compression=zstd,precision=bf16,")
        assert f"|model:{report['model'][:12]}|split:validation|n:3|" in own["signature"]
        assert own["signature"].endswith(f"|T:{own['temperature']:g}")


def test_equal_input_gives_equal_bytes(manifest, measure, tmp_path):
    measure(manifest, [1.0, 3.0])
    first = (tmp_path / "fidelity.json").read_bytes()
    measure(manifest, [1.0, 3.0])
    assert (tmp_path / "fidelity.json").read_bytes() == first


def test_draws_leave_tokens_out_and_the_share_is_told(measure, store_of, dataset, teacher, tmp_path):
    codec = Sampled(kind="sampled", head=1, draws=1)
    report, _ = measure(store_of(tmp_path / "store", dataset, teacher, Signals(codec=codec)), [1.0])
    (figures,) = report["temperatures"]
    assert figures["kl"] is None
    assert figures["kl_infinite"] == 1
    assert 1 < figures["kept_tokens"] <= 2
    assert json.loads((tmp_path / "fidelity.json").read_text()) == report


def test_a_sparse_store_is_not_asked_at_other_temperatures(measure, store_of, dataset, teacher, tmp_path):
    signals = Signals(codec=TopK(kind="topk", k=2, temperature=2.0))
    manifest = store_of(tmp_path / "store", dataset, teacher, signals)
    with pytest.raises(DataError, match="T = 2 and cannot answer at T = 1; extract with codec hidden"):
        measure(manifest, [1.0])
    assert not (tmp_path / "fidelity.json").exists()


def test_a_store_far_from_its_teacher_is_warned_of(
    measure, store_of, dataset, teacher, tmp_path, capsys, manifest
):
    measure(manifest, [1.0])
    assert "warning" not in capsys.readouterr().out
    signals = Signals(codec=TopK(kind="topk", k=1, temperature=3.0))
    report, _ = measure(store_of(tmp_path / "store", dataset, teacher, signals), [3.0])
    distance = report["temperatures"][0]["l1"]
    assert distance > 0.25
    said = capsys.readouterr().out
    assert f"at T = 3 the stored distributions are off by a mean L1 of {distance:.3f}" in said
    assert "set signals.codec to codec hidden" in said


def test_a_stale_teacher_is_refused(manifest, measure, teacher, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(teacher, other)
    tensors = load_file(other / "model.safetensors")
    name = min(tensors)
    save_file({**tensors, name: tensors[name] + 1}, other / "model.safetensors", {"format": "pt"})
    with pytest.raises(DataError, match="stored for another model"):
        measure(manifest, [1.0], model=other)
    assert not (tmp_path / "fidelity.json").exists()


def test_rows_of_another_dataset_are_refused(manifest, dataset, teacher, tmp_path):
    out = tmp_path / "fidelity.json"
    with pytest.raises(DataError, match="no signal is stored for id"):
        fidelity(manifest, teacher, dataset.test, [1.0], 3, 1, 2, out, tmp_path / "speed.json")
    assert not out.exists()


def test_clocks_are_apart(manifest, measure):
    report, speed = measure(manifest, [1.0], rows=99)
    assert (speed["rows"], speed["tokens"]) == (report["rows"], report["tokens"]) == (4, report["tokens"])
    for name in ("write_tokens_per_second", "read_tokens_per_second", "read_bytes_per_second"):
        assert speed[name] > 0
        assert name not in report
    # A token of this store is a state of 32 numbers in bfloat16.
    assert speed["read_bytes_per_second"] == pytest.approx(64 * speed["read_tokens_per_second"])
