"""Semantic similarity against what the encoders themselves and the losses say of the same texts."""

from __future__ import annotations

import math

import pytest
import torch

from kdlib.config import Size
from kdlib.evaluation.predictions.similarity import similarities
from kdlib.files import DataError, read_json, read_parquet, write_predictions
from kdlib.models import sentence
from kdlib.models.batch import read_rows
from kdlib.models.load import load
from kdlib.models.scratch import build
from kdlib.records import Prediction
from tests.models.test_sentence import write_encoder

TEXTS = ("assertTrue(box.getSize() == 1);", " \n", "size", "({[ not Java, 10,000 " + "x" * 10_000)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return write_encoder(tmp_path_factory.mktemp("sentence"))


@pytest.fixture
def models(dataset, tmp_path):
    """Two models' predictions for the four test rows: odd texts, and the references themselves."""
    ids = [row.id for row in read_rows(dataset.test)]
    targets = read_parquet(dataset.test, ["target"])["target"].to_pylist()
    found = {"students/odd": TEXTS, "baselines/right": targets}
    for name, texts in found.items():
        predictions = [Prediction(key, 1, text, 0.0) for key, text in zip(ids, texts, strict=True)]
        second = [Prediction(key, 2, "ignored", -1.0) for key in ids]
        write_predictions(tmp_path / name / "predictions.jsonl", [*predictions, *second])
    return {name: tmp_path / name for name in found}


def measured(models, dataset, encoder, name, folder):
    where = (models, dataset.test, dataset.tokenizer, encoder, name, 1)
    similarities(*where, folder / "values.parquet", folder / "report.json")
    return read_parquet(folder / "values.parquet").to_pylist(), read_json(folder / "report.json")


def cosine(a, b):
    a, b = a.double().tolist(), b.double().tolist()
    product = sum(x * y for x, y in zip(a, b, strict=True))
    return product / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def check(lines, models, dataset, vector):
    """Compare with cosines of vectors that ``vector`` gives of one text."""
    rows = read_parquet(dataset.test, ["id", "target"]).to_pylist()
    assert [(line["model"], line["id"]) for line in lines] == [
        (model, row["id"]) for model in models for row in rows
    ]
    expected = [
        max(0.0, cosine(vector(text), vector(row["target"]))) if text.strip() else 0.0
        for text, row in zip(TEXTS, rows, strict=True)
    ]
    assert [line["value"] for line in lines[:4]] == pytest.approx(expected, abs=1e-5)
    assert len({round(value, 4) for value in expected}) == 4
    assert [line["value"] for line in lines[4:]] == pytest.approx([1.0] * 4, abs=1e-12)
    assert all(0 <= line["value"] <= 1 for line in lines)


def test_a_sentence_encoder_reads_the_text(models, dataset, encoder, tmp_path):
    lines, report = measured(models, dataset, encoder, "encoders/tiny", tmp_path)
    own = sentence.load_sentence_encoder(encoder)
    check(lines, models, dataset, lambda text: own.encode(text, convert_to_tensor=True))
    signature = "v:1|encoder:encoders/tiny|map:max(cos,0)|blank:0"
    assert report == {"measured": True, "rows": 4, "signature": signature}


def test_the_teachers_own_encoder_reads_as_the_losses_do(models, dataset, teacher, tokenizer, tmp_path):
    from kdlib.losses.expected import gold_vectors
    from kdlib.training.teacher.encoder import frozen_encoder

    frozen = frozen_encoder(load(teacher))

    def vector(text):
        ids = [*tokenizer.encode(text, add_special_tokens=False), tokenizer.eos_token_id]
        return gold_vectors(torch.tensor(ids), [len(ids)], frozen)[0]

    lines, report = measured(models, dataset, teacher, "teachers/base", tmp_path)
    check(lines, models, dataset, vector)
    assert report["measured"] is True


def test_every_distinct_text_is_encoded_once(models, dataset, encoder, tmp_path, monkeypatch):
    seen, original = [], sentence.text_vectors

    def watched(folder, words, texts, threads):
        seen.extend(texts)
        return original(folder, words, texts, threads)

    monkeypatch.setattr(sentence, "text_vectors", watched)
    twice = {**models, "students/twin": models["students/odd"]}
    measured(twice, dataset, encoder, "encoders/tiny", tmp_path)
    assert len(seen) == len(set(seen)) == 8


def test_a_negative_cosine_counts_as_0(models, dataset, encoder, tmp_path, monkeypatch):
    def opposite(_folder, _words, texts, _threads):
        return torch.tensor([[-1.0, 0.1] if text in TEXTS else [1.0, 0.1] for text in texts])

    monkeypatch.setattr(sentence, "text_vectors", opposite)
    lines, _ = measured(models, dataset, encoder, "encoders/tiny", tmp_path)
    assert [line["value"] for line in lines[:4]] == [0.0] * 4
    assert [line["value"] for line in lines[4:]] == pytest.approx([1.0] * 4)


def test_a_causal_teacher_is_a_reason(models, dataset, tokenizer, tmp_path):
    size = Size(d_model=32, d_ff=64, encoder_layers=0, decoder_layers=1, heads=2)
    build(size, tokenizer, dropout=0.0, seed=1).save_pretrained(str(tmp_path / "causal"))
    lines, report = measured(models, dataset, tmp_path / "causal", "teachers/base", tmp_path)
    assert lines == []
    assert report == {
        "measured": False,
        "reason": "teachers/base is a causal model without an encoder; name an entry of encoders in "
        "evaluation.encoder",
    }


def test_predictions_of_other_rows_are_refused(models, dataset, encoder, tmp_path):
    write_predictions(models["students/odd"] / "predictions.jsonl", [Prediction("x", 1, "a", 0.0)])
    with pytest.raises(DataError, match="must have exactly the 4 test ids"):
        measured(models, dataset, encoder, "encoders/tiny", tmp_path)
    assert not (tmp_path / "report.json").exists()
