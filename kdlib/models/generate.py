"""Generation and likelihood: the one place that decodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kdlib.models.batch import Row, batches, collate, layout_of, prompts
from kdlib.models.forward import target_output
from kdlib.models.tokenizer import decode
from kdlib.records import Prediction

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float
    from transformers import PreTrainedModel, PreTrainedTokenizerFast
    from transformers.generation.utils import GenerateOutput


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
        model: In evaluation mode.
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


def beam_search(
    model: PreTrainedModel, rows: Sequence[Row], beams: int, n_best: int, max_tokens: int
) -> list[list[tuple[list[int], float]]]:
    """Return for each row its best outputs, best first: token ids and their log-probability.

    The ids end with the end token unless ``max_tokens`` cut them; the log-probability counts it.

    Args:
        model: In evaluation mode.
        rows: One batch; their targets are not looked at.
        beams: Beam width.
        n_best: Outputs a row, at most ``beams``.
        max_tokens: Longest output.
    """
    import torch

    layout = layout_of(model.config)
    causal = layout.start is None
    sources = [row.source_ids for row in rows]
    tensors = prompts(sources, layout.pad, "left" if causal else "right")
    with torch.inference_mode():
        output = model.generate(
            **{name: tensor.to(model.device) for name, tensor in tensors.items()},
            num_beams=beams,
            num_return_sequences=n_best,
            max_new_tokens=max_tokens,
            do_sample=False,
            early_stopping=True,
            output_scores=True,
            return_dict_in_generate=True,
        )
    scores = _token_scores(model, output)
    generated = output.sequences[:, -scores.shape[1] :]
    # Beam search may fill up with end tokens, of which chat models have several: the first tells the length.
    ends = torch.isin(generated, torch.tensor(model.generation_config.eos_token_id, device=generated.device))
    lengths = torch.where(ends.any(1), ends.int().argmax(1) + 1, generated.shape[1]).tolist()
    found = [
        (ids[:length], float(sum(line[:length])))
        for ids, line, length in zip(generated.tolist(), scores.tolist(), lengths, strict=True)
    ]
    return [found[start : start + n_best] for start in range(0, len(found), n_best)]


def _token_scores(model: PreTrainedModel, output: GenerateOutput) -> Float[torch.Tensor, "outputs time"]:
    """Return the log-probability of every generated token; those after the end mean nothing."""
    # One beam has no sequences_scores; transition scores hold for any number of beams.
    beam_indices = getattr(output, "beam_indices", None)
    scores: torch.Tensor = model.compute_transition_scores(
        output.sequences, output.scores, beam_indices, normalize_logits=True
    )
    return scores


def log_probabilities(
    model: PreTrainedModel, rows: Sequence[Row]
) -> list[Float[torch.Tensor, "positions vocab"]]:
    """Return the model's next-token log-probabilities under teacher forcing, one tensor a row.

    Args:
        model: In evaluation mode.
        rows: One batch of rows; padding never enters the result.
    """
    import torch

    tensors = collate(rows, layout_of(model.config))
    with torch.inference_mode():
        output = target_output(model, {name: tensor.to(model.device) for name, tensor in tensors.items()})
        log_probs = torch.log_softmax(output.logits.float(), dim=-1)
    return list(log_probs.split([len(row.target_ids) for row in rows]))
