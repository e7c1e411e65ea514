"""A training that kills its processes at a chosen moment; run by ``test_crash`` in processes of their own.

Moments are counted, not timed: every file that Python opens for writing, makes, renames or removes below the
run's folder, every parameter that is registered, and every forward pass of a whole model. A killing by the
clock, so many seconds after a moment, falls into what no Python code sees, such as the writing of tensors.

Several processes that train together are a session of their own, and one of them kills them all.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from functools import partial
from pathlib import Path

import torch
from tqdm import tqdm
from transformers import PreTrainedModel

from kdlib.config import Student
from kdlib.training.distill import distill
from kdlib.training.inputs import StudentInputs
from kdlib.training.loop.job import Job

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def watch(folder, kill_at, delay, kill, phase):
    """Count moments into a list of their names, and kill at one of them, or of those of one phase."""
    seen = []

    def moment(name):
        seen.append(name)
        if phase in (None, name) and (seen.count(phase) if phase else len(seen)) == kill_at + 1:
            if delay:
                threading.Timer(delay, kill, (signal.SIGKILL,)).start()
            else:
                kill(signal.SIGKILL)

    def file_event(event, args):
        changes = event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir")
        if not changes and not (event == "open" and isinstance(args[2], int) and args[2] & WRITING):
            return
        # Inside rmtree a path is relative to a folder that is open.
        path = os.path.abspath(os.fsdecode(args[0])) if isinstance(args[0], str | bytes | Path) else ""
        if path.startswith(str(folder)):
            moment(Path(path).relative_to(folder).parts[0])

    def forward(module, _):
        if isinstance(module, PreTrainedModel) and module.get_output_embeddings() is not None:
            moment("step" if module.training else "validation")

    sys.addaudithook(file_event)
    torch.nn.modules.module.register_module_parameter_registration_hook(lambda *_: moment("building"))
    torch.nn.modules.module.register_module_forward_pre_hook(forward)
    return seen


def run(folder, given, student, kill_at=-1, delay=0.0, phase=None, killer=0, processes=1, port=0):
    """Distil into ``folder/out`` and note all moments in ``folder/moments``, of process 0 if there are more.

    Args:
        folder: Of this run alone.
        given: Files of ``StudentInputs``, by their names.
        student: Preset.
        kill_at: Number of the moment to die at; −1 for none.
        delay: Seconds to live on after it.
        phase: Name of the moments that ``kill_at`` counts; None for all. Of several processes now one, now
            the other makes a folder or a gold vector, so that only the moments of a phase are alike.
        killer: Number of the process whose moment it is.
        processes: How many train together.
        port: Where they meet.
    """
    # tqdm's own one is a semaphore of the system, which a kill would leave behind.
    tqdm.set_lock(threading.RLock())
    rank, kill = 0, partial(os.kill, os.getpid())
    if processes > 1:
        os.setsid()
        kill = partial(os.killpg, os.getpid())
        rank = as_one_of(processes, port)
    seen = watch(folder, kill_at if rank == killer else -1, delay, kill, phase)
    inputs = StudentInputs(**given, gold_embeddings=folder / "gold_embeddings")
    job = Job(folder / "out", folder / "checkpoints", threads=1)
    distill("toy", Student.model_validate(student), inputs, job)
    (folder / ("moments" if rank == 0 else f"moments-{rank}")).write_text("\n".join(seen))


def as_one_of(processes, port):
    """Fork so many processes, as a launcher would start them, and return their numbers in them.

    This process waits for them in place of returning. It fails as soon as one of them does: the others would
    wait for that one.
    """
    os.environ |= {"WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    children = set()
    for rank in range(processes):
        child = os.fork()
        if child == 0:
            os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank)}
            return rank
        children.add(child)
    while children:
        ended, status = os.wait()
        children.remove(ended)
        if status:
            for child in children:
                os.kill(child, signal.SIGKILL)
            sys.exit(1)
    sys.exit(0)


run(**globals()["ARGUMENTS"])
