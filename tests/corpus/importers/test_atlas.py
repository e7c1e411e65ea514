from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdlib.corpus.importers.snippets import readable
from kdlib.files import DataError
from kdlib.java.tokens import code_tokens
from kdlib.records import MARKER
from tests.corpus.importers.conftest import load, sha, write_atlas

PLACEHOLDER = '"<AssertPlaceHolder>"'
TEST = f'testSize ( ) {{ shop . Stack s = new shop . Stack ( ) ; s . push ( "a}}<sp>b" ) ; {PLACEHOLDER} ; }}'
FOCAL = "size ( ) { return this . elements [ 0 ] . length ; }"
ASSERTION = "org . junit . Assert . assertEquals ( 1 , s . size ( ) )"


def test_a_line_field_by_field(tmp_path):
    folder = write_atlas(tmp_path / "data", [(f"{TEST} {FOCAL}", ASSERTION)])
    found = load("atlas", folder, tmp_path)
    (example,) = found.examples
    assert example.focal_method == "size() { return this.elements[0].length; }"
    assert example.masked_test == (
        f'testSize() {{ shop.Stack s = new shop.Stack(); s.push("a}}<sp>b");\n    {MARKER}\n}}'
    )
    assert example.references == ("org.junit.Assert.assertEquals(1, s.size());",)
    (where,) = example.occurrences
    assert (where.path, where.file_sha256) == (
        "testMethods.txt",
        sha((folder / "testMethods.txt").read_bytes()),
    )
    assert (where.start_byte, where.end_byte) == (0, len(f"{TEST} {FOCAL}"))
    assert (where.focal_name, where.test_method) == ("size", "testSize")
    assert (where.kind, where.framework) == ("assertEquals", "junit4")


def test_a_focal_method_behind_a_separator(tmp_path):
    pairs = [
        (f'{TEST} "<FocalMethod>" {FOCAL}', ASSERTION),
        (f'{TEST} "<FocalMethod>" null', ASSERTION),
        (f'broken ( ( {{ {PLACEHOLDER} ; }} "<FocalMethod>" {FOCAL}', ASSERTION),
    ]
    found = load("atlas", write_atlas(tmp_path / "data", pairs), tmp_path)
    assert [e.occurrences[0].focal_name for e in found.examples] == ["size", "size"]
    assert found.reasons == ["no focal method"]


def test_braces_in_annotations_strings_and_lambdas_do_not_end_a_test(tmp_path):
    test = (
        '@ SuppressWarnings ( { "a" , "{" } ) void t ( ) { f ( ( ) -> { g ( ) ; } ) ; c = \'}\' ; '
        f"{PLACEHOLDER} ; }}"
    )
    found = load("atlas", write_atlas(tmp_path / "data", [(f"{test} {FOCAL}", ASSERTION)]), tmp_path)
    (example,) = found.examples
    assert code_tokens(example.focal_method) == code_tokens(FOCAL)
    assert (example.occurrences[0].test_method, example.masked_test[-1]) == ("t", "}")


def test_subfolders(tmp_path):
    for number, name in enumerate(("Training", "Training/Eval", "Testing")):
        write_atlas(tmp_path / "data" / name, [(f"{TEST} f{number} ( ) {{ }}", ASSERTION)])
    found = load("atlas", tmp_path / "data", tmp_path)
    assert [(e.occurrences[0].path, e.focal_method) for e in found.examples] == [
        ("Testing/testMethods.txt", "f2() { }"),
        ("Training/Eval/testMethods.txt", "f1() { }"),
        ("Training/testMethods.txt", "f0() { }"),
    ]
    assert found.report["files"] == 6


def test_unequal_files_are_an_error_before_any_work(tmp_path):
    write_atlas(tmp_path / "data" / "a", [(f"{TEST} {FOCAL}", ASSERTION)])
    folder = write_atlas(tmp_path / "data" / "b", [(f"{TEST} {FOCAL}", ASSERTION)] * 3)
    (folder / "assertLines.txt").write_text(ASSERTION + "\n")
    with pytest.raises(DataError, match=r"b/testMethods\.txt has 3 lines and .*assertLines\.txt 1"):
        load("atlas", tmp_path / "data", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_an_error(tmp_path):
    folder = write_atlas(tmp_path / "data", [(f"{TEST} {FOCAL}", ASSERTION)])
    (folder / "assertLines.txt").unlink()
    with pytest.raises(DataError, match=r"assertLines\.txt: missing"):
        load("atlas", folder, tmp_path / "out")


@pytest.mark.parametrize(
    ("test", "assertion", "reason"),
    [
        (f"{TEST}", ASSERTION, "no focal method"),
        (f"t ( ) {{ f ( ) ; }} {FOCAL}", ASSERTION, "no marker"),
        (f"t ( ) {{ }} g ( ) {{ {PLACEHOLDER} ; }}", ASSERTION, "no marker"),
        (f"{TEST} {FOCAL}", " ", "no reference"),
        (f"{TEST} {FOCAL}", "a\0", "NUL character"),
        ("", ASSERTION, "no focal method"),
        ("{ " * 1000, ASSERTION, "no focal method"),
    ],
)
def test_bad_lines(tmp_path, test, assertion, reason):
    good = (f"{TEST} {FOCAL}", ASSERTION)
    found = load("atlas", write_atlas(tmp_path / "data", [good, (test, assertion), good]), tmp_path)
    assert (found.reasons, [row["line"] for row in found.rejected]) == ([reason], [2])
    assert len(found.examples) == 2


def test_a_placeholder_without_semicolon_leaves_the_assertion_as_it_is(tmp_path):
    test = f"t ( ) {{ run ( ( ) -> {PLACEHOLDER} ) ; {PLACEHOLDER} ; }}"
    found = load("atlas", write_atlas(tmp_path / "data", [(f"{test} {FOCAL}", "a ( )")]), tmp_path)
    (example,) = found.examples
    assert example.references == ("a()",)
    assert example.masked_test == f"t() {{ run(() ->\n    {MARKER}\n); }}"


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ("if ( a [ 0 ] . b ( ) ) { i ++ ; }", "if (a[0].b()) { i++; }"),
        ("( int ) ( x ) + - 1", "(int) (x) + - 1"),
        ("List < String > l = new int [ ] { 1 , 2 } ;", "List < String > l = new int[] { 1, 2 };"),
        ("1 . 5 + a . b", "1 . 5 + a . b"),
        ("f ( ) ; // x . y", "f ( ) ; // x . y"),
        ('s = " a . b " ;', 's = " a . b ";'),
        ("a . . . b", "a . . . b"),
        ("", ""),
    ],
)
def test_readable(tokens, expected):
    assert readable(tokens) == expected


SIGNS = r""". , ; ( ) { } [ ] + - ++ -> :: ... < > ! = == 1 0x1 .5 1.0 ' " // /* */ \ @ $ null a b1"""
pieces = st.one_of(
    st.sampled_from(SIGNS.split(" ")),
    st.text(max_size=3).map(lambda text: "".join(text.split())).filter(bool),
)


@given(st.lists(pieces, max_size=20).map(" ".join))
def test_readable_keeps_all_tokens_of_any_text(text):
    assert code_tokens(readable(text)) == code_tokens(text)
    assert "".join(readable(text).split()) == "".join(text.split())


names = st.sampled_from(["a", "bC", "METHOD_0", "größe"])
values = st.sampled_from(['"a<sp>}"', "'{'", "1.5f", "x . y", "null", "- 1", "new int [ ] { 1 }"])
statements = st.builds("{} ( {} , {} ) ;".format, names, values, values)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(names, st.lists(statements, max_size=3), statements, values), min_size=1, max_size=4)
)
def test_code_tokens_survive(rows):
    before = [" ".join([f"{name} ( ) {{", *body]) for name, body, _, _ in rows]
    after = [f"{late} }}" for _, _, late, _ in rows]
    focal = [f"{name} ( int a ) {{ return {value} ; }}" for name, _, _, value in rows]
    asserted = [f"assertEquals ( {value} , a )" for _, _, _, value in rows]
    lines = [f"{b} {PLACEHOLDER} ; {a} {f}" for b, a, f in zip(before, after, focal, strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        write_atlas(Path(folder, "data"), list(zip(lines, asserted, strict=True)))
        found = load("atlas", Path(folder, "data"), Path(folder))
    assert len(found.examples) == len(rows)
    for number, example in enumerate(found.examples):
        first, second = example.masked_test.split(MARKER)
        assert code_tokens(first) == code_tokens(before[number])
        assert code_tokens(second) == code_tokens(after[number])
        assert code_tokens(example.focal_method) == code_tokens(focal[number])
        assert code_tokens(example.references[0]) == [*code_tokens(asserted[number]), ";"]
