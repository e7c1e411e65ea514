"""What teachers and students start from, looked at before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kdlib.config import Layers
from kdlib.files import DataError, sha256, write_json
from kdlib.models.load import check_tokenizer
from kdlib.models.shrink import check_layers
from kdlib.models.tokenizer import load_tokenizer


def check_starts(
    tokenizer: Path, models: Mapping[str, Path], layers: Mapping[str, tuple[str, Layers]], out: Path
) -> None:
    """Make sure that pretrained models read the tokens of the run, and have the layers that students take.

    Args:
        tokenizer: Folder of the run's tokenizer.
        models: Name and folder of every model that a teacher or a student starts from.
        layers: Student: the model that its teacher starts from, and how many of its layers it takes.
        out: JSON of what was found: name and sha256 of each ``tokenizer.json``.

    Raises:
        DataError: If a model gives other ids, or has fewer layers.
    """
    from transformers import AutoConfig

    shared = load_tokenizer(tokenizer)
    for folder in models.values():
        check_tokenizer(folder, shared)
    for student, (name, taken) in layers.items():
        config = AutoConfig.from_pretrained(str(models[name]), local_files_only=True, trust_remote_code=False)
        try:
            check_layers(config, taken)
        except DataError as error:
            raise DataError(f"students.{student}.{error}") from None
    write_json(out, {name: sha256(folder / "tokenizer.json") for name, folder in models.items()})
