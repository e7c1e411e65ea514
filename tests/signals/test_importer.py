"""A file of an earlier system becomes a store that answers as its logits do."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch

from kdlib.config import Dense, Hidden, Nucleus, Sampled, TopK
from kdlib.files import DataError, read_json, read_jsonl, sha256
from kdlib.models.batch import read_rows
from kdlib.records import digest
from kdlib.signals.importer import LegacyRow, LogitLayout, import_store
from kdlib.signals.legacy import encode_legacy
from kdlib.signals.manifest import read_manifest
from kdlib.signals.store import SignalStore
from kdlib.teacher_signal import SignalKey

DENSE = Dense(kind="dense")


@pytest.fixture(scope="module")
def targets(dataset):
    return {row.id: row for path in (dataset.train, dataset.validation) for row in read_rows(path)}


@pytest.fixture(scope="module")
def logits(targets, tokenizer):
    """Logits of every target that mostly agree with it, and padding behind."""
    rng, found = np.random.default_rng(5), {}
    for row in targets.values():
        values = rng.normal(size=(len(row.target_ids) + 3, len(tokenizer))).astype(np.float32)
        sure = rng.random(len(row.target_ids)) < 0.8
        values[np.arange(len(row.target_ids))[sure], np.array(row.target_ids)[sure]] += 6
        values[len(row.target_ids) :] = 0
        found[row.id] = values
    return found


def rows_of(logits, bits=32, **changes):
    """Return the rows of a file, one an example."""
    return [
        dataclasses.replace(
            LegacyRow(line, key, 1, encode_legacy(values, bits), "", f"row {line}"), **changes
        )
        for line, (key, values) in enumerate(logits.items(), 2)
    ]


@pytest.fixture
def imported(dataset, tmp_path):
    def run(rows, codec=DENSE, layout=None, out=None):
        path = tmp_path / "old.jsonl"
        path.write_text("stands for the rows\n")
        splits = {"train": dataset.train, "validation": dataset.validation}
        out = out or tmp_path / "store"
        report = import_store(
            path, lambda: iter(rows), splits, dataset.tokenizer, codec, out, layout or LogitLayout()
        )
        rejected = list(read_jsonl(out / "import.rejected.jsonl"))
        assert report == read_json(out / "import.json")
        assert report["rows"] == len(rows) == len(rejected) + sum(report["signals"].values())
        assert sum(report["filtered"].values()) == len(rejected)
        return report, rejected, out / "manifest.json"

    return run


def key_of(row):
    return SignalKey(row.id, row.target_hash, 0)


@pytest.mark.slow
@pytest.mark.parametrize(("bits", "near"), [(32, 2e-3), (16, 4e-3), (8, 3e-2)])
@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_distributions_are_those_of_the_logits(imported, targets, logits, bits, near, temperature):
    report, _, manifest = imported(rows_of(logits, bits))
    assert report["signals"] == {"train": 32, "validation": 4}
    assert report["rows_without_signal"] == {"train": 0, "validation": 0}
    assert report["bits"] == {str(bits): 36}
    store = SignalStore(manifest)
    for row in targets.values():
        signal = store.signal(key_of(row), temperature)
        length = len(row.target_ids)
        expected = torch.tensor(logits[row.id][:length] / temperature).softmax(-1)
        assert signal.log_probs.shape == expected.shape
        assert float((signal.log_probs.exp() - expected).abs().max()) < near


def test_what_is_told_per_token_is_right(imported, targets, logits):
    report, _, manifest = imported(rows_of(logits))
    entropy, loss, agreed, tokens = 0.0, 0.0, 0, 0
    for key, values in logits.items():
        ids = np.array(targets[key].target_ids)
        p = np.exp(values[: len(ids)].astype(np.float64))
        p /= p.sum(axis=1, keepdims=True)
        entropy -= (p * np.log(p)).sum()
        loss -= np.log(p[np.arange(len(ids)), ids]).sum()
        agreed += (p.argmax(axis=1) == ids).sum()
        tokens += len(ids)
    told = [report["entropy"], report["loss"], report["agreement"]]
    assert told == pytest.approx([entropy / tokens, loss / tokens, agreed / tokens], rel=1e-5)
    scores = sum(target.score for target in SignalStore(manifest).targets())
    assert -scores == pytest.approx(loss, rel=1e-5)


def test_where_it_comes_from(imported, dataset, logits, tmp_path):
    _, _, manifest = imported(rows_of(logits), TopK(kind="topk", k=7), LogitLayout(logit_scale=0.25))
    store = read_manifest(manifest)
    assert store.model == f"legacy:{sha256(tmp_path / 'old.jsonl')}"
    assert store.tokenizer == sha256(dataset.tokenizer / "tokenizer.json")
    assert store.dataset == digest([sha256(dataset.train), sha256(dataset.validation)])
    assert store.precision == "legacy, scale 0.25, skip 0"
    assert (store.codec["kind"], store.codec["k"]) == ("topk", 7)
    assert [(entry.split, entry.rows) for entry in store.files] == [("train", 32), ("validation", 4)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "codec",
    [
        TopK(kind="topk", k=255),
        Nucleus(kind="nucleus", epsilon=1e-4, cap=255),
        Sampled(kind="sampled", head=255, draws=8),
    ],
    ids=lambda codec: codec.kind,
)
def test_other_codecs_store_the_head_of_the_distribution(imported, targets, logits, codec):
    _, _, manifest = imported(rows_of(logits), codec)
    store = SignalStore(manifest)
    for row in list(targets.values())[:6]:
        signal = store.signal(key_of(row), 1.0)
        expected = torch.tensor(logits[row.id][: len(row.target_ids)]).softmax(-1)
        best, ids = expected.max(dim=1)
        first = signal.log_probs.argmax(dim=1, keepdim=True)
        assert signal.ids.gather(1, first).squeeze(1).tolist() == ids.tolist()
        torch.testing.assert_close(
            signal.log_probs.gather(1, first).squeeze(1).exp(), best, atol=0.02, rtol=0.05
        )


def test_hidden_states_are_not_to_be_had(imported, logits):
    with pytest.raises(
        DataError, match="codec hidden needs the teacher's hidden states, and earlier systems"
    ):
        imported(rows_of(logits), Hidden(kind="hidden"))


def test_a_left_out_factor_is_put_back(imported, targets, logits):
    wrong = {key: values * np.float32(32**0.5) for key, values in logits.items()}
    _, _, manifest = imported(rows_of(wrong), layout=LogitLayout(logit_scale=32**-0.5))
    store = SignalStore(manifest)
    for row in list(targets.values())[:3]:
        expected = torch.tensor(logits[row.id][: len(row.target_ids)]).softmax(-1)
        torch.testing.assert_close(
            store.signal(key_of(row), 1.0).log_probs.exp(), expected, atol=2e-3, rtol=2e-3
        )


def later(logits):
    """Return logits behind a start token's position."""
    return {key: np.concatenate([values[-1:] + 1, values]) for key, values in logits.items()}


def test_a_position_before_the_target_is_skipped(imported, targets, logits):
    _, _, manifest = imported(rows_of(later(logits)), layout=LogitLayout(skip=1))
    row = next(iter(targets.values()))
    expected = torch.tensor(logits[row.id][: len(row.target_ids)]).softmax(-1)
    found = SignalStore(manifest).signal(key_of(row), 1.0).log_probs.exp()
    torch.testing.assert_close(found, expected, atol=2e-3, rtol=2e-3)


def sloped(logits):
    """Return logits whose padding has a best token, as that of a model that went on has."""
    slope = np.linspace(0, 1e-3, next(iter(logits.values())).shape[1], dtype=np.float32)
    return {key: values + slope for key, values in logits.items()}


@pytest.mark.parametrize("skip", [0, 1])
def test_wrong_positions_are_told_and_nothing_is_written(imported, logits, tmp_path, skip):
    wrong = later(sloped(logits)) if skip == 0 else sloped(logits)
    with pytest.raises(DataError, match=rf"at [78]\d% if {1 - skip} are skipped and not {skip}; correct"):
        imported(rows_of(wrong), layout=LogitLayout(skip=skip))
    assert [path.name for path in tmp_path.iterdir()] == ["old.jsonl"]


def test_wrong_positions_are_told_before_the_whole_file_was_read(imported, logits, monkeypatch):
    monkeypatch.setattr("kdlib.signals.importer.PROBE", 5)
    asked = []

    class Watched(list):
        def __iter__(self):
            for row in super().__iter__():
                asked.append(row.line)
                yield row

    with pytest.raises(DataError, match="correct that number"):
        imported(Watched(rows_of(later(sloped(logits)))))
    assert len(asked) < 10


def change(rows, number, **changes):
    rows[number] = dataclasses.replace(rows[number], **changes)


def test_rows_that_give_no_signal_are_told_one_by_one(imported, logits, tokenizer):
    rows = rows_of(logits)
    values = list(logits.values())
    change(rows, 0, id="", reason="no marker")
    change(rows, 1, id="of another dataset")
    change(rows, 2, references=3)
    change(rows, 3, logits=None)
    change(rows, 4, logits=encode_legacy(values[4][:, :-1], 32))
    change(rows, 5, logits=encode_legacy(np.pad(values[5], ((0, 0), (0, 128))), 32))
    change(rows, 6, logits=encode_legacy(values[6][:4], 32))
    change(rows, 7, logits=encode_legacy(np.where(np.arange(len(values[7]))[:, None] == 1, 0, values[7]), 32))
    change(rows, 8, logits={**rows[8].logits, "bits": 5})
    rows.append(rows[9])
    report, rejected, manifest = imported(rows)
    expected = [
        "no marker",
        "not in the dataset",
        "several assertions",
        "no logits",
        "other vocabulary",
        "other vocabulary",
        "too few positions",
        "padding",
        "damaged logits",
        "repeated",
    ]
    rejected.sort(key=lambda line: line["line"])
    reasons = {line["row"]: line["reason"] for line in rejected if line["reason"] != "repeated"}
    assert list(reasons.values()) == expected[:-1]
    assert list(reasons) == [f"row {number + 2}" for number in range(9)]
    assert report["filtered"] == {reason: expected.count(reason) for reason in report["filtered"]}
    assert {line["file"] for line in rejected} == {"old.jsonl"}
    details = {line["reason"]: line["detail"] for line in rejected}
    assert f"the run's tokenizer has {len(tokenizer)}" in details["other vocabulary"]
    assert "old.jsonl:10: compressed_logits.bits is 5" in details["damaged logits"]
    assert sum(report["rows_without_signal"].values()) == 9
    assert len(SignalStore(manifest)) == 27


def test_joined_assertions_are_taken_if_asked_for(imported, logits):
    report, _, _ = imported(rows_of(logits, references=2), layout=LogitLayout(joined=True))
    assert sum(report["signals"].values()) == 36


def test_entries_that_round_a_vocabulary_up_are_cut(imported, targets, logits):
    wide = {key: np.pad(values, ((0, 0), (0, 48))) for key, values in logits.items()}
    _, _, manifest = imported(rows_of(wide))
    row = next(iter(targets.values()))
    found = SignalStore(manifest).signal(key_of(row), 1.0).log_probs.exp()
    expected = torch.tensor(logits[row.id][: len(row.target_ids)]).softmax(-1)
    torch.testing.assert_close(found, expected, atol=2e-3, rtol=2e-3)


def test_a_split_without_rows_is_an_empty_shard(imported, targets, logits, dataset):
    train = {row.id for row in read_rows(dataset.train)}
    report, _, manifest = imported(rows_of({key: logits[key] for key in logits if key in train}))
    assert report["signals"] == {"train": 32, "validation": 0}
    assert report["rows_without_signal"] == {"train": 0, "validation": 4}
    assert len(SignalStore(manifest)) == 32


@pytest.mark.parametrize("number", [0, 3])
def test_no_signal_at_all_is_an_error(imported, logits, tmp_path, number):
    rows = rows_of(logits, id="other")[:number]
    told = "3 not in the dataset" if number else "it is empty"
    with pytest.raises(DataError, match=rf"none of {number} rows gives a signal \({told}\)"):
        imported(rows)
    assert not (tmp_path / "store").exists()


def test_equal_files_give_equal_stores(imported, logits, tmp_path):
    rows = rows_of(logits, 8)
    stores = [imported(rows, out=tmp_path / name)[2].parent for name in ("a", "b")]
    names = [sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file()) for folder in stores]
    assert names[0] == names[1]
    assert all((stores[0] / name).read_bytes() == (stores[1] / name).read_bytes() for name in names[0])


def test_a_folder_in_use_is_left_alone(imported, logits, tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="store: is in use; name a new or an empty folder"):
        imported(rows_of(logits))
    assert (tmp_path / "store" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("options", "told"),
    [({"logit_scale": 0.0}, "> 0"), ({"logit_scale": float("nan")}, "nan"), ({"skip": -1}, "-1")],
)
def test_impossible_readings(options, told):
    with pytest.raises(DataError, match=told):
        LogitLayout(**options)


def test_a_rejected_row_is_one_line_of_json(imported, logits):
    rows = rows_of(logits)
    change(rows, 0, logits=None, beginning='{"a": "ü\n"}')
    _, rejected, manifest = imported(rows)
    assert rejected[0]["row"] == '{"a": "ü\n"}'
    (line,) = (manifest.parent / "import.rejected.jsonl").read_text().splitlines()
    assert json.loads(line) == rejected[0]
