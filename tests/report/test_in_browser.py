"""The page in Chromium: what it does with its tables and examples."""

from __future__ import annotations

import csv
import random
import re
from functools import lru_cache

import pyarrow as pa
import pytest
from playwright.sync_api import expect

from kdlib.files import write_jsonl, write_parquet

MODELS = ("teachers/base", "students/ce")
ROWS = 2000


@pytest.fixture(scope="module")
def large(tmp_path_factory, write_run, write):
    """Page of a run with 2,000 test rows."""
    arguments = write_run(tmp_path_factory.mktemp("large"))
    draw = random.Random(7)
    ids = [f"{draw.getrandbits(128):032x}" for _ in range(ROWS)]
    words = ["box", "count", "index", "size", "width", "name", "list", "first"]

    def assertion():
        return (
            f"assertEquals({draw.randrange(99)}, {draw.choice(words)}.{draw.choice(words)}({draw.random()}));"
        )

    prompts = [f"int {word}() {{\n" + "\n".join(assertion() for _ in range(12)) for word in words]
    kills = {"killed": 1, "mutants": 2}
    outcome = {"status": "passed", "message": "", "asserted": False, "vacuous": None}
    outcome |= {"rank": kills, "score": kills}
    samples = [
        {
            **{"model": model, "id": id_, "prediction": assertion(), "references": [assertion()]},
            **{"exact_match": False, "token_f1": 0.5, "syntax_valid": True, "execution": outcome},
        }
        for id_ in ids
        for model in MODELS
    ]
    write_jsonl(arguments["samples"], samples)
    write_parquet(
        arguments["test"], pa.table({"id": ids, "prompt": [draw.choice(prompts) for _ in range(ROWS)]})
    )
    write(arguments)
    return arguments["page"]


def test_it_loads_without_a_word_and_asks_for_nothing(page):
    assert page.title() == "kdlib report: tiny<b>"
    assert page.locator("#list article").count() == 3
    assert page.locator("b").count() == 0


def _column(page, number):
    return page.locator(f"#scores-table tbody tr > :nth-child({number})").evaluate_all(
        "cells => cells.map(cell => cell.firstChild.textContent.trim())"
    )


def test_a_heading_sorts_best_first_and_again_the_other_way(page):
    heading = page.locator("#scores-table thead th", has_text="NLL")
    heading.locator("button").click()
    assert _column(page, 5) == ["1.023", "1.777", "2.204", "–"]
    assert heading.get_attribute("aria-sort") == "ascending"
    heading.locator("button").click()
    assert _column(page, 5) == ["2.204", "1.777", "1.023", "–"]
    page.locator("#scores-table thead th", has_text="token F1").locator("button").click()
    assert _column(page, 4) == ["0.812", "0.518", "0.444", "0.109"]
    assert heading.get_attribute("aria-sort") is None
    assert _column(page, 1)[0] == "teachers/base"


def _matching(page):
    return page.locator("#list article h3").all_text_contents()


def test_search_and_filters_choose_examples(page):
    page.locator("#query").fill("ROW-B")
    assert _matching(page) == ["Example row-b"]
    assert page.locator("#found").inner_text() == "1 of 3 examples match"
    page.locator("#query").fill("nowhere")
    assert _matching(page) == []
    page.locator("#query").fill("")
    expected = {
        "right": ["a"],
        "wrong": ["b", "c"],
        "compiles": ["a", "b", "c"],
        "passes": [],
        "valid": [],
        "fails today": ["a", "b", "c"],
        "all": ["a", "b", "c"],
    }
    for outcome, rows in expected.items():
        page.locator("#outcome").select_option(outcome)
        assert _matching(page) == [f"Example row-{row}" for row in rows], outcome
    page.locator("#model").select_option(label="students/ce")
    page.locator("#outcome").select_option("not compiles")
    assert _matching(page) == []
    page.locator("#outcome").select_option("right")
    assert _matching(page) == ["Example row-a"]


def test_an_example_shows_prompt_reference_and_marked_differences(page):
    article = page.locator("#list article").first
    article.scroll_into_view_if_needed()
    shown = re.compile("^row-a </script><b>bold</b>")
    expect(article.locator("pre").first).to_have_text(shown, use_inner_text=True)  # once it is drawn
    first = article.locator("li").first
    assert (
        "teachers/base ✓ right, token F1 0.250, not one Java statement; fails today: </script>"
        in first.inner_text()
    )
    assert first.locator("del").inner_text().strip() == "row-a"
    assert first.locator("ins").inner_text().strip() == "teachers/base"
    lines = [
        page.evaluate("e => getComputedStyle(e).textDecorationLine", first.locator(tag).element_handle())
        for tag in ("ins", "del")
    ]
    assert lines == ["underline", "line-through"]
    page.locator("#marks").uncheck()
    assert first.locator("pre").inner_text() == '</script><b>bold</b> & "quoted" \u2028 <!-- teachers/base'


def _common(a, b):
    """Return the length of the longest common subsequence."""

    @lru_cache(None)
    def of(i, j):
        if i == len(a) or j == len(b):
            return 0
        return 1 + of(i + 1, j + 1) if a[i] == b[j] else max(of(i + 1, j), of(i, j + 1))

    return of(0, 0)


def test_differences_are_least_and_lose_nothing(page):
    draw = random.Random(3)
    vocabulary = ["assertEquals", "(", ")", '"a b"', "'x'", "size", ".", ";", "2", "é_1", ","]
    pairs = [[draw.choices(vocabulary, k=draw.randrange(12)) for _ in range(2)] for _ in range(150)]
    texts = [[" ".join(own) for own in pair] for pair in pairs]
    found = page.evaluate("pairs => pairs.map(([a, b]) => difference(a, b))", texts)
    for (a, b), (reference, prediction), parts in zip(pairs, texts, found, strict=True):
        without_del, without_ins = (
            "".join(text for kind, text in parts if kind != left_out) for left_out in ("del", "ins")
        )
        assert without_del == prediction
        assert without_ins.replace(" ", "") == reference.replace(" ", "")
        kept = page.evaluate("parts => parts.filter(p => !p[0]).flatMap(p => tokens(p[1])).length", parts)
        assert kept == _common(tuple(a), tuple(b))


def test_of_several_references_the_nearest_is_compared(page):
    parts = page.evaluate("nearest(['assertTrue(a);', 'assertEquals(1, b);'], 'assertEquals(2, b);')")
    assert [kind for kind, _ in parts if kind] == ["del", "ins"]
    assert "".join(text for kind, text in parts if kind == "del") == "1"


def test_without_scripts_the_numbers_stand(opened, small_run):
    with opened(small_run["page"], java_script_enabled=False) as page:
        assert page.get_by_text("The examples need JavaScript.").is_visible()
        assert page.locator("[data-panel]").evaluate_all("nodes => nodes.length") >= 3
        assert page.locator("[data-panel=cost]").last.is_visible()
        assert page.locator("#filters").is_hidden()


def test_two_thousand_examples(opened, large):
    assert large.stat().st_size < 5e6
    with opened(large, viewport={"width": 1280, "height": 900}) as page:
        articles, filled = page.locator("#list article"), page.locator("#list .sides")
        assert articles.count() == ROWS
        assert filled.count() < 50
        assert articles.first.get_attribute("aria-setsize") == str(ROWS)
        articles.last.scroll_into_view_if_needed()
        articles.last.locator(".sides").wait_for()
        assert filled.count() < 100
        page.locator("#query").fill("index.size(")
        matches = articles.count()
        assert 0 < matches < ROWS
        assert page.locator("#found").inner_text() == f"{matches} of {ROWS} examples match"


def test_curves_name_the_columns_that_they_are_of(page, small_run):
    with small_run["steps"][1].open(newline="") as file:
        assert "ce_weight" in next(csv.reader(file))
    captions = page.locator("#training figcaption").all_inner_texts()
    assert len(captions) == len(small_run["steps"])
    assert all("step_metrics.csv" in caption for caption in captions)
