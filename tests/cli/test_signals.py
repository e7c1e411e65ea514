"""The commands on stores, on the teacher's own and on one of an earlier system's logits."""

from __future__ import annotations

import gzip
import json
import math
import shutil

import lz4.frame
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from kdlib.cli import app
from kdlib.config import Nucleus, Signals
from kdlib.files import read_json, read_jsonl, write_json
from kdlib.models.batch import read_rows
from kdlib.signals.legacy import encode_legacy
from kdlib.signals.store import SignalStore
from kdlib.teacher_signal import SignalKey


def run(*arguments):
    return CliRunner().invoke(app, ["signals", *map(str, arguments)])


def told(*arguments):
    """Return the JSON that a command prints."""
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def copy(manifest, tmp_path):
    """A store that a test may damage."""
    shutil.copytree(manifest.parent, tmp_path / "store")
    return tmp_path / "store"


@pytest.fixture(scope="module")
def beams(tmp_path_factory, store_of, dataset, teacher):
    """A sparse store with the teacher's own outputs."""
    codec = Nucleus(kind="nucleus", temperature=2.0, epsilon=0.02, cap=16)
    return store_of(
        tmp_path_factory.mktemp("beams"), dataset, teacher, Signals(shards=1, beams=2, codec=codec)
    )


def test_what_a_store_holds(manifest, dataset):
    found, written = told("inspect", manifest.parent), read_json(manifest)
    assert found == told("inspect", manifest)
    assert {
        name: found[name] for name in ("model", "tokenizer", "dataset", "code", "precision", "codec")
    } == {name: written[name] for name in ("model", "tokenizer", "dataset", "code", "precision", "codec")}
    for split in found["splits"]:
        rows = read_rows(getattr(dataset, split["split"]))
        tokens = sum(len(row.target_ids) for row in rows)
        size = sum(path.stat().st_size for path in (manifest.parent / split["split"]).glob("*.parquet"))
        assert split == {
            "split": split["split"],
            "shards": 2,
            "rows": len(rows),
            "tokens": tokens,
            "bytes": size,
            "bytes/token": round(size / tokens, 2),
        }
    assert [split["split"] for split in found["splits"]] == ["train", "validation"]
    assert found["ranks"] == {"0": 36}
    assert found["codec_bytes"] == (manifest.parent / found["codec_file"]).stat().st_size


def test_the_text_says_the_same(manifest):
    found, text = told("inspect", manifest), run("inspect", manifest).stdout
    for value in (found["model"], found["tokenizer"], found["dataset"], found["code"], found["precision"]):
        assert f"{value}\n" in text
    assert "codec:     hidden (" in text
    assert f"precision {found['codec']['precision']}" in text
    lines = [line.split() for line in text.splitlines()]
    for split in found["splits"]:
        cells = [f"{split[name]:,}" for name in ("shards", "rows", "tokens", "bytes")]
        assert [split["split"], *cells, f"{split['bytes/token']:.4g}"] in lines


def test_ranks_of_beams_are_counted(beams):
    ranks = told("inspect", beams)["ranks"]
    assert ranks["0"] == 36
    assert 0 < ranks["2"] <= ranks["1"] <= 36
    assert f"0: 36, 1: {ranks['1']}, 2: {ranks['2']}" in run("inspect", beams).stdout


def test_one_shard(manifest):
    path = manifest.parent / "train" / "1.parquet"
    found = told("inspect", path)
    (split,) = found["splits"]
    (entry,) = [e for e in read_json(manifest)["files"] if e["file"] == "train/1.parquet"]
    assert (split["split"], split["shards"]) == ("train", "1 of 2")
    assert (split["rows"], split["tokens"], split["bytes"]) == (
        entry["rows"],
        entry["positions"],
        entry["bytes"],
    )
    assert found["model"] == read_json(manifest)["model"]
    assert "1 of 2" in run("inspect", path).stdout


def test_a_fidelity_report_is_printed_whatever_it_holds(copy):
    report = {
        "entropy": 1.25,
        "temperatures": {"1.0": {"l1": 0.0125, "kl": 3e-05, "top1": 0.991}, "4.0": {"l1": 0.0066}},
        "rows": 36,
        "speed": {"read": 1234567},
    }
    write_json(copy / "fidelity.json", report)
    assert told("inspect", copy)["fidelity"] == report
    lines = [line.split() for line in run("inspect", copy).stdout.splitlines()]
    for expected in (
        ["entropy:", "1.25"],
        ["rows:", "36"],
        ["temperatures", "l1", "kl", "top1"],
        ["1.0", "0.0125", "3e-05", "0.991"],
        ["4.0", "0.0066", "-", "-"],
        ["read:", "1,234,567"],
    ):
        assert expected in lines


def test_verify_decodes_everything(beams, manifest):
    assert told("inspect", manifest, "--verify")["verified"] == {
        "signals": 36,
        "positions": read_json(manifest)["positions"],
        "temperature": 1.0,
    }
    sparse = told("inspect", beams, "--verify")["verified"]
    assert (sparse["signals"], sparse["temperature"]) == (read_json(beams)["rows"], 2.0)
    done = run("inspect", manifest.parent / "validation" / "0.parquet", "--verify")
    assert "verified: 36 signals" in done.stdout


def test_verify_finds_a_flipped_bit(copy):
    path = copy / "train" / "0.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    done = run("inspect", copy, "--verify")
    assert done.exit_code == 1
    assert done.stderr.startswith("error: ")
    assert "train/0.parquet" in done.stderr
    assert "damaged" in done.stderr


def test_a_signal_at_a_temperature(manifest, dataset, tokenizer):
    row = read_rows(dataset.train)[3]
    options = ["--row", row.id, "--temperature", 4, "--top", 3, "--tokenizer", dataset.tokenizer]
    found = told("inspect", manifest, *options)
    expected = SignalStore(manifest).signal(SignalKey(row.id, row.target_hash, 0), 4.0).log_probs.exp()
    best, ids = expected.topk(3, dim=1)
    assert (found["id"], found["rank"], found["temperature"]) == (row.id, 0, 4.0)
    assert len(found["positions"]) == len(row.target_ids)
    for position, values, tokens in zip(found["positions"], best, ids, strict=True):
        shown = position["tokens"]
        assert [token["id"] for token in shown] == tokens.tolist()
        assert [token["probability"] for token in shown] == pytest.approx(values.tolist())
        assert [token["text"] for token in shown] == [tokenizer.decode([int(i)]) for i in tokens]
        assert position["others"] == pytest.approx(1 - float(values.sum()), abs=1e-5)
        assert position["tail"] == 0
    text = run("inspect", manifest, *options).stdout
    first = found["positions"][0]["tokens"][0]
    assert f"{first['text']!r} {first['probability']:.3f}" in text
    assert "nats, T = 4;" in text


def test_a_beam_of_a_sparse_store(beams):
    target = next(target for target in SignalStore(beams).targets() if target.key.rank == 1)
    found = told("inspect", beams, "--row", target.key.id, "--rank", 1, "--top", 1)
    assert found["temperature"] == 2.0
    assert found["target_ids"] == target.target_ids
    assert found["score"] == target.score
    signal = SignalStore(beams).signal(target.key, 2.0)
    for position, tail in zip(found["positions"], signal.tail_mass.tolist(), strict=True):
        assert position["tail"] == pytest.approx(tail)
        assert position["tokens"][0]["probability"] + position["others"] == pytest.approx(1, abs=0.01)
        assert "text" not in position["tokens"][0]


def test_a_beginning_of_an_id_is_enough_if_it_is_one(manifest, dataset):
    row = read_rows(dataset.train)[0]
    assert told("inspect", manifest, "--row", row.id[:12])["id"] == row.id
    done = run("inspect", manifest, "--row", "")
    assert (done.exit_code, done.stderr) == (1, f"error: {manifest}: 36 ids begin with ''\n")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--row", "zzz"], "no ids begin with 'zzz'"),
        (["--row", "ID", "--rank", "7"], "has no rank 7; it has 0"),
        (["--row", "ID", "--temperature", "0"], "the temperature must be > 0, got 0.0"),
        (["--row", "ID", "--tokenizer", "nowhere"], "nowhere: holds no tokenizer.json"),
        (["--row", "ID", "--verify"], "give one of them"),
    ],
)
def test_wrong_questions_are_told_in_one_sentence(manifest, dataset, options, sentence):
    key = read_rows(dataset.train)[0].id
    done = run("inspect", manifest, *(key if option == "ID" else option for option in options))
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert sentence in done.stderr


def test_a_sparse_store_names_its_temperature(beams, dataset):
    row = read_rows(dataset.train)[0]
    done = run("inspect", beams, "--row", row.id, "--temperature", 1)
    assert done.exit_code == 1
    assert "T = 2 and cannot answer at T = 1" in done.stderr


def test_what_is_no_store_is_told(tmp_path, dataset, manifest):
    write_json(tmp_path / "a.json", {"files": []})
    (tmp_path / "b.json").write_text("{")
    (tmp_path / "empty").mkdir()
    alone = tmp_path / "x" / "y" / "z.parquet"
    alone.parent.mkdir(parents=True)
    shutil.copy(manifest.parent / "train" / "0.parquet", alone)
    for arguments in (
        ["nowhere"],
        [tmp_path / "a.json"],
        [tmp_path / "b.json"],
        [tmp_path / "empty"],
        [dataset.train],
        [dataset.tokenizer / "tokenizer_config.json"],
        [alone, "--verify"],
    ):
        done = run("inspect", *arguments)
        assert done.exit_code == 1, arguments
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1


@pytest.fixture(scope="module")
def lines(examples, dataset, tokenizer):
    """Rows of an earlier system: eight bits, padded, most of the mass on the target."""
    rng = np.random.default_rng(3)
    targets = {
        row.id: row.target_ids
        for path in (dataset.train, dataset.validation, dataset.test)
        for row in read_rows(path)
    }
    found = []
    for example in examples:
        ids = targets[example.id]
        logits = rng.normal(size=(len(ids) + 4, len(tokenizer))).astype(np.float32)
        logits[np.arange(len(ids)), ids] += 8
        logits[len(ids) :] = 0
        found.append(
            {
                "focal_method": example.focal_method,
                "test_method_masked": example.masked_test,
                "assertions": list(example.references),
                "predicted_assertions": ["assertTrue(true);"],
                "compressed_logits": encode_legacy(logits, 8),
                "model_type": "codet5",
            }
        )
    return found


def write(path, rows, header=True):
    first = [{"header": {"dataset_type": "training", "item_count": len(rows)}}] if header else []
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in [*first, *rows])
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "header"), [("old.jsonl", True), ("old.jsonl", False), ("old.jsonl.gz", True)]
)
def test_import_of_the_rows_of_a_dataset(lines, dataset, tmp_path, name, header):
    path, out = write(tmp_path / name, lines, header), tmp_path / "store"
    done = run("import", path, "--dataset", dataset.train.parent, "--out", out)
    assert done.exit_code == 0, done.output
    assert f"36 signals of 40 rows: {out / 'manifest.json'}" in done.stdout
    assert [line.split() for line in done.stdout.splitlines()[2:3]] == [["4", "not", "in", "the", "dataset"]]
    assert "the most probable token is the target's at 100.0%" in done.stdout
    assert "have no signal" not in done.stdout
    rejected = list(read_jsonl(out / "import.rejected.jsonl"))
    test_rows = [number for number in range(40) if number % 10 == 9]
    assert [row["line"] for row in rejected] == [number + 1 + header for number in test_rows]
    assert {len(row["row"]) for row in rejected} == {500}
    found = told("inspect", out, "--verify")
    assert found["verified"]["signals"] == 36
    assert found["model"].startswith("legacy:")


def test_a_store_of_older_logits_answers_for_the_dataset(lines, examples, dataset, tokenizer, tmp_path):
    out = tmp_path / "store"
    options = ["--codec", "topk", "--set", "k=8", "--set", "temperature=2.0", "--logit-scale", "0.5"]
    path = write(tmp_path / "old.jsonl", lines)
    done = run("import", path, "--dataset", dataset.train.parent, "--out", out, *options)
    assert done.exit_code == 0, done.output
    store = SignalStore(out / "manifest.json")
    assert {name: store.provenance["codec"][name] for name in ("kind", "k", "temperature")} == {
        "kind": "topk",
        "k": 8,
        "temperature": 2.0,
    }
    row = read_rows(dataset.validation)[0]
    stored = next(
        line["compressed_logits"]
        for line, example in zip(lines, examples, strict=True)
        if example.id == row.id
    )
    signal = store.signal(SignalKey(row.id, row.target_hash, 0), 2.0)
    levels = np.frombuffer(lz4.frame.decompress(bytes.fromhex(stored["data_encoded"]["data"])), np.uint8)
    values = (levels.reshape(stored["shape"]) - stored["zero_point"]) * stored["scale"]
    # Half of each logit at T = 2.
    expected = torch.tensor(values[: len(row.target_ids)] / 4).softmax(-1)
    best, ids = expected.topk(8, dim=1)
    assert signal.log_probs.exp().tolist() == [pytest.approx(line, rel=2e-3) for line in best.tolist()]
    assert signal.ids[:, 0].tolist() == row.target_ids == ids[:, 0].tolist()


def test_rows_left_out_are_counted_by_reason(lines, dataset, tmp_path):
    rows = [dict(line) for line in lines]
    rows[0] = {**rows[0], "assertions": []}
    del rows[1]["compressed_logits"]
    broken = {**rows[2]["compressed_logits"], "scale": math.nan}
    rows[2] = {**rows[2], "compressed_logits": broken}
    rows[3] = {**rows[3], "teacher_logits": rows[3].pop("compressed_logits")}
    path, out = write(tmp_path / "old.jsonl", rows), tmp_path / "store"
    done = run("import", path, "--dataset", dataset.train.parent, "--out", out)
    assert done.exit_code == 0, done.output
    assert read_json(out / "import.json")["filtered"] == {
        "not in the dataset": 4,
        "no reference": 1,
        "no logits": 1,
        "damaged logits": 1,
    }
    assert "3 rows of train have no signal: training on signals will refuse this dataset" in done.stdout
    details = {row["reason"]: row["detail"] for row in read_jsonl(out / "import.rejected.jsonl")}
    assert details["damaged logits"].startswith(f"{path}:4: compressed_logits.scale is nan")


def test_rows_that_are_too_long_are_told(lines, dataset, tmp_path):
    path = write(tmp_path / "old.jsonl", lines)
    options = ["--dataset", dataset.train.parent, "--out", tmp_path / "store", "--max-row-bytes", 2000]
    done = run("import", path, *options)
    assert done.exit_code == 1
    assert "none of 40 rows gives a signal (40 too long)" in done.stderr


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--codec", "hidden"], "codec hidden needs the teacher's hidden states"),
        (["--codec", "wavelet"], "--codec wavelet: wavelet: "),
        (["--codec", "topk", "--set", "k=0"], "--codec topk: k: Input should be greater than or equal to 1"),
        (["--codec", "topk", "--set", "q=1"], "--codec topk: q: "),
        (["--set", "k"], "--set takes name=value, got 'k'"),
        (["--set", "k=["], "--set k: "),
        (["--logit-scale", "0"], "the logit scale must be a number > 0"),
        (["--skip", "-1"], "the number of positions to skip must be ≥ 0"),
        (["--tokenizer", "nowhere"], "nowhere/tokenizer.json: there is no such file"),
    ],
)
def test_wrong_options_of_an_import_are_one_sentence(lines, dataset, tmp_path, options, sentence):
    path, out = write(tmp_path / "old.jsonl", lines[:1]), tmp_path / "store"
    done = run("import", path, "--dataset", dataset.train.parent, "--out", out, *options)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert sentence in done.stderr
    assert not out.exists()


def test_files_that_are_not_there(dataset, lines, tmp_path):
    path = write(tmp_path / "old.jsonl", lines[:1])
    for arguments in (
        [tmp_path / "no.jsonl", "--dataset", dataset.train.parent],
        [path, "--dataset", tmp_path],
    ):
        done = run("import", *arguments, "--out", tmp_path / "store")
        assert done.exit_code == 1
        assert "there is no such file" in done.stderr
