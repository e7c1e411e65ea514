"""Dry runs of Snakemake in forks of one process that has imported it: its imports cost more than a plan."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO

# It imports nothing of kdlib: each fork takes that of the project that it plans.
SERVER = """
import json, os, sys, traceback
import snakemake.cli, snakemake.api, snakemake.workflow, snakemake_executor_plugin_slurm
import pandas, pulp, pydantic, rich, tree_sitter, typer, yaml

def plan(order):
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    out = os.open(order["output"], os.O_WRONLY)
    os.dup2(out, 1)
    os.dup2(out, 2)
    sys.path[:0] = [order["folder"]]
    sys.argv = ["snakemake", *order["options"]]
    try:
        snakemake.cli.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 70
    return 0

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        code = plan(json.loads(line))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Planner:
    """A process that answers what Snakemake would do, as ``python -m snakemake --dry-run`` does."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[str] | None = None

    def run(self, folder: Path, environment: Mapping[str, str], options: Sequence[str]) -> tuple[int, str]:
        """Return the exit code and the output of Snakemake.

        Args:
            folder: Where it runs; the ``kdlib`` there is the one it finds.
            environment: Of the process.
            options: Of the command line; ``--dry-run`` among them, since runs need a process of their own.
        """
        if "--dry-run" not in options:
            raise ValueError(f"a plan needs --dry-run, got {list(options)}")
        orders, answers = self._started()
        with tempfile.NamedTemporaryFile("r") as output:
            order = {
                "folder": str(folder),
                "environment": dict(environment),
                "options": list(options),
                "output": output.name,
            }
            orders.write(json.dumps(order) + "\n")
            orders.flush()
            return int(answers.readline()), output.read()

    def close(self) -> None:
        """End the process."""
        if self._server is not None:
            orders, answers = self._started()
            orders.close()
            self._server.wait(timeout=30)
            answers.close()
            self._server = None

    def _started(self) -> tuple[IO[str], IO[str]]:
        if self._server is None:
            environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
            self._server = subprocess.Popen(
                [sys.executable, "-P", "-c", SERVER],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        orders, answers = self._server.stdin, self._server.stdout
        assert orders is not None
        assert answers is not None
        return orders, answers


@cache
def planner() -> Planner:
    """Return the planner of this test process, which ends with it."""
    started = Planner()
    atexit.register(started.close)
    return started
