from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdlib.files import DataError
from kdlib.java.tautologies import tautology
from kdlib.records import MARKER, example_id
from tests.corpus.importers.conftest import ASSERTION, FOCAL, TEST, load, seed_row, sha, write_seed


def test_a_row_field_by_field(tmp_path):
    row = seed_row(
        assertions=["assertTrue(a);", "assertFalse(b);"],
        repository="shop",
        focal_class="shop.Stack",
        test_class="shop.StackTest",
    )
    path = write_seed(tmp_path / "data.jsonl", [row], header={"item_count": 1})
    found = load("seed", path, tmp_path, licence="MIT")
    (example,) = found.examples
    assert (example.focal_method, example.masked_test) == (FOCAL, TEST)
    assert example.references == ("assertTrue(a);", "assertFalse(b);")
    assert example.id == example_id(FOCAL, TEST, example.references)
    (where,) = example.occurrences
    content = path.read_bytes()
    assert json.loads(content[where.start_byte : where.end_byte]) == row
    assert (where.path, where.file_sha256, where.version) == ("data.jsonl", sha(content), sha(content)[:16])
    assert (where.focal_class, where.focal_name) == ("shop.Stack", "size")
    assert (where.test_class, where.test_method) == ("shop.StackTest", "grows")
    assert (where.focal_path, where.focal_start_byte, where.focal_end_byte) == ("", 0, 0)
    assert (where.kind, where.framework, where.licence) == ("assertTrue", "unknown", "MIT")
    assert where.group == "src/shop/shop.Stack"
    assert found.report == {
        "source": "src",
        "version": sha(content)[:16],
        "licence": "MIT",
        "kind": "import",
        "format": "seed",
        "sha256": sha(content),
        "skipped": [],
        "files": 1,
        "java_bytes": len(content),
        "tests": 1,
        "assertions": 1,
        "examples": 1,
        "unresolved": 0,
        "filtered": {},
        "ignored": {},
        "kinds": {"assertTrue": 1},
        "frameworks": {"unknown": 1},
        "reasons": {"given": 1},
    }


def test_the_older_variant(tmp_path):
    row = {
        "focal_file": FOCAL,
        "test_method_masked": TEST,
        "original_target": ASSERTION,
        "teacher_prediction": "assertTrue(x);",
        "teacher_logits": {"format": "lz4"},
        "compressed_logits": {"data": "00"},
        "method_under_test": "size",
    }
    found = load(
        "seed", write_seed(tmp_path / "data.jsonl", [row, seed_row(compressed_logits=None)]), tmp_path
    )
    assert [e.references for e in found.examples] == [(ASSERTION,)] * 2
    assert {e.focal_method for e in found.examples} == {FOCAL}
    assert found.report["ignored"] == {"compressed_logits": 1, "teacher_logits": 1}


@pytest.mark.parametrize(
    ("given_test", "expected"),
    [
        (f"void t() {{\n    {MARKER}\n    {MARKER}\n}}", f"void t() {{\n    {MARKER}\n}}"),
        (f"void t() {{\n  {MARKER}\n  f();\n  {MARKER}\n}}", f"void t() {{\n  {MARKER}\n  f();\n}}"),
        (f"void t() {{ {MARKER} {MARKER}\n}}", f"void t() {{ {MARKER} \n}}"),
        (f"void t() {{\n  {MARKER}\n  f(); {MARKER}\n}}", f"void t() {{\n  {MARKER}\n  f(); \n}}"),
    ],
)
def test_repeated_markers_become_one(tmp_path, given_test, expected):
    path = write_seed(tmp_path / "data.jsonl", [seed_row(test_method_masked=given_test)])
    assert [e.masked_test for e in load("seed", path, tmp_path).examples] == [expected]


def test_references_that_cannot_fail_are_left_out(tmp_path):
    vacuous = ["assertTrue(true);", "try { fail(); } catch (Throwable t) { }"]
    rows = [seed_row(assertions=[vacuous[0], ASSERTION]), seed_row(assertions=vacuous), seed_row()]
    found = load("seed", write_seed(tmp_path / "data.jsonl", rows), tmp_path)
    assert [example.references for example in found.examples] == [(ASSERTION,)] * 2
    assert [(row["line"], row["reason"]) for row in found.rejected] == [
        (1, "cannot fail"),
        (2, "cannot fail"),
        (2, "cannot fail"),
    ]
    assert found.report["assertions"] == 5


BAD = {
    b"{": "not JSON",
    b"nothing": "not JSON",
    b"[1, 2]": "no object",
    b'"text"': "no object",
    b'{"focal_method": "f", "focal_method": "g"}': "duplicate field",
    b'{"x": %s}' % (b"[" * 100_000): "nested too deep",
    b'{"x": %s}' % (b"1" * 5000): "not JSON",
    b'{"x": "\xff"}': "not UTF-8",
    b'{"x": "\0"}': "NUL character",
    b"{}": "no focal method",
}
FIELDS = {
    "no focal method": {"focal_method": None},
    "no test": {"test_method_masked": None},
    "no marker": {"test_method_masked": "void t() { }"},
    "no reference": {"assertions": []},
    "wrong type": {"focal_method": 7},
    "empty text": {"assertions": [ASSERTION, " \n"]},
    "lone surrogate": {"assertions": ["assertEquals('\ud800', c);"]},
    "NUL character": {"focal_method": "int f() { \0 }"},
}


def test_every_bad_row_is_quoted_with_its_line_and_spoils_no_other(tmp_path):
    rows = [*BAD.items(), *((json.dumps(seed_row(**change)).encode(), r) for r, change in FIELDS.items())]
    good = json.dumps(seed_row()).encode()
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"\n".join([good, b"", *(row for row, _ in rows), good]))
    found = load("seed", path, tmp_path)
    assert len(found.examples) == 2
    assert found.reasons == [reason for _, reason in rows]
    assert [row["line"] for row in found.rejected] == list(range(3, 3 + len(rows)))
    assert {row["file"] for row in found.rejected} == {"data.jsonl"}
    for (content, _), row in zip(rows, found.rejected, strict=True):
        assert row["row"] == content.decode(errors="replace")[:500]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"assertions": 3}, "wrong type"),
        ({"assertions": [3]}, "wrong type"),
        ({"assertions": {"a": 1}}, "wrong type"),
        ({"assertions": None}, "no reference"),
        ({"assertions": ""}, "empty text"),
        ({"focal_method": " "}, "empty text"),
        ({"test_method_masked": ["x"]}, "wrong type"),
        ({"repository": "\ud800", "focal_class": "C"}, "lone surrogate"),
    ],
)
def test_wrong_fields(tmp_path, change, reason):
    found = load("seed", write_seed(tmp_path / "data.jsonl", [seed_row(**change)]), tmp_path)
    assert (found.examples, found.reasons) == ([], [reason])


def test_odd_but_harmless_values_are_taken(tmp_path):
    row = json.dumps(seed_row(repository=5, header="x", nan=float("nan"), big=10**4000, focal_class=None))
    path = tmp_path / "data.jsonl"
    path.write_text(row)
    assert len(load("seed", path, tmp_path).examples) == 1


def test_only_a_first_line_is_a_header(tmp_path):
    header = {"header": {"dataset_type": "training"}}
    path = write_seed(tmp_path / "data.jsonl", [seed_row(), header], header={})
    assert load("seed", path, tmp_path).reasons == ["no focal method"]


def test_byte_order_mark_and_windows_line_ends(tmp_path):
    content = json.dumps(seed_row(focal_method="int f() {\r\n}")).encode()
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + content + b"\r\n" + content)
    found = load("seed", path, tmp_path)
    assert [e.focal_method for e in found.examples] == ["int f() {\n}"] * 2
    for example in found.examples:
        (where,) = example.occurrences
        assert path.read_bytes()[where.start_byte : where.end_byte] == content


def test_groups_keep_tests_of_a_focal_method_or_class_together(tmp_path):
    rows = [
        seed_row(focal_method="int f() { }"),
        seed_row(focal_method="int f()  {\n}"),
        seed_row(focal_method="int g() { }"),
        seed_row(focal_method="int g() { }", repository="r", focal_class="C"),
        seed_row(focal_method="int h() { }", repository="r", focal_class="C"),
        seed_row(focal_method="int h() { }", repository="q", focal_class="C"),
        seed_row(focal_method="int h() { }", repository="q", focal_class="C.D", class_under_test="C"),
        seed_row(focal_method="int g() { }", repository="r"),
    ]
    found = load("seed", write_seed(tmp_path / "data.jsonl", rows), tmp_path)
    groups = [e.occurrences[0].group for e in found.examples]
    assert [groups.index(group) for group in groups] == [0, 0, 2, 3, 3, 5, 5, 2]
    assert all(group.startswith("src/") for group in groups)


def test_packed_files_and_folders(tmp_path):
    folder = tmp_path / "data"
    (folder / "b").mkdir(parents=True)
    write_seed(folder / "b" / "two.jsonl", [seed_row(focal_method="int two() {}")])
    (folder / "one.jsonl.gz").write_bytes(
        gzip.compress(json.dumps(seed_row(focal_method="int one() {}")).encode())
    )
    (folder / "notes.txt").write_text("no rows")
    (folder / ".hidden.jsonl").write_text("no rows")
    found = load("seed", folder, tmp_path)
    assert [(e.occurrences[0].path, e.occurrences[0].focal_name) for e in found.examples] == [
        ("b/two.jsonl", "two"),
        ("one.jsonl.gz", "one"),
    ]
    assert found.report["files"] == 2


def test_a_broken_archive_is_an_error_that_names_it_and_leaves_nothing(tmp_path):
    packed = gzip.compress(json.dumps(seed_row()).encode() * 1000)
    path, out = tmp_path / "data.jsonl.gz", tmp_path / "out"
    for content in (packed[:-20], packed[:40] + b"\0" * 20 + packed[60:], b"no gzip"):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"data\.jsonl\.gz: cannot be read to its end"):
            load("seed", path, out)
        assert list(out.iterdir()) == []


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1)
sources = texts.filter(lambda text: text.strip() and MARKER not in text)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(sources, sources, sources, st.lists(sources, min_size=1, max_size=3)), max_size=5))
def test_any_text_survives(rows):
    written = [
        seed_row(focal_method=focal, test_method_masked=before + MARKER + after, assertions=references)
        for focal, before, after, references in rows
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "data.jsonl")
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in written))
        found = load("seed", path, Path(folder))
    # Any text may be `;`, which checks nothing.
    kept = [[text for text in row["assertions"] if not tautology(text)] for row in written]
    left_out = [
        number
        for number, (row, good) in enumerate(zip(written, kept, strict=True), 1)
        for _ in range(len(row["assertions"]) - len(good))
    ]
    assert [(row["line"], row["reason"]) for row in found.rejected] == [(n, "cannot fail") for n in left_out]
    assert [
        {
            "focal_method": e.focal_method,
            "test_method_masked": e.masked_test,
            "assertions": list(e.references),
        }
        for e in found.examples
    ] == [{**row, "assertions": good} for row, good in zip(written, kept, strict=True) if good]
