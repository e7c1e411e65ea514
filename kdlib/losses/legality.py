"""What Java allows: the tokens that cannot follow a started statement, and which outputs are statements."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import torch

from kdlib.java.legality import Effect, Mode, State, effect_of
from kdlib.java.validity import is_statement
from kdlib.losses.inputs import Illegality

if TYPE_CHECKING:
    from jaxtyping import Bool, Int
    from torch import Tensor

REMEMBERED = 1 << 14  # verdicts: a trained student draws the same outputs again and again


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
        if mode not in self._effects:
            place: dict[Effect | None, int] = {}
            effects = (effect_of(mode, text) if text else None for text in self.texts)
            of_token = torch.tensor([place.setdefault(effect, len(place)) for effect in effects])
            depth = max((len(effect.needs) for effect in place if effect is not None), default=0)
            self._effects[mode] = _Effects(list(place), of_token, depth)
        return self._effects[mode]


def judge(decode: Callable[[Sequence[int]], str], end: int) -> Callable[[list[int]], bool]:
    """Return a judge of samples: whether what stands before the first end token is one Java statement.

    Args:
        decode: Returns the text of ids.
        end: The end token. A sample without one is judged as a whole.
    """

    @lru_cache(REMEMBERED)
    def verdict(ids: tuple[int, ...]) -> bool:
        return is_statement(decode(ids))

    def valid(ids: list[int]) -> bool:
        length = ids.index(end) if end in ids else len(ids)
        return verdict(tuple(ids[:length]))

    return valid
