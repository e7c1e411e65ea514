from __future__ import annotations

from dataclasses import replace

import pytest

from kdlib.config import Filters, Split
from kdlib.corpus.assembly.card import card, chosen
from kdlib.corpus.assembly.deduplicate import entry_of
from kdlib.corpus.assembly.leakage import Audit
from kdlib.corpus.assembly.lengths import histogram, quantiles
from kdlib.records import SPLITS
from tests.corpus.conftest import an_example

REPORT = {
    "source": "s",
    "kind": "path",
    "version": "1",
    "sha256": "ab" * 32,
    "licence": "MIT",
    "files": 12345,
    "java_bytes": 2_500_000,
    "skipped": [{"path": "Bad<i>.java", "reason": "not <UTF-8>"}],
    "tests": 40,
    "assertions": 1240,
    "examples": 1200,
    "unresolved": 30,
    "filtered": {"generated": 7, "licence": 3},
    "kinds": {},
    "frameworks": {},
    "reasons": {},
}
COUNTS = {
    "assertions": 1240,
    "unresolved": 30,
    "filtered": {"generated": 7, "licence": 3},
    "with_focal_method": 1200,
    "distinct": 1000,
    "occurrences_elsewhere": 5,
    "removed_from_train": {"equal text": 900, "near duplicate": 60},
    "removed_from_validation": {"shared class": 10},
    "kept": 30,
}
AUDIT = Audit(
    leakage={"text": 0.0, "unit": 0.0, "focal_method": 0.25, "near": 0.004},
    rows={"text": 3, "unit": 3, "focal_method": 3, "near": 3},
    bounds={"text": 0.0, "unit": 0.0, "near": 0.01},
    near_threshold=0.9,
    verdict="passed",
)


def corpus_card():
    """A card of 30 examples, of which one stands in two places and one holds HTML."""
    examples = [an_example(number) for number in range(30)]
    examples[4] = replace(examples[4], focal_method="List<b> f() { return a && b; } // </pre><script>")
    places = (replace(examples[5].occurrences[0], path="z.java", kind="fail"), *examples[5].occurrences)
    examples[5] = replace(examples[5], occurrences=places[::-1])
    split_of = {e.id: {8: "validation", 9: "test"}.get(n % 10, "train") for n, e in enumerate(examples)}
    entries = [entry_of(example) for example in examples]
    return card([REPORT], Split(), Filters(), entries, split_of, COUNTS, AUDIT, [examples[4], examples[9]])


@pytest.fixture(scope="module")
def corpus():
    return corpus_card()


def test_the_card_counts_examples_once_and_places_beside(corpus):
    assert {split: own["examples"] for split, own in corpus["splits"].items()} == {
        "train": 24,
        "validation": 3,
        "test": 3,
    }
    assert corpus["splits"]["train"]["occurrences"] == 25
    assert corpus["kinds"]["train"] == {"assertNull": 24}
    assert corpus["licences"] == {"train": {"MIT": 24}, "validation": {"MIT": 3}, "test": {"MIT": 3}}
    assert corpus["reasons"]["test"] == {"inside": 3}
    assert corpus["sources"]["s"]["kept"] == 30
    assert corpus["sources"]["s"]["filtered"] == 10
    assert corpus["skipped"] == [{"source": "s", "path": "Bad<i>.java", "reason": "not <UTF-8>"}]
    assert (corpus["leakage"], corpus["audit"]["bounds"]) == (AUDIT.leakage, AUDIT.bounds)
    assert sum(corpus["histograms"]["train"]["masked_test"].values()) == 24


def test_examples_are_chosen_by_the_smallest_ids():
    entries = [entry_of(an_example(number)) for number in range(30)]
    split_of = {e.id: SPLITS[number % 3] for number, e in enumerate(entries)}
    found = chosen(entries, split_of)
    assert [split_of[key] for key in found] == ["train"] * 2 + ["validation"] * 2 + ["test"] * 2
    assert found == chosen(entries[::-1], split_of)
    for start in range(0, 6, 2):
        rest = [e.id for e in entries if split_of[e.id] == SPLITS[start // 2] and e.id not in found]
        assert max(found[start : start + 2]) < min(rest)


def test_lengths():
    assert quantiles([1, 2, 3, 4, 105]) == {
        "min": 1,
        "p25": 2,
        "median": 3,
        "p75": 4,
        "p95": pytest.approx(84.8),
        "max": 105,
    }
    counts = histogram([0, 8, 9, 16, 17, 1024, 1025, 9999])
    assert list(counts)[:2] == ["≤ 8", "≤ 16"]
    assert {name: n for name, n in counts.items() if n} == {
        "≤ 8": 2,
        "≤ 16": 2,
        "≤ 32": 1,
        "≤ 1024": 1,
        "> 1024": 2,
    }
    assert quantiles([]) == {}
    assert sum(histogram([]).values()) == 0
