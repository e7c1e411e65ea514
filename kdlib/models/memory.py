"""How much memory a training needs at least, told before it starts rather than by the kernel's kill."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.files import DataError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

CGROUPS = Path("/sys/fs/cgroup")
# AdamW: a gradient and two moments a parameter, in single precision; the weights are there already.
BYTES_OF_A_PARAMETER = 12
# Tensors of a layer's width that its backward pass reads at least: inputs and outputs of two norms, queries,
# keys, values, and what attention returns.
KEPT_OF_A_LAYER = 8
WAY_OUT = (
    "lower training.batch_size and raise training.accumulation by as much, which trains the same; or set "
    "training.gradient_checkpointing, or shorten dataset.max_source_tokens"
)


def bytes_needed(
    model: PreTrainedModel, rows: int, source: int, target: int, device: torch.device, checkpointed: bool
) -> int:
    """Return how many bytes a step takes at least, beside the model's weights.

    Args:
        model: The model in training.
        rows: Rows of a forward pass.
        source: Tokens of the longest prompt.
        target: Tokens of the longest assertion.
        device: Where it is trained.
        checkpointed: Whether layers are computed again in the backward pass, which keep their inputs alone.
    """
    config = model.config
    states = BYTES_OF_A_PARAMETER * sum(p.numel() for p in model.parameters() if p.requires_grad)
    layers = config.num_hidden_layers
    decoder = getattr(config, "num_decoder_layers", None) or layers
    if config.is_encoder_decoder:
        tokens = layers * source + decoder * target
        maps = layers * source**2 + decoder * target * (target + source)
    else:
        tokens, maps = layers * (source + target), layers * (source + target) ** 2
    kept = tokens * config.hidden_size * (1 if checkpointed else KEPT_OF_A_LAYER)
    if not checkpointed and _keeps_maps(model, device):
        kept += maps * config.num_attention_heads
    half = 2  # bytes of a number, should the forward pass be in half precision
    return states + half * rows * kept


def _keeps_maps(model: PreTrainedModel, device: torch.device) -> bool:
    """Return whether the weights of attention, queries times keys, are kept for the backward pass.

    Fused kernels keep none. On a CPU there are none for dropout, nor for a position bias that is learned, as
    that of T5.
    """
    config = model.config
    if config._attn_implementation == "eager":
        return True
    biased = config.is_encoder_decoder
    return device.type == "cpu" and (biased or getattr(config, "attention_dropout", 0) > 0)


def bytes_available(device: torch.device) -> int:
    """Return how many bytes this process may still take on a device: the machine's, or its job's if fewer."""
    import psutil
    import torch

    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free
    return min([psutil.virtual_memory().available, *_left_in_groups()])


def _left_in_groups(groups: Path = CGROUPS, own: Path = Path("/proc/self/cgroup")) -> Iterator[int]:
    """Yield what the control groups of this process, such as those of a Slurm job, leave to it."""
    try:
        path = own.read_text().split("0::", 1)[1].split("\n", 1)[0]
    except (OSError, IndexError):
        return
    folder = groups / path.strip("/")
    while folder != groups.parent:
        try:
            limit = (folder / "memory.max").read_text().strip()
            used = int((folder / "memory.current").read_text())
            cached = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        except OSError:
            limit = "max"
        if limit != "max":
            # The kernel gives up what it caches of files before it kills.
            yield int(limit) - used + int(cached.get("inactive_file", 0))
        folder = folder.parent


def check_memory(
    model: PreTrainedModel, rows: int, source: int, target: int, device: torch.device, checkpointed: bool
) -> None:
    """Make sure that a step can fit into memory; what is refused could not, what passes may still fail.

    Args:
        model: The model in training.
        rows: Rows of a forward pass.
        source: Tokens of the longest prompt.
        target: Tokens of the longest assertion.
        device: Where it is trained.
        checkpointed: Whether layers are computed again in the backward pass.

    Raises:
        DataError: If a step needs more than there is.
    """
    needed = bytes_needed(model, rows, source, target, device, checkpointed)
    available = bytes_available(device)
    if needed > available:
        raise DataError(
            f"a step needs at least {needed / 1e9:.1f} GB of memory beside the model, "
            f"{available / 1e9:.1f} GB are free: {WAY_OUT}"
        )


@contextmanager
def memory_told() -> Iterator[None]:
    """Turn an allocator's refusal into what the user can do about it.

    Raises:
        DataError: If memory runs out in the block.
    """
    import torch

    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise DataError(f"memory ran out in training ({_first_line(error)}): {WAY_OUT}") from error
    except RuntimeError as error:
        if "DefaultCPUAllocator" not in str(error):
            raise
        raise DataError(f"memory ran out in training ({_first_line(error)}): {WAY_OUT}") from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or "no more memory").splitlines()[0]
