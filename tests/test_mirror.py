"""Tests lie where the code lies that they test: tests/PKG/test_X.py for kdlib/PKG/X.py or a package X."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).resolve().parent
KDLIB = TESTS.parent / "kdlib"
# Not of one module; tests/workflow is of workflow/, whose rules it runs.
CROSS_CUTTING = {
    # the whole repository: its layout, pages, generated files and demonstrations, the library that it brings
    "test_imports.py",
    "test_docs.py",
    "test_package.py",
    "test_mirror.py",
    "test_generated.py",
    "test_demo.py",
    "test_sample_java.py",
    # the command line as a whole: which commands there are, and in which environment they run
    "cli/test_import_export.py",
    "cli/test_torch_free.py",
    # the commands of kdlib.cli.runs, on the runs that this folder makes
    "runs/test_commands.py",
    # a whole stage on what nobody would write: files changed by chance, texts of any kind
    "corpus/importers/test_fuzz.py",
    "corpus/mining/test_fuzz.py",
    "corpus/mining/test_hostile_java.py",
    "metrics/test_any_text.py",
    # all text metrics of CodeBLEU against the published package
    "metrics/test_codebleu_golden.py",
    # what is left of the processes of whoever is killed, under what umask and names of folders they run
    "execution/test_processes.py",
    # a how-to page, followed
    "losses/test_add_a_loss.py",
    # generation and likelihood against each other
    "models/test_beam_search.py",
    # the whole page in a browser, and the data that the page's scripts read
    "report/test_access_in_browser.py",
    "report/test_in_browser.py",
    "report/test_provenance_in_browser.py",
    # every codec: in the losses that read it, on flat tails, when a job is killed
    "signals/codec/test_flat_tails.py",
    "signals/codec/test_losses.py",
    "signals/test_interruption.py",
    # whole trainings: what they start from, what they read, what they survive, what they reach
    "training/test_adapters.py",
    "training/test_crash.py",
    "training/test_families.py",
    "training/test_memory.py",
    "training/test_overfit.py",
    "training/test_reading.py",
    "training/test_starts.py",
}


def mirrored(test: Path) -> bool:
    """Return whether a module or package of kdlib lies where a test, relative to tests/, says."""
    name = test.stem.removeprefix("test_")
    place = KDLIB / test.parent / name
    return place.with_suffix(".py").is_file() or place.is_dir() or test.parent.name == name


def test_tests_mirror_the_package():
    tests = [path.relative_to(TESTS) for path in TESTS.rglob("test_*.py")]
    outside = {str(path) for path in tests if path.parts[0] != "workflow" and not mirrored(path)}
    assert outside == CROSS_CUTTING
