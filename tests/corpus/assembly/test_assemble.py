from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from kdlib.config import Filters, Split
from kdlib.corpus.assembly.assemble import assemble
from kdlib.corpus.assembly.deduplicate import text_key
from kdlib.files import DataError, read_examples, read_json, read_parquet, sha256, write_examples, write_json
from kdlib.records import MARKER
from tests.corpus.conftest import an_example, files_under

REPORT = {
    "kind": "path",
    "version": "1",
    "sha256": "ab" * 32,
    "licence": "MIT",
    "files": 9,
    "java_bytes": 900,
    "skipped": [{"path": "Bad.java", "reason": "not UTF-8"}],
    "tests": 40,
    "unresolved": 2,
    "filtered": {"generated": 1},
    "kinds": {},
    "frameworks": {},
    "reasons": {},
}


@pytest.fixture
def corpus(tmp_path):
    """Assemble examples given per source; returns the examples, id -> split and the card."""

    def run(sources, split, filters=None):
        for name, examples in sources.items():
            write_examples(tmp_path / f"{name}.parquet", examples)
            counts = {"assertions": len(examples) + 3, "examples": len(examples)}
            write_json(tmp_path / f"{name}.json", {**REPORT, "source": name, **counts})
        paths = [tmp_path / f"out/{name}" for name in ("examples.parquet", "splits.parquet", "card.json")]
        mined = [tmp_path / f"{name}.parquet" for name in sources]
        assemble(mined, [path.with_suffix(".json") for path in mined], split, filters or Filters(), *paths)
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
    assert [example.id for example in kept] == list(split_of)
    mined = [example.id for example in (*examples, *variants)]
    assert list(split_of) == [key for key in mined if key in split_of], "in the order of mining"
    by_id = {example.id: example for example in kept}
    assert len(by_id[examples[9].id].occurrences) == 2
    known = {text_key(e) for e in kept if split_of[e.id] != "test"}
    assert not known & {text_key(e) for e in kept if split_of[e.id] == "test"}
    counts = card["counts"]
    assert (counts["assertions"], counts["unresolved"], counts["filtered"]) == (71, 4, {"generated": 2})
    assert (counts["with_focal_method"], counts["distinct"], counts["kept"]) == (65, 55, len(kept))
    gone = sum(sum(value.values()) for key, value in counts.items() if key.startswith("removed_from"))
    assert counts["distinct"] - gone == counts["kept"] == len(kept)
    assert {name: part["examples"] for name, part in card["splits"].items()} == Counter(split_of.values())
    assert card["leakage"] == {"text": 0, "unit": 0, "focal_method": 0, "near": 0}
    assert card["audit"]["verdict"] == "passed"
    assert card["skipped"] == [
        {"source": name, "path": "Bad.java", "reason": "not UTF-8"} for name in ("a", "b")
    ]
    assert card["sources"]["a"]["licence"] == "MIT"
    assert sum(source["kept"] for source in card["sources"].values()) == len(kept)
    assert card["tokens"]["train"]["reference"]["max"] == 5
    assert [shown["split"] for shown in card["examples"]] == sorted(
        ["train", "validation", "test"] * 2, key=["train", "validation", "test"].index
    )
    assert files_under(tmp_path / "out") == {"examples.parquet", "splits.parquet", "card.json"}


def test_what_is_written_are_the_mined_texts_with_the_places_of_their_split(corpus):
    examples = [an_example(number, source="a") for number in range(50)]
    elsewhere = [
        an_example(number, source="b", group=f"p.C{number + 1}", path="copy.java") for number in range(49)
    ]
    kept, split_of, card = corpus({"a": examples, "b": elsewhere}, Split())
    mined = {example.id: example for example in examples}
    split_of_unit = {where.group: split_of[example.id] for example in kept for where in example.occurrences}
    for example in kept:
        original = mined[example.id]
        assert replace(example, occurrences=original.occurrences) == original
        assert {split_of_unit[where.group] for where in example.occurrences} == {split_of[example.id]}
    assert card["counts"]["occurrences_elsewhere"] > 0


def test_near_duplicates_across_splits_are_removed_and_counted(corpus):
    def tested(number, group):
        calls = " ".join(f"c{n}();" for n in range(100))
        test = f"void t{number}() {{ {calls}\n{MARKER}\n}}"
        return replace(
            an_example(number, group=group, focal_class=group), masked_test=test, references=("a();",)
        )

    sources = {
        "a": [own for unit in range(40) for own in (an_example(unit), tested(100 + unit, f"p.D{unit}"))]
    }
    kept, split_of, card = corpus(sources, Split())
    near = {example.id for example in kept if "c99" in example.masked_test}
    assert {split_of[key] for key in near} == {"test"}
    assert card["counts"]["removed_from_train"]["near duplicate"] > 20
    assert card["leakage"]["near"] == 0
    everything, _, card = corpus(sources, Split(), Filters(near_duplicates=1))
    assert len(everything) == 80
    assert card["leakage"]["near"] > 0
    assert "near" not in card["audit"]["bounds"]


def test_equal_input_gives_equal_bytes(corpus, tmp_path):
    sources = {name: [an_example(number, source=name) for number in range(60)] for name in "ab"}
    found = []
    for _ in range(2):
        corpus(sources, Split())
        found.append({name: sha256(tmp_path / "out" / name) for name in files_under(tmp_path / "out")})
    assert found[0] == found[1]
    assert len(found[0]) == 3


def test_a_leak_leaves_nothing_behind(corpus, tmp_path, monkeypatch):
    # A remover that removes nothing: the audit must find it.
    monkeypatch.setattr(
        "kdlib.corpus.assembly.assemble.remove_from_train",
        lambda entries, *_: (
            list(entries),
            {split: Counter() for split in ("train", "validation", "test")},
        ),
    )
    examples = [an_example(number) for number in range(50)]
    shared = [an_example(number + 100, test_class=f"p.C{number}Test") for number in range(50)]
    with pytest.raises(DataError, match="leakage"):
        corpus({"a": [*examples, *shared]}, Split())
    assert files_under(tmp_path / "out") == set()


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
