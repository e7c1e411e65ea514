from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kdlib.files import sha256, write_json
from kdlib.provenance.manifest import read_manifests
from kdlib.report.origins import UNKNOWN, origin, origin_table

CODE = {"train": "c0de000000000001", "score": "c0de000000000002"}


def _manifest(rule, given, made, **params):
    return {
        **{"rule": rule, "script": f"workflow/scripts/{rule}.py", "wildcards": {}, "params": params},
        **{"input": given, "output": made, "code": {"digest": CODE[rule], "parts": {}}},
        **{"environment": {"python": "3.11", "machine": "x", "packages": {}}, "began": 1.0, "ended": 2.0},
    }


def _record(folder, **changes):
    """Write the manifests of a run of two jobs: rows to model, model to scores."""
    rows, model, scores = (str(folder / name) for name in ("rows.txt", "model.bin", "scores.json"))
    settings = {"rate": 0.1, "seed": 1, "rows": "aa", "began": 1.0} | changes
    train = _manifest("train", {rows: settings["rows"]}, {model: "bb"}, rate=settings["rate"])
    score = _manifest("score", {model: "bb"}, {scores: "cc"}, seed=settings["seed"])
    for own in (train, score):
        write_json(folder / "manifests" / f"{own['rule']}.json", own | {"began": settings["began"]})


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "scores.json").write_text("{}")
    _record(folder)
    return folder


def _origin(run, name="scores.json"):
    return origin(run / name, run, read_manifests([run]))


def test_a_file_knows_its_job_and_what_is_behind_it(run):
    found = _origin(run)
    assert (found.path, found.rule, found.jobs) == ("scores.json", "score", 2)
    assert found.sha256 == sha256(run / "scores.json")[:16]
    digests = (found.config, found.code, found.data)
    assert all(re.fullmatch("[0-9a-f]{16}", own) for own in digests)
    assert len(set(digests)) == 3


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        ({"rate": 0.2}, "config"),
        ({"seed": 2}, "config"),
        ({"rows": "ab"}, "data"),
        ({"began": 9.0}, None),
    ],
)
def test_a_digest_moves_with_its_part_and_with_nothing_else(run, change, moved):
    before = _origin(run)
    _record(run, **change)
    after = _origin(run)
    differing = [name for name in before._fields if getattr(before, name) != getattr(after, name)]
    assert differing == ([moved] if moved else [])


def test_code_behind_a_file_counts(run, monkeypatch):
    before = _origin(run)
    monkeypatch.setitem(CODE, "train", "c0de000000000003")
    _record(run)
    after = _origin(run)
    assert after.code != before.code
    assert after._replace(code=before.code) == before


def test_a_file_that_no_job_is_known_to_have_made(run):
    (run / "other.json").write_text("[]")
    found = _origin(run, "other.json")
    assert (found.rule, found.jobs, found.config) == ("", 0, "")
    table = origin_table({"scores": _origin(run), "other": found})
    assert [row[2].text for row in table.rows] == ["score, 2 jobs", UNKNOWN]


def test_the_page_tells_digests_of_recorded_files(arguments, written):
    folder = arguments["scores"].parent
    made = {str(arguments["scores"]): "cc"}
    write_json(
        folder / "manifests" / "score.json", _manifest("score", {"examples/a.java": "dd"}, made, seed=1)
    )
    text, reading = written(arguments)
    rows = {row[0]: row[1:] for row in reading.tables["origins-table"]}
    assert rows["evaluation_metrics.json"][1] == "score, 1 jobs"
    assert rows["predictions_final.jsonl"][1:] == [UNKNOWN] * 4
    start = text.index('id="origins-data">') + len('id="origins-data">')
    known = json.loads(text[start : text.index("</script>", start)])
    assert known["evaluation_metrics.json"]["data"] == rows["evaluation_metrics.json"][4]
    # Every file that a number names is known.
    named = {value for _, name, value in reading.attributes if name == "data-file"}
    models = [str(Path(path).parent.relative_to(folder / "evaluation")) for path in arguments["costs"]]
    filled = {own.replace("{row}", model) for own in named for model in models}
    assert named
    assert filled <= known.keys()
