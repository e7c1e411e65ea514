"""The miner's focal methods against those that two readers found: docs/decisions/focal-labels.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdlib.config import DebianSource, read_config
from kdlib.sources.fetch import fetch
from tools.focal_score import ROOT, labels, precision_recall, verdicts

pytestmark = pytest.mark.slow  # fetches and mines a package of Debian


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """Return an archive of config/debian.yaml: the one that the pipeline has in its cache, else fetched."""
    sources = read_config([ROOT / "config/config.yaml", ROOT / "config/debian.yaml"]).corpus.sources
    folder = tmp_path_factory.mktemp("sources")

    def get(name) -> Path:
        source = sources[name]
        assert isinstance(source, DebianSource)
        file = f"{name}-{source.sha256[:12]}.tar"
        if (ROOT / "cache/sources" / file).exists():
            return ROOT / "cache/sources" / file
        if not (folder / file).exists():
            fetch(source, folder / file)
        return folder / file

    return get


@pytest.fixture(scope="session")
def found(archive):
    return list(verdicts(labels("test"), archive))


def agreement(rows):
    """Return the share of rows to which both readers gave the same declaration."""
    return sum(len(row["readings"]) == 1 for row in rows) / len(rows)


def test_the_labelled_set_is_large_and_broad():
    rows = labels("test")
    assert len(rows) >= 200
    assert len({row["source"] for row in rows}) >= 5
    assert len({row["kind"] for row in rows}) >= 10
    assert len({row["id"] for row in rows}) == len(rows)
    tests = {(row["source"], row["path"], row["test_method"]) for row in rows}
    assert len(tests) == len(rows)
    assert agreement(rows) >= 0.95


def test_development_and_test_rows_share_no_project():
    sources = [{row["source"] for row in labels(name)} for name in ("development", "test")]
    assert not sources[0] & sources[1]


def test_precision_and_recall_on_the_test_set(found):
    precision, recall = precision_recall(found)
    assert len(found) == len(labels("test"))
    assert precision >= 0.85, [v for v in found if v.outcome in ("wrong", "false")]
    assert recall >= 0.85, [v for v in found if v.outcome in ("wrong", "missed")]


def test_a_wrong_answer_counts_against_the_miner(found):
    precision, recall = precision_recall(found)
    right = next(v for v in found if v.outcome == "right")
    spoilt = [type(v)(v.label, "wrong", v.found) if v is right else v for v in found]
    assert precision_recall(spoilt) < (precision, recall)
    assert precision_recall(spoilt)[1] < recall
