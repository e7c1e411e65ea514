"""A student made of its teacher's own layers: evenly spaced, with embeddings, norms and output head.

References: Sanh et al. 2019, "DistilBERT, a distilled version of BERT" (every other layer); Gandhi et al.
2023, "Distil-Whisper" (layers as far apart as can be, the first and the last among them).
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.config import Layers
from kdlib.files import DataError
from kdlib.models.load import first_line, load

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedConfig, PreTrainedModel

# How families call the number of layers of a stack: T5 and BART with theirs; all causal models alike.
ENCODER = ("num_layers", "encoder_layers")
DECODER = ("num_decoder_layers", "decoder_layers")
CAUSAL = ("num_hidden_layers",)
PER_LAYER = ("layer_types", "mlp_layer_types", "no_rope_layers")  # lists with an entry for each layer


def evenly_spaced(count: int, kept: int) -> list[int]:
    """Return the numbers of layers to keep: i·(count − 1)/(kept − 1), rounded; the first one if one is kept.

    Args:
        count: Layers that there are.
        kept: Layers to keep, 1…count.
    """
    if kept == 1:
        return [0]
    return [round(i * (count - 1) / (kept - 1)) for i in range(kept)]


def layer_counts(config: PreTrainedConfig) -> dict[str, int]:
    """Return the number of layers of a model's stacks: encoder and decoder, or of a causal model the decoder.

    Raises:
        DataError: If its family calls them by other names than those known here.
    """
    stacks = {"encoder": ENCODER, "decoder": DECODER} if config.is_encoder_decoder else {"decoder": CAUSAL}
    found = {
        stack: next((getattr(config, name) for name in names if hasattr(config, name)), None)
        for stack, names in stacks.items()
    }
    if None in found.values():
        raise DataError(
            f"layers: those of a {config.model_type} model are not found; start from size or model, and "
            "leave losses on layers out"
        )
    return {stack: int(count) for stack, count in found.items() if count is not None}


def check_layers(config: PreTrainedConfig, layers: Layers) -> None:
    """Make sure that a teacher has the layers that a student takes.

    Args:
        config: The teacher's.
        layers: How many to keep.

    Raises:
        DataError: If it has fewer, or no encoder.
    """
    counts = layer_counts(config)
    for part, wanted in (("encoder", layers.encoder), ("decoder", layers.decoder)):
        if wanted is not None and part not in counts:
            raise DataError(f"layers.{part}: the teacher is a causal model without an encoder; leave it out")
        if wanted is not None and wanted > counts[part]:
            raise DataError(f"layers.{part}: the teacher has {counts[part]}, got {wanted}")


def shrink(teacher: Path, layers: Layers, dropout: float | None = None) -> PreTrainedModel:
    """Return a model of some of a teacher's layers, in evaluation mode; all other weights are the teacher's.

    Args:
        teacher: Folder of the teacher's model.
        layers: How many to keep.
        dropout: Rate for training; None leaves the teacher's.

    Raises:
        DataError: If the teacher has fewer layers, no encoder, or a form in which they are not found.
    """
    from huggingface_hub.errors import StrictDataclassError

    model = load(teacher)
    check_layers(model.config, layers)
    if model.config.is_encoder_decoder:
        _keep(model, model.get_encoder(), ENCODER, layers.encoder)
        _keep(model, model.get_decoder(), DECODER, layers.decoder)
    else:
        _keep(model, model.get_decoder(), CAUSAL, layers.decoder)
    # Read back, so that whatever a family derives from its configuration (numbers of layers, caches) agrees.
    with tempfile.TemporaryDirectory() as folder:
        try:
            model.save_pretrained(folder)
            return load(Path(folder), dropout)
        except (DataError, ValueError, StrictDataclassError) as error:
            raise DataError(
                f"layers: a {model.config.model_type} model cannot be made of some of its layers "
                f"({first_line(error).removeprefix(f'{folder}: ')}); use size or model"
            ) from None


def _keep(model: PreTrainedModel, stack: nn.Module, names: tuple[str, ...], kept: int | None) -> None:
    """Drop all but the kept layers of a stack, in the model and in its configuration.

    The first layer is always kept: in T5 it holds the relative positions of the whole stack.
    """
    from torch.nn import ModuleList

    if kept is None:
        return
    config = model.config
    name = next(name for name in names if hasattr(config, name))
    count = getattr(config, name)
    lists = [(n, m) for n, m in stack.named_children() if isinstance(m, ModuleList) and len(m) == count]
    if len(lists) != 1:
        raise DataError(f"layers: those of a {config.model_type} model are not found; use size or model")
    ((where, blocks),) = lists
    chosen = evenly_spaced(count, kept)
    setattr(stack, where, ModuleList(blocks[i] for i in chosen))
    setattr(config, name, kept)
    for listed in PER_LAYER:
        if values := getattr(config, listed, None):
            setattr(config, listed, [values[i] for i in chosen])
