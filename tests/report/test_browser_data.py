from __future__ import annotations

from kdlib.report.examples import EMBEDDED, browser


def _sample(model, id_, **others):
    base = {"model": model, "id": id_, "prediction": f"{model} on {id_}", "references": ["r"]}
    return {**base, "exact_match": False, "token_f1": 1 / 3, "syntax_valid": True, **others}


def test_a_model_without_the_row_is_told_from_a_wrong_one():
    found = browser([_sample("a", "1"), _sample("b", "2", exact_match=True)], {"1": "p1", "2": "p2"})
    assert found["models"] == ["a", "b"]
    assert [row["outputs"] for row in found["rows"]] == [
        [["a on 1", False, 0.333, True], None],
        [None, ["b on 2", True, 0.333, True]],
    ]
    assert [row["prompt"] for row in found["rows"]] == ["p1", "p2"]


def test_a_large_run_embeds_the_first_rows_by_id_and_tells_how_many_there_are():
    ids = [f"{number:05d}" for number in reversed(range(EMBEDDED + 7))]
    found = browser([_sample("a", id_) for id_ in ids], dict.fromkeys(ids, "p"))
    assert found["total"] == EMBEDDED + 7
    assert [row["id"] for row in found["rows"]] == sorted(ids)[:EMBEDDED]
