"""The page of contracts names every file and rule of a finished run, and shows what stands in the files."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections import defaultdict

import numpy as np
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file

from kdlib.files import DataError
from tests.workflow.project import ROOT

sys.path.insert(0, str(ROOT / "tools"))

import contracts

pytestmark = pytest.mark.workflow

BESIDE = ("mlflow.db", "mlartifacts/", "manifests/")  # no rule's output
MODEL = {"config.json", "generation_config.json", "model.safetensors"}


@pytest.fixture(scope="module")
def run(finished):
    return finished.folder / "results/test"


@pytest.fixture(scope="module")
def page(run):
    return contracts.page(run)


@pytest.fixture(scope="module")
def files(run):
    found = [path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()]
    return [path for path in found if not path.startswith(BESIDE)]


@pytest.fixture(scope="module")
def jobs(finished):
    """File: the rule that writes it, and the rules that read it, as Snakemake tells them."""
    table = finished.snakemake("--detailed-summary")
    lines = table[table.index("output_file\t") :].splitlines()
    writer, readers = {}, defaultdict(set)
    for row in csv.DictReader(lines, delimiter="\t"):
        if row["rule"] is None:  # not of the table
            continue
        writer[row["output_file"]] = row["rule"]
        for path in row["input-file(s)"].split(","):
            readers[path].add(row["rule"])
    return writer, readers


def only(rows):
    (row,) = rows
    return row


def test_every_file_has_one_contract_with_its_writers_and_readers(files, jobs):
    writer, readers = jobs
    writes, reads = defaultdict(set), defaultdict(set)
    for path in files:
        contract = only(contract for contract in contracts.contracts() if contract.matches(path))
        # An output may be a folder.
        output = next(
            own
            for own in (f"results/test/{path}", f"results/test/{path}".rpartition("/")[0])
            if own in writer
        )
        writes[contract.path].add(writer[output])
        reads[contract.path] |= readers[output]
    table = contracts.contracts()
    assert writes == {contract.path: set(contract.writers) for contract in table}
    assert reads == {contract.path: contract.readers - {"all"} for contract in table}


def test_model_folders_hold_the_named_files(run):
    folders = [*run.glob("*/*/best_model"), *run.glob("*/*/final_model")]
    assert len(folders) == 8
    for folder in folders:
        assert {path.name for path in folder.iterdir()} == MODEL


def test_page_shows_one_example_as_it_stands_in_the_files(run, page):
    test = pq.read_table(run / "dataset/test.parquet").to_pylist()
    ours = [row for row in test if row["target"].startswith("assertEquals(")]
    row = sorted(ours, key=lambda row: (len(row["prompt"]), row["id"]))[0]
    assert f"```java\n{row['target']}\n```" in page
    assert json.dumps(row["prompt"], ensure_ascii=False) in page
    for name in ("teachers/base", "students/trident"):
        lines = (run / f"evaluation/{name}/predictions.jsonl").read_text().split("\n")
        answers = [line for line in lines if row["id"] in line]
        assert len(answers) == 2
        assert "\n".join(answers) in page
    samples = (run / "evaluation/predictions_final.jsonl").read_text().split("\n")
    assert only(line for line in samples if row["id"] in line and '"students/trident"' in line) in page
    scores = json.loads((run / "evaluation/evaluation_metrics.json").read_text())
    assert scores["models"]["students/trident"]["token_f1"]["signature"] in page


def test_page_shows_the_stored_probabilities(run, page):
    train = pq.read_table(run / "dataset/train.parquet").to_pylist()
    ours = [row for row in train if row["target"].startswith("assertEquals(")]
    row = sorted(ours, key=lambda row: (len(row["prompt"]), row["id"]))[0]
    shards = [
        own for path in run.glob("signals/base/train/*.parquet") for own in pq.read_table(path).to_pylist()
    ]
    blob = only(own["signal_states"] for own in shards if own["id"] == row["id"])
    # bfloat16 is the upper half of single precision.
    states = (np.frombuffer(blob, "<u2").astype("<u4") << 16).view("<f4").reshape(len(row["target_ids"]), -1)
    head = load_file(run / "signals/base/codec.safetensors")["head"]
    logits = (states @ head.T).astype(np.float64)
    for at in range(3):
        cells = only(line for line in page.split("\n") if line.startswith(f"| {at} |")).split(" | ")[2:]
        for cell, temperature in zip(cells, (1, 4), strict=True):
            mass = np.exp((logits[at] - logits[at].max()) / temperature)
            best = np.sort(mass / mass.sum())[::-1][:3]
            shown = [float(part.strip(" |").rsplit(" ", 1)[1]) for part in cell.split(", `")]
            np.testing.assert_allclose(shown, best, atol=6e-5)  # four digits are shown


def test_page_is_equal_on_every_machine(run, page):
    assert str(run.parents[1]) not in page
    assert contracts.page(run) == page


def test_unfinished_run_is_refused(run, tmp_path):
    shutil.copytree(run, tmp_path / "results/test")
    (tmp_path / "results/test/evaluation/students/ce/nll.parquet").unlink()
    (tmp_path / "results/test/evaluation/predictions_final.jsonl").unlink()
    with pytest.raises(DataError, match=r"has no evaluation/predictions_final\.jsonl; run it to the end"):
        contracts.page(tmp_path / "results/test")


def test_edited_library_is_refused(run, page, tmp_path):
    shutil.copytree(run, tmp_path / "results/test")
    shutil.copytree(run.parents[1] / "examples", tmp_path / "examples")
    for path in (tmp_path / "examples").rglob("*Test.java"):
        path.write_text("// edited\n" + path.read_text())
    with pytest.raises(DataError, match="not the file that was mined"):
        contracts.page(tmp_path / "results/test")
