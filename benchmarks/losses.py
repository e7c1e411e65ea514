"""What a loss costs: forward and backward of each term, over torch's cross entropy on the same logits.

Losses run as training runs them, in chunks of whole examples. 2,048 positions in examples of 32 tokens, a
vocabulary of 32,100, single precision, one thread; random logits, since the cost does not depend on them. A
training step is that of an encoder-decoder of 60 M parameters on two threads.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import torch
from torch.nn.functional import cross_entropy
from transformers import BertConfig, BertModel, T5Config, T5ForConditionalGeneration

from benchmarks.contract import Claim, answer, quick
from kdlib.losses.base import Unit
from kdlib.losses.expected import FrozenEncoder, gold_vectors
from kdlib.losses.inputs import Batch, GoldEmbeddings, Illegality
from kdlib.losses.table import Components
from kdlib.teacher_signal import FullSignal, SparseSignal
from kdlib.training.loop.objective import Objective

VOCAB, LENGTH, TEMPERATURE, KEPT = 32_100, 32, 2.0, 32
POSITIONS = 256 if quick() else 2048
RUNS = 3 if quick() else 7
GRADIENT_EVERY = 50  # the default of training.records
STEP_EXAMPLES, STEP_SOURCE = 8, 256
TARGETS = {
    "kl_over_ce": 1.6,
    "jsd_over_ce": 3.0,
    "focal_over_ce": 1.2,
    "kl_over_autograd": 0.6,
    "jsd_over_autograd": 0.5,
    "kl_sparse_over_ce": 1.3,
    "jsd_sparse_over_ce": 1.3,
    "pans_over_ce": 1.3,
    "ast_over_ce": 1.5,
    "trident_step_over_ce_step": 1.35,
}


def encoder() -> FrozenEncoder:
    """Return a frozen encoder of MiniLM's size (6 layers, width 384) over the student's vocabulary."""
    config = BertConfig(
        vocab_size=8, hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536
    )
    model = BertModel(config).eval().requires_grad_(False)

    def encode(vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        states = model(inputs_embeds=vectors, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).to(states.dtype)
        pooled: torch.Tensor = (states * weight).sum(1) / weight.sum(1)
        return pooled

    return FrozenEncoder(torch.randn(VOCAB, 384), encode)


def batch_of(positions: int, frozen: FrozenEncoder) -> Batch:
    """Return random logits with all that the losses read."""
    lengths = [LENGTH] * (positions // LENGTH)
    ids = torch.randint(VOCAB, (positions,))
    bank = torch.rand(40, VOCAB) < 0.3
    return Batch(
        student=(3 * torch.randn(positions, VOCAB)).requires_grad_(),
        ids=ids,
        lengths=lengths,
        signal=FullSignal((3 * torch.randn(positions, VOCAB) / TEMPERATURE).log_softmax(1), TEMPERATURE),
        gold_embeddings=GoldEmbeddings(
            frozen, gold_vectors(ids, lengths, frozen), torch.arange(len(lengths))
        ),
        illegality=Illegality(bank, torch.randint(40, (positions,))),
    )


def sparse(batch: Batch) -> Batch:
    """Return the batch with the signal's likeliest tokens and a tail in place of the whole distribution."""
    assert isinstance(batch.signal, FullSignal)
    kept, ids = batch.signal.log_probs.topk(KEPT, dim=1)
    tail = (1 - kept.exp().sum(1)).clamp(min=0)
    return replace(batch, signal=SparseSignal(ids.int(), kept, tail, TEMPERATURE))


def term(name: str, batch: Batch) -> Callable[[], None]:
    """Return a function that computes one component and its gradient as training does."""
    objective = Objective(Components.model_validate({name: {}}))
    counts: dict[Unit, int | torch.Tensor] = {"position": len(batch.ids), "example": len(batch.lengths)}

    def run() -> None:
        objective.combined(batch, {name: 1.0}, counts).total.backward()
        batch.student.grad = None

    return run


def straightforward(name: str, batch: Batch) -> Callable[[], None]:
    """Return kl or jsd as it is usually written: plain autograd over the whole batch."""
    assert isinstance(batch.signal, FullSignal)
    log_p = batch.signal.log_probs

    def run() -> None:
        log_q = torch.log_softmax(batch.student / TEMPERATURE, dim=-1)
        if name == "kl":
            values = (log_p.exp() * (log_p - log_q)).sum(-1)
        else:
            log_m = torch.logaddexp(log_p, log_q) - 0.6931471805599453
            values = 0.5 * (log_p.exp() * (log_p - log_m)).sum(-1)
            values = values + 0.5 * (log_q.exp() * (log_q - log_m)).sum(-1)
        (TEMPERATURE**2 * values).mean().backward()
        batch.student.grad = None

    return run


def ce(batch: Batch) -> Callable[[], None]:
    """Return torch's cross entropy on the batch, forward and backward."""

    def run() -> None:
        cross_entropy(batch.student, batch.ids).backward()
        batch.student.grad = None

    return run


def seconds(run: Callable[[], None]) -> float:
    """Return the time of one call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def ratio(run: Callable[[], None], against: Callable[[], None]) -> float:
    """Return the median ratio of interleaved pairs, after one call of each that is not counted."""
    run()
    against()
    return statistics.median(seconds(run) / seconds(against) for _ in range(RUNS))


def terms(frozen: FrozenEncoder) -> dict[str, tuple[float, str]]:
    """Return the ratios of single terms and what each is measured against."""
    batch = batch_of(POSITIONS, frozen)
    plain = ce(batch)
    against = f"torch cross_entropy, V = {VOCAB}, {POSITIONS} positions, one thread"
    found = {}
    # Those that compare layers read states, not logits: their price is the forward pass that gives them.
    components = Components.model_validate({name: {} for name in Components.model_fields})
    for name in (n for n in components.names() if n not in components.need("layers")):
        found[f"{name}_over_ce"] = ratio(term(name, batch), plain), against
    few = sparse(batch)
    for name in ("kl", "reverse_kl", "skew_kl", "jsd"):
        found[f"{name}_sparse_over_ce"] = (
            ratio(term(name, few), ce(few)),
            f"{against}; {KEPT} tokens and a tail",
        )
    for name in ("kl", "jsd"):
        usual = straightforward(name, batch)
        found[f"{name}_over_autograd"] = (
            ratio(term(name, batch), usual),
            "plain autograd over the whole batch",
        )
    return found


def step(components: dict[str, dict[str, float]], frozen: FrozenEncoder) -> tuple[Callable[[], None], ...]:
    """Return a training step with a loss, without and with the gradient norms of its components."""
    torch.manual_seed(1)
    shape = T5Config(
        vocab_size=VOCAB,
        d_model=512,
        d_ff=2048,
        num_layers=6,
        num_heads=8,
        dropout_rate=0.0,
        decoder_start_token_id=0,
    )
    model = T5ForConditionalGeneration(shape)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-5)
    source = torch.randint(VOCAB, (STEP_EXAMPLES, STEP_SOURCE))
    example = batch_of(STEP_EXAMPLES * LENGTH, frozen)
    objective = Objective(Components.model_validate(components))
    weights = dict.fromkeys(components, 0.35)
    counts: dict[Unit, int | torch.Tensor] = {"position": len(example.ids), "example": STEP_EXAMPLES}
    trained = list(model.parameters())

    def one(records: bool) -> None:
        logits = model(input_ids=source, labels=example.ids.view(STEP_EXAMPLES, LENGTH)).logits
        batch = replace(example, student=logits.flatten(0, 1))
        total = objective.combined(batch, weights, counts).total
        for name in components if records else ():
            alone = objective.combined(batch, weights, counts, only=name).total
            torch.nn.utils.get_total_norm(torch.autograd.grad(alone, trained, retain_graph=True))
        total.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        optimiser.zero_grad()

    return lambda: one(False), lambda: one(True)


def main() -> None:
    """Measure and print the answer."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    frozen = encoder()
    found = terms(frozen)
    torch.set_num_threads(2)
    usual, _ = step({"ce": {}}, frozen)
    trident, recorded = step({"focal": {}, "jsd": {}, "semantic": {}, "contrastive": {}}, frozen)
    often, rarely = ratio(trident, usual), ratio(recorded, usual)
    how = (
        f"a ce step of 60 M parameters, {STEP_EXAMPLES} × {STEP_SOURCE} in, {LENGTH} out, two threads; "
        "focal, jsd, semantic and contrastive, full signal, encoder of MiniLM's size; gradient norms every "
        f"{GRADIENT_EVERY} steps"
    )
    mean = often + (rarely - often) / GRADIENT_EVERY
    found |= {"trident_step_over_ce_step": (mean, how), "recorded_step_over_ce_step": (rarely, how)}
    answer(
        "losses",
        {
            name: Claim(value, "ratio", TARGETS.get(name), "lower", against, RUNS)
            for name, (value, against) in found.items()
        },
    )


if __name__ == "__main__":
    main()
