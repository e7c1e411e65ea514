"""Teacher/student agreement: how far a student's distributions on the test targets are from its teacher's."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.files import DataError, write_parquet
from kdlib.models.batch import Row, batches, read_rows

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor
    from transformers import PreTrainedModel

TEMPERATURE = 2.0  # of the divergence in the Knowledge Retention Score


def agreement(
    teacher: Path, student: Path, tokenizer: Path, test: Path, batch_size: int, threads: int, out: Path
) -> None:
    """Write how far a student is from its teacher on each test row, under teacher forcing on the gold target.

    Entries of the distributions beyond the tokenizer's ids, which some models have as padding, are left out.

    Args:
        teacher: Folder of the model.
        student: Folder of the model.
        tokenizer: Folder of the run's tokenizer, which both read.
        test: Token rows.
        batch_size: Rows at once.
        threads: CPU threads.
        out: Parquet file to write, in the order of the rows: ``id``; ``tokens`` of the target, the end token
            included; ``kl``, the sum over these of KL(teacher ‖ student) at T = 2 in nats, without a factor
            T²; and ``top1``, at how many of them both give the same token the most probability.

    Raises:
        DataError: If a model answers with no number or knows fewer tokens than the tokenizer.
    """
    import pyarrow as pa
    import torch

    from kdlib.models.load import computing_device, load
    from kdlib.models.tokenizer import embedding_rows, load_tokenizer

    torch.set_num_threads(threads)
    models = [load(folder).to(computing_device()) for folder in (teacher, student)]
    entries = embedding_rows(load_tokenizer(tokenizer))
    for folder, model in zip((teacher, student), models, strict=True):
        if len(model.get_output_embeddings().weight) < entries:
            raise DataError(f"{folder}: it knows fewer tokens than the {entries} of the tokenizer")
    rows = read_rows(test)
    found: dict[str, tuple[float, int]] = {}
    for batch in batches(rows, batch_size):
        ours = (_logits(model, batch, entries) for model in models)
        for row, *logits in zip(batch, *ours, strict=True):
            kl, same = _compared(*logits)
            if not isfinite(kl):
                raise DataError(f"id {row.id}: {teacher} or {student} answers with no number")
            found[row.id] = max(kl, 0.0), same  # rounding may leave it below 0
    columns = {
        "id": [row.id for row in rows],
        "tokens": [len(row.target_ids) for row in rows],
        "kl": [found[row.id][0] for row in rows],
        "top1": [found[row.id][1] for row in rows],
    }
    write_parquet(out, pa.table(columns))


def _logits(model: PreTrainedModel, rows: Sequence[Row], entries: int) -> Sequence[Tensor]:
    """Return a row's logits ``[tokens, entries]`` at its target, for each row."""
    import torch

    from kdlib.models.batch import collate, layout_of
    from kdlib.models.forward import target_output

    tensors = {name: value.to(model.device) for name, value in collate(rows, layout_of(model.config)).items()}
    with torch.inference_mode():
        logits = target_output(model, tensors).logits[:, :entries].float()
    return logits.split([len(row.target_ids) for row in rows])


def _compared(
    teacher: Float[Tensor, "tokens vocab"], student: Float[Tensor, "tokens vocab"]
) -> tuple[float, int]:
    """Return the sum of KL(teacher ‖ student) at T = 2, and how often the most probable token is the same."""
    import torch
    from torch.nn.functional import kl_div

    from kdlib.softmax import normalise

    p, q = (normalise(logits / TEMPERATURE) for logits in (teacher, student))
    with torch.inference_mode():
        total = kl_div(q, p, reduction="none", log_target=True).sum(dtype=torch.float64)
        same = (teacher.argmax(-1) == student.argmax(-1)).sum()
    return float(total), int(same)
