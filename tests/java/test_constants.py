from __future__ import annotations

import random
from itertools import product

from kdlib.java.constants import truth
from kdlib.java.syntax import parse_statements

NAMES = ("a", "b", "c")


def made(rng: random.Random, depth: int) -> tuple[str, str]:
    """Return a random condition in Java and in Python."""
    kind = rng.randrange(8 if depth else 2)
    if kind == 0:
        name = rng.choice(NAMES)
        return name, name
    if kind == 1:
        value = rng.random() < 0.5
        return str(value).lower(), str(value)
    java, python = made(rng, depth - 1)
    if kind == 2:
        return f"!({java})", f"(not ({python}))"
    if kind == 3:
        return f"({java})", python
    other_java, other = made(rng, depth - 1)
    if kind == 4:
        third_java, third = made(rng, depth - 1)
        return f"(({java}) ? ({other_java}) : ({third_java}))", f"(({other}) if ({python}) else ({third}))"
    sign, same = rng.choice(
        [("&&", "and"), ("||", "or"), ("&", "and"), ("|", "or"), ("==", "=="), ("!=", "!=")]
    )
    return f"({java}) {sign} ({other_java})", f"(({python}) {same} ({other}))"


def values(python: str) -> set[bool]:
    """Return the values of a condition for all values of its names."""
    given = (dict(zip(NAMES, each, strict=True)) for each in product((False, True), repeat=len(NAMES)))
    return {bool(eval(python, {}, names)) for names in given}


def test_a_known_truth_is_the_only_value_of_a_condition():
    rng = random.Random(7)
    known = constant = 0
    for _ in range(3000):
        java, python = made(rng, rng.randrange(1, 5))
        (statement,) = parse_statements(f"f({java});".encode())
        found = truth(statement.named_children[0].child_by_field_name("arguments").named_children[0])
        possible = values(python)
        assert found is None or possible == {found}, java
        known += found is not None
        constant += len(possible) == 1
    # What folding misses, such as (a && b) || !a || !b, is rare.
    assert known > 0.8 * constant > 500
