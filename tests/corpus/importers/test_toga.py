from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdlib.files import DataError
from kdlib.java.tokens import code_tokens
from kdlib.records import MARKER
from tests.corpus.importers.conftest import FOCAL, load, write_csv

PREFIX = "  public void test0()  throws Throwable  {\n      Stack stack0 = new Stack();\n  }"
LABEL = "assertEquals(0, stack0.size())"


def row(**fields: str) -> dict[str, str]:
    return {"focal_method": FOCAL, "test_prefix": PREFIX, "docstring": "", **fields}


def meta(label: str, **fields: str) -> dict[str, str]:
    return {
        "project": "Shop",
        "test_name": "shop.Stack_ESTest::test0",
        "exception_lbl": "0",
        "assertion_lbl": label,
        **fields,
    }


def masked_lines(example) -> list[str]:
    return [line.strip() for line in example.masked_test.splitlines()]


def test_a_label_that_cannot_fail_is_rejected(tmp_path):
    found = load(
        "toga", write_csv(tmp_path / "inputs.csv", [row(target="assertNotNull(new Stack())")]), tmp_path
    )
    assert (found.examples, found.reasons) == ([], ["cannot fail"])


@pytest.mark.parametrize("column", ["assertion", "assertion_lbl", "target"])
def test_a_label_in_the_same_file(tmp_path, column):
    path = write_csv(tmp_path / "inputs.csv", [row(**{column: LABEL})])
    found = load("toga", path, tmp_path)
    (example,) = found.examples
    assert (example.focal_method, example.references) == (FOCAL, (LABEL + ";",))
    assert masked_lines(example) == [
        "public void test0()  throws Throwable  {",
        "Stack stack0 = new Stack();",
        MARKER,
        "}",
    ]
    (where,) = example.occurrences
    assert (where.focal_name, where.test_method, where.kind) == ("size", "test0", "assertEquals")
    content = path.read_bytes()
    assert content[: where.start_byte].count(b"\n") == 1
    assert content[where.start_byte : where.end_byte] + b"\r\n" == content[where.start_byte :]


@pytest.mark.parametrize(
    ("inputs", "labels"),
    [
        ("inputs.csv", "meta.csv"),
        ("inputs.csv", "labels.csv"),
        ("bug_inputs.csv", "bug_meta.csv"),
        ("all.csv", "meta.csv"),
    ],
)
def test_labels_in_an_aligned_file(tmp_path, inputs, labels):
    folder = tmp_path / "data"
    folder.mkdir()
    rows = [row(focal_method=f"int f{number}() {{\n}}") for number in range(3)]
    write_csv(folder / inputs, rows)
    write_csv(folder / labels, [meta(LABEL), meta("", exception_lbl="1"), meta("assertTrue(b);")])
    for path in (folder, folder / inputs):
        found = load("toga", path, tmp_path)
        assert found.report["files"] == 2
        assert [(e.occurrences[0].focal_name, e.references) for e in found.examples] == [
            ("f0", (LABEL + ";",)),
            ("f2", ("assertTrue(b);",)),
        ]
        assert found.reasons == ["no reference"]
        where = found.examples[0].occurrences[0]
        assert (where.test_class, where.focal_class) == ("shop.Stack_ESTest", "shop.Stack")
        assert where.group == "src/Shop/shop.Stack"


def test_files_that_are_not_aligned_are_an_error_before_any_work(tmp_path):
    write_csv(tmp_path / "inputs.csv", [row(), row()])
    write_csv(tmp_path / "meta.csv", [meta(LABEL)])
    out = tmp_path / "out"
    with pytest.raises(DataError, match=r"inputs\.csv has 2 rows and .*meta\.csv 1"):
        load("toga", tmp_path / "inputs.csv", out)
    assert not out.exists()


def test_blank_lines_and_a_byte_order_mark_before_the_header(tmp_path):
    path = write_csv(tmp_path / "inputs.csv", [row(target=LABEL)])
    content = path.read_bytes()
    for before in (b"\n\r\n", b"\xef\xbb\xbf"):
        path.write_bytes(before + content)
        found = load("toga", path, tmp_path)
        assert (found.reasons, len(found.examples)) == ([], 1)


def test_no_labels_at_all(tmp_path):
    found = load("toga", write_csv(tmp_path / "inputs.csv", [row(), row()]), tmp_path)
    assert (found.examples, found.reasons) == ([], ["no reference"] * 2)


def test_an_assertion_that_is_still_in_the_prefix_is_taken_out(tmp_path):
    tests = [
        "void t() {\n  f();\n  assertEquals(0,\n    stack0.size());\n}",
        "void t() {\n  f();\n  assertEquals(0, stack0.size());\n  g();\n  assertTrue(b);\n}",
        "void t() { if (( { assertEquals(0, stack0.size()); }",
        "void t() { check(() -> assertEquals(0, stack0 . size())); }",
    ]
    path = write_csv(tmp_path / "a.csv", [row(test_prefix=test, target=LABEL) for test in tests])
    found = load("toga", path, tmp_path)
    assert [masked_lines(e) for e in found.examples] == [
        ["void t() {", "f();", MARKER, "}"],
        ["void t() {", "f();", MARKER, "g();", "}"],
    ]
    assert found.reasons == ["assertion in test"] * 2
    assert all("stack0.size()" not in e.masked_test for e in found.examples)


def test_a_marker_in_the_prefix_stays_where_it_is(tmp_path):
    tests = [f"void t() {{\n  {MARKER}\n  f();\n}}", f"void t() {{\n  {MARKER}\n  {MARKER}\n}}"]
    path = write_csv(tmp_path / "a.csv", [row(test_prefix=test, target=LABEL) for test in tests])
    found = load("toga", path, tmp_path)
    assert [e.masked_test for e in found.examples] == tests[:1]
    assert found.reasons == ["several markers"]


def test_a_prefix_that_ends_in_a_comment_or_on_one_line(tmp_path):
    tests = ["void t() { f(); // end }\n}", "void t() { f(); }", "void t() {}", "void t() { f();"]
    path = write_csv(tmp_path / "a.csv", [row(test_prefix=test, target=LABEL) for test in tests])
    found = load("toga", path, tmp_path)
    assert [masked_lines(e) for e in found.examples] == [
        ["void t() { f(); // end }", MARKER, "}"],
        ["void t() { f();", MARKER, "}"],
        ["void t() {", MARKER, "}"],
    ]
    assert found.reasons == ["no closing brace"]


@pytest.mark.parametrize(
    ("docstring", "focal", "expected"),
    [
        ("", FOCAL, FOCAL),
        ("  ", FOCAL, FOCAL),
        ("/** The size. */", FOCAL, "/** The size. */\n" + FOCAL),
        ("The size.\n\n  @return it", FOCAL, "/**\n * The size.\n *\n * @return it\n */\n" + FOCAL),
        ("ends */ here", FOCAL, "/**\n * ends *&#47; here\n */\n" + FOCAL),
        ("/** open", FOCAL, "/**\n * /** open\n */\n" + FOCAL),
        ("/** a */ b */", FOCAL, "/**\n * /** a *&#47; b *&#47;\n */\n" + FOCAL),
        ("The size.", "/** Own. */\n" + FOCAL, "/** Own. */\n" + FOCAL),
    ],
)
def test_documentation(tmp_path, docstring, focal, expected):
    path = write_csv(tmp_path / "a.csv", [row(docstring=docstring, focal_method=focal, target=LABEL)])
    (example,) = load("toga", path, tmp_path).examples
    assert example.focal_method == expected
    assert code_tokens(example.focal_method) == code_tokens(focal)


def test_bad_records(tmp_path):
    good = f'"{FOCAL}","{PREFIX}",assertTrue(b)'
    records = {
        "a,b": "wrong number of columns",
        f'"{FOCAL}"x,y,z': "not CSV",
        f" ,{PREFIX!r},assertTrue(b)": "no focal method",
        '"\udc80",b,c': "not UTF-8",
        "int f();,\0,c": "NUL character",
        "int f();,no test,assertTrue(b)": "no closing brace",
        f'"{"x" * 140_000}",b,c': "too long",
        f'"{"x" * 1_100_000}",b,c': "too long",
    }
    text = "\n".join(["focal_method,test_prefix,target", good, "", *records, good])
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(errors="surrogateescape"))
    found = load("toga", path, tmp_path)
    assert found.reasons == list(records.values())
    assert len(found.examples) == 2
    lines = text.split("\n")
    for rejected, record in zip(found.rejected, records, strict=True):
        assert lines[rejected["line"] - 1] == record.split("\n")[0]


def test_an_open_quotation_costs_no_more_than_the_limit(tmp_path):
    good = "int f() {},void t() {},assertTrue(b)\n"
    path = tmp_path / "a.csv"
    path.write_text("focal_method,test_prefix,target\n" + '"open\n' + good * 40_000)
    found = load("toga", path, tmp_path)
    assert set(found.reasons) == {"too long"}
    assert len(found.rejected) == 1
    assert len(found.examples) > 10_000


def test_a_folder_without_the_columns_is_an_error(tmp_path):
    write_csv(tmp_path / "a.csv", [{"focal": "x", "prefix": "y"}])
    for path in (tmp_path, tmp_path / "a.csv"):
        with pytest.raises(DataError, match="no CSV with the columns focal_method and test_prefix"):
            load("toga", path, tmp_path / "out")


names = st.sampled_from(["a", "bC", "x_1", "größe"])
strings = st.text(st.sampled_from('ab ,\\"\n{}'), max_size=6).map(
    lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
)
statements = st.builds("{}({});".format, names, strings)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(names, st.lists(statements, max_size=3), strings), min_size=1, max_size=4))
def test_code_tokens_survive(rows):
    written = [
        {
            "focal_method": f"int {name}() {{\n    return f({value});\n}}",
            "test_prefix": "\n".join([f"void {name}() {{", *body, "}"]),
            "docstring": 'It says, "what\nit does".',
            "target": f"assertEquals({value}, x)",
        }
        for name, body, value in rows
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = write_csv(Path(folder, "a.csv"), written)
        found = load("toga", path, Path(folder))
    assert found.rejected == []
    for example, given_row in zip(found.examples, written, strict=True):
        assert code_tokens(example.focal_method) == code_tokens(given_row["focal_method"])
        assert example.references == (given_row["target"] + ";",)
        before, after = example.masked_test.split(MARKER)
        assert code_tokens(before) + code_tokens(after) == code_tokens(given_row["test_prefix"])
        assert code_tokens(after) == ["}"]
