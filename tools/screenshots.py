"""Photograph a run's report for the documentation: ``python tools/screenshots.py results/default``."""

from __future__ import annotations

import io
import os
import shutil
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"
WIDE = {"width": 1280, "height": 900}
PHONE = {
    "viewport": {"width": 375, "height": 760},
    "is_mobile": True,
    "has_touch": True,
    "device_scale_factor": 2,
}
# File: what the browser pretends to be, and what stands at the top of the picture.
PICTURES: dict[str, tuple[dict[str, Any], str]] = {
    "report-light.png": ({"viewport": WIDE}, "header"),
    "report-cost.png": ({"viewport": WIDE}, "#cost"),
    "report-dark.png": ({"viewport": WIDE, "color_scheme": "dark"}, "#examples"),
    "report-phone.png": (PHONE, "header"),
}


def photograph(page: Path) -> None:
    """Write all pictures of a page."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("install chromium")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        for name, (context, top) in PICTURES.items():
            tab = browser.new_context(**context).new_page()
            tab.goto(page.resolve().as_uri())
            tab.wait_for_selector("#list article")
            tab.locator(top).evaluate("node => node.scrollIntoView()")
            tab.wait_for_timeout(1000)
            save(tab.screenshot(), FOLDER / name)
        browser.close()


def save(png: bytes, path: Path) -> None:
    """Write a picture in at most 128 colours, which is enough for text and lines and a third of the bytes."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(png)).convert("RGB").quantize(128).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    photograph(Path(sys.argv[1]) / "report.html")
