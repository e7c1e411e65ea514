"""Schemas of the cards: ``corpus/card.json`` and ``dataset/card.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import with_config

from kdlib.config import Dataset, Filters, Split
from kdlib.results.schema import STRICT, read

# Split: value: number of examples.
ValueCounts = Mapping[str, Mapping[str, int]]


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class CorpusCounts:
    """Assertions and examples at each filter, in the order of the filters.

    Attributes:
        assertions: Assertions in tests.
        unresolved: Those without a focal method.
        filtered: Reason: those that a filter left out.
        with_focal_method: Those that are left.
        distinct: Different examples among them.
        occurrences_elsewhere: Places of kept examples that lie in units of another split.
        removed_from_train: Reason: examples removed from train.
        removed_from_validation: Reason: examples removed from validation.
        kept: Examples of the corpus.
    """

    assertions: int
    unresolved: int
    filtered: Mapping[str, int]
    with_focal_method: int
    distinct: int
    occurrences_elsewhere: int
    removed_from_train: Mapping[str, int] = field(default_factory=dict)
    removed_from_validation: Mapping[str, int] = field(default_factory=dict)
    kept: int = 0


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class SplitSize:
    """The examples of a split and what they come from.

    Attributes:
        examples: Number of examples.
        occurrences: Places where they stand.
        sources: Sources of these places.
        groups: Classes under test.
        tests: Test methods.
        focal_methods: Focal methods.
    """

    examples: int
    occurrences: int
    sources: int
    groups: int
    tests: int
    focal_methods: int


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class LeakageAudit:
    """How the leakage of a corpus was audited.

    Attributes:
        rows: What is shared: number of test rows that were looked at.
        bounds: What is shared: largest share that passes; a share without a bound never fails.
        near_threshold: Jaccard similarity from which two examples are near duplicates.
        verdict: ``passed``, or ``reported only`` for a row split.
    """

    rows: Mapping[str, int]
    bounds: Mapping[str, float]
    near_threshold: float
    verdict: str


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What was read of a source and what came of it.

    Attributes:
        kind: Kind of the source, e.g. ``debian``.
        version: Pin of the source.
        licence: Licence of the source as a whole.
        sha256: Digest of the source.
        files: Java files.
        java_bytes: Their size.
        tests: Test methods.
        assertions: Assertions in tests.
        examples: Assertions with a focal method that no filter left out.
        unresolved: Assertions without a focal method.
        filtered: Assertions that a filter left out.
        kept: Examples of the corpus whose first place is in the source.
        skipped: Files that could not be read.
    """

    kind: str
    version: str
    licence: str
    sha256: str
    files: int
    java_bytes: int
    tests: int
    assertions: int
    examples: int
    unresolved: int
    filtered: int
    kept: int
    skipped: int


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file that was not mined.

    Attributes:
        source: Its source.
        path: Its path in the source.
        reason: Why.
    """

    source: str
    path: str
    reason: str


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class ShownExample:
    """An example that the card prints.

    Attributes:
        split: Its split.
        id: Its id.
        source: Source of its first place.
        test: Class and name of the test method.
        focal: Class and name of the focal method.
        reason: Why that is the focal method.
        focal_method: Source of the focal method.
        masked_test: Source of the test without the assertion.
        reference: The assertion.
    """

    split: str
    id: str
    source: str
    test: str
    focal: str
    reason: str
    focal_method: str
    masked_test: str
    reference: str


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class CorpusCard:
    """The content of ``corpus/card.json``.

    Attributes:
        split: How the examples were divided.
        filters: What was left out.
        counts: Examples at each filter.
        splits: Split: its size.
        kinds: Names of assertions.
        frameworks: Test frameworks.
        reasons: How the focal method was found.
        licences: Licences of the tests' files.
        tokens: Split: text: quantile: length in code tokens.
        histograms: Split: text: range of lengths: number of examples.
        leakage: What is shared: share of test rows that have it in common with train or validation.
        audit: How that was found.
        sources: Source: what came of it.
        skipped: Files that were not mined.
        examples: Examples to print.
    """

    split: Split
    filters: Filters
    counts: CorpusCounts
    splits: Mapping[str, SplitSize]
    kinds: ValueCounts
    frameworks: ValueCounts
    reasons: ValueCounts
    licences: ValueCounts
    tokens: Mapping[str, Mapping[str, Mapping[str, float]]]
    histograms: Mapping[str, Mapping[str, Mapping[str, int]]]
    leakage: Mapping[str, float]
    audit: LeakageAudit
    sources: Mapping[str, SourceCounts]
    skipped: Sequence[SkippedFile]
    examples: Sequence[ShownExample]


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class SplitCounts:
    """The token rows of a split.

    Attributes:
        examples: Examples of the split.
        looked_at: Examples that were tokenised.
        too_long: Those whose target is too long.
        too_long_prompt: Those that were dropped because their prompt is too long.
        not_sampled: Examples that were not looked at.
        rows: Token rows.
        source_tokens: Tokens of their prompts.
        target_tokens: Tokens of their targets.
        truncated_prompts: Rows whose prompt was truncated.
    """

    examples: int
    looked_at: int
    too_long: int
    too_long_prompt: int
    not_sampled: int
    rows: int
    source_tokens: int
    target_tokens: int
    truncated_prompts: int


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class TokenizerCounts:
    """The tokenizer of a run.

    Attributes:
        entries: Entries of its vocabulary.
        examples: Training examples that it learned from.
    """

    entries: int
    examples: int


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class DatasetCard:
    """The content of ``dataset/card.json``.

    Attributes:
        run: Name of the run.
        tokenizer: The tokenizer.
        train: Rows of the split.
        validation: Rows of the split.
        test: Rows of the split.
        dataset: Lengths and limits of the rows.
        tokens: Split: text: quantile: length in model tokens.
        histograms: Split: text: range of lengths: number of rows.
        corpus: Card of the corpus.
    """

    run: str
    tokenizer: TokenizerCounts
    train: SplitCounts
    validation: SplitCounts
    test: SplitCounts
    dataset: Dataset
    tokens: Mapping[str, Mapping[str, Mapping[str, float]]]
    histograms: Mapping[str, Mapping[str, Mapping[str, int]]]
    corpus: CorpusCard

    def rows(self) -> dict[str, SplitCounts]:
        """Return split: counts of its rows."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


def read_corpus_card(path: Path) -> CorpusCard:
    """Read ``corpus/card.json``; a file that does not fit the schema is a ``DataError``."""
    return read(path, CorpusCard)
