"""Several processes train one model: on a CPU, with gloo."""

import multiprocessing
import runpy
import socket
from pathlib import Path

import pytest
import torch
from accelerate.commands.config.config_args import load_config_from_file
from accelerate.commands.launch import _validate_launch_command, launch_command_parser
from safetensors.torch import load_file

from kdlib.config import ConfigError, Teacher, read_config
from kdlib.files import DataError, read_json
from kdlib.training.finetune import finetune
from kdlib.training.launch import launch
from tests.conftest import job_in

pytestmark = pytest.mark.slow  # trains in several processes

ROOT = Path(__file__).parents[2]
PROFILES = sorted((ROOT / "profiles" / "accelerate").glob("*.yaml"))
HEAVY = ("kdlib.training.distill", "kdlib.training.loop.trainer", "torch.utils.tensorboard")
SCRIPT = str(Path(__file__).with_name("launched.py"))
NANO = {"d_model": 32, "d_ff": 64, "encoder_layers": 1, "decoder_layers": 1, "heads": 2}
COMPONENTS = ("ce", "jsd", "semantic", "contrastive")
STUDENT = {
    "teacher": "toy",
    "size": NANO,
    "components": {name: {} for name in COMPONENTS},
    "loss_weights": dict.fromkeys(COMPONENTS, 0.25),
}
LAYERED = {
    **STUDENT,
    "size": {**NANO, "d_model": 16},
    "signals": "online",
    "components": {"ce": {}, "hidden": {}, "attention": {}},
    "loss_weights": {"ce": 1.0, "hidden": 0.5, "attention": 1.0},
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
    context.set_forkserver_preload([*HEAVY])
    given = {"train": dataset.train, "validation": dataset.validation, "tokenizer": dataset.tokenizer}
    given |= {"signals": manifest, "teacher": teacher}

    def run(folder, processes, student=STUDENT, **training):
        folder.mkdir()
        student = {**student, "training": {**TRAINING, **training}}
        shared = {"folder": folder, "given": given, "student": student, "processes": processes}
        started = []
        for rank in range(processes):
            arguments = {**shared, "rank": rank, "port": port}
            process = context.Process(target=runpy.run_path, args=(SCRIPT, {"ARGUMENTS": arguments}))
            process.start()
            started.append(process)
        for process in started:
            process.join()
        assert [process.exitcode for process in started] == [0] * processes
        return folder / "out"

    port = free_port()
    return run


@pytest.mark.parametrize(
    ("settings", "number"),
    [({}, 12), ({"accumulation": 2}, 12), ({"epoch_samples": 16, "sampling_seed": 5}, 6)],
    ids=["plain", "accumulated", "sampled"],
)
def test_two_processes_train_what_one_trains_with_the_same_global_batch(
    train, steps, tmp_path, settings, number
):
    alone = train(tmp_path / "alone", 1, batch_size=8, **settings)
    both = train(tmp_path / "both", 2, batch_size=4, **settings)
    expected, found = (load_file(out / "final_model" / "model.safetensors") for out in (alone, both))
    assert expected.keys() == found.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, atol=1e-3, rtol=1e-2)
    rows, others = steps(alone), steps(both)
    assert len(rows) == len(others) == number
    numbers = [name for name in rows[0] if "loss" in name or "norm" in name or "weight" in name]
    for row, other in zip(rows, others, strict=True):
        assert row["effective_batch_size"] == other["effective_batch_size"]
        for name in numbers:
            if row[name] or other[name]:
                assert float(other[name]) == pytest.approx(float(row[name]), rel=1e-2, abs=1e-4), name
    reports = [read_json(out / "training_report.json") for out in (alone, both)]
    assert reports[1]["validation_nll"] == pytest.approx(reports[0]["validation_nll"], rel=1e-3)
    assert [report["params"]["processes"] for report in reports] == [1, 2]
    assert reports[0]["coverage"] == reports[1]["coverage"]


def test_two_processes_train_projections_as_one_does(train, steps, tmp_path):
    alone = steps(train(tmp_path / "alone", 1, LAYERED, batch_size=8))
    both = steps(train(tmp_path / "both", 2, LAYERED, batch_size=4))
    assert len(alone) == len(both) == 12
    for column in ("hidden_loss_raw", "attention_loss_raw", "grad_norm_total", "hidden_grad_norm"):
        found, expected = ([float(row[column] or 0) for row in rows] for rows in (both, alone))
        assert sum(expected) > 0
        assert found == pytest.approx(expected, rel=1e-2, abs=1e-4), column


@pytest.fixture
def launched(dataset, tmp_path, monkeypatch):
    """Return a function that fine-tunes a teacher in the two processes of a profile."""

    def run(**settings):
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        profile = str(ROOT / "profiles/accelerate/multi-gpu.yaml")
        training = {**TRAINING, "epochs": 1, "accelerate": profile, **settings}
        teacher = Teacher.model_validate({"size": NANO, "training": training})
        launch(finetune, "toy", teacher, dataset.teacher_inputs(), job_in(tmp_path))
        return tmp_path / "out"

    return run


def test_a_stage_runs_in_the_processes_of_an_accelerate_profile(launched, steps):
    out = launched(batch_size=4)
    assert read_json(out / "training_report.json")["params"]["processes"] == 2
    assert [row["effective_batch_size"] for row in steps(out)] == ["8"] * 4


def test_what_the_user_can_mend_is_told_across_processes(launched, tmp_path):
    with pytest.raises(DataError, match=r"32 training rows are fewer than .* 2 processes with batch_size 17"):
        launched(batch_size=17)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_accelerate_takes_the_profiles(path):
    profile = load_config_from_file(str(path))
    args = launch_command_parser().parse_args(["--config_file", str(path), "--module", "kdlib.training"])
    checked, _, _ = _validate_launch_command(args)
    assert checked.num_processes == profile.num_processes
    assert checked.mixed_precision == "no"  # training.precision decides
    assert (checked.multi_gpu, checked.use_fsdp) == (path.stem == "multi-gpu", path.stem == "fsdp")
    assert profile.use_cpu == (path.stem == "cpu")


def test_there_is_a_profile_for_every_kind_of_machine():
    assert {path.stem for path in PROFILES} == {"cpu", "fsdp", "multi-gpu", "single-gpu"}


def test_a_profile_that_is_not_there_is_named(tmp_path):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("teachers: {base: {training: {accelerate: profiles/accelerate/none.yaml}}}")
    with pytest.raises(ConfigError, match=r"teachers\.base\.training\.accelerate: there is no file .*none"):
        read_config([ROOT / "config" / "config.yaml", overlay])
