"""A tiny corpus and a tiny teacher that the tests of all stages share; sessions build each once."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from kdlib.config import Dataset, Signals, Size, Teacher, Training
from kdlib.config import Tokenizer as TokenizerConfig
from kdlib.files import write_examples, write_parquet
from kdlib.records import MARKER, Example, Occurrence, example_id
from kdlib.training.inputs import StudentInputs, TeacherInputs
from kdlib.training.loop.job import Job

NANO = Size(d_model=32, d_ff=64, encoder_layers=1, decoder_layers=1, heads=2)
JUNIT_PACKAGES = ("junit4", "libhamcrest-java", "junit5", "libopentest4j-java", "libapiguardian-java")
NOUNS = ("Count", "Size", "Width", "Height", "Depth", "Price", "Total", "Index", "Length", "Weight")


def an_example(number: int) -> Example:
    """Return one of endlessly many distinct examples; prompts differ in length."""
    noun, value = NOUNS[number % len(NOUNS)], number * 7 % 90
    more = "\n".join(f"    box.set{noun}({value + i});" for i in range(number % 5))
    focal = f"public int get{noun}() {{\n    return this.{noun.lower()};\n}}"
    test = f"@Test\nvoid has{noun}{number}() {{\n    Box box = new Box({value});\n{more}\n    {MARKER}\n}}"
    reference = f"assertEquals({value}, box.get{noun}());"
    where = Occurrence(
        source="toy",
        version="1",
        path=f"src/{noun}Test.java",
        file_sha256="0" * 64,
        start_byte=number,
        end_byte=number + len(reference),
        test_class=f"toy.{noun}Test",
        test_method=f"has{noun}{number}",
        focal_class="toy.Box",
        focal_name=f"get{noun}",
        focal_path="",
        focal_start_byte=0,
        focal_end_byte=0,
        reason="inside",
        group="toy.Box",
        framework="junit5",
        kind="assertEquals",
        licence="MIT",
    )
    return Example(example_id(focal, test, [reference]), focal, test, (reference,), (where,))


@dataclass(frozen=True)
class DatasetFiles:
    """What the dataset stage wrote, and from what."""

    examples: Path
    splits: Path
    tokenizer: Path
    train: Path
    validation: Path
    test: Path
    card: Path

    def teacher_inputs(self, **more) -> TeacherInputs:
        """Return what a teacher reads of this dataset, with more files by their names."""
        return TeacherInputs(self.train, self.validation, self.tokenizer, **more)

    def student_inputs(self, folder: Path, **more) -> StudentInputs:
        """Return what a student reads of this dataset; gold embeddings are kept in a folder of their own."""
        embeddings = folder / "gold_embeddings"
        return StudentInputs(self.train, self.validation, self.tokenizer, embeddings, **more)


def job_in(folder: Path, name: str = "out", **more) -> Job:
    """Return a job of one thread that writes into ``FOLDER/NAME``."""
    return Job(folder / name, folder / "checkpoints", threads=1, **more)


def split_of(number: int) -> str:
    """Return the split of an example: of ten, the ninth validates and the tenth tests."""
    return {8: "validation", 9: "test"}.get(number % 10, "train")


def run_dataset_stage(folder: Path, examples: list[Example], config: Dataset, seed: int = 1) -> DatasetFiles:
    """Write examples and their splits, and run the dataset stage on them."""
    import pyarrow as pa

    from kdlib.dataset.build import build

    files = DatasetFiles(
        folder / "examples.parquet",
        folder / "splits.parquet",
        folder / "tokenizer",
        *(folder / f"{split}.parquet" for split in ("train", "validation", "test")),
        folder / "card.json",
    )
    write_examples(files.examples, examples)
    splits = [split_of(number) for number in range(len(examples))]
    write_parquet(files.splits, pa.table({"id": [e.id for e in examples], "split": splits}))
    out = {split: getattr(files, split) for split in ("train", "validation", "test")}
    build(files.examples, files.splits, config, seed, files.tokenizer, out, files.card)
    return files


def store_signals(folder: Path, dataset: DatasetFiles, teacher: Path, signals: Signals) -> Path:
    """Store a teacher's signals on train and validation; return the manifest."""
    from kdlib.signals.extract import ExtractionJob, extract
    from kdlib.signals.manifest import write_manifest
    from kdlib.signals.prepare import prepare

    codec, shards = folder / "codec.safetensors", []
    job = ExtractionJob(teacher, dataset.tokenizer, signals, 32, 1, "c1")
    prepare(teacher, dataset.train, signals, 1, codec)
    for split in ("train", "validation"):
        for shard in range(signals.shards):
            shards.append(folder / split / f"{shard}.parquet")
            rows = getattr(dataset, split)
            extract(job, rows, "d1", codec, split, shard, shards[-1])
    write_manifest(shards, codec, folder / "manifest.json")
    return folder / "manifest.json"


@pytest.fixture(scope="session")
def jars(tmp_path_factory):
    """JUnit 4 and 5 from Debian."""
    from kdlib.sources.debian import fetch_jars

    return fetch_jars(JUNIT_PACKAGES, tmp_path_factory.mktemp("junit") / "jars")


@pytest.fixture(scope="session")
def examples():
    return [an_example(number) for number in range(40)]


@pytest.fixture(scope="session")
def examples_of():
    """Return a function that gives so many distinct examples."""
    return lambda number: [an_example(n) for n in range(number)]


@pytest.fixture(scope="session")
def split_name():
    return split_of


@pytest.fixture(scope="session")
def build_dataset():
    return run_dataset_stage


@pytest.fixture(scope="session")
def dataset(tmp_path_factory, examples):
    """32 rows to train on, 4 to validate, 4 to test."""
    config = Dataset(max_source_tokens=96, max_target_tokens=32, tokenizer=TokenizerConfig(vocab_size=400))
    return run_dataset_stage(tmp_path_factory.mktemp("dataset"), examples, config)


@pytest.fixture(scope="session")
def tokenizer(dataset):
    from kdlib.models.tokenizer import load_tokenizer

    return load_tokenizer(dataset.tokenizer)


@pytest.fixture(scope="session")
def rows(dataset):
    from kdlib.models.batch import read_rows

    return read_rows(dataset.train)


@pytest.fixture(scope="session")
def teacher(tmp_path_factory, dataset):
    """Folder of the best model of a teacher that writes assertions of the right form."""
    from kdlib.training.finetune import finetune

    folder = tmp_path_factory.mktemp("teacher")
    training = Training(epochs=20, batch_size=8, learning_rate=1e-2, dropout=0)
    finetune("toy", Teacher(size=NANO, training=training), dataset.teacher_inputs(), job_in(folder))
    return folder / "out" / "best_model"


@pytest.fixture(scope="session")
def manifest(tmp_path_factory, dataset, teacher):
    """Manifest of the teacher's signals, two shards a split."""
    return store_signals(
        tmp_path_factory.mktemp("signals"), dataset, teacher, Signals(shards=2, batch_size=5)
    )


@pytest.fixture(scope="session")
def store_of():
    return store_signals


@pytest.fixture(scope="module")
def browser():
    """The system's Chromium, of one test module: Playwright's event loop must not run beneath other tests."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium on this machine")
    # Chromium's own sandbox refuses to start as root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        browser.close()
