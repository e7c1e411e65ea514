"""A finished run, as small as one can be that a report is made of."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from kdlib.files import write_json, write_jsonl, write_parquet
from tests.report.conftest import write_store
from tests.runs.small_run import TRAINED, VALUES, write_small_run

IDS = [f"test-{row}" for row in range(8)]


@pytest.fixture
def finished_run(tmp_path, monkeypatch) -> Path:
    """Work in a folder with ``results/small``, whose manifest names what its report was made from."""
    monkeypatch.chdir(tmp_path)
    run = write_small_run(tmp_path)
    write_parquet(run / "dataset/test.parquet", pa.table({"id": IDS, "prompt": [f"f{i} <b>" for i in IDS]}))
    write_store(run / "signals/base/manifest.json")
    answer = {"references": ["assertTrue(x);"], "exact_match": False, "token_f1": 0.25, "syntax_valid": True}
    samples = [{"model": model, "id": i, "prediction": "f();", **answer} for model in VALUES for i in IDS]
    write_jsonl(run / "evaluation/predictions_final.jsonl", samples)
    files = [
        "corpus/card.json",
        "dataset/counts.json",
        "evaluation/evaluation_metrics.json",
        "evaluation/predictions_final.jsonl",
        *(f"evaluation/{model}/cost.json" for model in TRAINED),
        *(f"{model}/training_report.json" for model in TRAINED),
        *(f"{model}/step_metrics.csv" for model in TRAINED),
        *(f"{model}/training_metrics.csv" for model in TRAINED),
        "signals/base/manifest.json",
        "dataset/test.parquet",
    ]
    job = {"rule": "report", "input": {f"results/small/{file}": "0" * 64 for file in files}}
    write_json(run / "manifest.json", {"run": "small", "jobs": [job]})
    return run
