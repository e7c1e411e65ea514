"""How much memory is free, how many rows of a forward pass fit into it, and what a training needs at least.

A training that cannot fit is refused before it starts rather than killed by the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.files import DataError
from kdlib.models.batch import Row

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
# By version of control groups: the files of limit and use, in bytes, and the counter of cached files that can
# be dropped. No limit is "max" in version 2, in version 1 a number larger than any memory.
VERSION_2 = ("memory.max", "memory.current", "inactive_file")
VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
SHARE = 0.5  # of the free memory for a forward pass: other jobs of the machine need some too
LARGEST = 256  # rows of a forward pass
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
        tokens = layers * (source + target)
        maps = layers * (source + target) ** 2
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
    return max(0, min([psutil.virtual_memory().available, *_left_in_groups()]))


def _left_in_groups(groups: Path = CGROUPS, membership: Path = MEMBERSHIP) -> Iterator[int]:
    """Yield how many bytes the control groups of this process, such as those of a Slurm job, leave to it.

    Args:
        groups: Where control groups are mounted, of version 2 or 1.
        membership: Lists this process's group in each hierarchy as ``number:controllers:path``.
    """
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0":
            yield from _left_up_to(groups, path, VERSION_2)
        elif "memory" in controllers.split(","):
            yield from _left_up_to(groups / "memory", path, VERSION_1)


def _left_up_to(root: Path, path: str, names: tuple[str, str, str]) -> Iterator[int]:
    """Yield what a group and each group that holds it leave, without those that set no limit."""
    limit_file, use_file, cache = names
    folder = root / path.strip("/")
    while folder != root.parent:
        try:
            limit = (folder / limit_file).read_text().strip()
            used = int((folder / use_file).read_text())
            counters = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        except OSError:
            limit = "max"
        if limit != "max":
            # The kernel drops cached files before it kills.
            yield int(limit) - used + int(counters.get(cache, 0))
        folder = folder.parent


def rows_that_fit(model: PreTrainedModel, rows: Sequence[Row], beams: int = 0, max_tokens: int = 0) -> int:
    """Return the largest power of two of the longest rows whose forward pass fits into half the free memory.

    Per row, in single precision: attention scores of one layer, some twenty activations of the width, and
    four times the logits (scores, log-probabilities and what a codec sorts); per beam, the keys and values of
    all layers and four times the logits of a token.

    Args:
        model: The model, on its device.
        rows: All rows to come.
        beams: Beams of each row, if the model generates too.
        max_tokens: Tokens of the longest beam.

    Returns:
        1…256; 1 if even that may be too much.
    """
    config = model.config
    source = max((len(row.source_ids) for row in rows), default=1)
    target = max([max_tokens if beams else 1, *(len(row.target_ids) for row in rows)])
    tokens = source + target
    forward = config.num_attention_heads * tokens**2 + 20 * tokens * config.hidden_size
    logits = 4 * config.vocab_size
    per_beam = 2 * config.num_hidden_layers * tokens * config.hidden_size + logits
    per_row = 4 * (forward + logits * target + beams * per_beam)
    fitting = int(SHARE * bytes_available(model.device) / per_row)
    return min(LARGEST, 1 << max(fitting.bit_length() - 1, 0))


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
