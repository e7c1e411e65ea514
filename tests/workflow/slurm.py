"""A real Slurm on this machine: munge, a controller, a node with CPUs and one with two fake GPUs."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

DAEMONS = ("munged", "slurmctld", "slurmd")
CLIENTS = ("sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo", "sacct", "sacctmgr", "sshare")
NODES = {"cpu": "cpu01", "gpu": "gpu01"}
CONF = """\
ClusterName=kdlib
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
AccountingStorageType=accounting_storage/none
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
# A job over its memory is killed; without cgroups somebody must look.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=3
JobAcctGatherParams=OverMemoryKill
# A node that is silent so long is lost, with its jobs; it may come back.
SlurmdTimeout=10
MessageTimeout=5
ReturnToService=2
# SIGTERM at the end of a job's time, SIGKILL so many seconds later.
KillWait=2
# Ended jobs are remembered until the tests have looked at them.
MinJobAge=3600
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=0,batch_sched_delay=0
# As many CPUs and as much memory as declared, whatever this machine has.
SlurmdParameters=config_overrides
NodeName=cpu01 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=8 RealMemory=64000 State=UNKNOWN
NodeName=gpu01 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=8 RealMemory=64000 \
Gres=gpu:a100:2 State=UNKNOWN
PartitionName=cpu Nodes=cpu01 Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=gpu01 MaxTime=INFINITE State=UP
"""


def missing_programs() -> list[str]:
    """Return the programs of Slurm that this machine lacks."""
    return [name for name in (*DAEMONS, *CLIENTS) if shutil.which(name, path=_path()) is None]


def _path() -> str:
    return f"{os.environ['PATH']}:/usr/sbin"


def wait_until(true: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Look every fifth of a second whether something is so.

    Raises:
        TimeoutError: If it is not so after that many seconds.
    """
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"after {seconds:.0f} s: {what}")
        time.sleep(0.2)


@dataclass
class Slurm:
    """A running Slurm, whose clients are first in ``env['PATH']``."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self) -> None:
        """Start all daemons and wait for the nodes."""
        self._write_files()
        self.env = {**os.environ, "PATH": f"{self.folder}/bin:{_path()}"}
        names = {"socket": "socket", **{f"{name}-file": name for name in ("key", "pid", "seed", "log")}}
        files = [f"--{option}={self.folder}/munge.{name}" for option, name in names.items()]
        # By force: the folders of pytest are closed to others, which munged finds insecure.
        self._run("munged", "--foreground", "--force", *files)
        wait_until((self.folder / "munge.socket").exists, f"munged has no socket, see {self.folder}")
        self._run("slurmctld", "-D", "-f", f"{self.folder}/slurm.conf")
        for node in NODES.values():
            self.start_node(node)
        self.wait_for_nodes()

    def start_node(self, node: str) -> None:
        """Start the daemon of a node."""
        self._run("slurmd", "-D", "-f", f"{self.folder}/slurm.conf", "-N", node, name=node)

    def wait_for_nodes(self) -> None:
        """Wait until every node takes jobs."""
        ready = {"idle", "mixed", "allocated"}
        wait_until(
            lambda: set(self.ask("sinfo", "-h", "-o", "%T").split() or ["unknown"]) <= ready,
            f"not all nodes are up, see the logs in {self.folder}",
        )

    def crash_node(self, node: str) -> None:
        """Lose a node: its daemon, its jobs and what watches over them end at once and tell nobody."""
        self.daemons[node].kill()
        self.daemons[node].wait()
        self._kill_jobs_on(node)

    def stop(self) -> None:
        """End all jobs, then the daemons that were started."""
        if "slurmctld" in self.daemons:
            subprocess.run([f"{self.folder}/bin/scancel", "--user=root"], env=self.env, check=False)
            wait_until(lambda: not self.ask("squeue", "-h"), "jobs do not end")
        for daemon in reversed(self.daemons.values()):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        for node in NODES.values():
            self._kill_jobs_on(node)

    def ask(self, client: str, *options: str) -> str:
        """Return what a client of Slurm prints."""
        done = subprocess.run(
            [client, *options], env=self.env, capture_output=True, text=True, timeout=60, check=False
        )
        return done.stdout

    def jobs(self) -> list[dict[str, str]]:
        """Return Slurm's own records of all jobs, by their numbers."""
        lines = self.ask("scontrol", "--oneliner", "--details", "show", "job").splitlines()
        records = [dict(pair.split("=", 1) for pair in line.split() if "=" in pair) for line in lines]
        return sorted((r for r in records if "JobId" in r), key=lambda record: int(record["JobId"]))

    def _run(self, *command: str, name: str | None = None) -> None:
        name = name or command[0]
        with (self.folder / f"{name}.out").open("ab") as out:
            self.daemons[name] = subprocess.Popen(command, env=self.env, stdout=out, stderr=out)

    def _kill_jobs_on(self, node: str) -> None:
        own = {"SLURM_CONF": f"{self.folder}/slurm.conf", "SLURMD_NODENAME": node}
        for job in psutil.process_iter(["environ"]):
            if not own.items() <= (job.info["environ"] or {}).items():
                continue
            with suppress(psutil.NoSuchProcess):
                watcher = job.parent()
                if watcher is not None and watcher.name().startswith("slurmstepd"):
                    watcher.kill()
                job.kill()

    def _write_files(self) -> None:
        for name in ("state", "bin", "dev", *(f"spool-{node}" for node in NODES.values())):
            (self.folder / name).mkdir()
        key = self.folder / "munge.key"
        key.touch(0o400)
        key.write_bytes(os.urandom(1024))
        host = socket.gethostname().partition(".")[0]
        conf = self.folder / "slurm.conf"
        conf.write_text(CONF.format(folder=self.folder, host=host, ports=_free_ports(3)))
        devices = f"File={self.folder}/dev/gpu[0-1]"
        (self.folder / "gres.conf").write_text(f"NodeName={NODES['gpu']} Name=gpu Type=a100 {devices}\n")
        for number in range(2):  # like /dev/null: Slurm wants character devices
            os.mknod(self.folder / f"dev/gpu{number}", stat.S_IFCHR | 0o600, os.makedev(1, 3))
        for client in CLIENTS:
            # Not SLURM_CONF in the environment, which is taken from the steps of a job.
            wrapper = self.folder / "bin" / client
            real = shutil.which(client, path=_path())
            wrapper.write_text(f'#!/bin/sh\nSLURM_CONF={conf} exec {real} "$@"\n')
            wrapper.chmod(0o755)


def _free_ports(number: int) -> list[int]:
    found = [socket.socket() for _ in range(number)]
    for each in found:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in found]
    for each in found:
        each.close()
    return ports
