from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdlib.config import Filters
from kdlib.records import MARKER
from tests.corpus.importers.conftest import FOCAL, load, pair

TEST = """@Test
    public void grows() {
        Stack stack = new Stack();
        assertEquals(0, stack.size());
        stack.push(1);
        assertTrue(
            stack.size() > 0);
        stack.close();
    }"""
FIRST = f"""@Test
public void grows() {{
    Stack stack = new Stack();
    {MARKER}
    stack.push(1);
    stack.close();
}}"""
SECOND = f"""@Test
public void grows() {{
    Stack stack = new Stack();
    assertEquals(0, stack.size());
    stack.push(1);
    {MARKER}
    stack.close();
}}"""


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_one_example_per_assertion_field_by_field(tmp_path):
    path = write(tmp_path / "7_0.json", pair(FOCAL.replace("\n", "\n    "), TEST))
    found = load("methods2test", path, tmp_path)
    assert [(e.focal_method, e.masked_test, e.references) for e in found.examples] == [
        (FOCAL, FIRST, ("assertEquals(0, stack.size());",)),
        (FOCAL, SECOND, ("assertTrue( stack.size() > 0);",)),
    ]
    for example, kind in zip(found.examples, ("assertEquals", "assertTrue"), strict=True):
        (where,) = example.occurrences
        assert (where.start_byte, where.end_byte) == (0, path.stat().st_size)
        assert (where.focal_class, where.focal_name) == ("Stack", "size")
        assert (where.test_class, where.test_method) == ("StackTest", "grows")
        assert where.group == "src/https://example.org/shop/Stack"
        assert where.kind == kind
    assert (found.report["tests"], found.report["assertions"]) == (1, 2)


def test_an_assertion_that_cannot_fail_is_left_out_and_the_others_stay(tmp_path):
    test = TEST.replace("stack.close();", "try { assertNull(stack); } catch (Throwable t) { }")
    test = test.replace("assertEquals(0,", "assertNotNull(new Stack()); assertEquals(0,")
    found = load("methods2test", write(tmp_path / "a.json", pair(FOCAL, test)), tmp_path)
    assert [e.occurrences[0].kind for e in found.examples] == ["assertEquals", "assertTrue"]
    assert "assertNotNull(new Stack());" in found.examples[0].masked_test
    assert (found.reasons, found.report["filtered"]) == (["cannot fail"] * 2, {"cannot fail": 2})


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("a.jsonl", lambda pairs: "".join(json.dumps(p) + "\n" for p in pairs)),
        ("a.json", lambda pairs: "".join(json.dumps(p) + "\n" for p in pairs)),
        ("a.json", json.dumps),
        ("a.json", lambda pairs: json.dumps(pairs, indent=4)),
        ("a.json", lambda pairs: "\ufeff" + json.dumps(pairs, indent=4)),
        ("a.json", lambda pairs: "\n".join(json.dumps(p, indent=1) for p in pairs)),
    ],
)
def test_every_layout_gives_the_same(tmp_path, name, layout):
    methods = [f"int f{n}() {{ return '{{' + {json.dumps(chr(34) + '}')}; }}" for n in range(3)]
    pairs = [pair(focal, TEST) for focal in methods]
    path = write(tmp_path / name, layout(pairs))
    found = load("methods2test", path, tmp_path)
    assert [e.focal_method for e in found.examples] == [focal for focal in methods for _ in range(2)]
    spans = sorted({(e.occurrences[0].start_byte, e.occurrences[0].end_byte) for e in found.examples})
    content = path.read_bytes()
    assert [json.loads(content[start:end]) for start, end in spans] == pairs


def test_a_folder_of_files(tmp_path):
    for number in range(3):
        write(tmp_path / "data" / str(number) / f"{number}_0.json", pair(f"int f{number}() {{ }}", TEST))
    found = load("methods2test", tmp_path / "data", tmp_path)
    assert [e.occurrences[0].path for e in found.examples] == [
        f"{number}/{number}_0.json" for number in range(3) for _ in range(2)
    ]


def test_a_body_without_signature_gets_it(tmp_path):
    brace = TEST.index("{")
    row = pair("{\n    return size;\n}", TEST[brace:])
    row["test_case"]["full_signature"] = TEST[:brace].strip()
    row["focal_method"]["full_signature"] = "public int size()"
    found = load("methods2test", write(tmp_path / "a.json", row), tmp_path)
    assert {e.focal_method for e in found.examples} == {FOCAL}
    assert [e.masked_test for e in found.examples] == [FIRST, SECOND]


def test_the_repository_without_address_is_its_number(tmp_path):
    row = pair(FOCAL, TEST, repository={"repo_id": 12})
    found = load("methods2test", write(tmp_path / "a.json", row), tmp_path)
    assert {e.occurrences[0].group for e in found.examples} == {"src/12/Stack"}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (pair(FOCAL, "void t() { f(); }"), "no assertion"),
        (pair(FOCAL, "void t() { assertTrue(a; }"), "test does not parse"),
        (pair(FOCAL, "void t() { } } class D { void u() { assertTrue(a); }"), "test does not parse"),
        (pair(FOCAL, "int x; void t() { assertTrue(a); }"), "test does not parse"),
        (pair(FOCAL, TEST, test_case={}), "no test"),
        (pair(FOCAL, TEST, focal_method=None), "no focal method"),
        (pair(FOCAL, TEST, focal_method="x"), "wrong type"),
        (pair(FOCAL, TEST, repository=[]), "wrong type"),
        (pair(" ", TEST), "empty text"),
        (pair("int f() { '\ud800' }", TEST), "lone surrogate"),
        (pair(FOCAL, "void t() { assertEquals('\ud800', c); }"), "lone surrogate"),
        (pair(FOCAL, "void t() {" + "fail();" * 20_000 + "}"), "too many assertions"),
        (["not a pair"], "no object"),
    ],
)
def test_bad_pairs(tmp_path, row, reason):
    path = write(tmp_path / "a.jsonl", json.dumps(row) + "\n" + json.dumps(pair(FOCAL, TEST)))
    found = load("methods2test", path, tmp_path)
    assert (found.reasons, len(found.examples)) == ([reason], 2)


def test_rubbish_between_objects_is_a_row_of_its_own(tmp_path):
    good = json.dumps(pair(FOCAL, TEST))
    content = f'[\n{good}, 17,\n{good}\n,"x"] {{"cut": '
    found = load("methods2test", write(tmp_path / "a.json", content), tmp_path)
    assert [(row["line"], row["reason"]) for row in found.rejected] == [
        (2, "not JSON"),
        (3, "not JSON"),
        (4, "not JSON"),
    ]
    assert len(found.examples) == 4


def test_long_objects_are_rejected_wherever_they_stand(tmp_path):
    long = json.dumps(pair(FOCAL, TEST, more="x" * 200_000))
    good = json.dumps(pair(FOCAL, TEST))
    for content in (f"[{long},\n{good},\n{long}]", f"{long}\n{good}\n{long}\n", f"{good}\n{long}\n{long}"):
        path = write(tmp_path / "a.json", content)
        found = load("methods2test", path, tmp_path, filters=Filters(max_file_bytes=5_000))
        assert (found.reasons, len(found.examples)) == (["too long"] * 2, 2)
        assert all(len(row["row"]) == 500 for row in found.rejected)


asserted = st.sampled_from(["assertTrue(a);", "Assert.assertEquals(1, b);", "assertThat(c).isNull();"])
plain = st.sampled_from(["f();", "int x = 1;", 'g("assertTrue(a);");', "// assertTrue(a);"])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), asserted, plain), min_size=1, max_size=6))
def test_masking_by_an_independent_writer(lines):
    def method(body):
        return "\n".join(["@Test", "void t() {", *(f"    {line}" for line in body), "}"])

    statements = [a if is_assertion else p for is_assertion, a, p in lines]
    places = [i for i, (is_assertion, _, _) in enumerate(lines) if is_assertion]
    expected = [
        (
            method([*statements[:i], MARKER, *(p for k, _, p in lines[i + 1 :] if not k)]),
            (statements[i],),
        )
        for i in places
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder, "a.json"), pair(FOCAL, method(statements)))
        found = load("methods2test", path, Path(folder))
    assert [(e.masked_test, e.references) for e in found.examples] == expected
    assert found.reasons == ([] if places else ["no assertion"])
