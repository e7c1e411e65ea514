"""The teacher stage: fine-tune on gold assertions."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.config import Teacher
from kdlib.models.adapters import merged, with_lora
from kdlib.models.load import check_tokenizer, load
from kdlib.models.mapped import map_rows
from kdlib.training.checks import check_training
from kdlib.training.data import Lessons
from kdlib.training.loop.loop import Job, arguments, fit, further_files, job_key, processes
from kdlib.training.loop.plan import teacher_plan

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


def finetune(
    name: str,
    teacher: Teacher,
    train: Path,
    validation: Path,
    tokenizer: Path,
    out: Path,
    checkpoints: Path,
    threads: int,
    pretrained: Path | None = None,
    tracking: Path | None = None,
    code: str = "",
    resume_from: Path | None = None,
) -> None:
    """Train a teacher.

    Args:
        name: Its name in the configuration.
        teacher: Size or pretrained model, and training.
        train: Token rows.
        validation: Token rows that choose the best epoch.
        tokenizer: Folder of the run's tokenizer.
        out: Folder for ``best_model``, ``final_model`` and the records.
        checkpoints: Folder that outlives a crash.
        threads: CPU threads.
        pretrained: Folder of the model to start from, or None to build one of its size.
        tracking: JSON of the tracking stage, or None.
        code: Digest of the code that runs, so that other code does not resume its checkpoints.
        resume_from: Checkpoint of another training to go on from; this one's own go before it.
    """
    from kdlib.losses.table import Components
    from kdlib.models.tokenizer import load_tokenizer
    from kdlib.training.loop.objective import Objective

    start = teacher.model_dump(include={"model", "lora"}) if pretrained else teacher.size.model_dump()
    params = {**teacher.training.model_dump(), **start, "threads": threads, "processes": processes()}
    used = [train, validation, tokenizer / "tokenizer.json"]
    used += [pretrained / file for file in ("config.json", "model.safetensors") if pretrained]
    used += further_files(teacher.training, resume_from)
    key = job_key({**params, "code": code}, used)
    words = load_tokenizer(tokenizer)
    job = Job(f"teachers/{name}", key, checkpoints, out, threads, tracking, resume_from)
    model = _initial(teacher, pretrained, words)
    args = arguments(teacher.training, job.folder())
    check_training([model], train, validation, args, teacher.training.epoch_samples)
    fit(
        model=model,
        vocabulary=words.get_vocab(),
        lessons=Lessons(
            map_rows(train, job.folder() / "train.arrow"),
            map_rows(validation, job.folder() / "validation.arrow"),
        ),
        objective=Objective(Components.model_validate({"ce": {}})),
        training=teacher.training,
        plan=teacher_plan(teacher.training),
        job=job,
        params=params,
        opened=partial(merged, pretrained) if pretrained and teacher.lora else load,
    )


def _initial(
    teacher: Teacher, pretrained: Path | None, tokenizer: PreTrainedTokenizerFast
) -> PreTrainedModel | PeftModel:
    """Return the model before training."""
    from kdlib.models.scratch import build

    if pretrained is None:
        return build(teacher.size, tokenizer, teacher.training.dropout, teacher.training.seed)
    check_tokenizer(pretrained, tokenizer)
    model = load(pretrained, teacher.training.dropout)
    return with_lora(model, teacher.lora, teacher.training.seed) if teacher.lora else model
