"""How near the semantic loss's gradient is to that of what it stands for: the meaning of sampled text.

The aim is J = E[1 − cos(MiniLM(text of y), MiniLM(gold text))] over texts y that are drawn from the student's
distributions at the gold prefix, position by position. Its gradient to the logit of token v at position t is
p(v)·(E[f | y_t = v] − E[f]), estimated from samples with common random numbers, for the likeliest tokens of
each position. Relaxations (expected embeddings into a frozen encoder) give theirs by autograd.

    .venv/bin/python tools/semantic_gradient.py results/default/students/ce/best_model results/default \
        results/default/teachers/base/best_model MINILM_FOLDER
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cosine_similarity

from kdlib.losses.cross_entropy import cross_entropy
from kdlib.losses.expected import FrozenEncoder, expected_vectors, gold_vectors
from kdlib.losses.semantic import semantic
from kdlib.models.batch import Row, collate, layout_of, read_rows
from kdlib.models.forward import target_output
from kdlib.models.load import load
from kdlib.models.sentence import load_sentence_encoder, projected_encoder
from kdlib.models.tokenizer import decode, load_tokenizer, token_texts
from kdlib.training.teacher.encoder import frozen_encoder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

TOKENS, SAMPLES, EXAMPLES = 8, 8, 16
PROJECTION = "MiniLM by projection"
SURE = 0.99  # a position whose token is as good as certain has no gradient to compare

Distance = Callable[[list[tuple[int, ...]], tuple[int, ...]], torch.Tensor]


def conditional_samples(
    p: torch.Tensor, likely: torch.Tensor, open_positions: list[int]
) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Return drawn texts, and the same with each likely token of each open position put in its place."""
    drawn = torch.multinomial(p, SAMPLES, replacement=True).T  # [samples, positions]
    forced = []
    for position in open_positions:
        for token in likely[position].tolist():
            changed = drawn.clone()
            changed[:, position] = token
            forced += [tuple(ids) for ids in changed.tolist()]
    return [tuple(ids) for ids in drawn.tolist()], forced


def true_gradient(
    p: torch.Tensor,
    gold: tuple[int, ...],
    likely: torch.Tensor,
    open_positions: list[int],
    distance: Distance,
) -> torch.Tensor:
    """Return ∂J/∂logit for the likely tokens of the open positions, flat."""
    drawn, forced = conditional_samples(p, likely, open_positions)
    distinct = {ids: number for number, ids in enumerate(dict.fromkeys(drawn + forced))}
    values = distance(list(distinct), gold)
    mean = torch.stack([values[distinct[ids]] for ids in drawn]).mean()
    given = (
        torch.stack([values[distinct[ids]] for ids in forced]).view(len(open_positions), -1, SAMPLES).mean(2)
    )
    shares = p[open_positions].gather(1, likely[open_positions])
    return (shares * (given - mean)).flatten()


def relaxed_gradient(logits: torch.Tensor, gold: tuple[int, ...], encoder: FrozenEncoder) -> torch.Tensor:
    """Return the gradient of the semantic loss to all logits."""
    leaf = logits.clone().requires_grad_()
    own = gold_vectors(torch.tensor(gold), [len(gold)], encoder)
    loss = semantic(expected_vectors(leaf, [len(gold)], encoder), own).sum()
    return torch.autograd.grad(loss, leaf)[0]


def straight_through_gradient(
    logits: torch.Tensor, gold: tuple[int, ...], encoder: FrozenEncoder
) -> torch.Tensor:
    """Return the mean gradient where drawn tokens go in, and gradients pass as if they were expectations."""
    leaf, own = logits.clone().requires_grad_(), gold_vectors(torch.tensor(gold), [len(gold)], encoder)
    p = leaf.softmax(1)
    drawn = torch.multinomial(p.detach(), SAMPLES, replacement=True).T
    hard = torch.nn.functional.one_hot(drawn, logits.shape[1]).to(p.dtype)
    vectors = (hard + p - p.detach()) @ encoder.embedding
    encoded = encoder.encode(vectors, torch.ones(vectors.shape[:2], dtype=torch.long))
    return torch.autograd.grad(semantic(encoded, own.expand_as(encoded)).mean(), leaf)[0]


def ce_gradient(logits: torch.Tensor, gold: tuple[int, ...]) -> torch.Tensor:
    """Return the gradient of cross entropy to all logits."""
    leaf = logits.clone().requires_grad_()
    return torch.autograd.grad(cross_entropy(leaf, torch.tensor(gold)).sum(), leaf)[0]


def seconds_of(encoder: FrozenEncoder, rows: list[tuple[torch.Tensor, tuple[int, ...]]]) -> float:
    """Return the time of the semantic loss, forward and backward, on all rows in one batch."""
    logits, lengths = torch.cat([logits for logits, _ in rows]), [len(gold) for _, gold in rows]
    golds = gold_vectors(torch.tensor([token for _, gold in rows for token in gold]), lengths, encoder)
    times = []
    for _ in range(4):
        start, leaf = time.perf_counter(), logits.clone().requires_grad_()
        torch.autograd.grad(semantic(expected_vectors(leaf, lengths, encoder), golds).sum(), leaf)
        times.append(time.perf_counter() - start)
    return sorted(times[1:])[1]


def causal_encoder(model: PreTrainedModel) -> FrozenEncoder:
    """Return the body of a causal model as a frozen encoder: the mean of its last states."""
    body = model.get_decoder().requires_grad_(False)

    def encode(vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        states = body(inputs_embeds=vectors, attention_mask=mask, use_cache=False).last_hidden_state
        weight = mask.unsqueeze(-1).to(states.dtype)
        pooled: torch.Tensor = (states * weight).sum(1) / weight.sum(1)
        return pooled

    return FrozenEncoder(model.get_input_embeddings().weight.detach(), encode)


def by_text(measure: SentenceTransformer, tokenizer: PreTrainedTokenizerFast) -> Distance:
    """Return the distance of candidates from a gold target in the meaning of their texts."""

    def distance(candidates: list[tuple[int, ...]], gold: tuple[int, ...]) -> torch.Tensor:
        written = [decode(tokenizer, ids) for ids in (*candidates, gold)]
        distinct = list(dict.fromkeys(written))
        vectors = measure.encode(distinct, batch_size=256, convert_to_tensor=True, show_progress_bar=False)
        place = {text: number for number, text in enumerate(distinct)}
        found = vectors[[place[text] for text in written]]
        return 1 - found[:-1] @ found[-1]

    return distance


def by_tokens(encoder: FrozenEncoder) -> Distance:
    """Return the distance of candidates from a gold target in an encoder that reads their tokens."""

    def distance(candidates: list[tuple[int, ...]], gold: tuple[int, ...]) -> torch.Tensor:
        parts = [candidates[i : i + 512] for i in range(0, len(candidates), 512)]
        flat = [(torch.tensor(part).flatten(), [len(gold)] * len(part)) for part in [[gold], *parts]]
        first, *found = [gold_vectors(ids, lengths, encoder) for ids, lengths in flat]
        return 1 - cosine_similarity(torch.cat(found), first)

    return distance


def cosines(
    logits: torch.Tensor,
    gold: tuple[int, ...],
    encoders: dict[str, FrozenEncoder],
    objectives: dict[str, Distance],
) -> dict[str, float]:
    """Return for each aim and gradient how near it is to the true one; nothing if all tokens are certain."""
    p = logits.softmax(1)
    likely = p.topk(TOKENS, dim=1).indices
    open_positions = [t for t in range(len(gold)) if p[t].max() < SURE]
    if not open_positions:
        return {}
    gradients = {name: relaxed_gradient(logits, gold, encoder) for name, encoder in encoders.items()}
    projection = encoders[PROJECTION]
    gradients[f"{PROJECTION}, straight-through"] = straight_through_gradient(logits, gold, projection)
    gradients["ce"] = ce_gradient(logits, gold)
    found = {}
    for aim, distance in objectives.items():
        true = true_gradient(p, gold, likely, open_positions, distance)
        again = true_gradient(p, gold, likely, open_positions, distance)
        found[f"{aim} | itself, sampled again"] = float(cosine_similarity(true, again, 0))
        for name, gradient in gradients.items():
            flat = gradient[open_positions].gather(1, likely[open_positions]).flatten()
            found[f"{aim} | {name}"] = float(cosine_similarity(flat, true + again, 0))
    return found


def summary(values: list[float]) -> dict[str, float]:
    """Return what is told of the cosines of all examples."""
    return {
        "mean": sum(values) / len(values),
        "min": min(values),
        "positive": sum(value > 0 for value in values) / len(values),
        "n": len(values),
    }


def main() -> None:
    """Measure and print a JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name in ("student", "run", "teacher", "sentence_encoder"):
        parser.add_argument(name, type=Path)
    given = parser.parse_args()
    torch.manual_seed(0)
    tokenizer = load_tokenizer(given.run / "dataset/tokenizer")
    student, teacher = load(given.student), load(given.teacher)
    rows = read_rows(given.run / "dataset/validation.parquet")
    longest = max(len(row.target_ids) for row in rows)
    projection = FrozenEncoder(
        *projected_encoder(given.sentence_encoder, token_texts(tokenizer), longest, torch.device("cpu"))
    )
    own = frozen_encoder(teacher) if teacher.config.is_encoder_decoder else causal_encoder(teacher)
    encoders = {PROJECTION: projection, "teacher's own": own}
    objectives = {"MiniLM of the text": by_text(load_sentence_encoder(given.sentence_encoder), tokenizer)}
    if teacher.num_parameters() < 2e7:  # thousands of texts per row through a large one would take days
        objectives["teacher's own of the tokens"] = by_tokens(own)
    chosen = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))[:EXAMPLES].tolist()
    found: dict[str, list[float]] = {}
    measured = []
    for index in chosen:
        row: Row = rows[index]
        with torch.no_grad():
            logits = target_output(student, collate([row], layout_of(student.config))).logits.float()
        measured.append((logits, tuple(row.target_ids)))
        for name, cosine in cosines(*measured[-1], encoders, objectives).items():
            found.setdefault(name, []).append(cosine)
        print(index, {k: round(sum(v) / len(v), 3) for k, v in found.items()}, flush=True)
    result = {name: summary(values) for name, values in found.items()}
    speed = {name: seconds_of(encoder, measured[:16]) for name, encoder in encoders.items()}
    print(json.dumps({"cosine": result, "seconds_16_examples": speed}, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
