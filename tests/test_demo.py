"""The demonstrations show what they say, and would fail if it were not so."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import demo  # noqa: E402

pytestmark = pytest.mark.slow  # trains


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return demo.sample(tmp_path_factory.mktemp("sample"), 32)


@pytest.mark.parametrize("name", demo.DEMONSTRATIONS)
def test_every_demonstration_prints_measured_statements(name, corpus, capsys):
    show, _ = demo.DEMONSTRATIONS[name]
    show(corpus)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 3
    assert all(line.startswith("  ") and any(c.isdigit() for c in line) for line in lines)


@pytest.mark.parametrize(
    ("show", "target", "wrong"),
    [
        ("warm_up_and_decay", "kdlib.training.loop.trainer.learning_rate_factor", lambda *_: 1.0),
        ("moving_weights", "kdlib.training.loop.plan.weight_at", lambda _, last, __: last),
    ],
)
def test_a_demonstration_fails_where_its_claim_is_wrong(corpus, monkeypatch, tmp_path, show, target, wrong):
    monkeypatch.setattr(target, wrong)
    with pytest.raises(demo.ClaimError):
        getattr(demo, show)(replace(corpus, folder=tmp_path))


def test_accumulation_that_takes_a_mean_of_means_is_found_out(corpus, monkeypatch, tmp_path):
    from kdlib.losses import combine

    def mean(values, _):
        return values.mean() / 4

    monkeypatch.setattr(combine, "mean_over", mean)
    with pytest.raises(demo.ClaimError):
        demo.accumulation(replace(corpus, folder=tmp_path))
