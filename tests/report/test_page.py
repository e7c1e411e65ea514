from __future__ import annotations

import json
import re
import shutil
from itertools import pairwise

import pytest

from kdlib.files import DataError, read_json, write_json, write_jsonl

pytestmark = pytest.mark.slow  # writes a whole page for nearly every test

NASTY = '</script><b>bold</b> & "quoted" \u2028 <!--'


def _words(cell: str) -> list[str]:
    return re.sub(r"[\[\],]", " ", cell.replace("−", "-")).split()


def test_every_number_of_the_scores_stands_in_its_cell(small_run, small_page):
    _, reading = small_page
    scores = read_json(small_run["scores"])
    head, *rows = reading.tables["scores-table"]
    assert [cell.rstrip(" ↑↓") for cell in head] == ["model", "kind", "exact match", "token F1", "NLL"]
    assert [row[0] for row in rows] == list(scores["models"])
    for row in rows:
        for metric, cell in zip(scores["metrics"], row[2:], strict=True):
            own = scores["models"][row[0]].get(metric)
            expected = ["–"] if own is None else [f"{own[key]:.3f}" for key in ("value", "low", "high")]
            assert [word for word in _words(cell) if word[0] not in "▲▼"] == expected


def test_every_comparison_stands_with_its_interval_and_p(small_run, small_page):
    _, reading = small_page
    rows = reading.tables["comparisons-table"][1:]
    comparisons = read_json(small_run["scores"])["comparisons"]
    assert len(rows) == len(comparisons)
    for row, own in zip(rows, comparisons, strict=True):
        assert row[:2] == [own["a"], own["b"]]
        assert [float(word) for word in _words(row[3])] == pytest.approx(
            [own["difference"], own["low"], own["high"]], abs=5e-4
        )
        assert row[4:7] == ["0.0315", "0.0630", "3"]
    assert [row[7] for row in rows] == ["a is better", "no difference shown", "a is better"]


def test_signatures_arrows_and_baselines(small_page):
    text, reading = small_page
    notes = [value for _, name, value in reading.attributes if name == "data-note"]
    signature = "exact_match|v:1|norm:ws|n:3|split:class|boot:2000|conf:0.9|seed:42"
    assert notes.count(f"n = 3; {signature}") == 4
    assert signature in reading.tables["metrics-table"][1]
    assert reading.tables["scores-table"][1][2].split()[1] == "▲a"
    assert reading.tables["scores-table"][1][4].split()[1] == "▲b"
    assert not set("▲▼") & set("".join(reading.tables["scores-table"][2]))
    assert "<strong>a</strong> baselines/retrieval, <strong>b</strong> baselines/trigram." in text
    assert [cell[-1] for cell in reading.tables["scores-table"][0][2:]] == ["↑", "↑", "↓"]
    kinds = [row[1] for row in reading.tables["scores-table"][1:]]
    assert kinds == ["teacher", "student", "baseline", "baseline"]
    assert "90 % intervals" in text


def test_cards_signals_and_costs_are_shown(small_page):
    _, reading = small_page
    cells = {cell for rows in reading.tables.values() for row in rows for cell in row}
    assert {"4,321", "7,654", "8,765"} <= cells
    assert reading.tables["signals-table"][1][3:] == ["2", "6", "100", "13,086", "130.86"]
    assert reading.tables["costs-table"][2][:3] == ["students/ce", "500", "2,000"]
    assert reading.tables["training-table"][1] == ["teachers/base", "1,234", "3", "5", "1", "3", "2.500"]


def test_fidelity_of_the_signals_is_shown_with_its_signatures(small_page):
    text, reading = small_page
    head, first, second = reading.tables["fidelity-table"]
    assert head[4:8] == ["T", "L1 ↓", "KL, nats ↓", "top-1 agreement ↑"]
    assert first[0] == "base"
    assert "nucleus" in first[1]
    assert first[2:6] == ["37.25", "41.50", "1", "0.00041"]
    assert first[6] == "0.012 infinite at 3.1% of tokens"
    assert first[7:] == ["99.88%", "1.234", "7.500"]
    assert second[4:8] == ["2.4495", "0.31", "– infinite at 100.0% of tokens", "50.00%"]
    notes = [value for _, name, value in reading.attributes if name == "data-note"]
    assert notes.count("fidelity|T:1.0") == notes.count("fidelity|T:2.4495") == 3
    assert "L1 is Σ|p − p̂|" in text


def test_a_store_without_fidelity_has_no_such_table(arguments, written):
    text, reading = written({**arguments, "fidelities": []})
    assert "signals-table" in reading.tables
    assert "fidelity-table" not in reading.tables
    assert "L1 is" not in text


def test_texts_are_shown_and_never_become_markup(small_page, examples_of):
    text, reading = small_page
    assert reading.tags["b"] == 0
    assert reading.tags["script"] == 3
    assert (1, "Run tiny<b>") in reading.headings
    assert NASTY in {row[0] for rows in reading.tables.values() for row in rows}
    examples = examples_of(text)
    assert [row["id"] for row in examples["rows"]] == ["row-a", "row-b", "row-c"]
    first = examples["rows"][0]
    assert first["prompt"] == f"row-a {NASTY}"
    assert first["references"] == [f"row-a {NASTY}"]
    verdict = [2, f"fails today: {NASTY}: code or assertion is wrong"]
    said = [[f"{NASTY} {model}", True, 0.25, False, *verdict] for model in examples["models"]]
    assert first["outputs"] == said
    assert examples["models"] == ["teachers/base", "students/ce", "baselines/retrieval", "baselines/trigram"]


def test_the_page_needs_nothing_from_outside(small_page):
    text, reading = small_page
    links = [
        value for _, name, value in reading.attributes if name.split(":")[-1] in {"src", "href", "action"}
    ]
    assert links
    assert all(value.startswith("#") for value in links)
    assert "@import" not in text
    # What remains are names of XML languages.
    assert set(re.findall(r'(\S+)="https?://', text)) == {"xmlns", "xmlns:xlink"}
    assert "url(" not in text.replace("url(#", "")
    assert ("meta", "http-equiv", "Content-Security-Policy") in reading.attributes


def test_structure_for_assistive_technology(small_page):
    _, reading = small_page
    assert ("html", "lang", "en") in reading.attributes
    levels = [level for level, _ in reading.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert len(reading.ids) == len(set(reading.ids))
    labelled = {value for _, name, value in reading.attributes if name == "aria-labelledby"}
    assert labelled
    assert labelled <= set(reading.ids)
    assert {value[1:] for _, name, value in reading.attributes if name == "href"} <= set(reading.ids)
    assert reading.tags["caption"] == reading.tags["table"] == len(reading.tables)
    scoped = [value for tag, name, value in reading.attributes if (tag, name) == ("th", "scope")]
    assert len(scoped) == reading.tags["th"]
    figures = [value for tag, name, value in reading.attributes if (tag, name) == ("svg", "aria-label")]
    assert len(figures) == reading.tags["svg"] == 5


def test_equal_input_gives_equal_bytes_wherever_it_lies(arguments, written, tmp_path):
    first, _ = written(arguments)
    copy = tmp_path / "elsewhere"
    shutil.copytree(tmp_path / "run", copy)

    def moved(value):
        if isinstance(value, list):
            return [moved(item) for item in value]
        return value if isinstance(value, str) else copy / value.relative_to(tmp_path / "run")

    again = {name: moved(value) for name, value in arguments.items() if name != "jobs"}
    second, _ = written({**again, "jobs": arguments["jobs"]})
    assert first == second


def test_a_changed_number_changes_the_page(arguments, written):
    _, before = written(arguments)
    scores = read_json(arguments["scores"])
    scores["models"]["students/ce"]["token_f1"]["value"] = 0.987
    write_json(arguments["scores"], scores)
    _, after = written(arguments)
    assert before.tables["scores-table"][2][3].startswith("0.518")
    assert after.tables["scores-table"][2][3].startswith("0.987")


def test_a_run_without_optional_parts(arguments, written):
    scores = read_json(arguments["scores"])
    del scores["not_measured"]
    scores["comparisons"] = []
    write_json(arguments["scores"], scores)
    none = {name: [] for name in ("costs", "reports", "steps", "epochs", "manifests", "fidelities")}
    text, reading = written({**arguments, **none})
    assert reading.tags["svg"] == 0
    assert not {"comparisons-table", "fidelity-table"} & reading.tables.keys()
    for sentence in (
        "No teacher is compared with the trigram floor",
        "Not compared with the retrieval baseline: students/ce.",
        "This run compares no two models.",
        "No model of this run has a recorded size.",
        "No training records were given.",
        "This run stores no teacher signals.",
        "No manifest tells which jobs made these files",
    ):
        assert sentence in text


def test_what_is_valid_is_called_a_regression_oracle(arguments, written):
    text, _ = written(arguments)
    assert "regression oracle" not in text
    scores = read_json(arguments["scores"])
    scores["metrics"]["valid"] = {"higher_is_better": True, "description": "share that is valid"}
    write_json(arguments["scores"], scores)
    text, _ = written(arguments)
    assert "is a regression oracle" in text
    assert "The rows' own assertions" not in text
    score = {"value": 0.25, "low": 0.125, "high": 0.5, "n": 9, "signature": "mutation_score|v:1"}
    write_json(arguments["scores"], {**scores, "reference": {"mutation_score": score}})
    assert "The rows' own assertions kill 0.250 [0.125, 0.500] of the mutants." in written(arguments)[0]


@pytest.mark.parametrize(("sites", "few"), [(199, True), (200, False)])
def test_bugs_exposed_and_blessed_stand_with_the_number_of_their_sites(arguments, written, sites, few):
    scores = read_json(arguments["scores"])
    for name, up in (("exposed", True), ("blessed", False)):
        scores["metrics"][name] = {"higher_is_better": up, "description": f"bugs {name} in words"}
        score = {"value": 0.375, "low": 0.25, "high": 0.5, "n": sites, "signature": f"{name}|v:2"}
        scores["models"]["students/ce"][name] = score
    write_json(arguments["scores"], scores)
    text, reading = written(arguments)
    head, *rows = reading.tables["scores-table"]
    assert head[-2:] == ["bugs exposed ↑", "bugs blessed ↓"]
    (shown,) = [row[-2:] for row in rows if row[0] == "students/ce"]
    assert [cell.split()[0] for cell in shown] == ["0.375", "0.375"]
    titles = [value for _, name, value in reading.attributes if name == "title"]
    assert any("bugs blessed in words" in title for title in titles)
    assert f"shares of {sites} sites whose code was given a fault" in text
    assert ("These are few sites: 199, fewer than 200" in text) == few


def test_without_faults_the_page_is_silent_on_them(small_page):
    assert "was given a fault" not in small_page[0]


def test_parts_of_a_slice_stand_with_every_model(small_run, small_page):
    _, reading = small_page
    scores = read_json(small_run["scores"])
    first, second = reading.tables["slice-kind-token_f1"][1:]
    assert (first[:2], second[:2]) == (["assertEquals", "2"], [NASTY, "1"])
    for cell, model in zip(first[2:], scores["models"], strict=True):
        assert cell.startswith("0.125" if "token_f1" in scores["models"][model] else "–")
    assert "slice-project-token_f1" not in reading.tables  # one part is no slice


def test_seeds_stand_with_their_spread(small_page):
    (row,) = small_page[1].tables["seeds-table"][1:]
    assert row == ["students/ce and students/trident", "exact match", "0.250 ± 0.071", "2", "0.200, 0.300"]


def test_samples_of_other_rows_are_refused(arguments, written):
    row = {"model": "students/ce", "id": "row-z", "prediction": "", "references": [], "exact_match": False}
    write_jsonl(arguments["samples"], [row | {"token_f1": 0.0, "syntax_valid": False}])
    with pytest.raises(DataError, match="'row-z' is no row of the dataset"):
        written(arguments)
    assert not arguments["page"].exists()


def test_a_broken_file_is_named(arguments, written):
    arguments["scores"].write_text("{")
    with pytest.raises(DataError, match=r"evaluation_metrics\.json:1: not JSON"):
        written(arguments)


def test_settings_are_shown_as_they_were(small_page):
    text, _ = small_page
    shown = json.dumps({"threads": 2, "teacher": "base"}, indent=1).replace('"', "&#34;")
    assert shown in text
