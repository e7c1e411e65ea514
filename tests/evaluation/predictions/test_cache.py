"""The cache of generated outputs: it saves work, never changes a result, and misses what is not the same."""

from __future__ import annotations

import shutil

import pytest
from safetensors.torch import load_file, save_file

from kdlib.config import Evaluation
from kdlib.evaluation.predictions import predict as stage
from kdlib.evaluation.predictions.cache import OutputCache, cache_key
from kdlib.evaluation.predictions.predict import generate, predict
from kdlib.files import DataError, read_json
from kdlib.models import beams
from kdlib.models.load import load

SETTINGS = Evaluation(beams=2, n_best=2, batch_size=2, latency_rows=1)
HARDWARE = {"device": "cpu", "threads": "1"}


@pytest.fixture
def searched(monkeypatch):
    """Counts the batches that are generated."""
    counted = []
    original = beams.beam_search

    def counting(model, rows, *settings):
        counted.append([row.id for row in rows])
        return original(model, rows, *settings)

    monkeypatch.setattr(beams, "beam_search", counting)
    return counted


@pytest.fixture
def stage_of(dataset, teacher, tmp_path):
    def run(name, model=teacher, settings=SETTINGS, max_tokens=12, cache="cache"):
        out = tmp_path / name
        where = (dataset.tokenizer, dataset.test, settings, max_tokens, 1, tmp_path / cache, out)
        predict(model, *where)
        return out

    return run


def test_a_second_run_generates_nothing_and_writes_the_same_bytes(stage_of):
    first, second = stage_of("first"), stage_of("second")
    alone = stage_of("alone", cache="other")
    for name in ("predictions.jsonl", "nll.parquet"):
        assert (second / name).read_bytes() == (first / name).read_bytes() == (alone / name).read_bytes()
    cost = read_json(second / "cost.json")
    assert (cost["rows"], cost["generated"], cost["cached"]) == (4, 0, 4)
    missing = ("seconds", "assertions_per_second", "peak_memory_mib")
    assert [cost[name] for name in missing] == [None] * 3
    assert cost["not_measured"] == dict.fromkeys(missing, "all predictions came from the cache")
    assert cost["latency_p50_seconds"] > 0


def test_whatever_decides_an_output_is_in_the_key(teacher, tmp_path):
    changed = tmp_path / "changed"
    shutil.copytree(teacher, changed)
    weights = load_file(changed / "model.safetensors")
    name = sorted(weights)[0]
    weights[name].view(-1)[0] += 1e-3
    save_file(weights, changed / "model.safetensors", metadata={"format": "pt"})
    ended = tmp_path / "ended"
    shutil.copytree(teacher, ended)
    text = (ended / "generation_config.json").read_text()
    (ended / "generation_config.json").write_text(text.replace("{", '{"eos_token_id": 5,', 1))
    keys = [
        cache_key(teacher, SETTINGS, 12, HARDWARE),
        cache_key(changed, SETTINGS, 12, HARDWARE),
        cache_key(ended, SETTINGS, 12, HARDWARE),
        cache_key(teacher, SETTINGS.model_copy(update={"beams": 3}), 12, HARDWARE),
        cache_key(teacher, SETTINGS.model_copy(update={"n_best": 1}), 12, HARDWARE),
        cache_key(teacher, SETTINGS, 13, HARDWARE),
        cache_key(teacher, SETTINGS, 12, {**HARDWARE, "threads": "2"}),
    ]
    assert len(set(keys)) == len(keys)
    unrelated = SETTINGS.model_copy(update={"resamples": 100, "latency_rows": 3})
    assert cache_key(teacher, unrelated, 12, HARDWARE) == keys[0]


@pytest.mark.parametrize(
    ("settings", "max_tokens"), [({"beams": 3}, 12), ({"n_best": 1}, 12), ({"batch_size": 3}, 12), ({}, 9)]
)
def test_other_settings_generate_again(stage_of, settings, max_tokens):
    stage_of("first")
    other = SETTINGS.model_copy(update=settings)
    again = stage_of("again", settings=other, max_tokens=max_tokens)
    fresh = stage_of("fresh", settings=other, max_tokens=max_tokens, cache="other")
    assert read_json(again / "cost.json")["generated"] == 4
    assert (again / "predictions.jsonl").read_bytes() == (fresh / "predictions.jsonl").read_bytes()


def test_a_killed_run_goes_on_behind_its_last_batch(dataset, teacher, rows, tmp_path, searched, monkeypatch):
    model, chosen = load(teacher), rows[:7]
    expected, _ = generate(model, chosen, SETTINGS, 12, OutputCache(tmp_path / "whole"))
    assert len(searched) == 4

    class Killed(BaseException):
        pass

    def killing(*arguments):
        if len(searched) == 6:
            raise Killed
        return counting(*arguments)

    counting = beams.beam_search
    monkeypatch.setattr(beams, "beam_search", killing)
    with pytest.raises(Killed):
        generate(model, chosen, SETTINGS, 12, OutputCache(tmp_path / "cut", seconds=0))
    monkeypatch.setattr(beams, "beam_search", counting)
    found, generated = generate(model, chosen, SETTINGS, 12, OutputCache(tmp_path / "cut"))
    assert found == expected
    assert generated.rows == 3  # of four batches, two were on disk
    assert searched[:4] == searched[4:]


def test_a_batch_in_other_company_is_generated_again(teacher, rows, tmp_path):
    """Rows are summed up beside each other, so only whole batches are found again."""
    model, cache = load(teacher), OutputCache(tmp_path)
    generate(model, rows[:2], SETTINGS, 12, cache)
    _, generated = generate(model, [rows[0], rows[2]], SETTINGS, 12, cache)
    assert generated.rows == 2
    renamed = [stage.Row(f"x{row.id}", row.source_ids, [3], "h") for row in rows[:2]]
    found, generated = generate(model, renamed, SETTINGS, 12, cache)
    assert generated.rows == 0
    assert found.keys() == {row.id for row in renamed}


def test_a_damaged_file_is_told(stage_of, tmp_path):
    stage_of("first")
    (file,) = (tmp_path / "cache").rglob("*.parquet")
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(DataError, match=f"{file}: cannot be read as Parquet .* delete it and run again"):
        stage_of("second")
