"""The page for the keyboard, a finger, the dark, paper and a screen reader."""

from __future__ import annotations

import re

import pytest


def _focused(page):
    return page.evaluate("document.activeElement.textContent.trim().replace(/\\s+/g, ' ')")


def _tab_to(page, selector, most=60):
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"{most} stops of the Tab key do not reach {selector}")


def test_the_keyboard_alone_reaches_everything(page):
    page.keyboard.press("Tab")
    assert _focused(page) == "Skip to the findings"
    page.keyboard.press("Enter")
    _tab_to(page, "#summary .cited")
    tip = page.locator("#tip")
    assert tip.is_visible()
    assert page.evaluate("document.activeElement.getAttribute('aria-describedby')") == "tip"
    _tab_to(page, "#scores-table th:nth-child(4) button")
    assert tip.is_hidden()
    page.keyboard.press("Enter")
    first = page.locator("#scores-table tbody td:nth-child(4)").first
    assert first.inner_text().startswith("0.812")
    _tab_to(page, "#scores-table td.number")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert _focused(page).startswith("0.518")
    assert tip.inner_text().startswith("evaluation_metrics.json: models.students/ce.token_f1")
    page.keyboard.press("Escape")
    assert tip.is_hidden()
    _tab_to(page, "#comparisons-table td.number")
    _tab_to(page, "input[name=cost]")
    shown = page.locator("[data-panel=cost]:visible h3")
    assert shown.all_inner_texts() == ["Pareto front: quality against parameters"]
    page.keyboard.press("ArrowRight")
    assert shown.all_inner_texts() == ["Pareto front: quality against bytes on disk"]
    _tab_to(page, "#query")
    page.keyboard.type("row-")
    _tab_to(page, "article")
    page.keyboard.press("PageDown")
    assert _focused(page).startswith("Example row-b")
    page.keyboard.press("ArrowRight")
    assert _focused(page) == "0.250"
    assert "predictions_final.jsonl: token_f1 where model = teachers/base, id = row-b" in tip.inner_text()
    page.keyboard.press("ArrowLeft")
    assert _focused(page).startswith("Example row-b")
    # The list is one stop, however long it is.
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#data') !== null")


@pytest.mark.parametrize("width", [320, 375])
def test_a_phone_scrolls_tables_and_not_the_page(opened, small_run, width):
    phone = {"viewport": {"width": width, "height": 700}, "has_touch": True, "is_mobile": True}
    with opened(small_run["page"], **phone) as page:
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        cell = page.locator("#scores-table td.number").first
        cell.tap()
        box = page.locator("#tip").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        page.locator("h1").tap()
        assert page.locator("#tip").is_hidden()


def _luminance(page, what):
    colour = page.evaluate(f"getComputedStyle(document.body).{what}")
    return sum(float(part) for part in re.findall(r"[\d.]+", colour)[:3]) / 3


def test_it_is_dark_where_the_reader_wants_it_dark(opened, small_run):
    with opened(small_run["page"], color_scheme="dark") as page:
        assert _luminance(page, "backgroundColor") < 40
        assert _luminance(page, "color") > 200
        page.emulate_media(media="print")
        assert _luminance(page, "backgroundColor") == 255


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_axe_finds_nothing(opened, small_run, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    viewport = {"width": width, "height": 900}
    with opened(small_run["page"], color_scheme=scheme, viewport=viewport) as page:
        page.locator("summary").evaluate_all("nodes => nodes.forEach(node => node.parentElement.open = true)")
        page.locator("#scores-table td.number").first.focus()
        found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert len(found.response["passes"]) > 20


def test_paper_shows_all_and_no_controls(page):
    page.locator("#query").fill("row-")
    page.emulate_media(media="print")
    for control in ("nav", "#filters", "fieldset.choice", "#tip", ".skip"):
        assert page.locator(control).first.is_hidden(), control
    inside = page.locator("details > :not(summary)")
    assert inside.count() >= 4
    assert inside.evaluate_all(
        "nodes => nodes.every(node => node.checkVisibility({contentVisibilityAuto: true}))"
    )
    panels = page.locator("[data-panel]")
    assert panels.count() >= 3
    assert panels.evaluate_all("nodes => nodes.every(node => node.checkVisibility())")
    assert page.locator("article .sides").count() == 3
    page.emulate_media(media="screen")
    assert page.locator("details[open]").count() == 0


def test_a_wide_table_fits_paper(opened, small_run):
    with opened(small_run["page"], viewport={"width": 720, "height": 900}) as page:
        table = page.locator("#scores-table")
        table.evaluate("node => node.classList.add('wide')")
        page.emulate_media(media="print")
        boxes = page.locator("#scores-table tbody th").evaluate_all(
            "n => n.map(e => e.getBoundingClientRect().x)"
        )
        assert boxes == sorted(set(boxes))  # models side by side
        rows = table.locator("tbody tr").first.locator(":scope > *")
        tops = rows.evaluate_all("n => n.map(e => e.getBoundingClientRect().y)")
        assert tops == sorted(set(tops))  # metrics below each other
        ends = page.locator("table").evaluate_all("n => n.map(e => e.getBoundingClientRect().right)")
        assert max(ends) <= 720
        assert page.pdf().startswith(b"%PDF")
