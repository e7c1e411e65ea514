"""The beams of a teacher for the training prompts, and which of them may teach."""

import json
from collections import Counter
from dataclasses import replace

import pytest
import torch

from kdlib.config import Signals
from kdlib.files import DataError, read_json, read_parquet, write_parquet
from kdlib.models.generate import predict
from kdlib.models.load import load
from kdlib.records import target_hash
from kdlib.signals.store import SignalStore
from kdlib.training.teacher.generate import beams_shard
from kdlib.training.teacher.outputs import merge_beams, read_beams, stored_beams, usable

WIDTH = 3


@pytest.fixture(scope="module")
def answer(dataset, teacher, tmp_path_factory):
    """Return a function that lets the teacher answer in so many shards and returns the file."""

    def run(shards, batch_size=5):
        folder = tmp_path_factory.mktemp("beams")
        settings = Signals(shards=shards, batch_size=batch_size, precision="float32")
        paths = [folder / f"{shard}.parquet" for shard in range(shards)]
        for shard, path in enumerate(paths):
            beams_shard(teacher, dataset.tokenizer, dataset.train, WIDTH, shard, settings, 32, 1, path)
        merge_beams(paths, folder / "all.parquet")
        return folder / "all.parquet"

    return run


@pytest.fixture(scope="module")
def answered(answer):
    return answer(2)


def encoded(tokenizer, text):
    return [*tokenizer.encode(text, add_special_tokens=False), tokenizer.eos_token_id]


def test_only_other_valid_assertions_are_usable(tokenizer):
    gold = "assertEquals(1, box.size());"
    texts = [
        "assertEquals(2, box.size());",
        "assertEquals( 1, box.size( ));",  # the gold target but for white space
        "assertEquals(2,box.size());",  # a better one's
        "assertEquals(2, box.size(;",
        "box.size();",
        "assertTrue(box.size());",
    ]
    outputs = [(encoded(tokenizer, text), -float(place)) for place, text in enumerate(texts)]
    counts = Counter()
    found = list(usable("one", gold, outputs, tokenizer, counts))
    assert [(beam.rank, beam.score, beam.target) for beam in found] == [
        (1, -0.0, texts[0]),
        (6, -5.0, texts[5]),
    ]
    assert counts == {"finished": 6, "valid": 4, "usable": 2}
    for beam in found:
        assert beam.id == "one"
        assert beam.target_ids == encoded(tokenizer, beam.target)
        assert beam.target_hash == target_hash(beam.target_ids)


def test_beams_are_the_teachers_best_but_for_the_gold_target(answered, dataset, teacher, tokenizer, rows):
    golds = dict(
        zip(*(read_parquet(dataset.train)[name].to_pylist() for name in ("id", "target")), strict=True)
    )
    expected = Counter(
        (p.id, p.text) for p in predict(load(teacher), tokenizer, rows, WIDTH, WIDTH, 32, 5) if p.text
    )
    found = list(read_beams(answered))
    assert found
    assert all(expected[beam.id, beam.target] for beam in found)
    assert all(beam.target != golds[beam.id] for beam in found)
    assert found == sorted(found, key=lambda beam: (beam.id, beam.rank))


def test_a_score_is_the_log_probability_of_the_whole_answer(answered, teacher, rows):
    from kdlib.models.batch import Row
    from kdlib.models.generate import log_probabilities

    by_id = {row.id: row for row in rows}
    model = load(teacher)
    for beam in list(read_beams(answered))[:5]:
        row = Row(beam.id, by_id[beam.id].source_ids, beam.target_ids, beam.target_hash)
        (log_probs,) = log_probabilities(model, [row])
        gold = log_probs[torch.arange(len(beam.target_ids)), torch.tensor(beam.target_ids)]
        assert beam.score == pytest.approx(float(gold.sum()), abs=1e-3)


def test_counts_tell_where_beams_went(answered, rows):
    counts = read_json(answered.with_suffix(".json"))
    assert list(counts) == ["rows", "generated", "finished", "valid", "usable"]
    assert counts["rows"] == len(rows)
    assert counts["generated"] == WIDTH * len(rows)
    assert counts["usable"] == len(list(read_beams(answered)))
    assert counts["generated"] >= counts["finished"] >= counts["valid"] > counts["usable"] > 0


def test_shards_make_no_difference(answer, answered):
    other = answer(3)
    assert other.read_bytes() == answered.read_bytes()
    assert other.with_suffix(".json").read_bytes() == answered.with_suffix(".json").read_bytes()


def test_a_store_holds_the_same_beams(answered, signals_of, teacher, dataset, tmp_path):
    manifest = signals_of(tmp_path / "store", teacher, beams=WIDTH, precision="float32")
    stored_beams(SignalStore(manifest), dataset.train, dataset.tokenizer, WIDTH, tmp_path / "all.parquet")
    found, expected = (list(read_beams(path)) for path in (tmp_path / "all.parquet", answered))
    assert [replace(beam, score=0.0) for beam in found] == [replace(beam, score=0.0) for beam in expected]
    scores = [[beam.score for beam in beams] for beams in (found, expected)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-3)
    assert read_json(tmp_path / "all.json") == read_json(answered.with_suffix(".json"))
    stored_beams(SignalStore(manifest), dataset.train, dataset.tokenizer, 1, tmp_path / "best.parquet")
    assert {beam.rank for beam in read_beams(tmp_path / "best.parquet")} == {1}


def test_a_file_that_is_no_shard_is_named(answered, tmp_path):
    write_parquet(tmp_path / "0.parquet", read_parquet(answered))
    with pytest.raises(DataError, match=r"0\.parquet: holds no counts; delete it and run again"):
        merge_beams([tmp_path / "0.parquet"], tmp_path / "all.parquet")
    assert json.loads(answered.with_suffix(".json").read_text())
