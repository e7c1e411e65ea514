from collections import Counter
from random import Random

import pytest

from kdlib.java.syntax import parse
from kdlib.tasks.spans import character_span, syntax_span, syntax_spans

SOURCE = b"""class A {
  int field = 40 + 2;
  A(int start) { super(); }
  int f(int first, String... rest) {
    if (first > 1) { return g(first, 2); }
    Runnable later = () -> { g(1, 2); };
    return 7;
  }
  void empty() {}
}
"""


def spans(longest=1000):
    root = parse(SOURCE).root_node
    return {
        kind: [SOURCE[start:end].decode() for start, end in found]
        for kind, found in syntax_spans(root, longest).items()
    }


def test_every_kind_is_what_it_says():
    found = spans()
    assert list(found) == ["arguments", "block", "body", "expression", "parameters", "statement"]
    assert found["parameters"] == ["(int start)", "(int first, String... rest)"]
    assert found["arguments"] == ["(first, 2)", "(1, 2)"]
    assert found["block"] == ["{ return g(first, 2); }", "{ g(1, 2); }"]
    assert found["body"][0] == "{ super(); }"
    assert found["body"][1].startswith("{\n    if")
    assert found["body"][1].endswith("7;\n  }")
    assert found["statement"] == [
        "if (first > 1) { return g(first, 2); }",
        "return g(first, 2);",
        "Runnable later = () -> { g(1, 2); };",
        "g(1, 2);",
        "return 7;",
    ]
    assert {"40 + 2", "first > 1", "g(first, 2)", "() -> { g(1, 2); }"} <= set(found["expression"])


def test_too_short_and_too_long_nodes_are_left_out():
    everything = [text for kind in spans().values() for text in kind]
    assert not {"1", "2", "7", "g", "()", "{}"} & set(everything)
    for longest in (3, 10, 20):
        kept = [text for kind in spans(longest).values() for text in kind]
        assert Counter(kept) == Counter(text for text in everything if len(text) <= longest)
    assert spans(2) == {}


def test_kinds_are_drawn_alike_however_many_nodes_they_have():
    found = {"rare": [(0, 5)], "frequent": [(n, n + 3) for n in range(50)]}
    random = Random(1)
    drawn = [syntax_span(found, random) for _ in range(2000)]
    kinds = Counter(kind for kind, _ in drawn)
    assert 900 < kinds["rare"] < 1100
    assert len({span for kind, span in drawn if kind == "frequent"}) == 50


@pytest.mark.parametrize(("length", "longest"), [(5, 2), (5, 5), (5, 9), (1, 1)])
def test_all_spans_are_equally_likely(length, longest):
    every = {(a, b) for a in range(length) for b in range(a + 1, length + 1) if b - a <= longest}
    random, times = Random(3), 400
    counts = Counter(character_span(length, longest, random) for _ in range(times * len(every)))
    assert set(counts) == every
    assert all(abs(count - times) < 6 * times**0.5 for count in counts.values())
