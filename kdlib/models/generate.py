"""Generation and likelihood of encoder-decoder models: the one place that decodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kdlib.models.batch import IGNORE, Row, batches, collate
from kdlib.models.tokenizer import decode
from kdlib.records import Prediction

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float
    from transformers import PreTrainedTokenizerFast, T5ForConditionalGeneration
    from transformers.generation.utils import GenerateOutput


def predict(
    model: T5ForConditionalGeneration,
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
    import torch

    for batch in batches(rows, batch_size):
        tensors = collate(batch, tokenizer.pad_token_id)
        with torch.inference_mode():
            output = model.generate(
                input_ids=tensors["input_ids"].to(model.device),
                attention_mask=tensors["attention_mask"].to(model.device),
                num_beams=beams,
                num_return_sequences=n_best,
                max_new_tokens=max_tokens,
                do_sample=False,
                early_stopping=True,
                output_scores=True,
                return_dict_in_generate=True,
            )
        # One beam has no sequences_scores; transition scores hold for any number of beams.
        scores = _sequence_scores(model, output, tokenizer.eos_token_id)
        for number, (ids, score) in enumerate(zip(output.sequences.tolist(), scores, strict=True)):
            row, rank = divmod(number, n_best)
            yield Prediction(batch[row].id, rank + 1, decode(tokenizer, ids[1:]), score)


def _sequence_scores(model: T5ForConditionalGeneration, output: GenerateOutput, eos: int) -> list[float]:
    """Return each sequence's mean log-probability per token, the end token included."""
    beam_indices = getattr(output, "beam_indices", None)
    scores = model.compute_transition_scores(
        output.sequences, output.scores, beam_indices, normalize_logits=True
    )
    # Beam search fills up with the end token, not with padding, where the padding id is 0.
    ends = (output.sequences[:, -scores.shape[1] :] == eos).int()
    generated = ends.cumsum(1) - ends == 0
    scores = scores.masked_fill(~generated, 0.0)
    means = scores.sum(1) / generated.sum(1)
    return [float(mean) for mean in means]


def log_probabilities(
    model: T5ForConditionalGeneration, rows: Sequence[Row], pad: int
) -> list[Float[torch.Tensor, "positions vocab"]]:
    """Return the model's next-token log-probabilities under teacher forcing, one tensor a row.

    Args:
        model: In evaluation mode.
        rows: One batch of rows; padding never enters the result.
        pad: Padding id of the inputs.
    """
    import torch

    tensors = {name: tensor.to(model.device) for name, tensor in collate(rows, pad).items()}
    with torch.inference_mode():
        labels = tensors.pop("labels")
        start = model.prepare_decoder_input_ids_from_labels(labels)
        logits = model(**tensors, decoder_input_ids=start).logits.float()
    valid = labels != IGNORE
    return [torch.log_softmax(line[mask], dim=-1) for line, mask in zip(logits, valid, strict=True)]
