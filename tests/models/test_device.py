"""What a machine offers to compute with."""

from __future__ import annotations

import pytest
import torch

from kdlib.files import read_json
from kdlib.models.device import driver_version, multiplication_rate, write_device_report


@pytest.fixture
def fake_nvidia_smi(tmp_path, monkeypatch):
    """Return a function that puts a program of that name first in the path."""

    def install(script):
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return install


def test_report_without_cuda_says_cpu_and_why(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda **_: None)
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    write_device_report("gpu-a100", 1, tmp_path / "report.json")
    report = read_json(tmp_path / "report.json")
    assert report["device"] == "CPU"
    assert report["no_gpu"] == "this build of torch has no CUDA"
    assert (report["partition"], report["job"], report["torch"]) == ("gpu-a100", "17", torch.__version__)
    assert report["memory_gb"] > 0
    assert set(report["teraflops"]) == {"float32", "bfloat16"}


def test_rate_is_two_operations_for_each_multiply_add(monkeypatch):
    clock = iter([0.0, 0.0, 0.25, 1.0, 2.0])  # start, two products begin, none more, end
    monkeypatch.setattr("kdlib.models.device.time.perf_counter", lambda: next(clock))
    rate = multiplication_rate(torch.device("cpu"), torch.float32)
    assert rate == pytest.approx(2 * 2 * 1024**3 / 2.0 / 1e12)


def test_driver_is_asked_of_its_tool(fake_nvidia_smi):
    fake_nvidia_smi("echo 550.54; echo 550.54")
    assert driver_version() == "550.54"


def test_no_driver_is_none(fake_nvidia_smi):
    fake_nvidia_smi("echo no devices; exit 9")
    assert driver_version() is None
