"""Beam search over a batch of prompts.

transformers' own search runs every prompt once for each beam, carries finished rows along until the last one
is done, and, for a score, keeps what every step says of the whole vocabulary. Here a prompt is run once,
a row leaves when it is done, and a score is summed up on the way. What is found is the same, but that no
processor of logits in a model's ``generation_config`` has a say: a score is the model's own likelihood.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import torch
from transformers.cache_utils import DynamicLayer

from kdlib.models.batch import Row, layout_of, prompts
from kdlib.models.forward import head_sees
from kdlib.models.prompt_attention import shared_prompts

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor
    from transformers import PreTrainedModel
    from transformers.cache_utils import CacheLayerMixin

Output = tuple[list[int], float]


class Decoder(Protocol):
    """A model with the prompts that it has read and what it has written behind each."""

    def start(self) -> Float[Tensor, "rows vocab"]:
        """Read the prompts and return the logits of the first token."""

    def advance(self, tokens: Int[Tensor, " outputs"]) -> Float[Tensor, "outputs vocab"]:
        """Write a token behind each output and return the logits of the next."""

    def keep(self, places: Int[Tensor, " kept"], rows: Int[Tensor, " going"] | None) -> None:
        """Go on with these outputs, some of them perhaps more than once, as many for each row.

        Args:
            places: Numbers of the outputs.
            rows: Numbers of their rows; None if each output takes the place of one with the same prompt.
        """


def beam_search(
    model: PreTrainedModel, rows: Sequence[Row], beams: int, n_best: int, max_tokens: int
) -> list[list[Output]]:
    """Return for each row its best outputs, best first: token ids and their log-probability.

    The ids end with the end token unless ``max_tokens`` cut them; the log-probability counts it. Outputs are
    ordered by log-probability per token. A row is done when as many outputs have ended as there are beams.

    Args:
        model: Model in evaluation mode.
        rows: One batch; their targets are not looked at.
        beams: Beam width; 1 is greedy search.
        n_best: Outputs a row, at most ``beams``.
        max_tokens: Longest output.
    """
    start = layout_of(model.config).start
    with torch.inference_mode():
        if start is None:
            found = _search(_Causal(model, rows), len(rows), beams, max_tokens, _ends(model))
        else:
            with shared_prompts(model) as shared:
                decoder = _EncoderDecoder(model, rows, start, shared)
                found = _search(decoder, len(rows), beams, max_tokens, _ends(model))
    return [[(ids, total) for ids, total in outputs[:n_best]] for outputs in found]


def _ends(model: PreTrainedModel) -> list[int]:
    ends = model.generation_config.eos_token_id
    if ends is None:
        return []
    return [ends] if isinstance(ends, int) else list(ends)  # chat models have several


@dataclass
class _Beams:
    """Unfinished outputs of the rows that are not done.

    Attributes:
        rows: Number of each row.
        written: ``[rows, width, time]`` tokens of its outputs.
        totals: ``[rows, width]`` their log-probability.
    """

    rows: list[int]
    written: Int[Tensor, "rows width time"]
    totals: Float[Tensor, "rows width"]


@dataclass
class _Candidates:
    """The likeliest continuations of a row's outputs, likeliest first.

    Attributes:
        totals: ``[rows, candidates]`` log-probability with the new token.
        parents: ``[rows, candidates]`` which of the row's outputs is continued.
        tokens: ``[rows, candidates]`` the new token.
        ended: ``[rows, candidates]`` whether it is an end token or the last that is allowed.
    """

    totals: Float[Tensor, "rows candidates"]
    parents: Int[Tensor, "rows candidates"]
    tokens: Int[Tensor, "rows candidates"]
    ended: Bool[Tensor, "rows candidates"] = field(init=False)


def _search(
    decoder: Decoder, count: int, beams: int, max_tokens: int, ends: Sequence[int]
) -> list[list[Output]]:
    # So many that those which do not end fill all beams, whichever end.
    wanted = max(2, 1 + len(ends)) * beams
    done: list[list[Output]] = [[] for _ in range(count)]
    logits = decoder.start()
    device = logits.device
    end_tokens = torch.tensor(ends, dtype=torch.long, device=device)
    alive = _Beams(
        list(range(count)),
        torch.zeros(count, 1, 0, dtype=torch.long, device=device),
        torch.zeros(count, 1, device=device),
    )
    for length in range(1, max_tokens + 1):
        found = _candidates(logits, alive.totals, wanted)
        found.ended = torch.isin(found.tokens, end_tokens) | (length == max_tokens)
        _collect(done, alive, found, beams)
        going = [place for place, row in enumerate(alive.rows) if len(done[row]) < beams]
        if not going or length == max_tokens:
            break
        kept = torch.tensor(going, device=device)
        alive, places, tokens = _continued(alive, found, kept, beams)
        decoder.keep(places, None if length > 1 and len(places) == len(logits) else kept)
        logits = decoder.advance(tokens)
    return [sorted(outputs, key=lambda output: -output[1] / len(output[0]))[:beams] for outputs in done]


def _candidates(
    logits: Float[Tensor, "outputs vocab"], totals: Float[Tensor, "rows width"], wanted: int
) -> _Candidates:
    """Return the likeliest continuations of every row."""
    logits = logits.float()
    rows, width = totals.shape
    # No more of one output can be among those of its row, and log-probabilities of the rest are not needed.
    best, tokens = logits.topk(min(wanted, logits.shape[1]), dim=-1)
    log_probs = best - logits.logsumexp(-1, keepdim=True)
    whole = (log_probs.view(rows, width, -1) + totals[:, :, None]).flatten(1)
    values, order = whole.topk(min(wanted, whole.shape[1]), dim=-1)
    return _Candidates(values, order // best.shape[1], tokens.view(rows, -1).gather(1, order))


def _collect(done: list[list[Output]], alive: _Beams, found: _Candidates, beams: int) -> None:
    """Add the outputs that ended among the likeliest ``beams`` to those of their rows."""
    for place, rank in found.ended[:, :beams].nonzero().tolist():
        parent = int(found.parents[place, rank])
        ids = [*alive.written[place, parent].tolist(), int(found.tokens[place, rank])]
        done[alive.rows[place]].append((ids, float(found.totals[place, rank])))


def _continued(
    alive: _Beams, found: _Candidates, kept: Int[Tensor, " going"], beams: int
) -> tuple[_Beams, Int[Tensor, " outputs"], Int[Tensor, " outputs"]]:
    """Return the unfinished outputs with a token more, whose continuations they are, and these tokens."""
    totals, order = found.totals.masked_fill(found.ended, -torch.inf)[kept].topk(beams, dim=-1)
    parents = found.parents[kept].gather(1, order)
    tokens = found.tokens[kept].gather(1, order)
    width = alive.written.shape[1]
    before = alive.written[kept[:, None], parents]
    after = _Beams(
        [alive.rows[place] for place in kept.tolist()], torch.cat([before, tokens[:, :, None]], dim=2), totals
    )
    return after, (kept[:, None] * width + parents).flatten(), tokens.flatten()


class _EncoderDecoder:
    def __init__(self, model: PreTrainedModel, rows: Sequence[Row], start: int, shared: bool) -> None:
        tensors = prompts([row.source_ids for row in rows], layout_of(model.config).pad, "right")
        self.model = model
        self.first = start
        self.shared = shared
        self.cache: Any = None
        self.ids = tensors["input_ids"].to(model.device)
        self.mask = tensors["attention_mask"].to(model.device)

    def start(self) -> Float[Tensor, "rows vocab"]:
        encoder = self.model.get_encoder()
        self.states = encoder(input_ids=self.ids, attention_mask=self.mask).last_hidden_state
        return self.advance(torch.full_like(self.ids[:, 0], self.first))

    def advance(self, tokens: Int[Tensor, " outputs"]) -> Float[Tensor, "outputs vocab"]:
        found = self.model(
            encoder_outputs=(self.states,),
            attention_mask=self.mask,
            decoder_input_ids=tokens[:, None],
            past_key_values=self.cache,
            use_cache=True,
        )
        self.cache = found.past_key_values
        logits: Tensor = found.logits[:, -1]
        return logits

    def keep(self, places: Int[Tensor, " kept"], rows: Int[Tensor, " going"] | None) -> None:
        self.cache.self_attention_cache.reorder_cache(places)
        if rows is None:  # keys and values of the prompts, the most of the memory, stay
            return
        held = rows if self.shared else places
        self.cache.cross_attention_cache.reorder_cache(held)
        self.states = self.states[held]
        self.mask = self.mask[held]


def _reorder_within_rows(layer: CacheLayerMixin, places: Int[Tensor, " outputs"], behind: int) -> None:
    """Let outputs take the places of others with the same prompt, whose keys and values need no copy."""
    if type(layer) is DynamicLayer and layer.is_initialized:  # others keep no more than a window
        for kept in (layer.keys, layer.values):
            kept[:, :, behind:] = kept[places, :, behind:]
    else:
        layer.reorder_cache(places)


class _Causal:
    def __init__(self, model: PreTrainedModel, rows: Sequence[Row]) -> None:
        tensors = prompts([row.source_ids for row in rows], layout_of(model.config).pad, "left")
        self.model = model
        self.cache: Any = None
        self.ids = tensors["input_ids"].to(model.device)
        self.mask = tensors["attention_mask"].to(model.device)
        # Others compute positions from the mask.
        self.placed = "position_ids" in inspect.signature(model.forward).parameters

    def start(self) -> Float[Tensor, "rows vocab"]:
        last = torch.zeros_like(self.mask, dtype=torch.bool)
        last[:, -1] = True
        with head_sees(self.model, last):
            return self._logits(self.ids)

    def advance(self, tokens: Int[Tensor, " outputs"]) -> Float[Tensor, "outputs vocab"]:
        self.mask = torch.cat([self.mask, torch.ones_like(tokens)[:, None]], dim=1)
        return self._logits(tokens[:, None])[:, -1]

    def keep(self, places: Int[Tensor, " kept"], rows: Int[Tensor, " going"] | None) -> None:
        if rows is None:
            for layer in self.cache.layers:
                _reorder_within_rows(layer, places, behind=self.ids.shape[1])
            return
        self.cache.reorder_cache(places)
        self.mask = self.mask[places]

    def _logits(self, ids: Int[Tensor, "outputs time"]) -> Tensor:
        places = (self.mask.cumsum(1) - 1).clamp(min=0)[:, -ids.shape[1] :]
        found = self.model(
            input_ids=ids,
            attention_mask=self.mask,
            past_key_values=self.cache,
            use_cache=True,
            **({"position_ids": places} if self.placed else {}),
        )
        self.cache = found.past_key_values
        logits: Tensor = found.logits
        return logits
