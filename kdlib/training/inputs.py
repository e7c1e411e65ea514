"""What the stages read: files of other stages, and a check that none is missing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kdlib.config import Student
from kdlib.files import DataError


@dataclass(frozen=True)
class TeacherInputs:
    """Files that fine-tuning reads.

    Attributes:
        train: Token rows.
        validation: Token rows that choose the best epoch.
        tokenizer: Folder of the run's tokenizer.
        pretrained: Folder of the model to start from, or None to build one of the teacher's size.
    """

    train: Path
    validation: Path
    tokenizer: Path
    pretrained: Path | None = None

    def files(self) -> list[Path]:
        """Return the files whose bytes determine the result."""
        return [
            self.train,
            self.validation,
            self.tokenizer / "tokenizer.json",
            *_model_files(self.pretrained),
        ]


@dataclass(frozen=True)
class StudentInputs:
    """Files that distillation reads; None for what a student does not need.

    Attributes:
        train: Token rows.
        validation: Token rows that choose the best epoch.
        tokenizer: Folder of the run's tokenizer.
        gold_embeddings: Folder that keeps embeddings of gold assertions, for losses that need an encoder.
            Students share it, and the stage adds what is missing.
        signals: Manifest of the teacher's signals.
        teacher: Folder of the teacher's model, whose signals, encoder and layers these are. It is loaded only
            if the student needs its encoder, its distributions online or its layers.
        encoder: Folder of a staged sentence encoder, if the student names one in place of its teacher.
        pretrained: Folder of the model to start from, if the student names one.
        beams: The teacher's beams for the training prompts, with their counts in a JSON file beside, if the
            student learns from whole sequences and reads no stored signals, which hold the beams.
    """

    train: Path
    validation: Path
    tokenizer: Path
    gold_embeddings: Path
    signals: Path | None = None
    teacher: Path | None = None
    encoder: Path | None = None
    pretrained: Path | None = None
    beams: Path | None = None

    def files(self) -> list[Path]:
        """Return the files whose bytes determine the result; a manifest holds the digests of its shards."""
        tables = [self.train, self.validation, self.tokenizer / "tokenizer.json", self.signals, self.beams]
        models = [self.teacher, self.encoder, self.pretrained]
        return [
            *(table for table in tables if table),
            *(file for model in models for file in _model_files(model)),
        ]


def check_inputs(name: str, student: Student, inputs: StudentInputs) -> None:
    """Make sure that no file is missing that a student needs.

    Args:
        name: Name of the student in the configuration.
        student: Preset.
        inputs: Files that are given.

    Raises:
        DataError: If the student needs a file that is not given.
    """
    for needed, path, what in (
        (student.needs_beams(), inputs.beams, "it learns from the teacher's beams (rule beams)"),
        (student.needs_store(), inputs.signals, "its loss needs signals"),
        (student.needs_online(), inputs.teacher, "its loss needs its teacher online"),
        (student.needs_teachers_encoder(), inputs.teacher, "its loss needs the teacher's encoder"),
        (student.layers is not None, inputs.teacher, "it starts from the teacher's layers"),
        (student.model is not None, inputs.pretrained, f"it starts from the model {student.model}"),
        (student.encoder is not None, inputs.encoder, f"its loss needs the encoder {student.encoder}"),
    ):
        if needed and path is None:
            raise DataError(f"student {name}: {what}, none given")


def _model_files(folder: Path | None) -> list[Path]:
    return [] if folder is None else [folder / "config.json", folder / "model.safetensors"]
