"""The stage of the task views, on sources that are written for each test."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdlib.config import Filters, PathSource, Split, Views
from kdlib.corpus.views.pool import thin
from kdlib.corpus.views.views import write_views
from kdlib.files import DataError, read_json, read_jsonl, read_parquet, write_examples, write_parquet
from kdlib.records import SPLITS
from kdlib.tasks.completion import Completion
from kdlib.tasks.fim import FAMILIES, parse
from tests.corpus.conftest import an_example, files_under

ALL_TRAIN = Split(train=1.0, validation=0.0, test=0.0)
LICENCE = "/*\n * Licensed under the Apache License, Version 2.0\n */\n"


def java(
    name: str, value: int = 1, package: str = "p", methods: int = 4, doc: str = "Returns the number"
) -> str:
    """Return a class whose methods are documented and like those of no class with another value."""
    written = "\n".join(
        f"    /**\n     * {doc} {number} of {value}.\n     * @return it\n     */\n"
        f"    public int get{number}(int first, int second) {{\n"
        f"        if (first > {value}) {{\n            return second + {number};\n        }}\n"
        f"        return first * {value} + {number};\n    }}"
        for number in range(methods)
    )
    return f"package {package};\n\npublic class {name} {{\n{written}\n}}\n"


@dataclass
class Run:
    """What the stage wrote."""

    folder: Path
    rows: dict[str, list[dict]] = field(default_factory=dict)
    pairs: dict[str, list[dict]] = field(default_factory=dict)
    card: dict = field(default_factory=dict)

    def of(self, task: str, split: str = "train") -> list[dict]:
        return [row for row in self.rows[split] if row["task"] == task]

    def paths(self, split: str) -> set[str]:
        rows = [*self.rows[split], *self.pairs[split]]
        return {f"{row['source']}/{row['path']}" for row in rows}

    def bytes(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.folder.iterdir())}


@pytest.fixture
def stage(tmp_path):
    """Write the views of sources (name -> path -> text or bytes) and a corpus of (split, class)."""
    runs = iter(range(100))

    def run(sources, known=(), split=ALL_TRAIN, filters=None, **views) -> Run:
        import pyarrow as pa

        root = tmp_path / str(next(runs))
        for name, files in sources.items():
            for path, text in files.items():
                file = root / name / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(text if isinstance(text, bytes) else text.encode())
        places = ["source"] if split.by == "project" else ["group", "focal_class", "test_class"]
        examples = [an_example(n, **dict.fromkeys(places, unit)) for n, (_, unit) in enumerate(known)]
        write_examples(root / "examples.parquet", examples)
        table = {"id": [example.id for example in examples], "split": [name for name, _ in known]}
        schema = pa.schema([("id", pa.string()), ("split", pa.string())])
        write_parquet(root / "splits.parquet", pa.table(table, schema=schema))
        done = Run(root / "views")
        out = {name: done.folder / f"{name}.jsonl" for name in SPLITS}
        out |= {f"pairs_{name}": done.folder / f"pairs_{name}.parquet" for name in SPLITS}
        write_views(
            {name: PathSource(kind="path", path=name, licence="EPL-2.0") for name in sources},
            {name: root / name for name in sources},
            root / "examples.parquet",
            root / "splits.parquet",
            Views(**views),
            split,
            filters or Filters(),
            out,
            done.folder / "card.json",
        )
        for name in SPLITS:
            done.rows[name] = list(read_jsonl(out[name]))
            done.pairs[name] = read_parquet(out[f"pairs_{name}"]).to_pylist()
        done.card = read_json(done.folder / "card.json")
        return done

    return run


@pytest.fixture
def project():
    """Twelve classes, each its own."""
    return {"lib": {f"src/C{n}.java": java(f"C{n}", n + 10) for n in range(12)}}


def parts_of(row, family="qwen"):
    return parse(Completion(row["text"], row["prefix_length"]), FAMILIES[family])


def document(text: str) -> str:
    """Return what fill-in-the-middle cuts of a file without byte order mark."""
    text = text.replace("\r\n", "\n")
    return text[text.index("package") :]


@pytest.mark.parametrize(
    ("family", "spm"), [("qwen", 0.5), ("starcoder", 1), ("deepseek", 0), ("codellama", 0.5)]
)
def test_fim_rows_hold_the_document_and_learn_the_middle(stage, project, family, spm):
    run = stage(project, sentinels=family, spm_share=spm, max_chars=400, max_middle_chars=60)
    texts = {path: document(text) for path, text in project["lib"].items()}
    rows = run.of("fim")
    assert len(rows) > 30
    for row in rows:
        parts, text = parts_of(row, family), texts[row["path"]]
        assert parts.document() in text
        assert 1 <= len(parts.middle) <= 60
        assert parts.middle.strip()
        assert row["text"][row["prefix_length"] :] == parts.middle + FAMILIES[family].end
        assert len(row["text"]) <= 400
        assert len(row["text"]) == 400 or parts.document() == text
    assert {row["order"] for row in rows} == {"psm", "spm"} - ({"spm"} if spm == 0 else set()) - (
        {"psm"} if spm == 1 else set()
    )


def test_rows_have_the_unified_fields(stage, project):
    run = stage(project)
    fields = ["id", "text", "task", "language", "prefix_length", "order", "span", "source", "path", "licence"]
    for row in run.rows["train"]:
        assert list(row) == fields
        assert (row["language"], row["source"], row["licence"]) == ("java", "lib", "EPL-2.0")
        assert row["path"] in project["lib"]
        assert 0 < row["prefix_length"] < len(row["text"])
    ids = [row["id"] for row in run.rows["train"]]
    assert len(set(ids)) == len(ids)
    assert {row["task"] for row in run.rows["train"]} == {"fim", "comment_to_code"}


def test_comment_to_code_and_pairs_hold_the_same_methods(stage):
    text = java("A", 3, methods=1)
    run = stage({"lib": {"A.java": text}}, fim_share=0)
    (row,) = run.rows["train"]
    code = (
        "public int get0(int first, int second) {\n    if (first > 3) {\n        return second + 0;\n    }\n"
        "    return first * 3 + 0;\n}"
    )
    context = "/**\n * Returns the number 0 of 3.\n *\n * @return it\n */\n"
    assert row["text"][: row["prefix_length"]] == context
    assert row["text"][row["prefix_length"] :] == code + "<|endoftext|>"
    (pair,) = run.pairs["train"]
    own = {"class": "p.A", "method": "get0", "source": "lib", "path": "A.java", "licence": "EPL-2.0"}
    assert {**pair, "id": ""} == {"id": "", "doc": "Returns the number 0 of 3.", "code": code, **own}


def test_syntax_cuts_are_nodes_whatever_the_alphabet(stage):
    text = java("A", 3, doc="Größe – 数: tells of").replace("first * 3", 'first * 3 + "é数".length()')
    run = stage({"lib": {"A.java": text}}, fim_share=1, syntax_share=1, per_file=200)
    found = {"statement": set(), "parameters": set(), "body": set()}
    for row in run.of("fim"):
        found.setdefault(row["span"], set()).add(parts_of(row).middle)
    assert found["parameters"] == {"(int first, int second)"}
    assert all(middle.endswith((";", "}")) for middle in found["statement"])
    assert 'return first * 3 + "é数".length() + 1;' in found["statement"]
    assert all(middle.startswith("{\n") and middle.endswith("}") for middle in found["body"])
    assert "characters" not in found


def test_licence_header_byte_order_mark_and_windows_line_breaks_are_not_in_the_rows(stage):
    text = java("A", 3)
    run = stage(
        {"lib": {"A.java": b"\xef\xbb\xbf" + (LICENCE + text).replace("\n", "\r\n").encode()}}, per_file=20
    )
    assert run.rows["train"]
    for row in run.rows["train"]:
        assert "Licensed" not in row["text"]
        assert "\r" not in row["text"]
        assert row["licence"] == "Apache-2.0"  # of the header
    plain = stage({"lib": {"A.java": text}}, per_file=20)
    assert [row["text"] for row in plain.rows["train"]] == [row["text"] for row in run.rows["train"]]
    unnamed = stage({"lib": {"A.java": "\ufeff" + text.removeprefix("package p;\n\n")}}, per_file=20)
    assert any(parts_of(row).prefix.startswith("public class") for row in unnamed.of("fim"))
    assert not any("\ufeff" in row["text"] for row in unnamed.rows["train"])


def test_files_and_methods_that_are_left_out_are_counted(stage):
    undocumented = "package p; class D { int f() { return 1; }\n/** {@inheritDoc} */ int g() { return 2; }\n"
    undocumented += "/** Too short. */ int h() { return 3; }\n/** Has no body at all. */ abstract int i(); }"
    files = {
        "A.java": java("A"),
        "B.java": "package p; class B {",
        "C.java": b'package p; class C { String s = "\xff"; }',
        "D.java": undocumented,
        "E.java": java("E", 2) + "// " + "x" * 3000,
        "F.java": "// Code generated by a tool. DO NOT EDIT.\n" + java("F", 3),
        "G.java": java("A").replace("public class A", "// a copy\npublic class A"),
        "module-info.java": "module m { }",
    }
    run = stage({"lib": files}, filters=Filters(max_file_bytes=2500))
    reasons = ["does not parse", "not UTF-8", "too large", "generated", "no type"]
    reasons.append("equal to another file of its split")
    assert run.card["sources"] == {"lib": {"files": 8, "skipped": dict.fromkeys(sorted(reasons), 1)}}
    for task in ("comment_to_code", "pair"):
        counts = {"no Javadoc": 1, "Javadoc without text": 1, "Javadoc of fewer than 3 words": 1}
        assert run.card["left_out"][task] == counts
    assert run.paths("train") == {"lib/A.java", "lib/D.java"}
    generated = stage({"lib": files}, filters=Filters(max_file_bytes=2500, generated=False))
    assert "lib/F.java" in generated.paths("train")


def test_only_allowed_licences_are_taken(stage):
    sources = {"lib": {"A.java": java("A"), "B.java": LICENCE + java("B", 2)}}
    assert stage(sources, filters=Filters(licences=("Apache-2.0",))).paths("train") == {"lib/B.java"}


def test_text_with_a_sentinel_gives_no_row(stage):
    text = java("A", 3).replace("return second", 'String s = "<|fim_middle|>"; return second')
    run = stage({"lib": {"A.java": text, "B.java": java("B", 4)}})
    assert {row["path"] for row in run.rows["train"]} == {"B.java"}
    assert run.card["left_out"]["fim"]["holds a sentinel"] == 4
    assert run.card["left_out"]["comment_to_code"]["holds a sentinel"] == 4
    assert len(run.pairs["train"]) == 8
    other = stage({"lib": {"A.java": text}}, sentinels="starcoder")
    assert other.paths("train") == {"lib/A.java"}


def test_long_methods_are_left_out_never_cut(stage):
    sources = {"lib": {"A.java": java("A", 3, doc="Returns, after some words that make it long, the number")}}
    (length,) = {len(row["text"]) for row in stage(sources, fim_share=0).rows["train"]}
    assert length > 200
    fits = stage(sources, fim_share=0, max_chars=length)
    assert len(fits.rows["train"]) == 4
    short = stage(sources, fim_share=0, max_chars=length - 1)
    assert short.card["left_out"]["comment_to_code"]["longer than max_chars"] == 4
    assert short.rows["train"] == []
    assert short.pairs["train"] == fits.pairs["train"]


def test_files_stand_in_the_split_of_their_worst_class(stage, project):
    files = dict(project["lib"])
    files["src/Two.java"] = java("Two", 90) + "class Beside { }\n"
    files["test/C1Test.java"] = java("C1Test", 91)
    known = [
        ("validation", "p.C0"),
        ("test", "p.C1"),
        ("test", "p.C1Test"),
        ("train", "p.Two"),
        ("test", "p.Beside"),
        ("train", "p.C2"),
    ]
    run = stage({"lib": files}, known)
    assert run.paths("validation") == {"lib/src/C0.java"}
    assert run.paths("test") == {"lib/src/C1.java", "lib/test/C1Test.java", "lib/src/Two.java"}
    assert run.paths("train") == {f"lib/{path}" for path in files} - run.paths("test") - run.paths(
        "validation"
    )
    assert {name: part["files"] for name, part in run.card["splits"].items()} == {
        "train": 10,
        "validation": 1,
        "test": 3,
    }


def test_a_project_split_keeps_sources_whole(stage):
    sources = {name: {"A.java": java(name.upper(), n)} for n, name in enumerate("abc", 5)}
    split = Split(by="project", train=1.0, validation=0.0, test=0.0)
    run = stage(sources, [("test", "b"), ("train", "a")], split)
    assert {name: run.paths(name) for name in SPLITS} == {
        "train": {"a/A.java", "c/A.java"},
        "validation": set(),
        "test": {"b/A.java"},
    }


def test_a_row_split_goes_by_the_content_of_files(stage, project):
    split = Split(by="row", train=0.4, validation=0.3, test=0.3)
    run = stage(project, [("test", "p.C0")], split)
    moved = {"other": {path.replace("src", "lib"): text for path, text in project["lib"].items()}}
    again = stage(moved, [("train", "p.C1")], split)
    for name in SPLITS:
        assert {path.split("/")[-1] for path in run.paths(name)} == {
            path.split("/")[-1] for path in again.paths(name)
        }
        assert run.paths(name)


KNOWN = [("test", "p.T"), ("validation", "p.V")]


@pytest.mark.parametrize(
    ("split", "other"),
    [("test", "p.T"), ("validation", "p.V")],
)
def test_a_copy_of_a_file_of_a_later_split_gives_nothing(stage, split, other):
    name = other.removeprefix("p.")
    copy = java(name, 5, package="q").replace("public class", "// copied\npublic  class")
    files = {"T.java": java("T", 5 if name == "T" else 6), "V.java": java("V", 5 if name == "V" else 7)}
    run = stage({"lib": {**files, "q/Copy.java": copy, "A.java": java("A", 8)}}, KNOWN)
    assert run.paths("train") == {"lib/A.java"}
    assert f"lib/{name}.java" in run.paths(split)
    assert run.card["splits"]["train"]["removed"]["fim"]["code of a later split"] == 4
    assert run.card["splits"]["train"]["removed"]["pair"]["code of a later split"] == 4
    assert "code of a later split" not in run.card["splits"]["test"]["removed"]["pair"]


@pytest.mark.slow
def test_a_method_that_a_later_split_has_is_not_learned(stage):
    stolen = "int get0(int first, int second) {\n        if (first > 5)"
    mixed = java("A", 8).replace("int get0(int first, int second) {\n        if (first > 8)", stolen)
    mixed = mixed.replace("return first * 8 + 0;", "return first*5+0; // the same")
    mixed = mixed.replace("public class", f"/* {'ü' * 40} */ public class")
    files = {"T.java": java("T", 5), "V.java": java("V", 7), "A.java": LICENCE + mixed}
    run = stage({"lib": files}, KNOWN, fim_share=0)
    assert {row["method"] for row in run.pairs["train"]} == {"get1", "get2", "get3"}
    assert {row["method"] for row in run.pairs["test"]} == {"get0", "get1", "get2", "get3"}
    assert len(run.rows["train"]) == 3
    assert not [row for row in run.rows["train"] if "get0" in row["text"]]

    run = stage({"lib": files}, KNOWN, fim_share=1, per_file=1000, max_middle_chars=300)
    text = document(mixed)
    first = text.index("public int get0")
    last = text.index("}\n    /**", first) + 1
    places = []
    for row in run.rows["train"]:
        parts = parts_of(row)
        start = text.index(parts.document()) + len(parts.prefix)
        places.append((start, start + len(parts.middle)))
    assert not [place for place in places if first <= place[0] and place[1] <= last]
    assert not [place for place in places if place[0] <= first and last <= place[1]]
    # What only touches the method stays, on both sides.
    assert [place for place in places if place[0] < first < place[1]]
    assert [place for place in places if place[0] < last < place[1]]
    assert run.card["splits"]["train"]["removed"]["fim"]["code of a later split"] > 50


def test_no_code_of_train_stands_in_test(stage):
    names = [f"p.C{n}" for n in range(30)]
    files = {
        f"C{n}.java": java(f"C{n}", n % 9) for n in range(30)
    }  # classes of one value share their methods
    known = [(("train", "validation", "test")[n % 3], name) for n, name in enumerate(names)]
    run = stage({"lib": files}, known)
    codes = {split: {"".join(row["code"].split()) for row in run.pairs[split]} for split in SPLITS}
    assert codes["test"]
    assert not codes["train"] & codes["test"]
    assert not codes["train"] & codes["validation"]
    assert not codes["validation"] & codes["test"]


def test_equal_pairs_are_written_once(stage):
    run = stage({"lib": {"A.java": java("A", 3), "B.java": java("B", 3)}})
    assert len(run.pairs["train"]) == 4
    assert run.card["splits"]["train"]["removed"]["pair"] == {"equal": 4}


def test_the_same_files_give_the_same_bytes(stage, project):
    first, second = stage(project).bytes(), stage(project).bytes()
    assert len(first) == 7
    assert first == second


def test_the_seed_decides_cuts_and_which_rows_the_share_leaves(stage, project):
    runs = [stage(project, seed=seed) for seed in (42, 43)]
    for task in ("fim", "comment_to_code"):
        one, other = ({row["text"] for row in run.of(task)} for run in runs)
        assert one - other
        assert other - one
    assert runs[0].pairs == runs[1].pairs


def test_files_of_one_path_in_two_sources_are_cut_apart(stage):
    sources = {"a": {"A.java": java("A", 3)}, "b": {"A.java": java("A", 4)}}
    run = stage(sources, fim_share=1, syntax_share=0)
    cuts = {
        name: [len(parts_of(row).prefix) for row in run.rows["train"] if row["source"] == name]
        for name in sources
    }
    assert cuts["a"] != cuts["b"]


def test_the_order_of_sources_does_not_matter(stage, project):
    two = {"lib": project["lib"], "also": {"Z.java": java("Z", 77)}}
    assert stage(two).bytes() == stage(dict(reversed(two.items()))).bytes()


def test_another_file_changes_no_row(stage, project):
    more = {"lib": {**project["lib"], "src/A.java": java("New", 99)}}
    for share in (1, 0):
        before, after = stage(project, fim_share=share), stage(more, fim_share=share)
        kept = [row for row in after.rows["train"] if row["path"] != "src/A.java"]
        assert kept == before.rows["train"]
        assert len(after.rows["train"]) > len(kept)
    before, after = stage(project), stage(more)
    assert [row for row in after.pairs["train"] if row["path"] != "src/A.java"] == before.pairs["train"]
    # With both tasks the share lets rows in or out at its threshold, but none is another.
    moved = {json.dumps(row) for row in before.rows["train"]} ^ {
        json.dumps(row) for row in after.rows["train"] if row["path"] != "src/A.java"
    }
    assert all(json.loads(row)["task"] == "comment_to_code" for row in moved)
    assert len(moved) <= 2


@given(st.integers(0, 500), st.integers(0, 500), st.floats(0, 1))
def test_thinning_leaves_the_largest_whole_of_that_share(fim, comments, share):
    kept = thin(fim, comments, share)
    total = sum(kept)
    assert 0 <= kept[0] <= fim
    assert 0 <= kept[1] <= comments
    assert abs(kept[0] - share * total) <= 1
    # One of both is used up, or there was nothing to divide.
    assert fim - kept[0] < 1 or comments - kept[1] < 1
    if share in (0, 1):
        assert kept == ((fim, 0) if share else (0, comments))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_the_share_is_reached_to_the_row(stage, project, share):
    run = stage(project, fim_share=share)
    counts = Counter(row["task"] for row in run.rows["train"])
    assert abs(counts["fim"] - share * counts.total()) <= 0.5
    part = run.card["splits"]["train"]
    assert part["tasks"] == dict(counts)
    assert part["rows"] == counts.total() == len(run.rows["train"])
    assert part["pairs"] == len(run.pairs["train"]) == 48
    assert part["characters"]["learned"] == sum(
        len(row["text"]) - row["prefix_length"] for row in run.rows["train"]
    )
    given = sum(part["removed"]["fim"].values()) + sum(run.card["left_out"].get("fim", {}).values())
    assert counts["fim"] + given == 4 * len(project["lib"])


@pytest.mark.slow
def test_shares_of_orders_and_cuts(stage):
    files = {f"C{n}.java": java(f"C{n}", n + 2) for n in range(150)}
    run = stage({"lib": files}, fim_share=1, spm_share=0.25, syntax_share=0.75)
    part = run.card["splits"]["train"]
    assert abs(part["orders"]["spm"] / part["rows"] - 0.25) < 0.06
    assert abs(part["spans"]["characters"] / part["rows"] - 0.25) < 0.06
    assert part["orders"] == dict(sorted(Counter(row["order"] for row in run.rows["train"]).items()))
    assert part["spans"] == dict(sorted(Counter(row["span"] for row in run.rows["train"]).items()))


def test_a_family_without_the_order_is_refused(stage, project):
    with pytest.raises(DataError, match=r"spm_share is 0\.5, but deepseek models .* set it to 0"):
        stage(project, sentinels="deepseek")


def test_a_split_without_a_wanted_task_is_an_error_that_leaves_nothing(stage, project, tmp_path):
    bare = {"lib": {**project["lib"], "T.java": "package p; class T { int f() { return 1 + 2; } }"}}
    with pytest.raises(DataError, match=r"the test split has no comment_to_code row.* 0\.8; .* set it to 1"):
        stage(bare, [("test", "p.T")])
    assert not [path for path in files_under(tmp_path) if "views/" in path]
    run = stage(bare, [("test", "p.T")], fim_share=1)
    assert {row["task"] for row in run.rows["test"]} == {"fim"}


def test_the_script_of_the_rule_writes_what_the_stage_writes(stage, project, tmp_path):
    import runpy

    class Names(dict):
        __getattr__ = dict.__getitem__

    done = stage(project)
    root = done.folder.parent
    written = Run(tmp_path / "again")
    output = {name: str(written.folder / f"{name}.jsonl") for name in SPLITS}
    output |= {f"pairs_{name}": str(written.folder / f"pairs_{name}.parquet") for name in SPLITS}
    job = Names(
        input=Names(examples=str(root / "examples.parquet"), splits=str(root / "splits.parquet")),
        output=Names(output, card=str(written.folder / "card.json")),
        params=Names(
            views=Views().model_dump(),
            sources={"lib": PathSource(kind="path", path="lib", licence="EPL-2.0").model_dump()},
            roots={"lib": str(root / "lib")},
            split=ALL_TRAIN.model_dump(),
            filters=Filters().model_dump(),
        ),
    )
    script = Path(__file__).parents[3] / "workflow" / "scripts" / "views.py"
    runpy.run_path(str(script), run_name="imported")["main"](job)
    assert written.bytes() == done.bytes()
