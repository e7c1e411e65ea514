"""A student in one or several processes; run by ``test_launch`` in processes of their own."""

from __future__ import annotations

import os

from kdlib.config import Student
from kdlib.training.distill import distill
from kdlib.training.inputs import StudentInputs
from kdlib.training.loop.job import Job


def run(folder, given, student, rank=0, processes=1, port=0):
    """Distil into ``folder/out`` as one of so many processes, as a launcher would start it.

    Args:
        folder: Of the run.
        given: Files of ``StudentInputs``, by their names.
        student: Preset.
        rank: Number of this process.
        processes: How many there are.
        port: Where they meet.
    """
    if processes > 1:
        os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(processes)}
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    inputs = StudentInputs(**given, gold_embeddings=folder / "gold_embeddings")
    job = Job(folder / "out", folder / "checkpoints", threads=1)
    distill("toy", Student.model_validate(student), inputs, job)


run(**globals()["ARGUMENTS"])
