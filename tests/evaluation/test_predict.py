import math
from types import SimpleNamespace

import pytest

from kdlib.config import Evaluation
from kdlib.evaluation.predict import predict
from kdlib.files import read_json, read_parquet, read_predictions
from kdlib.models.batch import read_rows
from kdlib.models.generate import log_probabilities
from kdlib.models.seq2seq import load


@pytest.fixture(scope="module")
def result(teacher, dataset, tmp_path_factory):
    """What the stage writes for the four test rows, and what it was made from."""
    out = tmp_path_factory.mktemp("predict")
    predict(teacher, dataset.tokenizer, dataset.test, Evaluation(beams=3, n_best=2, batch_size=3), 20, 1, out)
    return SimpleNamespace(out=out, model=load(teacher), rows=read_rows(dataset.test))


def test_predictions_stand_in_the_order_of_the_rows(result):
    predictions = read_predictions(result.out / "predictions.jsonl")
    assert [(p.id, p.rank) for p in predictions] == [(row.id, rank) for row in result.rows for rank in (1, 2)]
    assert all(p.score < 0 for p in predictions)


def test_the_likelihood_is_that_of_each_row_alone(result):
    """In nats over the whole target: exp(−nll) is the probability of the assertion."""
    table = read_parquet(result.out / "nll.parquet").to_pylist()
    assert [line["id"] for line in table] == [row.id for row in result.rows]
    for row, line in zip(result.rows, table, strict=True):
        (log_probs,) = log_probabilities(result.model, [row], result.model.config.pad_token_id)
        probability = math.prod(
            log_probs[place, token].exp().item() for place, token in enumerate(row.target_ids)
        )
        assert math.exp(-line["nll"]) == pytest.approx(probability, rel=1e-3)
        assert line["tokens"] == len(row.target_ids)


def test_the_cost_names_what_was_measured(result, teacher):
    cost = read_json(result.out / "cost.json")
    assert cost["parameters"] == sum(p.numel() for p in result.model.parameters())
    assert cost["bytes"] == (teacher / "model.safetensors").stat().st_size
    assert cost["rows"] == 4
    assert cost["assertions_per_second"] == pytest.approx(4 / cost["seconds"])
