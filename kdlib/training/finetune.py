"""The teacher stage: fine-tune on gold assertions."""

from __future__ import annotations

from pathlib import Path

from kdlib.config import Components, Teacher
from kdlib.models.batch import read_rows
from kdlib.training.fit import Job, fit, job_key
from kdlib.training.plan import teacher_plan


def finetune(
    name: str,
    teacher: Teacher,
    train: Path,
    validation: Path,
    tokenizer: Path,
    out: Path,
    checkpoints: Path,
    threads: int,
    tracking: Path | None = None,
    code: str = "",
) -> None:
    """Train a teacher.

    Args:
        name: Its name in the configuration.
        teacher: Size and training.
        train: Token rows.
        validation: Token rows that choose the best epoch.
        tokenizer: Folder of the run's tokenizer.
        out: Folder for ``best_model``, ``final_model`` and the records.
        checkpoints: Folder that outlives a crash.
        threads: CPU threads.
        tracking: JSON of the tracking stage, or None.
        code: Digest of the code that runs, so that other code does not resume its checkpoints.
    """
    from kdlib.models.seq2seq import build
    from kdlib.models.tokenizer import load_tokenizer
    from kdlib.training.objective import Objective

    params = {**teacher.training.model_dump(), **teacher.size.model_dump(), "threads": threads}
    key = job_key({**params, "code": code}, [train, validation, tokenizer / "tokenizer.json"])
    words = load_tokenizer(tokenizer)
    fit(
        model=build(teacher.size, words, teacher.training.dropout, teacher.training.seed),
        vocabulary=words.get_vocab(),
        rows=read_rows(train),
        validation=read_rows(validation),
        objective=Objective(Components.model_validate({"ce": {}})),
        training=teacher.training,
        plan=teacher_plan(teacher.training),
        job=Job(f"teachers/{name}", key, checkpoints, out, threads, tracking),
        params=params,
    )
