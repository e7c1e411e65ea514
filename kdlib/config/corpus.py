"""Sources, filters, splits, rows and views: everything before the first model."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from kdlib.config.base import Name, Sha256, Share, Strict


class SampleSource(Strict):
    """The Java library of this repository, ``examples/sample-java``."""

    kind: Literal["sample"]


class PathSource(Strict):
    """A folder of Java sources."""

    kind: Literal["path"]
    path: str = Field(description="folder, relative to the working directory or absolute")
    sha256: Sha256 | None = Field(
        None, description="digest that its Java files must have; the mining report has it"
    )
    licence: str = Field("unknown", description="SPDX id of the licence to record with every example")


class ArchiveSource(Strict):
    """A ``.tar`` (any compression), ``.zip`` or ``.jar`` of Java sources: a file or something to download."""

    kind: Literal["archive"]
    url: str = Field(description="http(s) address or path of the archive")
    version: str = Field(description="version to record with every example")
    sha256: Sha256 = Field(description="sha256 of the archive; a wrong one is reported with the right one")
    licence: str = Field("unknown", description="SPDX id of the licence to record with every example")


class GitSource(Strict):
    """A revision of a git repository."""

    kind: Literal["git"]
    url: str = Field(description="whatever git fetches from: an address or the path of a repository")
    revision: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")] = Field(
        description="full commit id; branches and tags move"
    )
    sha256: Sha256 = Field(
        description="sha256 of the archive that kdlib packs of it; a wrong one is reported with the right one"
    )
    licence: str = Field("unknown", description="SPDX id of the licence to record with every example")


class DebianSource(Strict):
    """The upstream tarball of a Debian source package, fetched through apt with a private state folder."""

    kind: Literal["debian"]
    package: Name = Field(description="source package, e.g. commons-csv")
    version: str = Field(description="exact Debian version")
    sha256: Sha256 = Field(
        description="sha256 of the .orig tarball; a wrong one is reported with the right one"
    )
    licence: str = Field("unknown", description="SPDX id of the licence to record with every example")


class ImportSource(Strict):
    """Ready-made examples in a format of another system."""

    kind: Literal["import"]
    format: Literal["seed", "methods2test", "toga", "atlas"] = Field(
        description="seed: JSONL of the older pipelines; methods2test: a folder of JSON files; "
        "toga: CSV; atlas: a folder of aligned token files"
    )
    path: str = Field(description="file or folder")
    sha256: Sha256 | None = Field(
        None, description="digest that the files must have; the import report has it"
    )
    licence: str = Field("unknown", description="SPDX id of the licence to record with every example")


FetchedSource = ArchiveSource | GitSource | DebianSource
MinedSource = SampleSource | PathSource | FetchedSource
Source = Annotated[MinedSource | ImportSource, Field(discriminator="kind")]


def _sample_only() -> dict[str, Source]:
    return {"sample": SampleSource(kind="sample")}


class Filters(Strict):
    """What is left out of a corpus; every filter has its count in the dataset card."""

    max_file_bytes: int = Field(1_000_000, gt=0, description="larger Java files are not read")
    generated: bool = Field(
        True, description="leave out tests and methods of files that say they are generated"
    )
    licences: tuple[str, ...] | None = Field(
        None,
        description="SPDX ids that examples may have, by the header of their files, else by their source; "
        "null takes all",
    )
    near_duplicates: Share = Field(
        0.9,
        description="Jaccard similarity of token 5-grams of masked test and assertion from which an example "
        "of train or validation is a copy of one in a later split and removed; 1 turns it off",
    )
    permutations: int = Field(
        128, ge=16, le=512, description="MinHash permutations that look for near duplicates"
    )


class Corpus(Strict):
    """Where examples come from."""

    sources: dict[Name, Source] = Field(
        default_factory=_sample_only,
        description="name: source; an overlay drops one with null",
        min_length=1,
    )
    filters: Filters = Field(default_factory=Filters, description="what is left out")


class Split(Strict):
    """How examples are divided into splits; equal and nearly equal examples never lie in two of them."""

    by: Literal["class", "project", "row"] = Field(
        "class", description="unit that stays together: class under test, source, or nothing (leaks)"
    )
    train: Share = Field(0.8, description="share of the examples, filled in whole units")
    validation: Share = Field(0.1, description="share of the examples")
    test: Share = Field(0.1, description="share of the examples")
    max_leakage: Share = Field(
        0.0, description="share of test rows, equal or of a known unit, above which the rule fails"
    )
    max_near_leakage: Share = Field(
        0.01, description="share of test rows with a near duplicate elsewhere above which the rule fails"
    )
    seed: int = Field(42, description="seed of the assignment")


class Tokenizer(Strict):
    """The tokenizer of all models of a run: byte-level BPE of the training split, or a pretrained one."""

    model: Name | None = Field(
        None,
        description="name of an entry of models whose tokenizer is taken; the other keys then do nothing",
    )
    vocab_size: int = Field(2048, ge=300, description="entries, special tokens included")
    min_frequency: int = Field(2, ge=1, description="merges seen less often are not made")


class Dataset(Strict):
    """Token lengths and subset sizes."""

    max_source_tokens: int = Field(256, ge=32, description="tokens of a prompt at most")
    long_prompts: Literal["truncate", "drop"] = Field(
        "truncate", description="what happens to longer ones; truncation keeps the marker, drops are counted"
    )
    max_target_tokens: int = Field(64, ge=4, description="longer assertions are dropped and counted")
    max_train_samples: int | None = Field(None, ge=1, description="random subset, or all")
    max_validation_samples: int | None = Field(None, ge=1, description="random subset, or all")
    max_test_samples: int | None = Field(None, ge=1, description="random subset, or all")
    tokenizer: Tokenizer = Field(default_factory=Tokenizer, description="the run's tokenizer")


class Views(Strict):
    """Fill-in-the-middle, comment-to-code and documentation pairs of the same sources: target ``views``."""

    sentinels: Literal["qwen", "starcoder", "deepseek", "codellama"] = Field(
        "qwen", description="model family whose fill-in-the-middle sentinels and end token are written"
    )
    fim_share: Share = Field(0.8, description="share of fill-in-the-middle rows; the rest is comment-to-code")
    spm_share: Share = Field(0.5, description="share of these in suffix-prefix-middle order")
    syntax_share: Share = Field(0.5, description="share of these cut at syntax nodes, the rest at characters")
    max_chars: int = Field(6000, ge=200, description="characters of a text at most; the middle is never cut")
    max_middle_chars: int = Field(1000, ge=10, description="characters of a middle at most")
    per_file: int = Field(4, ge=1, description="fill-in-the-middle rows of a file at most")
    seed: int = Field(42, description="seed of spans, orders and shares")
