"""The page of the dataset card, made from a corpus card and the counts of a dataset."""

from __future__ import annotations

import itertools
import re
from html.parser import HTMLParser

import pyarrow as pa
import pytest

from kdlib.config import Dataset
from kdlib.files import read_json, write_json, write_parquet
from kdlib.records import SPLITS
from kdlib.report.card import render, write_card
from kdlib.report.card_tables import funnel, value_table
from kdlib.results.cards import CorpusCounts, DatasetCard
from kdlib.results.schema import parse
from tests.corpus.assembly.test_card import COUNTS, corpus_card


@pytest.fixture(scope="module")
def corpus():
    return corpus_card()


def rendered(card):
    return render(parse(card, DatasetCard, "card.json"))


@pytest.fixture(scope="module")
def whole(corpus, tmp_path_factory):
    """The dataset card and the page."""
    folder = tmp_path_factory.mktemp("card")
    counts = {
        "examples": 1024,
        "looked_at": 20,
        "too_long": 3,
        "too_long_prompt": 1,
        "not_sampled": 1004,
        "rows": 16,
        "source_tokens": 54321,
        "target_tokens": 100,
        "truncated_prompts": 2,
    }
    write_json(folder / "corpus.json", corpus)
    told = {"tokenizer": {"entries": 2048, "examples": 24}, **dict.fromkeys(SPLITS, counts)}
    write_json(folder / "counts.json", told)
    rows = {}
    for number, split in enumerate(SPLITS, 1):
        rows[split] = folder / f"{split}.parquet"
        lengths = pa.table(
            {"source_ids": [[1] * 40, [1] * 20 * number], "target_ids": [[1] * 9, [1] * number]}
        )
        write_parquet(rows[split], lengths)
    out = folder / "card.json", folder / "card.html"
    write_card("toy & co", folder / "corpus.json", folder / "counts.json", rows, Dataset(), *out)
    return read_json(out[0]), out[1].read_text()


class Page(HTMLParser):
    """Tables of a page as caption -> rows, and the tags that it has."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.tags, self.text, self.attributes = {}, [], [], []
        self._row, self._caption, self._in = [], "", None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "table":
            self._caption = ""
        if tag == "tr":
            self._row = []
            self.tables[self._caption].append(self._row)
        if tag in ("td", "th"):
            self._row.append("")
        if tag in ("td", "th", "caption"):
            self._in = tag

    def handle_endtag(self, tag):
        if tag == "caption":
            self.tables[self._caption] = []
        if tag == self._in:
            self._in = None

    def handle_data(self, data):
        self.text.append(data)
        if self._in == "caption":
            self._caption += data
        elif self._in:
            self._row[-1] += data.strip()


@pytest.fixture(scope="module")
def page(whole):
    return Page(whole[1])


def test_the_funnel_ends_with_what_is_kept():
    steps = funnel(CorpusCounts(**COUNTS))
    assert steps[0] == ("assertions in tests", None, COUNTS["assertions"])
    assert steps[-1][2] == COUNTS["kept"]
    for (_, _, before), (name, removed, left) in itertools.pairwise(steps):
        assert before - removed == left, name
    assert ("filtered: licence", 3, 1200) in steps
    assert ("validation: shared class", 10, 990) in steps


def test_the_json_has_both_cards(whole, corpus):
    written, _ = whole
    assert written["corpus"] == corpus
    assert written["train"]["rows"] == 16
    assert written["tokens"]["test"]["prompt"]["max"] == 60
    assert written["tokens"]["train"]["target"]["min"] == 1
    assert written["histograms"]["validation"]["prompt"]["≤ 64"] == 2
    assert written["dataset"]["max_source_tokens"] == 256


def test_every_table_has_a_caption_and_numbers_have_separators(page):
    assert page.tags.count("table") == page.tags.count("caption") == len(page.tables) > 10
    assert all(page.tables)
    rows = page.tables["From examples to token rows"]
    assert rows[1][:3] == ["train", "1,024", "1,004"]
    assert "54,321" in rows[1]
    sources = page.tables["Sources: what was read, and what came of it"]
    assert sources[0][0] == "source"
    assert sources[1][:6] == ["s", "1", "MIT", "12,345", "1", "2.5"]
    assert sources[2][0] == "all"
    assert sources[2][3:] == sources[1][3:]
    funnel_rows = page.tables["From assertions to the examples of the corpus"]
    assert funnel_rows[1] == ["assertions in tests", "–", "1,240"]
    assert funnel_rows[-1][-1] == "30"


def test_leakage_stands_with_its_bounds(page):
    rows = page.tables["Leakage: test rows that have this in common with train or validation"]
    assert rows[1:] == [
        ["equal test and assertion", "0.00%", "3", "0.00%", "passed"],
        ["shared class", "0.00%", "3", "0.00%", "passed"],
        ["near duplicate, similarity ≥ 0.9", "0.40%", "3", "1.00%", "passed"],
        ["equal focal method", "25.00%", "3", "–", "reported only"],
    ]


def test_content_is_escaped(whole, page):
    _, html = whole
    assert "script" not in page.tags
    assert "<i>" not in html
    assert "<b>" not in html
    assert "toy &amp; co" in html
    text = "".join(page.text)
    assert "List<b> f() { return a && b; } // </pre><script>" in text
    assert "Bad<i>.java" in text
    assert "not <UTF-8>" in page.tables["Files that were not mined, by reason"][0]


def test_nothing_comes_from_elsewhere(whole, page):
    _, html = whole
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    links = [value for name, value in page.attributes if name in ("href", "src", "xlink:href")]
    assert links
    assert all(link.startswith("#") for link in links)
    assert "url(" not in html
    assert "@import" not in html
    anchors = {value for name, value in page.attributes if name == "id"}
    assert {link[1:] for link in links} <= anchors
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_both_colour_schemes_define_the_same_colours(whole):
    _, html = whole
    light, dark = re.findall(r":root \{(.*?)\}", html, re.DOTALL)
    assert set(re.findall(r"--\w+", light)) == set(re.findall(r"--\w+", dark))
    assert set(re.findall(r"var\((--\w+)\)", html)) <= set(re.findall(r"--\w+", light))


def test_bars_are_as_high_as_the_shares(whole):
    _, html = whole
    bars = re.findall(r'class="train"[^>]* height="([\d.]+)"><title>train, ≤ 64: ([\d.]+)%', html)
    charts = len(re.findall("<svg", html))
    assert len(bars) == charts == 5
    # The prompts of train: one of 40 and one of 20 tokens; of validation both up to 64, the highest bar.
    assert ("62.5", "50.0") in bars


def test_a_row_split_is_said_to_be_only_reported(whole):
    written, _ = whole
    corpus = written["corpus"]
    audit = {**corpus["audit"], "verdict": "reported only", "bounds": {}}
    leakage = {name: share for name, share in corpus["leakage"].items() if name != "unit"}
    changed = {
        "audit": audit,
        "leakage": leakage,
        "split": {**corpus["split"], "by": "row"},
        "skipped": [],
        "filters": {**corpus["filters"], "licences": ["MIT", "A<B"], "near_duplicates": 1.0},
    }
    html = rendered({**written, "corpus": {**corpus, **changed}})
    page = Page(html)
    rows = page.tables["Leakage: test rows that have this in common with train or validation"]
    assert {row[-1] for row in rows[1:]} == {"reported only"}
    assert len(rows) == 4
    assert "Files that were not mined, by reason" not in page.tables
    text = "".join(page.text)
    assert "none was skipped" in text
    assert "licences\nMIT, A<B;" in text
    assert "scores on this split say little" in text


def test_equal_input_gives_equal_bytes(whole):
    written, html = whole
    assert rendered(written) == html


def test_rare_values_are_summed_up():
    values = {
        "train": {f"assert{n}": 100 - n for n in range(40)},
        "test": {"assert0": 5, "assert39": 7, "rare": 1},
    }
    table = value_table("kinds", values, "Assertions", "assertion")
    rows = [[cell.text for cell in row] for row in [table.head, *table.rows]]
    assert len(rows) == 1 + 25 + 1
    assert rows[1] == ["assert0", "100", "5"]
    assert rows[-1] == ["16 others", "1,020", "8"]
    for column, split in ((1, "train"), (2, "test")):
        shown = sum(int(row[column].replace(",", "")) for row in rows[1:])
        assert shown == sum(values[split].values())
