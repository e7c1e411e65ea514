"""Saved models: encoder-decoder or causal by their own configuration, from safetensors alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdlib.files import DataError
from kdlib.models.tokenizer import load_tokenizer

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

    from kdlib.config.base import TrainingPrecision

DROPOUTS = ("dropout_rate", "dropout", "attention_dropout")  # of T5, of BART, of Llama and the like


def load(folder: Path, dropout: float | None = None) -> PreTrainedModel:
    """Load a saved model in single precision and in evaluation mode.

    Args:
        folder: Holds ``config.json`` and ``model.safetensors``, or its shards with their index.
        dropout: Rate for training, wherever the family has one; None leaves the saved one.

    Raises:
        DataError: If a file or a weight is missing, or the model is neither encoder-decoder nor causal.
    """
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # one for every file
    _check_files(folder)
    place = str(folder)
    try:
        config = AutoConfig.from_pretrained(place, local_files_only=True, trust_remote_code=False)
        _set_dropout(config, dropout)
        auto = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
        model, found = auto.from_pretrained(
            place,
            config=config,
            dtype="float32",
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    except (ValueError, OSError, SafetensorError, StrictDataclassError) as error:
        raise DataError(f"{folder}: {first_line(error)}") from None
    check_complete(folder, found)
    return model.eval()


def _check_files(folder: Path) -> None:
    """Make sure that a folder holds a model whose weights can be read without running code."""
    for names in (("config.json",), ("model.safetensors", "model.safetensors.index.json")):
        if not any((folder / name).exists() for name in names):
            raise DataError(
                f"{folder}: no {names[0]}; a model is a folder as save_pretrained of transformers writes it, "
                "with safetensors (pickled weights, .bin, can run code and are not read)"
            )


def _set_dropout(config: PreTrainedConfig, rate: float | None) -> None:
    for name in DROPOUTS:
        if rate is not None and hasattr(config, name):
            setattr(config, name, rate)


def first_line(error: Exception) -> str:
    """Return what an error of a library says in its first line."""
    return (str(error).strip() or repr(error)).splitlines()[0]


def check_complete(place: Path, found: Mapping[str, Any]) -> None:
    """Make sure that every weight was in the file: transformers gives a missing one random values.

    Args:
        place: Folder or file, for the message.
        found: What ``from_pretrained`` returns with ``output_loading_info``.

    Raises:
        DataError: If a weight is missing or has another shape.
    """
    wrong = sorted([*found["missing_keys"], *(entry[0] for entry in found["mismatched_keys"])])
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise DataError(
            f"{place}: weights {', '.join(wrong[:3])}{more} are missing or of another shape; "
            "it is damaged, or no encoder-decoder or causal model"
        )


def check_tokenizer(model: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    """Make sure that a pretrained model reads the tokens of this tokenizer.

    Args:
        model: Folder of the model with its own tokenizer.
        tokenizer: The run's tokenizer.

    Raises:
        DataError: If the two give different ids.
    """
    ours = _ids_of(tokenizer)
    theirs = _ids_of(load_tokenizer(model))
    if differing := [part for part in ours if ours[part] != theirs[part]]:
        raise DataError(
            f"{model}: its tokenizer is not that of the run, they differ in {', '.join(differing)}; name "
            "this model in dataset.tokenizer.model, and use only models of one tokenizer in a run"
        )


def _ids_of(tokenizer: PreTrainedTokenizerFast) -> dict[str, object]:
    """Return all that decides which ids a text becomes."""
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    return {
        "normalizer": state["normalizer"],
        "word rules": state["pre_tokenizer"],
        "pieces or merges": state["model"],
        "vocabulary": tokenizer.get_vocab(),
        "end token": tokenizer.eos_token_id,
    }


def check_lengths(model: PreTrainedModel, source: int, target: int) -> None:
    """Make sure that prompts and assertions fit into a model's positions.

    Args:
        model: T5 has no limit, its positions are relative.
        source: Tokens of the longest prompt.
        target: Tokens of the longest assertion; a causal model reads it behind the prompt.

    Raises:
        DataError: If the model was made for less.
    """
    limit = getattr(model.config, "max_position_embeddings", None)
    longest = max(source, target) if model.config.is_encoder_decoder else source + target
    if limit is not None and longest > limit:
        raise DataError(
            f"a prompt of {source} tokens and an assertion of {target} do not fit into the {limit} positions "
            "of this model; lower dataset.max_source_tokens or dataset.max_target_tokens"
        )


def computing_device() -> torch.device:
    """Return where models are trained: the accelerator, or the CPU where there is none."""
    import torch

    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


def dtype_of(precision: TrainingPrecision, device: torch.device) -> torch.dtype:
    """Return the type in which a forward pass computes.

    Args:
        precision: ``auto`` is bfloat16 where the hardware has instructions for it, else float32.
        device: Where the model is.

    Raises:
        DataError: If it is float16 and the device is no CUDA GPU: losses must be scaled, which needs one.
    """
    import torch

    if precision == "float16" and device.type != "cuda":
        raise DataError(
            f"training.precision: float16 needs a CUDA GPU, this machine computes on {device.type}; "
            "use auto, which is bfloat16 where the hardware computes in it"
        )
    if precision != "auto":
        chosen = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
        return chosen[precision]
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        found = torch.cpu.get_capabilities()
        native = device.type == "cpu" and bool(found.get("avx512_bf16") or found.get("amx_bf16"))
    return torch.bfloat16 if native else torch.float32
