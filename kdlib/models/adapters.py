"""Low-rank adapters: a frozen pretrained model with small trained matrices beside its projections.

Reference: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models".
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.config import Lora
from kdlib.files import DataError
from kdlib.models.load import first_line, load

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


def with_lora(model: PreTrainedModel, lora: Lora, seed: int) -> PeftModel:
    """Return a model of which only an adapter is trained: W + alpha/rank · B·A, where B is 0 at first.

    Args:
        model: Pretrained model; it is frozen.
        lora: Shape of the adapter; peft's defaults for the family say which projections have one.
        seed: Seed of A.

    Raises:
        DataError: If peft has no defaults for the model's family.
    """
    from peft import LoraConfig, get_peft_model
    from transformers import set_seed

    set_seed(seed)
    config = LoraConfig(r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout)
    try:
        with _quiet():
            return get_peft_model(model, config)
    except ValueError as error:
        raise DataError(
            f"lora: peft does not know where a {model.config.model_type} model takes adapters "
            f"({first_line(error)}); train the whole model, without lora"
        ) from None


def merged(pretrained: Path, checkpoint: Path) -> PreTrainedModel:
    """Return a plain model: the pretrained one with the adapter of a checkpoint added to its weights.

    Args:
        pretrained: Folder of the model that was adapted.
        checkpoint: Folder with ``adapter_config.json`` and ``adapter_model.safetensors``.
    """
    from peft import PeftModel

    with _quiet():
        adapted = PeftModel.from_pretrained(load(pretrained), str(checkpoint))
    return adapted.merge_and_unload(safe_merge=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep quiet that peft asks a model by a name that transformers 5.23 has deprecated."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        yield
