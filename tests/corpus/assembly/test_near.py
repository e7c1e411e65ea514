from __future__ import annotations

import subprocess
import sys
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdlib.corpus.assembly.near import NearIndex, banding, jaccard, shingles


def grams(tokens):
    """The definition, on tuples."""
    if len(tokens) < 5:
        return {tuple(tokens)}
    return {tuple(tokens[start : start + 5]) for start in range(len(tokens) - 4)}


def similarity(a, b):
    return len(grams(a) & grams(b)) / len(grams(a) | grams(b))


tokens = st.lists(st.sampled_from(["a", "b", "c", "(", ")"]), max_size=30)


@given(tokens, tokens)
def test_hashed_shingles_are_as_many_and_as_similar_as_tuples(a, b):
    assert len(shingles(a)) == len(grams(a))
    assert jaccard(shingles(a), shingles(b)) == similarity(a, b)


def test_shingles_see_order_length_and_token_borders():
    texts = [
        "a b c d e",
        "e d c b a",
        "a b c d",
        "a b c d e f",
        "ab c d e f",
        "a bc d e f",
        "",
        "a",
    ]
    sets = [tuple(shingles(text.split())) for text in texts]
    assert len(set(sets)) == len(texts)


def test_shingles_are_the_same_in_every_process():
    code = (
        "from kdlib.corpus.assembly.near import shingles\n"
        "print(shingles(['int', 'x', '=', '1', ';', '}']).tolist())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert outputs == {f"{shingles(['int', 'x', '=', '1', ';', '}']).tolist()}\n"}


@pytest.mark.parametrize("permutations", [16, 100, 128, 512])
@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8, 0.9, 0.99])
def test_banding_finds_what_is_at_the_threshold(threshold, permutations):
    bands, rows = banding(threshold, permutations)
    assert bands >= 2
    assert bands * rows <= permutations
    # No band of all missed; with the fewest permutations and a low threshold even single rows may miss.
    missed = (1 - threshold**rows) ** bands
    assert missed <= 1e-4 or rows == 1
    # The promise of the formula, by simulation: rows agree with probability `threshold`, independently.
    agree = np.random.default_rng(0).random((2000, bands, rows)) < threshold
    assert agree.all(axis=2).any(axis=1).mean() >= 1 - missed - 0.005


def texts_around(random, threshold):
    """Random token lists, many of which are about as similar to each other as the threshold."""
    base = [f"t{random.randrange(40)}" for _ in range(random.randrange(3, 60))]
    found = [base]
    for _ in range(6):
        own = list(random.choice(found))
        for _ in range(random.randrange(1 + int(len(own) * (1 - threshold)))):
            own[random.randrange(len(own))] = f"t{random.randrange(60)}"
        found.append(own)
    return found


@settings(deadline=None, max_examples=60, derandomize=True)
@given(st.integers(0, 10**6), st.sampled_from([0.5, 0.7, 0.9]), st.sampled_from([64, 128]))
def test_the_index_agrees_with_brute_force(seed, threshold, permutations):
    random = Random(seed)
    indexed = [text for _ in range(3) for text in texts_around(random, threshold)]
    # Variants of what is indexed, and others.
    asked = [text for _ in range(2) for text in texts_around(random, threshold)]
    asked += [indexed[0], *([*random.choice(indexed), f"u{n}"] for n in range(10))]
    index = NearIndex(threshold, permutations)
    for text in indexed:
        index.add(shingles(text))
    found = [index.holds(shingles(text)) for text in asked]
    assert found == [any(similarity(text, other) >= threshold for other in indexed) for text in asked]
    assert any(found)


def test_an_empty_index_holds_nothing():
    assert not NearIndex(0.5, 16).holds(shingles(["a"]))
