"""An interpolated Kneser-Ney trigram over target tokens: a language model that never sees the prompt.

Chen & Goodman 1999, "An empirical study of smoothing techniques for language modeling", §3:
p(w|h) = (c(hw) − D(c(hw))) / c(h) + γ(h)·p(w|h'), where h' drops the oldest token of h, shorter histories
count distinct left neighbours in place of occurrences, and the shortest backs off to 1/V.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kdlib.files import DataError

START = -1  # stands before the first token; no token has this id
_ORDER = 3
Ngram = tuple[int, ...]
Discounts = tuple[float, float, float]


class Followers(NamedTuple):
    """What may follow a history.

    Attributes:
        shares: Token: discounted share (c − D(c)) / c(h).
        back_off: γ(h) = Σ_w D(c(hw)) / c(h), the mass left for the shorter history.
    """

    shares: dict[int, float]
    back_off: float


@dataclass(frozen=True, slots=True)
class Trigram:
    """A fitted model; make one by ``fit``.

    Attributes:
        vocab_size: V; the tokens are 0..V−1.
        eos: Token that ends every sequence.
        followers: History of 0, 1 or 2 tokens: what may follow.
    """

    vocab_size: int
    eos: int
    followers: Mapping[Ngram, Followers]

    def log_probs(self, ids: Sequence[int]) -> NDArray[np.float64]:
        """Return log p of every token of a sequence.

        Args:
            ids: Token ids, EOS included.

        Returns:
            ``[len(ids)]`` in nats.

        Raises:
            DataError: If an id lies outside the vocabulary.
        """
        _check_ids(ids, self.vocab_size)
        path = (START, *ids)
        return np.log([self._probability(path[max(0, at - 2) : at], path[at]) for at in range(1, len(path))])

    def distribution(self, history: Ngram) -> NDArray[np.float64]:
        """Return p of every token after a history, of which the last two tokens count.

        Args:
            history: Tokens before, after ``START`` where the sequence begins; () if nothing is known of them.

        Returns:
            ``[vocab_size]``, summing to 1.
        """
        probabilities = np.full(self.vocab_size, 1 / self.vocab_size)
        for level in self._levels(history):
            probabilities *= level.back_off
            probabilities[list(level.shares)] += list(level.shares.values())
        return probabilities

    def n_best(self, n: int, max_tokens: int) -> list[tuple[Ngram, float]]:
        """Return the n most probable complete sequences that beam search finds.

        Args:
            n: Number of sequences; fewer come back only if the vocabulary and ``max_tokens`` allow no more.
            max_tokens: Longest sequence, EOS included.

        Returns:
            Sequences ending in EOS with their log-probability in nats, best first.
        """
        # Wider than n: a sequence among the best may begin with a token that is not.
        width = max(32, 4 * n)
        live: list[tuple[Ngram, float]] = [((), 0.0)]
        complete: list[tuple[Ngram, float]] = []
        for length in range(1, max_tokens + 1):
            scores = np.stack([np.log(self.distribution((START, *ids))) + score for ids, score in live])
            complete += [
                ((*ids, self.eos), float(end))
                for (ids, _), end in zip(live, scores[:, self.eos], strict=True)
            ]
            complete = sorted(complete, key=_best_first)[:n]
            scores[:, self.eos] = -np.inf
            live = _extend(live, scores, width)
            # Scores only fall as sequences grow: nothing live can enter any more.
            if length == max_tokens or not live or (len(complete) == n and live[0][1] <= complete[-1][1]):
                break
        return complete

    def _levels(self, history: Ngram) -> list[Followers]:
        """Return the known followers of a history and of its ends, shortest first."""
        ends = (history[len(history) - size :] for size in range(min(len(history), _ORDER - 1) + 1))
        return [self.followers[end] for end in ends if end in self.followers]

    def _probability(self, history: Ngram, token: int) -> float:
        probability = 1 / self.vocab_size
        for level in self._levels(history):
            probability = level.shares.get(token, 0.0) + level.back_off * probability
        return probability


def fit(targets: Sequence[Sequence[int]], vocab_size: int) -> Trigram:
    """Fit the model to sequences of token ids.

    Args:
        targets: Sequences that all end in the same token, EOS.
        vocab_size: V; the base distribution is uniform over 0..V−1.

    Raises:
        DataError: If there is no sequence, one is empty, they end differently, or an id is not below V.
    """
    ends = {ids[-1] if len(ids) else None for ids in targets}
    if len(ends) != 1 or None in ends:
        raise DataError(
            f"the trigram needs targets that all end in one EOS token, got the ends "
            f"{sorted(map(str, ends))}; make the dataset again"
        )
    for ids in targets:
        _check_ids(ids, vocab_size)
    followers: dict[Ngram, Followers] = {}
    for counts in _adjusted_counts(targets):
        discounts = estimate_discounts(counts.values())
        grouped: defaultdict[Ngram, dict[int, int]] = defaultdict(dict)
        for ngram, count in counts.items():
            grouped[ngram[:-1]][ngram[-1]] = count
        followers |= {history: _discounted(seen, discounts) for history, seen in grouped.items()}
    return Trigram(vocab_size, int(targets[0][-1]), followers)


def estimate_discounts(counts: Iterable[int]) -> Discounts:
    """Estimate what is taken from n-grams seen once, twice, and three times or more.

    Y = n1 / (n1 + 2·n2), D_k = k − (k + 1)·Y·n_{k+1} / n_k. Where a count of counts is 0 or a discount is
    not above 0, one discount for all is used: Y, or ½ if that is not estimable either.

    Args:
        counts: Adjusted counts of the n-grams of one order.

    Reference: Chen & Goodman 1999, §3; Ney, Essen & Kneser 1994 for the single discount.
    """
    seen = Counter(counts)
    once = seen[1]
    twice = seen[2]
    if not once or not twice:
        return (0.5, 0.5, 0.5)
    single = once / (once + 2 * twice)
    if not seen[3] or not seen[4]:
        return (single, single, single)
    first, second, third = (k - (k + 1) * single * seen[k + 1] / seen[k] for k in (1, 2, 3))
    # Every discount must leave mass for unseen tokens.
    if second <= 0 or third <= 0:
        return (single, single, single)
    return (first, second, third)


def _adjusted_counts(targets: Iterable[Sequence[int]]) -> list[Counter[Ngram]]:
    """Count n-grams for n = 1..3: trigrams by occurrence, shorter ones by distinct left neighbours.

    N-grams at the start of a sequence have no left neighbour and keep their occurrences, as in KenLM
    (Heafield et al. 2013, §3.2).
    """
    pairs: Counter[Ngram] = Counter()
    triples: Counter[Ngram] = Counter()
    for ids in targets:
        path = (START, *ids)
        pairs.update(pairwise(path))
        triples.update(zip(path, path[1:], path[2:], strict=False))
    starts = Counter({pair: count for pair, count in pairs.items() if pair[0] == START})
    return [Counter(pair[1:] for pair in pairs), Counter(triple[1:] for triple in triples) + starts, triples]


def _discounted(counts: Mapping[int, int], discounts: Discounts) -> Followers:
    total = sum(counts.values())
    taken = {token: discounts[min(count, 3) - 1] for token, count in counts.items()}
    shares = {token: (count - taken[token]) / total for token, count in counts.items()}
    return Followers(shares, sum(taken.values()) / total)


def _extend(
    live: list[tuple[Ngram, float]], scores: NDArray[np.float64], width: int
) -> list[tuple[Ngram, float]]:
    """Return the best ``width`` continuations of live sequences, given their scores ``[live, vocab]``."""
    flat = scores.ravel()
    floor = np.partition(flat, -width)[-width] if len(flat) > width else -np.inf
    found = [int(at) for at in np.flatnonzero((flat >= floor) & np.isfinite(flat))]
    vocab = scores.shape[1]
    extended = [((*live[at // vocab][0], at % vocab), float(flat[at])) for at in found]
    return sorted(extended, key=_best_first)[:width]


def _best_first(hypothesis: tuple[Ngram, float]) -> tuple[float, Ngram]:
    ids, score = hypothesis
    return -score, ids


def _check_ids(ids: Sequence[int], vocab_size: int) -> None:
    if len(ids) and not (min(ids) >= 0 and max(ids) < vocab_size):
        raise DataError(
            f"target ids run from {min(ids)} to {max(ids)}, the tokenizer has {vocab_size} entries; "
            "make the dataset again with this tokenizer"
        )
