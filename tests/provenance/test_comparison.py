import pytest

from kdlib.provenance.comparison import compare
from kdlib.provenance.manifest import digests

TABLE = "timestamp,step,loss,elapsed_time_seconds\n1.5,1,0.25,9\n"


@pytest.mark.parametrize(
    ("name", "before", "now", "answer"),
    [
        ("weights.safetensors", "w", "w", "same bytes"),
        ("weights.safetensors", "w", "v", "differs"),
        ("weights.safetensors", "w", None, "missing"),
        ("cost.json", "1", "2", "measured"),
        ("cost.json", "1", "1", "same bytes"),
        ("step_metrics.csv", TABLE, TABLE.replace("1.5", "2.5").replace("9", "8"), "same values"),
        ("step_metrics.csv", TABLE, TABLE.replace("0.25", "0.26"), "differs"),
        ("step_metrics.csv", TABLE, TABLE + "2,2,0.2,9\n", "differs"),
    ],
)
def test_an_artefact_is_compared_by_bytes_then_by_values(tmp_path, monkeypatch, name, before, now, answer):
    monkeypatch.chdir(tmp_path)
    for folder, text in (("old", before), ("new", now)):
        (tmp_path / folder).mkdir()
        if text is not None:
            (tmp_path / folder / name).write_text(text)
    made = {name: digests([f"old/{name}"])[f"old/{name}"]}
    (found,) = compare({"jobs": [{"output": made}]}, tmp_path / "old", tmp_path / "new")
    assert (found.path, found.answer) == (name, answer)
