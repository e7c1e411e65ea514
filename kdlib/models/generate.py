"""Generation and likelihood: the one place that decodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kdlib.models.batch import Row, batches, collate, layout_of
from kdlib.models.beams import beam_search
from kdlib.models.forward import target_output
from kdlib.models.tokenizer import decode
from kdlib.records import Prediction
from kdlib.softmax import normalise

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


def predict(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    rows: Sequence[Row],
    beams: int,
    n_best: int,
    max_tokens: int,
    batch_size: int,
) -> Iterator[Prediction]:
    """Yield the N best assertions of every row by beam search, in batches of like length.

    Args:
        model: Model in evaluation mode.
        tokenizer: The run's tokenizer.
        rows: Rows to predict for; their targets are not looked at.
        beams: Beam width.
        n_best: Predictions a row, at most ``beams``.
        max_tokens: Longest output.
        batch_size: Rows at once.
    """
    for batch in batches(rows, batch_size):
        found = beam_search(model, batch, beams, n_best, max_tokens)
        for row, outputs in zip(batch, found, strict=True):
            for rank, (ids, total) in enumerate(outputs, 1):
                yield Prediction(row.id, rank, decode(tokenizer, ids), total / len(ids))


def log_probabilities(
    model: PreTrainedModel, rows: Sequence[Row]
) -> list[Float[torch.Tensor, "positions vocab"]]:
    """Return the model's next-token log-probabilities under teacher forcing, one tensor a row.

    Args:
        model: Model in evaluation mode.
        rows: One batch of rows; padding never enters the result.
    """
    import torch

    tensors = collate(rows, layout_of(model.config))
    with torch.inference_mode():
        output = target_output(model, {name: tensor.to(model.device) for name, tensor in tensors.items()})
        log_probs = normalise(output.logits.float())
    return list(log_probs.split([len(row.target_ids) for row in rows]))
