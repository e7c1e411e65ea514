"""Records that pass from stage to stage: frozen dataclasses without torch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

MARKER = "// <ASSERTION_PLACEHOLDER>"
FocalReason = Literal["inside", "before", "test_name", "class", "given"]
Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

# Systems that the others of a run are compared with: their names in its scores, and their folders.
RETRIEVAL = "baselines/retrieval"
TRIGRAM = "baselines/trigram"
FREQUENT = "baselines/frequent"
BASELINES = (RETRIEVAL, TRIGRAM, FREQUENT)
TRADITIONAL = "students/traditional"


def normalise_whitespace(text: str) -> str:
    """Collapse every run of white space to one space and strip the ends."""
    return " ".join(text.split())


def digest(parts: Iterable[str]) -> str:
    """Return the sha256 of text parts, each closed by a zero byte so that no two lists collide."""
    sha = hashlib.sha256()
    for part in parts:
        sha.update(part.encode() + b"\0")
    return sha.hexdigest()


@dataclass(frozen=True, slots=True)
class Occurrence:
    """The place of an example in its source, so that a prediction can be inserted there and compiled.

    Attributes:
        source: Name of the source in the configuration.
        version: Pin of the source (package version, archive version, or content digest).
        path: File path inside the source, with forward slashes.
        file_sha256: Digest of the file's bytes.
        start_byte: First byte of the assertion statement in the file.
        end_byte: Byte after the statement's last.
        test_class: Fully qualified name of the outermost class of the test.
        test_method: Simple name of the test method.
        focal_class: Fully qualified name of the class that declares the focal method.
        focal_name: Simple name of the focal method.
        focal_path: Path of the file that declares it; empty if it was imported.
        focal_start_byte: First byte of its declaration in that file.
        focal_end_byte: Byte after the declaration's last.
        reason: Why it is the focal method: called ``inside`` the assertion, called ``before`` it, named by
            the test (``test_name``), of the ``class`` under test, or ``given`` by who made the example.
        group: Class under test, or the test class where none is found: the unit of the class split.
        framework: Test framework, e.g. ``junit4``.
        kind: Name of the assertion, e.g. ``assertEquals``.
        licence: Licence of the source.
    """

    source: str
    version: str
    path: str
    file_sha256: str
    start_byte: int
    end_byte: int
    test_class: str
    test_method: str
    focal_class: str
    focal_name: str
    focal_path: str
    focal_start_byte: int
    focal_end_byte: int
    reason: str
    group: str
    framework: str
    kind: str
    licence: str


@dataclass(frozen=True, slots=True)
class Example:
    """One assertion statement to be written.

    Attributes:
        id: ``example_id`` of the three texts.
        focal_method: Source of the method under test.
        masked_test: Source of the test with ``MARKER`` in place of the assertion.
        references: Correct assertions; mining gives one, importers may bring several.
        occurrences: All places where this very example stands.
    """

    id: str
    focal_method: str
    masked_test: str
    references: tuple[str, ...]
    occurrences: tuple[Occurrence, ...]


def example_id(focal_method: str, masked_test: str, references: Iterable[str]) -> str:
    """Return the id of an example: sha256 of its texts, insensitive to the amount of white space."""
    return digest(map(normalise_whitespace, (focal_method, masked_test, *references)))


def target_hash(ids: Iterable[int]) -> str:
    """Return the hash of a target's token ids; with id and rank it keys a teacher signal."""
    return digest(map(str, ids))[:16]


@dataclass(frozen=True, slots=True)
class Prediction:
    """One candidate assertion for an example; files hold the N best of each.

    Attributes:
        id: Id of the example.
        rank: 1 for the best candidate.
        text: The candidate.
        score: Score of the model, higher is better; its unit depends on the model (log-probability per token,
            BM25 score).
    """

    id: str
    rank: int
    text: str
    score: float
