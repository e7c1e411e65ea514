"""A job that is killed, or whose disk fills up, leaves nothing that counts as done."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from kdlib.config import Dense, Signals
from kdlib.signals.extract import ExtractionJob, extract
from kdlib.signals.prepare import prepare

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = Signals(codec=Dense(kind="dense"), shards=1, batch_size=4, precision="float32")

JOB = """
from pathlib import Path
from kdlib.config import Signals
from kdlib.jobs import logged
from kdlib.signals import extract, shard

# Row groups of few rows, so that the first are on disk long before the last.
shard.GROUP_ROWS, shard.GROUP_BYTES = 1, 20_000
rows = extract.signal_rows

def signal_rows(*arguments):
    for number, row in enumerate(rows(*arguments)):
        if number == {stop}:
            Path({marker!r}).touch()
            import time
            time.sleep(600)
        yield row

extract.signal_rows = signal_rows
with logged({log!r}):
    {before}
    settings = Signals.model_validate_json({settings!r})
    job = extract.ExtractionJob(Path({teacher!r}), Path({tokenizer!r}), settings, 32, 1, "c1")
    extract.extract(job, Path({rows!r}), "d1", Path({codec!r}), "train", 0, Path({out!r}))
"""


@pytest.fixture
def codec(teacher, dataset, tmp_path):
    prepare(teacher, dataset.train, SETTINGS, 1, tmp_path / "codec.safetensors")
    return tmp_path / "codec.safetensors"


@pytest.fixture
def job(teacher, dataset, codec, tmp_path):
    """Return a function that writes the program of a job and returns its command."""

    def program(out, stop=-1, before="pass"):
        text = textwrap.dedent(JOB).format(
            teacher=str(teacher),
            tokenizer=str(dataset.tokenizer),
            rows=str(dataset.train),
            codec=str(codec),
            settings=SETTINGS.model_dump_json(),
            out=str(out),
            stop=stop,
            marker=str(tmp_path / "marker"),
            log=str(tmp_path / "log"),
            before=before,
        )
        (tmp_path / "job.py").write_text(text)
        return [sys.executable, str(tmp_path / "job.py")]

    return program


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_killed_extraction_goes_on_to_the_same_bytes(job, tmp_path):
    undisturbed = tmp_path / "undisturbed" / "0.parquet"
    subprocess.run(job(undisturbed), cwd=ROOT, check=True)
    out = tmp_path / "train" / "0.parquet"
    process = subprocess.Popen(job(out, stop=20), cwd=ROOT)
    try:
        deadline = time.monotonic() + 120
        while not (tmp_path / "marker").exists():
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGKILL
    (left,) = out.parent.iterdir()
    assert left.name == f".0.parquet.{process.pid}.partial"
    assert left.stat().st_size > 40_000  # two row groups and more
    subprocess.run(job(out), cwd=ROOT, check=True)
    assert names(out.parent) == ["0.parquet"]
    assert out.read_bytes() == undisturbed.read_bytes()


LIMIT = (
    "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))"
)
MOUNT = 'mount -t tmpfs -o size=100k none "$0" && "$@"; echo "status $?"; ls -A "$0/train"'


def own_mounts_are_possible():
    """Tell whether a small disk of its own may be given to a process."""
    probe = ["unshare", "-Urm", "mount", "-t", "tmpfs", "none", "/mnt"]
    try:
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def on_a_small_disk(job, folder):
    """Run a job whose disk holds 100 kB; return its status and the files that it left.

    Where the system gives no disk, its files may grow to 100 kB.
    """
    out = folder / "train" / "0.parquet"
    folder.mkdir()
    if own_mounts_are_possible():
        command = ["unshare", "-Urm", "sh", "-c", MOUNT, str(folder), *job(out)]
        lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
            "\n"
        )
        return int(lines[0].removeprefix("status ")), [line for line in lines[1:] if line], "the disk is full"
    done = subprocess.run(job(out, before=LIMIT), cwd=ROOT, check=False)
    return done.returncode, names(out.parent), "the file is larger than the system allows"


def told(tmp_path):
    return (tmp_path / "log").read_text().splitlines()[-1]


def test_a_disk_that_fills_up(job, tmp_path):
    status, left, reason = on_a_small_disk(job, tmp_path / "disk")
    assert (status, left) == (1, [])
    assert told(tmp_path) == (
        f"error: {tmp_path}/disk/train/0.parquet: cannot be written: {reason}; make room and run again"
    )
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_file_that_may_not_grow(job, tmp_path):
    out = tmp_path / "train" / "0.parquet"
    done = subprocess.run(job(out, before=LIMIT), cwd=ROOT, check=False)
    assert (done.returncode, names(out.parent)) == (1, [])
    assert told(tmp_path).startswith(f"error: {out}: cannot be written: the file is larger than the system")
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_small_disk_is_enough_for_a_small_shard(job, tmp_path):
    """The limits of these tests are no other failure in disguise."""
    out = tmp_path / "train" / "0.parquet"
    raised = LIMIT.replace("100_000", "100_000_000")
    subprocess.run(job(out, before=raised), cwd=ROOT, check=True)
    assert names(out.parent) == ["0.parquet"]
    assert out.stat().st_size > 100_000


def test_an_older_shard_survives_a_full_disk(job, teacher, dataset, codec, tmp_path):
    out = tmp_path / "train" / "0.parquet"
    older = ExtractionJob(teacher, dataset.tokenizer, SETTINGS, 32, 1, "old")
    extract(older, dataset.train, "d1", codec, "train", 0, out)
    before = out.read_bytes()
    assert subprocess.run(job(out, before=LIMIT), cwd=ROOT, check=False).returncode == 1
    assert out.read_bytes() == before
    assert os.listdir(out.parent) == ["0.parquet"]
