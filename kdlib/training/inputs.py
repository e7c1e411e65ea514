"""What a student is made from: the files that it needs, and none that it does not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kdlib.config import Student
from kdlib.files import DataError


@dataclass(frozen=True)
class Given:
    """Files of other stages; None for what this student does not need.

    Attributes:
        train: Token rows.
        validation: Token rows that choose the best epoch.
        tokenizer: Folder of the run's tokenizer.
        signals: Manifest of the teacher's signals.
        teacher: Folder of the teacher's model.
        encoder: Folder of a staged sentence encoder.
        pretrained: Folder of the model to start from.
        beams: The teacher's answers to the training prompts.
    """

    train: Path
    validation: Path
    tokenizer: Path
    signals: Path | None
    teacher: Path | None
    encoder: Path | None
    pretrained: Path | None
    beams: Path | None

    def files(self) -> list[Path]:
        """Return the files whose bytes determine the result; a manifest holds the digests of its shards."""
        tables = [self.train, self.validation, self.tokenizer / "tokenizer.json", self.signals, self.beams]
        models = [folder for folder in (self.teacher, self.encoder, self.pretrained) if folder]
        parts = [folder / file for folder in models for file in ("config.json", "model.safetensors")]
        return [*(file for file in tables if file), *parts]


def check_given(name: str, student: Student, given: Given) -> None:
    """Make sure that nothing is missing.

    Args:
        name: Of the student, in the configuration.
        student: Preset.
        given: What there is.

    Raises:
        DataError: If the student needs what is not given.
    """
    for needed, path, what in (
        (student.needs_beams(), given.beams, "it learns from the teacher's answers (rule beams)"),
        (student.needs_store(), given.signals, "its loss needs signals"),
        (student.needs_online(), given.teacher, "its loss needs its teacher online"),
        (student.needs_teachers_encoder(), given.teacher, "its loss needs the teacher's encoder"),
        (student.layers is not None, given.teacher, "it starts from the teacher's layers"),
        (student.model is not None, given.pretrained, f"it starts from the model {student.model}"),
        (student.encoder is not None, given.encoder, f"its loss needs the encoder {student.encoder}"),
    ):
        if needed and path is None:
            raise DataError(f"student {name}: {what}, none given")
