import math
from types import SimpleNamespace

import pytest

from kdlib.config import Evaluation, Size
from kdlib.evaluation.predictions.predict import predict
from kdlib.files import DataError, read_json, read_parquet, read_predictions
from kdlib.models.batch import read_rows
from kdlib.models.generate import log_probabilities
from kdlib.models.load import load
from kdlib.models.scratch import build
from kdlib.models.tokenizer import embedding_rows
from tests.models.conftest import tiny


@pytest.fixture(scope="module", params=["encoder-decoder", "causal"])
def model(request, teacher, tokenizer, tmp_path_factory):
    """Folder of a trained encoder-decoder, or of a causal model with random weights."""
    if request.param == "encoder-decoder":
        return teacher
    folder = tmp_path_factory.mktemp("causal") / "model"
    size = Size(d_model=32, d_ff=64, encoder_layers=0, decoder_layers=1, heads=2)
    build(size, tokenizer, dropout=0.0, seed=1).save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="module")
def result(model, dataset, tmp_path_factory):
    """What the stage writes for the four test rows, and what it was made from."""
    out = tmp_path_factory.mktemp("predict")
    settings = Evaluation(beams=3, n_best=2, batch_size=3, latency_rows=2)
    predict(model, dataset.tokenizer, dataset.test, settings, 20, 1, out / "cache", out)
    return SimpleNamespace(out=out, folder=model, model=load(model), rows=read_rows(dataset.test))


def test_predictions_stand_in_the_order_of_the_rows(result):
    predictions = read_predictions(result.out / "predictions.jsonl")
    assert [(p.id, p.rank) for p in predictions] == [(row.id, rank) for row in result.rows for rank in (1, 2)]
    assert all(p.score < 0 for p in predictions)


def test_the_likelihood_is_that_of_each_row_alone(result):
    """In nats over the whole target: exp(−nll) is the probability of the assertion."""
    table = read_parquet(result.out / "nll.parquet").to_pylist()
    assert [line["id"] for line in table] == [row.id for row in result.rows]
    for row, line in zip(result.rows, table, strict=True):
        (log_probs,) = log_probabilities(result.model, [row])
        probability = math.prod(
            log_probs[place, token].exp().item() for place, token in enumerate(row.target_ids)
        )
        assert math.exp(-line["nll"]) == pytest.approx(probability, rel=1e-3, abs=0)
        assert line["tokens"] == len(row.target_ids)


def test_the_cost_names_what_was_measured(result):
    cost = read_json(result.out / "cost.json")
    assert cost["parameters"] == sum(p.numel() for p in result.model.parameters())
    assert cost["bytes"] == (result.folder / "model.safetensors").stat().st_size
    assert (cost["rows"], cost["generated"], cost["cached"], cost["latency_rows"]) == (4, 4, 0, 2)
    assert cost["assertions_per_second"] == pytest.approx(4 / cost["seconds"])
    assert 0 < cost["latency_p50_seconds"] <= cost["latency_p95_seconds"]
    assert cost["peak_memory_mib"] > cost["bytes"] / 2**20
    assert cost["not_measured"] == {}


def test_prompts_beyond_a_models_positions_are_refused_before_anything_is_written(
    dataset, tokenizer, tmp_path
):
    tiny("llama_tied", embedding_rows(tokenizer)).save_pretrained(str(tmp_path / "model"))  # 64 positions
    files = (dataset.tokenizer, dataset.test)
    with pytest.raises(DataError, match=r"do not fit into the 64 positions .*dataset\.max_source_tokens"):
        predict(tmp_path / "model", *files, Evaluation(), 20, 1, tmp_path / "cache", tmp_path / "out")
    assert not (tmp_path / "out").exists()
