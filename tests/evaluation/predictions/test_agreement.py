"""Agreement of a student with its teacher against plain sums, one position at a time."""

from __future__ import annotations

import math

import pytest
import torch

from kdlib.evaluation.predictions.agreement import agreement
from kdlib.files import DataError, read_parquet
from kdlib.models.batch import read_rows
from kdlib.models.load import load
from kdlib.models.tokenizer import embedding_rows
from tests.models.conftest import tiny


@pytest.fixture(scope="module", params=["t5_untied", "llama_tied"])
def student(request, tokenizer, tmp_path_factory):
    """Folder of a student with random weights and more entries than the tokenizer has."""
    folder = tmp_path_factory.mktemp("student")
    model = tiny(request.param, embedding_rows(tokenizer) + 7)
    model.config.max_position_embeddings = 256
    model.save_pretrained(str(folder))
    return folder


def distributions(model, row, entries):
    """Return probabilities at T = 2, and the most probable tokens, position by position and in doubles."""
    found, best = [], []
    for place in range(len(row.target_ids)):
        written = row.target_ids[:place]
        with torch.no_grad():
            if model.config.is_encoder_decoder:
                start = torch.tensor([[model.config.decoder_start_token_id, *written]])
                logits = model(input_ids=torch.tensor([row.source_ids]), decoder_input_ids=start).logits
            else:
                logits = model(input_ids=torch.tensor([[*row.source_ids, *written]])).logits
        logits = logits[0, -1, :entries].double().tolist()
        highest = max(logits)
        mass = [math.exp((value - highest) / 2) for value in logits]
        found.append([value / sum(mass) for value in mass])
        best.append(logits.index(highest))
    return found, best


def test_divergence_and_agreement_are_those_of_one_position_at_a_time(
    dataset, teacher, student, tokenizer, tmp_path
):
    out = tmp_path / "agreement.parquet"
    agreement(teacher, student, dataset.tokenizer, dataset.test, 3, 1, out)
    table, rows = read_parquet(out).to_pylist(), read_rows(dataset.test)
    assert [line["id"] for line in table] == [row.id for row in rows]
    entries, models = embedding_rows(tokenizer), (load(teacher), load(student))
    for row, line in zip(rows, table, strict=True):
        (p, ours), (q, others) = (distributions(model, row, entries) for model in models)
        kl = sum(
            a * math.log(a / b)
            for own, other in zip(p, q, strict=True)
            for a, b in zip(own, other, strict=True)
            if a
        )
        assert kl > 0.1
        assert line["kl"] == pytest.approx(kl, rel=1e-4)
        assert line["tokens"] == len(row.target_ids)
        assert line["top1"] == sum(a == b for a, b in zip(ours, others, strict=True))


def test_a_teacher_agrees_with_itself(dataset, teacher, tmp_path):
    out = tmp_path / "agreement.parquet"
    agreement(teacher, teacher, dataset.tokenizer, dataset.test, 2, 1, out)
    for line in read_parquet(out).to_pylist():
        assert line["kl"] == pytest.approx(0, abs=1e-6)
        assert line["top1"] == line["tokens"] > 0


def test_a_student_of_another_vocabulary_is_refused(dataset, teacher, tmp_path):
    tiny("t5_tied").save_pretrained(str(tmp_path / "small"))
    with pytest.raises(DataError, match=r"small: it knows fewer tokens than the \d+ of the tokenizer"):
        agreement(teacher, tmp_path / "small", dataset.tokenizer, dataset.test, 2, 1, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_model_that_diverged_is_told(dataset, teacher, student, tmp_path):
    broken = load(student)
    with torch.no_grad():
        broken.get_output_embeddings().weight.fill_(torch.nan)
    broken.save_pretrained(str(tmp_path / "broken"))
    with pytest.raises(DataError, match="answers with no number"):
        agreement(teacher, tmp_path / "broken", dataset.tokenizer, dataset.test, 2, 1, tmp_path / "out")
