from __future__ import annotations

from kdlib.files import read_json, write_json
from kdlib.results.cost import FIGURES, Cost, read_cost

COST = Cost(parameters=5, rows=3, generated=0, cached=3, not_measured={"seconds": "all from the cache"})


def test_a_cost_is_read_as_it_was_written(tmp_path):
    write_json(tmp_path / "cost.json", COST.as_json())
    assert read_cost(tmp_path / "cost.json") == COST
    assert list(read_json(tmp_path / "cost.json")) == [*FIGURES, "not_measured", "rows_of"]


def test_figures_are_all_but_the_reasons():
    assert COST.figures()["parameters"] == 5
    assert COST.figures()["seconds"] is None
    assert "not_measured" not in COST.figures()


def test_an_older_file_may_lack_figures(tmp_path):
    write_json(tmp_path / "cost.json", {"parameters": 5})
    assert read_cost(tmp_path / "cost.json") == Cost(parameters=5)
