"""Damaged files: no exception but one a user can mend, and no row that is neither example nor rejected."""

from __future__ import annotations

import json
import tempfile
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdlib.config import Filters
from kdlib.files import DataError
from tests.corpus.importers.conftest import FOCAL, load, pair, seed_row, write_atlas, write_csv, write_seed

pytestmark = pytest.mark.slow  # reads thousands of damaged files

PREFIX = "void t() {\n  f();\n  assertTrue(a);\n}"


def seed_file(folder):
    write_seed(folder / "data.jsonl", [seed_row(), seed_row(repository="r", focal_class="C")] * 2, header={})


def pair_file(folder):
    pairs = [pair(FOCAL, PREFIX), pair(FOCAL, "void u() { assertTrue('\"'); fail(); }")] * 2
    (folder / "data.json").write_text(json.dumps(pairs, indent=1))
    (folder / "more.json").write_text("\n".join(map(json.dumps, pairs)))


def csv_file(folder):
    row = {
        "focal_method": FOCAL,
        "test_prefix": PREFIX,
        "docstring": 'It says "x".',
        "target": "assertTrue(a)",
    }
    write_csv(folder / "data.csv", [row] * 4)


def csv_files(folder):
    write_csv(folder / "inputs.csv", [{"focal_method": FOCAL, "test_prefix": PREFIX}] * 4)
    write_csv(folder / "meta.csv", [{"project": "p", "assertion_lbl": 'assertEquals("a, b", c)'}] * 4)


def token_files(folder):
    test = 't ( ) { f ( "a}" ) ; "<AssertPlaceHolder>" ; } g ( ) { return 1.5 ; }'
    write_atlas(folder, [(test, "assertEquals ( 1 , g ( ) )")] * 4)


FORMS = {
    "seed": ("seed", seed_file),
    "methods2test": ("methods2test", pair_file),
    "toga": ("toga", csv_file),
    "toga with labels": ("toga", csv_files),
    "atlas": ("atlas", token_files),
}
BYTES = [
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\n",
    b"\r",
    b'"',
    b"\\",
    b"{",
    b"}",
    b",",
    b"\\ud800",
    b"[" * 3000,
]
damages = st.lists(
    st.one_of(
        st.tuples(st.just("flip"), st.integers(0, 1 << 20), st.integers(0, 7)),
        st.tuples(st.just("cut"), st.integers(0, 1 << 20), st.integers(1, 300)),
        st.tuples(st.just("copy"), st.integers(0, 1 << 20), st.integers(1, 300)),
        st.tuples(st.just("put"), st.integers(0, 1 << 20), st.sampled_from(BYTES)),
        st.tuples(st.just("end"), st.integers(0, 1 << 20), st.none()),
    ),
    min_size=1,
    max_size=4,
)


def damaged(content: bytes, damage: list) -> bytes:
    for kind, place, how in damage:
        at = place % (len(content) + 1)
        before, after = content[:at], content[at:]
        if kind == "flip" and after:
            content = before + bytes([after[0] ^ (1 << how)]) + after[1:]
        elif kind == "cut":
            content = before + after[how:]
        elif kind == "copy":
            content = before + before[-how:] + after
        elif kind == "put":
            content = before + how + after
        elif kind == "end":
            content = before
    return content


@pytest.mark.parametrize("name", FORMS)
def test_undamaged_files_are_read_whole(tmp_path, name):
    form, write = FORMS[name]
    (tmp_path / "data").mkdir()
    write(tmp_path / "data")
    found = load(form, tmp_path / "data", tmp_path)
    assert (found.rejected, len(found.examples) >= 4) == ([], True)


@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=120, deadline=None)
@given(data=st.data(), damage=damages, limit=st.sampled_from([1_000_000, 400]))
def test_damaged_files(name, data, damage, limit):
    form, write = FORMS[name]
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder, "data")
        inputs.mkdir()
        write(inputs)
        path = data.draw(st.sampled_from(sorted(inputs.iterdir())))
        path.write_bytes(damaged(path.read_bytes(), damage))
        with suppress(DataError):
            load(form, inputs, Path(folder), filters=Filters(max_file_bytes=limit))


@pytest.mark.parametrize("form", ["seed", "methods2test", "toga", "atlas"])
@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=300), header=st.booleans())
def test_any_bytes(form, content, header):
    names = {"seed": "a.jsonl", "methods2test": "a.json", "toga": "a.csv", "atlas": "testMethods.txt"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, names[form])
        columns = b"focal_method,test_prefix,target\n" if form == "toga" and header else b""
        path.write_bytes(columns + content)
        Path(folder, "assertLines.txt").write_bytes(content)
        with suppress(DataError) if form == "toga" else nullcontext():
            load(form, path, Path(folder))
