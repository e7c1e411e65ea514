from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from kdlib.config import Split
from kdlib.corpus.assemble import assemble
from kdlib.corpus.deduplicate import text_key
from kdlib.corpus.leakage import audit
from kdlib.files import DataError, read_examples, read_json, read_parquet, write_examples, write_json
from tests.corpus.conftest import an_example, files_under

REPORT = {
    "kind": "path",
    "version": "1",
    "licence": "MIT",
    "files": 9,
    "java_bytes": 900,
    "skipped": [{"path": "Bad.java", "reason": "not UTF-8"}],
    "tests": 40,
    "unresolved": 2,
    "kinds": {},
    "frameworks": {},
}


@pytest.fixture
def corpus(tmp_path):
    """Assemble examples given per source; returns the examples, id -> split and the card."""

    def run(sources, split):
        for name, examples in sources.items():
            write_examples(tmp_path / f"{name}.parquet", examples)
            counts = {"assertions": len(examples) + 2, "examples": len(examples)}
            write_json(tmp_path / f"{name}.json", {**REPORT, "source": name, **counts})
        paths = [tmp_path / f"out/{name}" for name in ("examples.parquet", "splits.parquet", "card.json")]
        mined = [tmp_path / f"{name}.parquet" for name in sources]
        assemble(mined, [path.with_suffix(".json") for path in mined], split, *paths)
        table = read_parquet(paths[1]).to_pydict()
        return (
            read_examples(paths[0]),
            dict(zip(table["id"], table["split"], strict=True)),
            read_json(paths[2]),
        )

    return run


def test_the_whole_way(corpus, tmp_path):
    examples = [an_example(number, source="a") for number in range(50)]
    copies = [replace(an_example(number, source="b", path="copy.java")) for number in range(10)]
    variants = [
        replace(an_example(number, source="b", group=f"q.D{number}"), id=f"{number:064x}")
        for number in range(5)
    ]
    kept, split_of, card = corpus({"a": examples, "b": [*copies, *variants]}, Split())
    assert [example.id for example in kept] == sorted(split_of)
    assert list(split_of) == sorted(split_of), "splits stand in order of ids"
    by_id = {example.id: example for example in kept}
    assert len(by_id[examples[9].id].occurrences) == 2
    known = {text_key(e) for e in kept if split_of[e.id] != "test"}
    assert not known & {text_key(e) for e in kept if split_of[e.id] == "test"}
    counts = card["counts"]
    assert counts["assertions"] == 69
    assert (counts["with_focal_method"], counts["distinct"], counts["kept"]) == (65, 55, len(kept))
    gone = sum(sum(value.values()) for key, value in counts.items() if key.startswith("removed_from"))
    assert counts["distinct"] - gone == counts["kept"]
    assert {name: part["examples"] for name, part in card["splits"].items()} == Counter(split_of.values())
    assert card["leakage"] == {"text": 0, "unit": 0, "focal_method": 0}
    assert card["skipped"] == [
        {"source": name, "path": "Bad.java", "reason": "not UTF-8"} for name in ("a", "b")
    ]
    assert card["sources"]["a"]["licence"] == "MIT"
    assert card["tokens"]["train"]["reference"]["max"] == 5
    assert len(card["examples"]) == 3
    assert files_under(tmp_path / "out") == {"examples.parquet", "splits.parquet", "card.json"}


def test_a_project_split(corpus):
    sources = {
        name: [an_example(100 * place + number, source=name) for number in range(20)]
        for place, name in enumerate("abcde")
    }
    kept, split_of, card = corpus(sources, Split(by="project"))
    splits = {name: {split_of[e.id] for e in kept if e.occurrences[0].source == name} for name in sources}
    assert all(len(found) == 1 for found in splits.values())
    assert card["leakage"]["unit"] == 0


def test_nothing_mined(corpus):
    with pytest.raises(DataError, match=r"no examples in a \(9 files\)"):
        corpus({"a": []}, Split())


def test_what_removal_empties_is_told(corpus):
    # Every test calls into one class: whatever the split, train and validation know it.
    with pytest.raises(DataError, match=r"no examples in train and validation"):
        corpus({"a": [an_example(number, focal_class="p.Hub") for number in range(30)]}, Split())


def test_the_audit_finds_each_kind_of_leak():
    clean = [an_example(number, source=f"s{number}") for number in range(4)]
    split_of = dict(zip((e.id for e in clean), ["train", "validation", "test", "test"], strict=True))
    assert audit(clean, split_of, Split()) == {"text": 0, "unit": 0, "focal_method": 0}

    twin = replace(clean[2], id="twin", focal_method="int other() {}", occurrences=clean[0].occurrences)
    with pytest.raises(
        DataError, match=r"50\.00% of the test rows share their text .* split\.max_leakage 0\.00%"
    ):
        audit([*clean, twin], {**split_of, "twin": "train"}, Split())
    assert audit([*clean, twin], {**split_of, "twin": "train"}, Split(by="row"))["text"] == 0.5
    assert audit([*clean, twin], {**split_of, "twin": "train"}, Split(max_leakage=0.5))["text"] == 0.5
    assert audit([*clean, twin], {**split_of, "twin": "test"}, Split(by="row"))["text"] == 0

    for field in ("group", "focal_class", "test_class"):
        akin = an_example(9, **{field: "p.C3"})
        with pytest.raises(DataError, match=r"50\.00% of the test rows share their unit"):
            audit([*clean, akin], {**split_of, akin.id: "validation"}, Split())
        assert audit([*clean, akin], {**split_of, akin.id: "train"}, Split(by="project"))["unit"] == 0

    neighbour = an_example(9, source="s3")
    with pytest.raises(DataError, match="unit"):
        audit([*clean, neighbour], {**split_of, neighbour.id: "train"}, Split(by="project"))

    focal = replace(an_example(9), focal_method=clean[3].focal_method + " ")
    assert audit([*clean, focal], {**split_of, focal.id: "train"}, Split())["focal_method"] == 0.5
