"""The tensors that all signals of a store share, in one safetensors file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.files import DataError, atomic

if TYPE_CHECKING:
    from torch import Tensor


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors with a digest of their values; equal tensors give equal bytes.

    Args:
        path: Safetensors file; it may hold no tensor.
        tensors: Name: tensor.

    Raises:
        DataError: If the disk is full.
    """
    from safetensors.torch import save

    content = save(dict(tensors), {"sha256": _digest(tensors)})
    with atomic(path) as partial:
        # Not save_file, whose files nobody but their owner may read.
        partial.write_bytes(content)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file.

    Raises:
        DataError: If the file is missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (no mapping)
            expected = (file.metadata() or {}).get("sha256")
    except (SafetensorError, OSError) as error:
        raise DataError(f"{path}: cannot be read as safetensors ({error}); delete it and run again") from None
    if expected != _digest(tensors):
        raise DataError(f"{path}: the file is damaged; delete it and run again")
    return tensors


def _digest(tensors: Mapping[str, Tensor]) -> str:
    import torch

    content = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        content.update(f"{name}:{tensor.dtype}:{list(tensor.shape)}:".encode())
        content.update(tensor.contiguous().flatten().view(torch.uint8).numpy().data)
    return content.hexdigest()
