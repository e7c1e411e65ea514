"""Snakemake's own report: built without a network, with captions and categories."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.workflow.project import CONFIG

pytestmark = pytest.mark.workflow

ENTRIES = {"Report", "Data", "Training", "Evaluation"}


@pytest.fixture(scope="module")
def page(finished):
    """The report as one page, built where there is no network at all."""
    path = finished.folder / "snakemake-report.html"
    inside = ["bwrap", "--dev-bind", "/", "/", "--unshare-net", "--die-with-parent"]
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--profile",
        "profiles/local",
        *CONFIG,
        "--report",
        path.name,
    ]
    environment = {**os.environ, "PYTHONPATH": str(finished.folder)}
    done = subprocess.run(
        [*inside, *command], cwd=finished.folder, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    yield path
    path.unlink()


def test_it_has_every_category_and_no_request_leaves_it(page, browser):
    view, asked, errors = browser.new_page(), [], []
    view.on("request", lambda request: asked.append(request.url))
    view.on("pageerror", lambda error: errors.append(str(error)))
    view.goto(page.as_uri())
    for name in ENTRIES:
        view.get_by_text(name, exact=True).first.wait_for(timeout=30_000)
    view.close()
    assert errors == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_captions_are_filled_from_the_jobs(page):
    text = page.read_text()
    for caption in ("of the teacher base", "split by class", "Java sources are mined"):
        assert caption in text
    assert "{{ snakemake" not in text
