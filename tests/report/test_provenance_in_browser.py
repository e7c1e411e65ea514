"""Every number of the page tells where it stands, and what its file was made from."""

from __future__ import annotations

import json
import re

import pytest

from kdlib.files import read_json

MODELS = ("teachers/base", "students/ce")


def _resolved(value, key):
    """Follow a key such as ``models.students/ce.nll`` or ``comparisons[0].p`` into JSON."""
    while key:
        if key[0] == "[":
            place, _, key = key[1:].partition("]")
            value = value[int(place)]
        else:
            names = [name for name in value if key == name or key.startswith((f"{name}.", f"{name}["))]
            name = max(names, key=len)
            value, key = value[name], key[len(name) :]
        key = key.removeprefix(".")
    return value


def test_every_number_tells_where_it_stands(page, small_run):
    """Each numeric cell's file and key, followed into the results, gives the cell's number."""
    told = page.evaluate(
        """() => [...document.querySelectorAll("td.number[data-sort]")].map((cell) => {
          const { file, key } = whereabouts(cell);
          return [file, key, Number(cell.dataset.sort)];
        })"""
    )
    folder = small_run["scores"].parent
    files = {
        "evaluation_metrics.json": read_json(small_run["scores"]),
        "corpus card": read_json(small_run["card"]),
    }
    files["dataset card"] = read_json(small_run["dataset"])
    files["signals/base/fidelity.json"] = read_json(small_run["fidelities"][0])
    for model in MODELS:
        files[f"{model}/cost.json"] = read_json(folder / "evaluation" / model / "cost.json")
        files[f"{model}/training_report.json"] = read_json(folder / model / "training_report.json")
    followed = set()
    for file, key, shown in told:
        if file == "signals/base/manifest.json" or key.endswith("mean, deviation"):
            continue  # sums, and two numbers in one cell
        value = _resolved(files[file], key)
        value = value["value"] if isinstance(value, dict) else value
        assert value == pytest.approx(shown), (file, key)
        followed.add(file)
    assert followed == files.keys()
    assert len(told) > 80


def test_numbers_of_sentences_tell_where_they_stand(page, small_run):
    told = page.locator("#summary .cited").evaluate_all(
        "nodes => nodes.map(node => [node.dataset.file, node.dataset.key, node.textContent])"
    )
    scores, folder = read_json(small_run["scores"]), small_run["scores"].parent
    assert len(told) > 8
    for file, key, text in told:
        value = _resolved(
            scores if file == "evaluation_metrics.json" else read_json(folder / "evaluation" / file), key
        )
        if isinstance(value, dict):
            value = value.get("value", value.get("difference"))
        first = text.split()[0].replace("−", "-").replace(",", "")
        assert float(first) == pytest.approx(value, abs=5e-4), key


def test_hovering_a_number_shows_its_provenance(page):
    tip = page.locator("#tip")
    assert tip.is_hidden()
    cell = page.locator("#scores-table td", has_text="0.518")
    cell.hover()
    tip.wait_for()
    text = tip.inner_text()
    assert text.startswith("evaluation_metrics.json: models.students/ce.token_f1\n")
    assert "token_f1|v:1|norm:ws" in text
    assert "no manifest tells" in text
    tip.hover()
    page.wait_for_timeout(400)
    assert tip.is_visible()
    page.locator("h1").hover()
    tip.wait_for(state="hidden")


def test_digests_are_told_of_what_is_recorded(opened, tmp_path, write_run, write):
    arguments = write_run(tmp_path)
    manifest = {
        **{
            "rule": "score",
            "script": "s",
            "wildcards": {},
            "params": {"seed": 1},
            "input": {"examples/a": "aa"},
        },
        **{"output": {str(arguments["scores"]): "bb"}, "code": {"digest": "cc", "parts": {}}},
        **{"environment": {}, "began": 1, "ended": 2},
    }
    folder = arguments["scores"].parent / "manifests"
    folder.mkdir()
    (folder / "score.json").write_text(json.dumps(manifest))
    write(arguments)
    with opened(arguments["page"]) as page:
        page.locator("#scores-table td", has_text="0.518").click()
        text = page.locator("#tip").inner_text()
        assert "made by score, 1 jobs behind it" in text
        assert re.search(r"config [0-9a-f]{16}\ncode [0-9a-f]{16}\ndata [0-9a-f]{16}$", text)
