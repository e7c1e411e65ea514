import importlib.metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from kdlib.files import DataError, sha256
from kdlib.provenance.code import code_digest
from kdlib.provenance.manifest import (
    begun,
    digests,
    finished,
    made_elsewhere,
    manifest_path,
    plain_params,
    read_manifest,
)

SCRIPT = Path(__file__).resolve().parents[2] / "workflow" / "scripts" / "agreement.py"


@pytest.mark.parametrize(
    ("log", "path"),
    [
        ("logs/test/student/trident.log", "results/test/manifests/student/trident.json"),
        ("logs/test/report.log", "results/test/manifests/report.json"),
        ("logs/cache/jars/junit4.log", "cache/manifests/jars/junit4.json"),
        ("logs/cache/fetch/codec-1.2.log", "cache/manifests/fetch/codec-1.2.json"),
    ],
)
def test_a_manifest_lies_with_the_results_by_the_name_of_the_log(log, path):
    assert manifest_path(Path(log)) == Path(path)


@pytest.fixture
def job(tmp_path, monkeypatch):
    """What Snakemake hands to a script, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    Path("given").mkdir()
    Path("given/a.txt").write_text("a")
    return SimpleNamespace(
        rule="agreement",
        wildcards={"student": "ce"},
        params={"size": (1, 2), "code": "c0de", "versions": {"torch": "1"}, "path": Path("p")},
        threads=2,
        input=["given/a.txt", "given"],
        output=["made.txt"],
        log=["logs/run/agreement/ce.log"],
    )


def test_a_manifest_tells_what_was_given_what_ran_and_what_was_made(job):
    manifest = begun(job, SCRIPT)
    Path("given/a.txt").write_text("edited while it runs")
    Path("made.txt").write_text("m")
    finished(manifest, job)
    found = read_manifest(Path(job.log[0]))
    assert found["rule"] == "agreement"
    assert found["wildcards"] == {"student": "ce"}
    assert found["params"] == {"size": [1, 2], "path": "p"}
    assert found["threads"] == 2
    assert found["input"]["given/a.txt"] == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    assert found["output"] == {"made.txt": sha256(Path("made.txt"))}
    assert found["code"]["digest"] == code_digest(SCRIPT)
    assert "kdlib.evaluation.predictions.agreement" in found["code"]["parts"]
    assert found["environment"]["packages"]["torch"] == importlib.metadata.version("torch")
    assert found["began"] <= found["ended"]


def test_without_a_manifest_there_is_none_and_another_file_is_told(job):
    assert read_manifest(Path(job.log[0])) is None
    path = manifest_path(Path(job.log[0]))
    path.parent.mkdir(parents=True)
    path.write_text('{"rule": "agreement"}')
    with pytest.raises(DataError, match=r"agreement/ce\.json: not a manifest; delete it"):
        read_manifest(Path(job.log[0]))


def test_a_folder_is_known_by_the_names_and_bytes_of_its_files(job):
    before = digests(["given", "none"])
    assert list(before) == ["given"]
    Path("given/.snakemake_timestamp").touch()
    assert digests(["given"]) == before
    Path("given/a.txt").rename("given/b.txt")
    renamed = digests(["given"])
    Path("given/b.txt").write_text("b")
    assert len({before["given"], renamed["given"], digests(["given"])["given"]}) == 3


def test_params_are_plain_whatever_they_are():
    assert plain_params({"versions": {}, "code": "", "nested": {"a": ({1}, None)}}) == {
        "nested": {"a": [[1], None]}
    }


def test_results_are_from_elsewhere_if_snakemake_has_no_record_of_any(job):
    records = Path(".snakemake/metadata")
    records.mkdir(parents=True)
    run = Path("results/run")
    assert not made_elsewhere(run, records), "there are no results"
    Path("made.txt").write_text("m")
    finished(begun(job, SCRIPT), job)
    assert made_elsewhere(run, records)
    (records / "bWFkZS50eHQ=").touch()  # base64 of made.txt
    assert not made_elsewhere(run, records)
