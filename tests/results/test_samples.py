from __future__ import annotations

import pytest

from kdlib.files import DataError, read_jsonl, write_jsonl
from kdlib.results.measurements import Kills, Outcome
from kdlib.results.samples import Sample, read_samples

OUTCOME = Outcome("failed", "e", True, None, Kills(), Kills(1, 2), "false_alarm")
SAMPLES = [
    Sample("m", "a", "f();", ["f();"], {"exact_match": True, "nll": 0.5}, OUTCOME),
    Sample("m", "b", "", ["g();"], {"exact_match": False, "nll": 2.0}),
]


def test_metrics_are_keys_of_the_line(tmp_path):
    write_jsonl(tmp_path / "samples.jsonl", (sample.as_json() for sample in SAMPLES))
    first, second = read_jsonl(tmp_path / "samples.jsonl")
    assert list(first) == ["model", "id", "prediction", "references", "exact_match", "nll", "execution"]
    assert first["execution"] == {
        "status": "failed",
        "message": "e",
        "asserted": True,
        "vacuous": None,
        "rank": {"killed": 0, "mutants": 0},
        "score": {"killed": 1, "mutants": 2},
        "fault": "false_alarm",
    }
    assert "execution" not in second
    assert list(read_samples(tmp_path / "samples.jsonl")) == SAMPLES


def test_a_line_without_a_field_is_named(tmp_path):
    write_jsonl(tmp_path / "samples.jsonl", [SAMPLES[0].as_json(), {"model": "m"}])
    with pytest.raises(DataError, match=r"samples\.jsonl:2: id is missing"):
        list(read_samples(tmp_path / "samples.jsonl"))
