"""What a machine offers to compute with: device, driver, build of torch, memory, rate of multiplication."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdlib.files import write_json
from kdlib.models.load import computing_device

if TYPE_CHECKING:
    import torch

SIZE = {"cuda": 8192}  # rows of a square matrix; small ones do not fill a GPU
SIZE_ELSEWHERE = 1024
MEASURED_S = 0.5


def write_device_report(partition: str, threads: int, out: Path) -> None:
    """Write what this process finds.

    Args:
        partition: Where a cluster's scheduler was asked to run it.
        threads: CPU threads.
        out: JSON: ``device`` (``CPU`` where there is no accelerator, with the reason as ``no_gpu``),
            ``devices``, ``driver``, ``torch``, ``cuda``, ``memory_gb`` and ``teraflops`` by type.
    """
    import torch

    torch.set_num_threads(threads)
    device = computing_device()
    report: dict[str, Any] = {
        "partition": partition,
        "node": os.environ.get("SLURMD_NODENAME", socket.gethostname()),
        "job": os.environ.get("SLURM_JOB_ID"),
        "visible": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper(),
        "devices": torch.accelerator.device_count(),
        "driver": driver_version(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "memory_gb": round(_memory_bytes(device) / 1e9, 1),
        "teraflops": {
            str(dtype).removeprefix("torch."): float(f"{multiplication_rate(device, dtype):.3g}")
            for dtype in (torch.float32, torch.bfloat16)
        },
    }
    if device.type == "cpu":
        report["no_gpu"] = (
            "torch finds no device" if torch.version.cuda else "this build of torch has no CUDA"
        )
    write_json(out, report)


def driver_version() -> str | None:
    """Return the version of the NVIDIA driver, None if its tool is not there or finds no driver."""
    if shutil.which("nvidia-smi") is None:
        return None
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.splitlines()[0].strip() if done.returncode == 0 and done.stdout else None


def multiplication_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Return 10^12 operations per second of products of two square matrices, n³ multiply-adds each.

    Args:
        device: Where to multiply.
        dtype: Type of the matrices; float32 in whatever arithmetic torch uses for it by default.
    """
    import torch

    size = SIZE.get(device.type, SIZE_ELSEWHERE)
    left, right = (torch.ones(size, size, device=device, dtype=dtype) for _ in range(2))
    left @ right  # the first product chooses and loads a kernel
    _synchronise(device)
    start = time.perf_counter()
    products = 0
    while time.perf_counter() - start < MEASURED_S:
        left @ right
        _synchronise(device)
        products += 1
    return 2 * size**3 * products / (time.perf_counter() - start) / 1e12


def _synchronise(device: torch.device) -> None:
    import torch

    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def _memory_bytes(device: torch.device) -> int:
    import psutil
    import torch

    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    total: int = psutil.virtual_memory().total
    return total
