"""Options of the test run."""

from __future__ import annotations

import pytest

# Fixtures that start Snakemake, a browser or a JVM, or train a model. A test that asks for one, even through
# another fixture, has no place in `make quick`.
SLOW_FIXTURES = {"finished", "browser", "jars", "sandbox", "teacher", "finetune_into"}

LONGEST = ("test_slurm", "test_overfit")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--no-skips``: a machine that should be able to run everything must not pass by leaving out."""
    parser.addoption("--no-skips", action="store_true", help="count a skipped test as a failure")


@pytest.hookimpl(tryfirst=True)  # before pytest selects by marker
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what runs Snakemake or asks for a slow fixture, and let whole runs and slow files begin.

    A long file that begins last would end alone; what waits for Slurm leaves the processor to others.
    """
    for item in items:
        asked = SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ()))
        if asked or item.get_closest_marker("workflow"):
            item.add_marker("slow")
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    runs = {item.path for item in items if item.get_closest_marker("workflow")}
    items.sort(key=lambda item: (_order(item.path.stem), item.path not in runs, item.path not in slow))


def _order(stem: str) -> int:
    """Return the place of a test file: the longest come first."""
    return LONGEST.index(stem) if stem in LONGEST else len(LONGEST)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # noqa: ANN201
    """Turn a skip into a failure if ``--no-skips`` is given."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and item.config.getoption("--no-skips"):
        report.outcome = "failed"
        report.longrepr = f"skipped under --no-skips: {report.longrepr}"
