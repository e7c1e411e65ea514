"""Free memory, of the machine or of a job, and the batch size that it allows."""

import psutil
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kdlib.config import Size
from kdlib.models import memory
from kdlib.models.batch import Row
from kdlib.models.memory import LARGEST, SHARE, bytes_available, rows_that_fit
from kdlib.models.scratch import build


@pytest.fixture(scope="module", params=[1, 0], ids=["t5", "llama"])
def model(request, tokenizer):
    size = Size(d_model=32, d_ff=64, encoder_layers=request.param, decoder_layers=2, heads=2)
    return build(size, tokenizer, 0.0, seed=5)


def row(source, target):
    return Row("a", [1] * source, [1] * target, "h")


def fitting(model, free, rows, *beams):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "bytes_available", lambda _: free)
        return rows_that_fit(model, rows, *beams)


SIZES = st.tuples(st.integers(1, 600), st.integers(1, 64))


@given(st.lists(st.integers(0, 10**12), min_size=2, max_size=4), SIZES, st.integers(0, 8))
def test_more_memory_never_gives_fewer_rows(model, free, size, beams):
    found = [fitting(model, amount, [row(*size)], beams, 32) for amount in sorted(free)]
    assert found == sorted(found)
    assert all(size in {2**power for power in range(9)} for size in found)


@given(SIZES, st.integers(1, 8))
def test_longer_rows_and_more_beams_never_give_more(model, size, beams):
    free = 10**9
    usual = fitting(model, free, [row(*size)])
    assert fitting(model, free, [row(size[0] + 50, size[1])]) <= usual
    assert fitting(model, free, [row(size[0], size[1] + 50)]) <= usual
    assert fitting(model, free, [row(*size), row(1, 1)]) == usual
    assert fitting(model, free, [row(*size)], beams, 32) <= usual


def test_the_ends(model):
    assert fitting(model, 0, [row(10, 10)]) == 1
    assert fitting(model, 10**15, [row(10, 10)]) == LARGEST
    assert 1 <= fitting(model, 10**9, []) <= LARGEST


def test_the_logits_of_all_rows_fit(model):
    """The largest tensors by far: a batch's logits, which a codec sorts."""
    free, rows = 64 * 2**20, [row(20, 32)]
    size = fitting(model, free, rows)
    assert 1 < size < LARGEST
    assert size * 32 * model.config.vocab_size * 4 < SHARE * free / 2


def test_free_memory_of_this_machine():
    assert 0 < bytes_available(torch.device("cpu")) <= psutil.virtual_memory().total


@pytest.fixture
def groups(tmp_path):
    """Return a function that writes a control group's files below ``fs``, and the folder."""
    root = tmp_path / "fs"

    def write(path, **files):
        folder = root / path
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / f"memory.{name}").write_text(f"{content}\n")

    return write, root


def left(root, membership, *lines):
    membership.write_text("".join(f"{line}\n" for line in lines))
    return list(memory._left_in_groups(root, membership))


def test_a_jobs_control_group_of_version_2_counts(groups, tmp_path):
    write, root = groups
    write("slurm/job", max=1_000_000, current=400_000, stat="anon 100000\ninactive_file 50000")
    write("slurm", max="max", current=600_000, stat="inactive_file 0")
    assert left(root, tmp_path / "cgroup", "0::/slurm/job") == [650_000]


def test_a_group_around_the_job_may_leave_less(groups, tmp_path):
    write, root = groups
    write("slurm/job", max=1_000_000, current=0, stat="anon 0")
    write("slurm", max=2_000_000, current=1_900_000, stat="inactive_file 10000")
    assert left(root, tmp_path / "cgroup", "0::/slurm/job") == [1_000_000, 110_000]


def test_a_jobs_control_group_of_version_1_counts(groups, tmp_path):
    write, root = groups
    stat = "inactive_file 1\ntotal_inactive_file 50000"
    write("memory/slurm/job", limit_in_bytes=1_000_000, usage_in_bytes=400_000, stat=stat)
    write("memory", limit_in_bytes=9223372036854771712, usage_in_bytes=5_000_000, stat=stat)
    write("cpu/slurm/job", limit_in_bytes=1, usage_in_bytes=1, stat=stat)
    lines = ("4:cpu,cpuacct:/slurm/job", "3:name=systemd:/", "2:hugetlb,memory:/slurm/job", "0::/slurm/job")
    job, unlimited = left(root, tmp_path / "cgroup", *lines)
    assert job == 650_000
    assert unlimited > 2**62


def test_a_group_whose_own_folder_is_not_mounted_is_found_at_the_root(groups, tmp_path):
    """A container sees its group as the root, but may be given the host's path."""
    write, root = groups
    write("memory", limit_in_bytes=1_000_000, usage_in_bytes=400_000, stat="total_inactive_file 0")
    assert left(root, tmp_path / "cgroup", "2:memory:/docker/1f") == [600_000]


def test_without_control_groups_the_machine_alone_counts(groups, tmp_path):
    _, root = groups
    assert list(memory._left_in_groups(root, tmp_path / "none")) == []
    assert left(root, tmp_path / "cgroup", "0::/") == []


@pytest.mark.parametrize(("in_job", "expected"), [([10**6], 10**6), ([10**6, 10**5], 10**5), ([-5], 0)])
def test_the_least_of_machine_and_groups_is_available(monkeypatch, in_job, expected):
    monkeypatch.setattr(memory, "_left_in_groups", lambda: iter(in_job))
    assert bytes_available(torch.device("cpu")) == expected


def test_a_job_sizes_batches_by_its_group_not_by_the_node(model, monkeypatch):
    rows = [row(20, 32)]
    monkeypatch.setattr(memory, "_left_in_groups", lambda: iter([64 * 2**20]))
    assert rows_that_fit(model, rows) == fitting(model, 64 * 2**20, rows) < LARGEST
    monkeypatch.setattr(memory, "_left_in_groups", lambda: iter([0]))
    assert rows_that_fit(model, rows) == 1
