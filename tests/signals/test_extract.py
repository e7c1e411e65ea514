"""Extraction: what is stored is what the model says, in whatever batches, shards and order."""

import hashlib

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kdlib.config import Dense, Hidden, Nucleus, Sampled, Signals, TopK
from kdlib.files import DataError, read_json, read_parquet, sha256, write_parquet
from kdlib.models.batch import Row, batches, read_rows
from kdlib.models.load import load
from kdlib.records import target_hash
from kdlib.signals import extract as module
from kdlib.signals.codec.codec import codec_for
from kdlib.signals.extract import ExtractionJob, batches_of, extract, shard_of, signal_rows
from kdlib.signals.prepare import prepare
from kdlib.signals.shared import read_tensors
from kdlib.signals.store import SignalStore
from kdlib.signals.teacher import teacher_output
from kdlib.teacher_signal import SignalKey

FAMILIES = ("t5_tied", "t5_untied", "llama")
TOLERANCE = 1e-4  # of a log-probability in single precision, as extract says
SEEN = 1e-6  # least probability that it holds for
HIDDEN, DENSE = Hidden(kind="hidden"), Dense(kind="dense")
BFLOAT16 = torch.bfloat16


@pytest.fixture(scope="module", params=FAMILIES)
def family(request, teachers):
    return teachers[request.param]


@pytest.fixture(scope="module")
def model(family):
    return load(family)


@pytest.fixture(scope="module")
def dense(tokenizer):
    return codec_for(DENSE, len(tokenizer), {})


@pytest.fixture
def job(dataset, tmp_path):
    """Return a function that extracts one shard and returns its file."""

    def run(teacher, settings, shard=0, out=None, rows=dataset.train, codec=None):
        if codec is None:
            codec = tmp_path / "codec.safetensors"
            prepare(teacher, rows, settings, 1, codec)
        out = out or tmp_path / f"{len(list(tmp_path.iterdir()))}" / "shard.parquet"
        made_by = ExtractionJob(teacher, dataset.tokenizer, settings, 32, 1, "c1")
        extract(made_by, rows, "d1", codec, "train", shard, out)
        return out

    return run


def log_probs_of(model, rows, size, precision=torch.float32):
    """Return id: log-probabilities, in batches of a size."""
    found = {}
    for batch in batches(rows, size):
        logits = teacher_output(model, batch, precision).logits
        parts = torch.log_softmax(logits.double(), dim=-1).split([len(row.target_ids) for row in batch])
        found |= {row.id: part for row, part in zip(batch, parts, strict=True)}
    return found


def difference(ours, theirs):
    """Return the largest difference of log-probabilities where the second are above log SEEN."""
    return max(float((ours[key] - theirs[key]).abs()[theirs[key].exp() > SEEN].max()) for key in theirs)


def test_logits_are_those_of_the_model(model, rows, alone):
    expected = {row.id: torch.log_softmax(alone(model, row).double(), dim=-1) for row in rows}
    for size in (1, 3, 32):
        found = log_probs_of(model, rows, size)
        assert found.keys() == expected.keys()
        assert [part.shape for part in found.values()] == [expected[key].shape for key in found]
        assert difference(found, expected) <= TOLERANCE


def test_bfloat16_depends_little_on_the_batch(model, rows):
    one, many = (log_probs_of(model, rows, size, BFLOAT16) for size in (1, 32))
    assert 0 < difference(many, one) < 0.25
    distances = [(many[key].exp() - one[key].exp()).abs().sum(dim=1) for key in one]
    assert float(torch.cat(distances).mean()) < 0.01


def test_the_head_answers_in_single_precision(model, rows):
    """Of bfloat16 logits most would be equal to others."""
    output = teacher_output(model, rows[:8], BFLOAT16)
    assert output.logits.dtype == torch.float32
    assert (output.logits != output.logits.bfloat16().float()).float().mean() > 0.9
    head = model.get_output_embeddings().weight.detach()
    torch.testing.assert_close(output.logits, output.states.float() @ head.T, atol=1e-4, rtol=1e-4)
    assert not torch.is_autocast_enabled("cpu")
    assert not model.get_output_embeddings()._forward_pre_hooks


def test_a_failure_in_the_head_leaves_the_model_as_it_was(teachers, rows):
    model = load(teachers["llama"])
    head = model.get_output_embeddings()
    head.weight = torch.nn.Parameter(head.weight[:, :-1])
    with pytest.raises(RuntimeError, match="shapes"):
        teacher_output(model, rows[:2], BFLOAT16)
    assert not torch.is_autocast_enabled("cpu")
    assert not head._forward_pre_hooks
    assert not head._forward_hooks


def test_hidden_states_through_the_stored_head_are_the_models_logits(
    family, model, rows, alone, job, tmp_path
):
    """T5 with tied embeddings scales the states by d_model^-½ before its head."""
    path = job(family, Signals(codec=HIDDEN, shards=1, precision="float32"))
    head = read_tensors(path.parents[1] / "codec.safetensors")["head"]
    states = {row["id"]: row["signal_states"] for row in read_parquet(path).to_pylist()}
    assert len(states) == len(rows)
    for row in rows:
        stored = torch.frombuffer(bytearray(states[row.id]), dtype=BFLOAT16).view(len(row.target_ids), -1)
        logits = stored.float() @ head.T
        # bfloat16 rounds each of the states by 2⁻⁹ of it at most.
        bound = stored.float().abs() @ head.abs().T * 2**-8 + TOLERANCE
        assert ((logits - alone(model, row)).abs() <= bound).all()
        assert float(logits.std()) > 20 * float(bound.mean())


def test_a_score_is_the_log_likelihood_of_the_whole_target(model, rows, alone, dense):
    found = list(signal_rows(model, batches(rows, 7), dense, torch.float32))
    assert {row.id for row in found} == {row.id for row in rows}
    known = {row.id: row for row in rows}
    for stored in found:
        row = known[stored.id]
        logits, total = alone(model, row).double().numpy(), 0.0
        for line, token in zip(logits, row.target_ids, strict=True):
            shifted = line - line.max()
            total += shifted[token] - torch.tensor(shifted).exp().sum().log().item()
        assert stored.score == pytest.approx(total, abs=1e-3)


def test_padding_is_never_stored(model, rows, dense):
    found = {row.id: row for row in signal_rows(model, batches(rows, 32), dense, torch.float32)}
    for row in rows:
        (single,) = signal_rows(model, [[row]], dense, torch.float32)
        stored = found[row.id]
        assert stored.positions == len(row.target_ids)
        assert len(stored.columns["log_probs"]) == 2 * len(row.target_ids) * model.config.vocab_size
        ours, theirs = (
            torch.frombuffer(bytearray(item.columns["log_probs"]), dtype=torch.float16).float()
            for item in (stored, single)
        )
        # A rounding to half precision may fall on the other side: 2⁻⁷ above −16.
        torch.testing.assert_close(ours, theirs, atol=2**-7, rtol=2**-10)
        assert stored.score == pytest.approx(single.score, abs=1e-3)


def stored_rows(path):
    return {(row["id"], row["rank"]): row for row in read_parquet(path).to_pylist()}


@pytest.mark.parametrize(
    "codec", [HIDDEN, Nucleus(kind="nucleus"), Sampled(kind="sampled")], ids=lambda c: c.kind
)
def test_the_number_of_shards_changes_no_byte_of_a_row(family, job, codec, tmp_path, rows):
    settings = {"codec": codec, "batch_size": 4, "beams": 2, "precision": "float32"}
    expected = stored_rows(job(family, Signals(shards=1, **settings)))
    assert {key for key in expected if key[1] == 0} == {(row.id, 0) for row in rows}
    for shards in (2, 3, 5):
        parts = [
            stored_rows(
                job(family, Signals(shards=shards, **settings), shard, codec=tmp_path / "codec.safetensors")
            )
            for shard in range(shards)
        ]
        assert sum(map(len, parts)) == len(expected)
        assert {key: row for part in parts for key, row in part.items()} == expected


def test_the_order_of_the_dataset_changes_no_byte(family, job, dataset, tmp_path):
    table = read_parquet(dataset.train)
    order = torch.randperm(len(table), generator=torch.Generator().manual_seed(3)).tolist()
    assert order != sorted(order)
    write_parquet(tmp_path / "shuffled.parquet", table.take(order))
    # int8 learns its scales from some rows.
    settings = Signals(codec=Hidden(kind="hidden", precision="int8"), shards=2, beams=2, precision="float32")
    first = job(family, settings).read_bytes()
    codec = (tmp_path / "codec.safetensors").read_bytes()
    assert job(family, settings, rows=tmp_path / "shuffled.parquet").read_bytes() == first
    assert (tmp_path / "codec.safetensors").read_bytes() == codec


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_equal_settings_give_equal_bytes(family, job, precision):
    settings = Signals(codec=Sampled(kind="sampled"), shards=2, batch_size=5, beams=2, precision=precision)
    first, second = job(family, settings, shard=1), job(family, settings, shard=1)
    assert first != second
    assert sha256(first) == sha256(second)


def beams_of(family, job, **settings):
    """Return rank: row of the teacher's own outputs, for each id."""
    path = job(family, Signals(codec=DENSE, shards=1, **{"beams": 3, "precision": "float32", **settings}))
    found = {}
    for (identity, rank), row in stored_rows(path).items():
        found.setdefault(identity, {})[rank] = row
    return found


def test_beams_are_ranked_scored_and_hashed(family, model, rows, alone, job, tokenizer):
    found, known = beams_of(family, job), {row.id: row for row in rows}
    count = 0
    for identity, own in found.items():
        assert sorted(own) == list(range(len(own)))
        assert own.pop(0)["target_ids"] is None
        outputs = [tuple(own[rank]["target_ids"]) for rank in sorted(own)]
        assert len(set(outputs)) == len(outputs)
        means = []
        for _, stored in sorted(own.items()):
            ids = stored["target_ids"]
            assert ids[-1] == tokenizer.eos_token_id
            assert tokenizer.eos_token_id not in ids[:-1]
            assert (
                stored["target_hash"] == hashlib.sha256(b"".join(b"%d\0" % i for i in ids)).hexdigest()[:16]
            )
            assert stored["positions"] == len(ids)
            line = torch.log_softmax(
                alone(model, Row("", known[identity].source_ids, ids, "")).double(), dim=-1
            )
            assert stored["score"] == pytest.approx(float(line[range(len(ids)), ids].sum()), abs=1e-3)
            half = torch.frombuffer(bytearray(stored["signal_log_probs"]), dtype=torch.float16)
            torch.testing.assert_close(half.view(line.shape).double(), line, atol=2**-7, rtol=2**-10)
            means.append(stored["score"] / len(ids))
            count += 1
        assert means == pytest.approx(sorted(means, reverse=True), abs=1e-4)
    assert count > 20


def test_a_beam_that_is_the_gold_target_keeps_its_rank(teachers, job, rows):
    gold = {row.id: row.target_hash for row in rows}
    found = beams_of(teachers["t5_tied"], job)
    same = [
        (identity, rank)
        for identity, own in found.items()
        for rank, row in own.items()
        if rank and row["target_hash"] == gold[identity]
    ]
    assert same, "the trained teacher knows no target"
    for identity, rank in same:
        own = found[identity]
        assert own[rank]["score"] == pytest.approx(own[0]["score"], abs=1e-3)
        assert own[rank]["positions"] == own[0]["positions"]


def test_unfinished_beams_are_left_out(teachers, dataset, tmp_path):
    teacher, codec = teachers["t5_tied"], tmp_path / "c"
    settings = Signals(codec=DENSE, shards=1, beams=3)
    prepare(teacher, dataset.train, settings, 1, codec)
    short = ExtractionJob(teacher, dataset.tokenizer, settings, 2, 1, "c1")
    extract(short, dataset.train, "d1", codec, "train", 0, tmp_path / "s")
    found = stored_rows(tmp_path / "s")
    assert {rank for _, rank in found} == {0}
    assert len(found) == 32


def test_several_end_tokens(teachers, rows, tokenizer, dense):
    """Chat models end with any of them."""
    model = load(teachers["t5_tied"])

    def outputs():
        stored = signal_rows(model, batches(rows, 8), dense, torch.float32, 3, 32)
        return [row.target_ids for row in stored if row.rank]

    _, *others = outputs()[0][::-1]
    model.generation_config.eos_token_id = [others[0], tokenizer.eos_token_id]
    found = outputs()
    assert others[0] in {ids[-1] for ids in found} <= {others[0], tokenizer.eos_token_id}
    assert not {others[0], tokenizer.eos_token_id} & {token for ids in found for token in ids[:-1]}


def test_capped_logits_come_through_in_any_precision(teachers, rows, alone, tokenizer):
    """What a model does after its head is part of its distribution."""
    model = load(teachers["gemma2"])
    expected = {row.id: torch.log_softmax(alone(model, row).double(), dim=-1) for row in rows}
    head = model.get_output_embeddings().weight.detach()
    for precision, bound in ((torch.float32, TOLERANCE), (BFLOAT16, 0.25)):
        assert difference(log_probs_of(model, rows, 8, precision), expected) < bound
        output = teacher_output(model, rows[:4], precision)
        uncapped = output.states.float() @ head.T
        assert float((uncapped - output.logits).abs().max()) > 1
        torch.testing.assert_close(output.logits, 3 * torch.tanh(uncapped / 3), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("codec", [DENSE, Nucleus(kind="nucleus"), TopK(kind="topk")], ids=lambda c: c.kind)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_codecs_of_distributions_serve_a_model_that_caps_its_logits(
    teachers, rows, alone, store_of, dataset, tmp_path, codec, precision
):
    model = load(teachers["gemma2"])
    settings = Signals(codec=codec, shards=1, precision=precision)
    store = SignalStore(store_of(tmp_path, dataset, teachers["gemma2"], settings))
    for row in rows[:6]:
        signal = store.signal(SignalKey(row.id, row.target_hash, 0), 1.0)
        expected = torch.log_softmax(alone(model, row), dim=-1)
        best = expected.argmax(dim=1)
        if hasattr(signal, "ids"):
            found = torch.where(signal.ids == best[:, None], signal.log_probs, -torch.inf).amax(dim=1)
        else:
            found = signal.log_probs[range(len(best)), best]
        torch.testing.assert_close(found, expected[range(len(best)), best], atol=0.15, rtol=0)


@given(st.integers(0, 40), st.integers(1, 12))
def test_shards_hold_every_batch_once_and_are_of_like_size(number, shards):
    all_batches = [[Row(str(i), [1], [1], "h")] for i in range(number)]
    parts = [shard_of(all_batches, shard, shards) for shard in range(shards)]
    assert sorted(batch[0].id for part in parts for batch in part) == sorted(b[0].id for b in all_batches)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("shard", [-1, 3])
def test_a_shard_that_does_not_exist_is_an_error(shard):
    with pytest.raises(ValueError, match=r"shard must be in 0…2"):
        shard_of([], shard, 3)


@given(st.lists(st.sampled_from([1, 2, 64, 256]), min_size=3, max_size=3), st.integers(0, 900))
def test_shards_hold_every_row_once_though_each_finds_other_free_memory(sizes, number):
    rows = [Row(str(i), [1] * (i % 7 + 1), [1], "h") for i in range(number)]
    settings, found = Signals(shards=3, batch_size=None), []
    for shard, size in enumerate(sizes):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "rows_that_fit", lambda *_, size=size: size)
            parts = batches_of(None, rows, shard, settings, 32)
        assert all(len(part) <= size for part in parts)
        found += [row.id for part in parts for row in part]
    assert sorted(found) == sorted(row.id for row in rows)


def test_a_batch_size_by_memory(family, job):
    settings = {"codec": TopK(kind="topk"), "shards": 1, "precision": "float32"}
    free, fixed = (stored_rows(job(family, Signals(batch_size=size, **settings))) for size in (None, 16))
    assert free.keys() == fixed.keys()
    for key, row in free.items():
        assert row["score"] == pytest.approx(fixed[key]["score"], abs=1e-3)


def test_a_codec_of_another_teacher_is_refused(teachers, job, dataset, tmp_path):
    settings = Signals(codec=HIDDEN, shards=1)
    prepare(teachers["t5_untied"], dataset.train, settings, 1, tmp_path / "other")
    with pytest.raises(DataError, match="other: its head is not that of the teacher"):
        job(teachers["t5_tied"], settings, codec=tmp_path / "other")


def test_a_damaged_codec_file_is_named(teachers, job, tmp_path):
    settings = Signals(codec=HIDDEN, shards=1)
    job(teachers["t5_tied"], settings)
    path = tmp_path / "codec.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"codec\.safetensors: the file is damaged"):
        job(teachers["t5_tied"], settings, codec=path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_diverged_teacher_is_named(teachers, rows, dense, value):
    model = load(teachers["llama"])
    with torch.no_grad():
        model.get_output_embeddings().weight[7] = value
    with pytest.raises(DataError, match=r"id [0-9a-f]{64}: the teacher's logits are no numbers"):
        list(signal_rows(model, batches(rows, 8), dense, torch.float32))


def test_the_manifest_names_what_the_signals_come_from(manifest, teacher, dataset):
    description = read_json(manifest)
    assert description["model"] == sha256(teacher / "model.safetensors")
    assert description["tokenizer"] == sha256(dataset.tokenizer / "tokenizer.json")
    assert description["shared"] == sha256(manifest.parent / "codec.safetensors")
    assert (description["dataset"], description["code"], description["shards"]) == ("d1", "c1", 2)
    assert description["precision"] in ("float32", "bfloat16")
    rows = [(file["split"], file["shard"], file["rows"]) for file in description["files"]]
    # Batches of 5: seven of them in train, one in validation.
    assert rows == [("train", 0, 17), ("train", 1, 15), ("validation", 0, 4), ("validation", 1, 0)]
    tokens = [len(row.target_ids) for path in (dataset.train, dataset.validation) for row in read_rows(path)]
    assert description["positions"] == sum(tokens)


def test_the_store_answers_for_every_row_of_both_splits(manifest, dataset):
    store = SignalStore(manifest)
    rows = [row for path in (dataset.train, dataset.validation) for row in read_rows(path)]
    assert len(store) == len(rows) == 36
    store.check({"dataset": "d1"}, [SignalKey(row.id, row.target_hash, 0) for row in rows])
    for row in rows:
        assert row.target_hash == target_hash(row.target_ids)
