"""Syntax loss: what the student gives to text that no Java statement contains at that place.

Two forms. ``impossible_mass`` is exact and differentiable, but sees only what brackets, literals and the
statement's end tell (``kdlib.java.legality``): a lower bound of the mass on wrong syntax.
``sampled_validity`` takes any judge, a whole parser too, at the price of a noisy gradient. Both are
conditional on the gold prefix, so neither says how often free-running output is wrong.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from kdlib.java.legality import Effect, Mode, State, effect_of
from kdlib.losses.base import Loss, Need
from kdlib.losses.precision import log_probabilities

if TYPE_CHECKING:
    import torch
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    from kdlib.losses.inputs import Batch, Illegality


class Ast(Loss):
    """Probability mass on syntactically impossible continuations."""

    needs: ClassVar[frozenset[Need]] = frozenset({"legality"})
    form: Literal["mass"] = Field("mass", description="exact, from brackets, literals and the end alone")

    def values(self, batch: Batch) -> Float[Tensor, " positions"]:
        """Return the impossible mass of every position."""
        if batch.illegality is None:
            raise ValueError("this loss needs the legality of tokens")
        return impossible_mass(batch.student, batch.illegality.situations, batch.illegality.bank)


@dataclass(frozen=True, eq=False)
class _Effects:
    """What the vocabulary does in one mode.

    Attributes:
        distinct: Effects that differ; None is that of texts that can never follow.
        of_token: ``[vocab]`` place in ``distinct`` of each token.
        depth: Most brackets that a token closes.
    """

    distinct: list[Effect | None]
    of_token: Int[Tensor, " vocab"]
    depth: int


@dataclass(frozen=True, eq=False)
class Legality:
    """Knows which tokens cannot follow a started target; each distinct situation is worked out once.

    Attributes:
        texts: ``[vocab]`` text that each id adds, its blanks included; "" for special tokens and for ids
            without meaning, which can never follow. A piece of a UTF-8 character may be U+FFFD.
        end: Id of the end token, which can follow exactly where a statement is complete.
        capacity: How many rows of ``vocab`` bytes are kept; those used least recently are dropped.

    Raises:
        ValueError: If the end token is outside the vocabulary or has a text.
    """

    texts: Sequence[str]
    end: int
    capacity: int = 1024
    _effects: dict[Mode, _Effects] = field(default_factory=dict, init=False)
    _rows: OrderedDict[State | None, Bool[Tensor, " vocab"]] = field(default_factory=OrderedDict, init=False)

    def __post_init__(self) -> None:
        if not 0 <= self.end < len(self.texts):
            raise ValueError(f"the end token {self.end} is outside the {len(self.texts)} texts")
        if self.texts[self.end]:
            raise ValueError(f"the end token {self.end} adds no text, yet {self.texts[self.end]!r} is given")

    def at(self, targets: Sequence[Sequence[int]], device: torch.device) -> Illegality:
        """Return which tokens are impossible at each position of some targets.

        A gold token never is: from the first one that contradicts the automaton (the target is no Java
        statement, or holds an unknown token) to the end of its target, no token is called impossible.

        Args:
            targets: Gold ids of each example.
            device: Where the student's logits are.

        Returns:
            A bank with the situations of these targets only.

        Raises:
            ValueError: If an id is outside the vocabulary.
        """
        import torch

        from kdlib.losses.inputs import Illegality

        row_of: dict[State | None, int] = {}
        places = [row_of.setdefault(state, len(row_of)) for ids in targets for state in self._states(ids)]
        bank = torch.empty(len(row_of), len(self.texts), dtype=torch.bool)
        for state, place in row_of.items():
            bank[place] = self._row(state)
        return Illegality(bank.to(device), torch.tensor(places, dtype=torch.long, device=device))

    def _states(self, ids: Sequence[int]) -> Iterator[State | None]:
        """Yield the state before each token, as deep as any token can see; None where nothing is known."""
        state: State | None = State()
        for token in ids:
            if not 0 <= token < len(self.texts):
                raise ValueError(f"token {token} is outside the {len(self.texts)} texts")
            if state is None:
                yield None
                continue
            effects = self._effects_in(state.mode)
            effect = effects.distinct[int(effects.of_token[token])]
            following = None if effect is None else state.take(effect)
            known = following is not None or (token == self.end and state.complete)
            yield state.trimmed(effects.depth) if known else None
            state = following

    def _row(self, state: State | None) -> Bool[Tensor, " vocab"]:
        """Return which tokens are impossible in a state, from the cache if it holds them."""
        import torch

        if state in self._rows:
            self._rows.move_to_end(state)
            return self._rows[state]
        row = torch.zeros(len(self.texts), dtype=torch.bool)
        if state is not None:
            effects = self._effects_in(state.mode)
            wrong = [effect is None or state.take(effect) is None for effect in effects.distinct]
            row = torch.tensor(wrong)[effects.of_token]
            row[self.end] = not state.complete
        self._rows[state] = row
        if len(self._rows) > self.capacity:
            self._rows.popitem(last=False)
        return row

    def _effects_in(self, mode: Mode) -> _Effects:
        """Return what all tokens do in a mode, read once."""
        import torch

        if mode not in self._effects:
            place: dict[Effect | None, int] = {}
            effects = (effect_of(mode, text) if text else None for text in self.texts)
            of_token = torch.tensor([place.setdefault(effect, len(place)) for effect in effects])
            depth = max((len(effect.needs) for effect in place if effect is not None), default=0)
            self._effects[mode] = _Effects(list(place), of_token, depth)
        return self._effects[mode]


def impossible_mass(
    student: Float[Tensor, "positions vocab"],
    situations: Int[Tensor, " positions"],
    bank: Bool[Tensor, "situations vocab"],
) -> Float[Tensor, " positions"]:
    """Return the probability of an impossible next token, Σ over impossible v of p(v).

    Args:
        student: Logits at valid positions; p is taken at T = 1.
        situations: Row of the bank for each position.
        bank: Which tokens are impossible in each situation.

    Returns:
        One value per position in [0, 1].

    Raises:
        ValueError: If positions or vocabulary differ.

    Relations:
        −log(1 − mass) is the semantic loss of Xu et al. 2018, "A Semantic Loss Function for Deep Learning
        with Symbolic Knowledge", for the constraint that the next token is possible. The mass itself is
        bounded; its gradient vanishes where the mass is nearly 1, as it does where it is nearly 0.
    """
    positions, vocab = student.shape
    if situations.shape != (positions,):
        raise ValueError(f"student has {positions} positions, situations {list(situations.shape)}")
    if bank.shape[1] != vocab:
        raise ValueError(f"student has {vocab} tokens, the bank {bank.shape[1]}")
    # The product takes half the time of masked_fill or where.
    return (log_probabilities(student).exp() * bank[situations]).sum(dim=-1)


def sampled_validity(
    student: Float[Tensor, "positions vocab"],
    lengths: Sequence[int],
    valid: Callable[[list[int]], bool],
    samples: int,
    generator: torch.Generator | None,
) -> Float[Tensor, " examples"]:
    """Return the share of sampled outputs that are invalid, with a score-function gradient.

    Each token of a sample y is drawn from p_t given the *gold* prefix. With w_s = 1 if sample s is invalid,
    else 0, value and gradient are

    mean of w_s   and   mean of (w_s − b_s)·∇log p(y_s),   b_s = mean of w over the other samples.

    Both are unbiased for P(invalid) under this drawing (b_s does not depend on y_s), and biased for
    free-running output, whose prefixes are the student's own. The variance falls as 1/samples and grows with
    the number of positions; where all samples are valid, or all invalid, the gradient is 0.

    Args:
        student: Logits at valid positions, example after example; p is taken at T = 1.
        lengths: Number of positions of each example, in order.
        valid: Judges one sample, as many ids as the example has positions; what an end token among them
            means is up to it.
        samples: Samples per example, at least 2.
        generator: Source of randomness, on the student's device; None takes torch's own.

    Returns:
        One value per example in [0, 1]; 0 for an example without positions.

    Raises:
        ValueError: If there are fewer than 2 samples, or the numbers of positions differ.

    Reference:
        Score function: Williams 1992, REINFORCE. Leave-one-out baseline: Kool et al. 2019, "Buy 4 REINFORCE
        Samples, Get a Baseline for Free!".
    """
    import torch

    if samples < 2:
        raise ValueError(f"the leave-one-out baseline needs at least 2 samples, got {samples}")
    if sum(lengths) != len(student):
        raise ValueError(f"student has {len(student)} positions, lengths add up to {sum(lengths)}")
    log_p = log_probabilities(student)
    if not len(student):
        return log_p.sum().expand(len(lengths))  # zeros with a graph
    drawn = torch.multinomial(log_p.detach().exp(), samples, replacement=True, generator=generator)
    verdicts = [
        [len(ids) > 0 and not valid(ids) for ids in part.T.tolist()] for part in drawn.split(list(lengths))
    ]
    invalid = torch.tensor(verdicts, device=student.device).to(log_p.dtype)
    baseline = (invalid.sum(dim=1, keepdim=True) - invalid) / (samples - 1)
    count = torch.tensor(lengths, device=student.device)
    advantage = (invalid - baseline).repeat_interleave(count, dim=0, output_size=len(student))
    surrogate = (advantage * log_p.gather(1, drawn)).mean(dim=1)
    owner = torch.arange(len(lengths), device=student.device).repeat_interleave(count)
    score = log_p.new_zeros(len(lengths)).index_add(0, owner, surrogate)
    return invalid.mean(dim=1) + score - score.detach()
