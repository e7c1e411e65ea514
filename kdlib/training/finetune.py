"""The teacher stage: fine-tune on gold assertions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kdlib.config import Teacher
from kdlib.losses.table import Components
from kdlib.models.adapters import merged, with_lora
from kdlib.models.load import check_tokenizer, load
from kdlib.models.mapped import map_rows
from kdlib.models.scratch import build
from kdlib.models.tokenizer import load_tokenizer
from kdlib.training.checks import check_training
from kdlib.training.inputs import TeacherInputs
from kdlib.training.loop.arguments import arguments
from kdlib.training.loop.data import TrainingData
from kdlib.training.loop.job import Job, training_run
from kdlib.training.loop.loop import fit
from kdlib.training.loop.plan import teacher_plan
from kdlib.training.results import finish

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


def finetune(name: str, teacher: Teacher, inputs: TeacherInputs, job: Job) -> None:
    """Train a teacher.

    Args:
        name: Its name in the configuration.
        teacher: Size or pretrained model, and training.
        inputs: Files that it reads.
        job: Where and how it runs.

    Raises:
        DataError: If the training is impossible with these inputs; nothing has been written then.
    """
    from kdlib.training.loop.objective import Objective

    pretrained = inputs.pretrained
    start = teacher.model_dump(include={"model", "lora"}) if pretrained else teacher.size.model_dump()
    settings = {**teacher.training.model_dump(), **start}
    plan = teacher_plan(teacher.training)
    run = training_run(f"teachers/{name}", teacher.training, plan, job, settings, inputs.files())
    tokenizer = load_tokenizer(inputs.tokenizer)
    model = _initial(teacher, inputs, tokenizer)
    args = arguments(teacher.training, run.folder)
    check_training([model], inputs.train, inputs.validation, args, teacher.training.epoch_samples)
    data = TrainingData(
        rows=map_rows(inputs.train, run.folder / "train.arrow"),
        validation=map_rows(inputs.validation, run.folder / "validation.arrow"),
        vocabulary=tokenizer.get_vocab(),
    )
    fit(run, model, data, Objective(Components.model_validate({"ce": {}})))
    finish(run, data, partial(merged, pretrained) if pretrained and teacher.lora else load)


def _initial(
    teacher: Teacher, inputs: TeacherInputs, tokenizer: PreTrainedTokenizerFast
) -> PreTrainedModel | PeftModel:
    """Return the model before training."""
    if inputs.pretrained is None:
        return build(teacher.size, tokenizer, teacher.training.dropout, teacher.training.seed)
    check_tokenizer(inputs.pretrained, tokenizer)
    model = load(inputs.pretrained, teacher.training.dropout)
    return with_lora(model, teacher.lora, teacher.training.seed) if teacher.lora else model
