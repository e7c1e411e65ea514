"""How large the report of the default run is, how long it takes to write, and how 2,000 examples scroll.

Needs the results of the default run (``make run``) and Chromium. The large page has the default run's figures
and 2,000 distinct rows of its training set as if they were test rows, each with the predictions of one.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.contract import Claim, answer, quick
from kdlib.files import read_jsonl, read_parquet, write_jsonl, write_parquet
from kdlib.report.page import PageFiles, write_page

RUN = Path("results/default")
ROWS = 2000
FRAMES = """async ([speed, milliseconds]) => {
  const frame = () => new Promise(requestAnimationFrame);
  document.getElementById("list").scrollIntoView();
  for (let i = 0; i < 30; i++) await frame();
  const times = [];
  const started = await frame();
  let last = started;
  while (last - started < milliseconds) {
    const now = await frame();
    times.push(now - last);
    scrollBy(0, speed * (now - last) / 1000);
    last = now;
  }
  return times;
}"""
SEARCH = """words => words.map((word) => {
  const query = document.getElementById("query");
  query.value = word;
  const started = performance.now();
  query.dispatchEvent(new Event("input", { bubbles: true }));
  document.body.offsetHeight;
  return performance.now() - started;
})"""


def results_of(run: Path) -> PageFiles:
    """Return the files of a finished run."""
    reports = sorted(
        [*run.glob("teachers/*/training_report.json"), *run.glob("students/*/training_report.json")]
    )
    return PageFiles(
        card=run / "corpus" / "card.json",
        dataset=run / "dataset" / "counts.json",
        scores=run / "evaluation" / "evaluation_metrics.json",
        samples=run / "evaluation" / "predictions_final.jsonl",
        costs=sorted(run.glob("evaluation/*/*/cost.json")),
        reports=reports,
        steps=[path.with_name("step_metrics.csv") for path in reports],
        epochs=[path.with_name("training_metrics.csv") for path in reports],
        manifests=sorted(run.glob("signals/*/manifest.json")),
        fidelities=sorted(run.glob("signals/*/fidelity.json")),
        test=run / "dataset" / "test.parquet",
    )


def enlarged(results: PageFiles, folder: Path) -> PageFiles:
    """Return results with 2,000 rows of the training set in place of the test rows."""
    train = results.test.with_name("train.parquet")
    rows = read_parquet(train, ["id", "prompt", "target"]).slice(0, ROWS)
    by_id: dict[str, list[dict[str, Any]]] = {}
    for sample in read_jsonl(results.samples):
        by_id.setdefault(sample["id"], []).append(sample)
    donors = list(by_id.values())

    def samples() -> Iterator[dict[str, Any]]:
        for at, row in enumerate(rows.to_pylist()):
            for sample in donors[at % len(donors)]:
                yield sample | {"id": row["id"], "references": [row["target"]]}

    made = results._replace(samples=folder / "predictions_final.jsonl", test=folder / "test.parquet")
    write_jsonl(made.samples, samples())
    write_parquet(made.test, rows.select(["id", "prompt"]))
    return made


def built(results: PageFiles, page: Path, runs: int) -> tuple[float, float]:
    """Return the page's megabytes and the median seconds of writing it."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        write_page(RUN.name, results, Path("cache"), page)
        times.append(time.perf_counter() - started)
    return page.stat().st_size / 1e6, statistics.median(times)


def seen(page: Path, runs: int) -> dict[str, list[float]]:
    """Return milliseconds of frames while scrolling at two speeds, and of searches."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("install chromium")
    found: dict[str, list[float]] = {"read": [], "fly": [], "search": []}
    # Chromium's own sandbox refuses to start as root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        for _ in range(runs):
            tab = browser.new_page(viewport={"width": 1280, "height": 900})
            tab.goto(page.resolve().as_uri())
            tab.wait_for_selector(f"#list article:nth-of-type({ROWS})", state="attached")
            found["read"] += tab.evaluate(FRAMES, [3000, 4000])
            found["fly"] += tab.evaluate(FRAMES, [20000, 4000])
            found["search"] += tab.evaluate(SEARCH, ["assertTrue", "size", "nothing at all", ""])
            tab.close()
        browser.close()
    return found


def percentile(times: list[float], share: float) -> float:
    """Return a percentile, 0 < share < 1."""
    return statistics.quantiles(times, n=100, method="inclusive")[round(100 * share) - 1]


def main() -> None:
    """Measure and answer."""
    if not (RUN / "evaluation" / "evaluation_metrics.json").exists():
        raise SystemExit(f"{RUN} has no results; make run")
    runs = 2 if quick() else 5
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results = results_of(RUN)
        size, seconds = built(results, folder / "default.html", runs)
        large = folder / "large.html"
        large_size, large_seconds = built(enlarged(results, folder), large, 1 if quick() else 3)
        found = seen(large, runs)
    examples = f"{ROWS:,} examples, headless Chromium at 60 Hz without GPU"
    slow, fast = (f"{examples}, {speed} px/s" for speed in ("3,000", "20,000"))
    claims = {
        "page_mb": Claim(size, "MB", 5, "lower", "default run", runs),
        "build_s": Claim(seconds, "s", 10, "lower", "default run, from results to page", runs),
        "large_page_mb": Claim(large_size, "MB", 5, "lower", f"default run with {ROWS:,} examples", 1),
        "large_build_s": Claim(large_seconds, "s", 10, "lower", f"default run with {ROWS:,} examples", 3),
        "frame_p50_ms": Claim(percentile(found["read"], 0.5), "ms", 17, "lower", slow, runs),
        "frame_p95_ms": Claim(percentile(found["read"], 0.95), "ms", 34, "lower", slow, runs),
        "frame_p99_ms": Claim(percentile(found["read"], 0.99), "ms", None, "lower", slow, runs),
        "frame_max_ms": Claim(max(found["read"]), "ms", None, "lower", slow, runs),
        "fast_frame_p50_ms": Claim(percentile(found["fly"], 0.5), "ms", None, "lower", fast, runs),
        "fast_frame_p95_ms": Claim(percentile(found["fly"], 0.95), "ms", None, "lower", fast, runs),
        "search_max_ms": Claim(
            max(found["search"]), "ms", 100, "lower", "slowest of four searches in 2,000 examples", runs
        ),
    }
    answer("report", claims)


if __name__ == "__main__":
    main()
