"""Several processes train one model: on a CPU, with gloo."""

import multiprocessing
import runpy
import socket
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from kdlib.files import read_json

SCRIPT = str(Path(__file__).with_name("launched.py"))
NANO = {"d_model": 32, "d_ff": 64, "encoder_layers": 1, "decoder_layers": 1, "heads": 2}
COMPONENTS = ("ce", "jsd", "semantic", "contrastive")
STUDENT = {
    "teacher": "toy",
    "size": NANO,
    "components": {name: {} for name in COMPONENTS},
    "loss_weights": dict.fromkeys(COMPONENTS, 0.25),
}
TRAINING = {"epochs": 3, "learning_rate": 0.01, "dropout": 0.0, "records": {"gradient_every": 2}}


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture(scope="module")
def train(dataset, manifest, teacher):
    """Return a function that distils into a folder in so many processes."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["kdlib.training.distill", "kdlib.training.trainer", "torch", "transformers"]
    )
    given = {"train": dataset.train, "validation": dataset.validation, "tokenizer": dataset.tokenizer}
    given |= {"signals": manifest, "teacher": teacher}

    def run(folder, processes, **training):
        folder.mkdir()
        student = {**STUDENT, "training": {**TRAINING, **training}}
        shared = {"folder": folder, "given": given, "student": student, "processes": processes}
        started = []
        for rank in range(processes):
            arguments = {**shared, "rank": rank, "port": PORTS[processes]}
            process = context.Process(target=runpy.run_path, args=(SCRIPT, {"ARGUMENTS": arguments}))
            process.start()
            started.append(process)
        for process in started:
            process.join()
        assert [process.exitcode for process in started] == [0] * processes
        return folder / "out"

    PORTS = {1: 0, 2: free_port()}
    return run


@pytest.mark.parametrize("accumulation", [1, 2])
def test_two_processes_train_what_one_trains_with_the_same_global_batch(train, steps, tmp_path, accumulation):
    alone = train(tmp_path / "alone", 1, batch_size=8, accumulation=accumulation)
    both = train(tmp_path / "both", 2, batch_size=4, accumulation=accumulation)
    expected, found = (load_file(out / "final_model" / "model.safetensors") for out in (alone, both))
    assert expected.keys() == found.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, atol=1e-3, rtol=1e-2)
    rows, others = steps(alone), steps(both)
    assert len(rows) == len(others) == 12
    numbers = [name for name in rows[0] if "loss" in name or "norm" in name or "weight" in name]
    for row, other in zip(rows, others, strict=True):
        assert row["effective_batch_size"] == other["effective_batch_size"]
        for name in numbers:
            if row[name] or other[name]:
                assert float(other[name]) == pytest.approx(float(row[name]), rel=1e-2, abs=1e-4), name
    reports = [read_json(out / "training_report.json") for out in (alone, both)]
    assert reports[1]["validation_nll"] == pytest.approx(reports[0]["validation_nll"], rel=1e-3)
    assert [report["params"]["processes"] for report in reports] == [1, 2]
