from __future__ import annotations

import pytest

from kdlib.report.wording import (
    confidence,
    decimal,
    interval,
    kind,
    label,
    listed,
    plain,
    probability,
    signed,
    verdict,
)
from tests.results.made import comparison


@pytest.mark.parametrize(
    ("value", "expected"), [(0.12345, "0.123"), (-0.5, "−0.500"), (41.234, "41.23"), (-1e-9, "0.000")]
)
def test_decimal(value, expected):
    assert decimal(value) == expected


def test_signed_and_interval():
    assert [signed(value) for value in (0.2, -0.2, 0.0)] == ["+0.200", "−0.200", "+0.000"]
    assert interval(-0.1, 12.5) == "[−0.100, 12.50]"


@pytest.mark.parametrize(("p", "expected"), [(1.0, "1.0000"), (0.0005, "0.0005"), (0.00002, "< 0.0001")])
def test_probability(p, expected):
    assert probability(p) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "–"),
        (True, "yes"),
        (0, "0"),
        (1234567, "1,234,567"),
        (0.5, "0.500"),
        (1.5e6, "1,500,000"),
        ([1, "a"], "1, a"),
        ([], "none"),
        ([{"a": 1}, {"a": 2}], "a: 1; a: 2"),
        ({"kind": "dense", "n": 2048}, "kind: dense, n: 2,048"),
    ],
)
def test_plain(value, expected):
    assert plain(value) == expected


@pytest.mark.parametrize(
    ("low", "high", "up", "expected"),
    [
        (0.1, 0.2, True, "better"),
        (0.1, 0.2, False, "worse"),
        (-0.2, -0.1, True, "worse"),
        (-0.2, -0.1, False, "better"),
        (-0.1, 0.1, True, "undecided"),
        (0.0, 0.1, True, "undecided"),
        (-0.1, 0.0, False, "undecided"),
        (0.0, 0.0, True, "undecided"),
    ],
)
def test_verdict(low, high, up, expected):
    assert verdict(comparison("a", "b", "nll", low, high), up) == expected


def test_names():
    assert [listed(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
    assert [kind(name) for name in ("teachers/t", "students/s", "baselines/b")] == [
        "teacher",
        "student",
        "baseline",
    ]
    assert [label(name) for name in ("nll", "syntax_valid")] == ["NLL", "syntax valid"]


def test_confidence_is_read_from_the_signature():
    assert confidence("bleu|v:1|boot:2000|conf:0.95|seed:1") == "95 %"
    assert confidence("bleu|xconf:0.5|v:1") == "bootstrap"
