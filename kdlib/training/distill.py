"""The student stage: distil from stored signals, with the same prompts as the teacher."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.config import Student
from kdlib.files import DataError
from kdlib.models.batch import read_rows
from kdlib.training.fit import Job, fit, job_key
from kdlib.training.plan import student_plan

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor
    from transformers import T5ForConditionalGeneration

    from kdlib.training.objective import FrozenEncoder


def distill(
    name: str,
    student: Student,
    train: Path,
    validation: Path,
    tokenizer: Path,
    signals: Path | None,
    teacher: Path | None,
    out: Path,
    checkpoints: Path,
    threads: int,
    tracking: Path | None = None,
    code: str = "",
) -> None:
    """Train a student.

    Args:
        name: Its name in the configuration.
        student: Preset.
        train: Token rows.
        validation: Token rows that choose the best epoch.
        tokenizer: Folder of the run's tokenizer.
        signals: Manifest of the teacher's signals, if a component needs them.
        teacher: Folder of the teacher's model, if a component needs its encoder.
        out: Folder for ``best_model``, ``final_model`` and the records.
        checkpoints: Folder that outlives a crash.
        threads: CPU threads.
        tracking: JSON of the tracking stage, or None.
        code: Digest of the code that runs, so that other code does not resume its checkpoints.
    """
    from kdlib.models.seq2seq import build, load
    from kdlib.models.tokenizer import load_tokenizer
    from kdlib.signals.store import SignalStore
    from kdlib.training.objective import Objective

    for needed, path, what in (
        (student.needs_signals(), signals, "signals"),
        (student.needs_encoder(), teacher, "the teacher's encoder"),
    ):
        if needed and path is None:
            raise DataError(f"student {name}: its loss needs {what}, none given")
    params = {**student.model_dump(mode="json", exclude={"training"}), **student.training.model_dump()}
    params |= {"threads": threads}
    used = [train, validation, tokenizer / "tokenizer.json"]
    used += [signals] if signals else []
    used += [teacher / "model.safetensors"] if teacher else []
    words = load_tokenizer(tokenizer)
    fit(
        model=build(student.size, words, student.training.dropout, student.training.seed),
        vocabulary=words.get_vocab(),
        rows=read_rows(train),
        validation=read_rows(validation),
        objective=Objective(
            student.components,
            store=SignalStore(signals) if signals else None,
            encoder=frozen_encoder(load(teacher)) if teacher else None,
        ),
        training=student.training,
        plan=student_plan(student),
        job=Job(
            f"students/{name}", job_key({**params, "code": code}, used), checkpoints, out, threads, tracking
        ),
        params=params,
    )


def frozen_encoder(model: T5ForConditionalGeneration) -> FrozenEncoder:
    """Return a model's encoder as a measure: its embeddings, and its states' mean over the mask."""
    from kdlib.training.objective import FrozenEncoder

    encoder = model.get_encoder().eval().requires_grad_(False)

    def encode(
        embeddings: Float[Tensor, "rows time width"], mask: Int[Tensor, "rows time"]
    ) -> Float[Tensor, "rows width"]:
        states = encoder(inputs_embeds=embeddings, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).to(states.dtype)
        pooled: Tensor = (states * weight).sum(1) / weight.sum(1)
        return pooled

    return FrozenEncoder(model.get_input_embeddings().weight.detach(), encode)
