"""The file of what all signals share."""

import stat

import pytest
import torch
from safetensors.torch import load_file, save_file

from kdlib.files import DataError
from kdlib.signals.shared import read_tensors, write_tensors

TENSORS = {
    "head": torch.arange(6.0).view(2, 3),
    "order": torch.tensor([2, 0, 1], dtype=torch.int32),
    "scale": torch.tensor([0.5], dtype=torch.bfloat16),
}


@pytest.fixture
def path(tmp_path):
    write_tensors(tmp_path / "codec.safetensors", TENSORS)
    return tmp_path / "codec.safetensors"


def test_tensors_come_back(path):
    for found in (read_tensors(path), load_file(path)):
        assert found.keys() == TENSORS.keys()
        for name, tensor in TENSORS.items():
            assert found[name].dtype == tensor.dtype
            assert torch.equal(found[name], tensor)


def test_there_may_be_none(tmp_path):
    write_tensors(tmp_path / "c", {})
    assert read_tensors(tmp_path / "c") == {}


def test_equal_tensors_give_equal_bytes(path, tmp_path):
    write_tensors(tmp_path / "again", dict(reversed(TENSORS.items())))
    assert (tmp_path / "again").read_bytes() == path.read_bytes()
    write_tensors(tmp_path / "other", {**TENSORS, "scale": TENSORS["scale"].view(1, 1)})
    assert (tmp_path / "other").read_bytes() != path.read_bytes()


def test_others_may_read_it(path, tmp_path):
    (tmp_path / "plain").write_text("")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_a_changed_byte_is_found(path):
    content = path.read_bytes()
    for position in range(len(content)):
        for bit in (1, 4, 32, 128):
            changed = bytearray(content)
            changed[position] ^= bit
            path.write_bytes(changed)
            with pytest.raises(DataError, match=r"codec\.safetensors: .*; delete it and run again"):
                read_tensors(path)


def test_a_truncated_or_missing_file_is_named(path):
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(DataError, match=r"codec\.safetensors: "):
            read_tensors(path)
    path.unlink()
    with pytest.raises(DataError, match=r"codec\.safetensors: "):
        read_tensors(path)


def test_a_file_of_somebody_else_is_named(tmp_path):
    save_file(TENSORS, tmp_path / "c")
    with pytest.raises(DataError, match="c: the file is damaged"):
        read_tensors(tmp_path / "c")
