"""Mining of files changed by chance: nothing breaks, and what is mined is true of the file.

A failing case is run again alone by its number, the seed of its changes.
"""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from kdlib.config import Filters, PathSource
from kdlib.corpus.mining import suites
from kdlib.corpus.mining.extraction import SourceOrigin, mine_file
from kdlib.corpus.mining.focal import Methods
from kdlib.corpus.mining.mining import mine_source
from kdlib.corpus.mining.project import ProjectFile, index
from kdlib.files import read_examples, read_json
from kdlib.java.methods import read_unit
from kdlib.java.syntax import parse
from kdlib.records import Example
from kdlib.sources.generated import is_generated
from kdlib.sources.licence import licence_of
from tests.corpus.mining.checks import check, time_limit
from tests.corpus.mining.mutants import edited, of_other_bytes, of_same_syntax, sources

pytestmark = pytest.mark.slow  # mines whole projects over and over

SECONDS = 2.0  # of processor time, for a case that takes some 0.003
BLOCKS, CASES = 10, 1000
STAMP = SourceOrigin("fuzz", "1", "MIT")


@pytest.fixture(scope="module")
def tests():
    return sources("test")


@pytest.fixture(scope="module")
def mains():
    return {given.path: given for given in sources("main")}


def path_under_test(path):
    return path.replace("src/test", "src/main").replace("Test.java", ".java")


def read(path, content):
    """Return what mining knows of a file, or None where it is refused."""
    licence_of(content), is_generated(content, path)
    try:
        content.decode()
    except UnicodeDecodeError:
        return None
    root = parse(content).root_node
    return None if root.has_error else ProjectFile(path, content, read_unit(root))


def mined(files, test):
    """Return what mining yields for each assertion of a file."""
    methods = Methods(index(files))
    return list(mine_file(methods, test, suites.tests_of(methods.project, test), STAMP))


@pytest.mark.parametrize("block", range(BLOCKS))
def test_changed_files(tests, mains, block):
    """Ten thousand cases, of which the greater part has assertions to mine."""
    known = {path: read(path, given.content) for path, given in mains.items()}
    met = Counter()
    for case in range(block * CASES, (block + 1) * CASES):
        with time_limit(SECONDS, f"case {case}"):
            met.update(run_case(Random(case), tests, mains, known))
    assert met["cases"] == CASES
    assert met["refused"] > CASES / 10
    assert met["reached mining"] > CASES * 0.6
    assert met["examples"] > 10 * met["reached mining"]


def run_case(random, tests, mains, known):
    """Mine a changed test with its class, itself changed or not, and another; return what was met."""
    given = random.choice(tests)
    path = path_under_test(given.path)
    test = read(given.path, changed(given, tests, random))
    main = known.get(path)
    if main and random.random() < 0.5:
        main = read(path, of_same_syntax(mains[path], random, random.randrange(1, 7)))
    files = [file for file in (main, known[random.choice(sorted(known.keys() - {path}))], test) if file]
    found = mined(files, test) if test else []
    examples = [item for item in found if isinstance(item, Example)]
    assert {item for item in found if item not in examples} <= {None, "holds the marker", "cannot fail"}
    for example in examples:
        check(example, {file.path: file.content for file in files})
    starts = [example.occurrences[0].start_byte for example in examples]
    assert starts == sorted(set(starts))
    return {"cases": 1, "refused": not test, "reached mining": bool(found), "examples": len(examples)}


def changed(given, others, random):
    if random.random() < 0.65:
        return of_same_syntax(given, random, random.randrange(1, 7))
    return of_other_bytes(given, random.choice(others), random)


@pytest.mark.parametrize("block", range(4))
def test_changed_files_from_folder_to_report(tests, mains, block, tmp_path):
    """Each case is a folder of its own; the report accounts for every file and every assertion."""
    for case in range(block * 75, (block + 1) * 75):
        random, root = Random(case), tmp_path / str(case)
        chosen = random.sample(tests, 3)
        contents = {given.path: changed(given, tests, random) for given in chosen}
        paths = [path for given in chosen if (path := path_under_test(given.path)) in mains]
        contents |= {path: changed(mains[path], chosen, random) for path in paths}
        for path, content in contents.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)
        with time_limit(SECONDS, f"case {case}"):
            examples, report = mined_folder(root, tmp_path)
        files = {path: file for path, content in contents.items() if (file := read(path, content))}
        assert {item["path"] for item in report["skipped"]} == contents.keys() - files.keys()
        assert {item["reason"] for item in report["skipped"]} <= {"empty", "not UTF-8", "does not parse"}
        assert report["files"] == len(contents)
        left_out = report["unresolved"] + sum(report["filtered"].values())
        assert report["assertions"] == report["examples"] + left_out
        assert report["examples"] == len(examples) == sum(report["kinds"].values())
        for example in examples:
            check(example, contents)
        again = [item for path in sorted(files) for item in mined([*files.values()], files[path])]
        assert len(again) == report["assertions"]
        assert [item.id for item in again if isinstance(item, Example)] == [e.id for e in examples]


def mined_folder(root, tmp_path):
    source = PathSource(kind="path", path=str(root), licence="MIT")
    out, report = tmp_path / "examples.parquet", tmp_path / "report.json"
    mine_source("fuzz", source, root, Filters(), out, report)
    return read_examples(out), read_json(report)


def test_without_an_assertion_the_earlier_examples_of_its_test_stay_the_same(tests, mains):
    """An oracle for the count and for what is masked: one assertion less is one example less."""
    for case in range(400):
        random = Random(case)
        given = random.choice(tests)
        path = path_under_test(given.path)
        others = [read(path, mains[path].content)] if path in mains else []
        before = mined([*others, test := read(given.path, given.content)], test)
        where = random.choice([item for item in before if item]).occurrences[0]
        less = edited(given.content, {(where.start_byte, where.end_byte): b""})
        after = mined([*others, test := read(given.path, less)], test)
        assert len(after) == len(before) - 1
        place = [item.occurrences[0].start_byte if item else None for item in before].index(where.start_byte)
        assert [item and item.id for item in after[:place]] == [item and item.id for item in before[:place]]
        kept = [item and item.references for item in before[:place] + before[place + 1 :]]
        assert [item and item.references for item in after] == kept


@pytest.mark.parametrize(
    "rewritten",
    [
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: content.replace(b"\n", b"\n\t"),
        lambda content: content.replace(b"\n", b" \n\n"),
        lambda content: b"\xef\xbb\xbf" + content,
    ],
    ids=["CRLF", "deeper", "blank lines", "BOM"],
)
def test_white_space_changes_no_id(tests, mains, rewritten):
    for given in tests:
        path = path_under_test(given.path)
        originals = [given, *([mains[path]] if path in mains else [])]
        plain = [read(source.path, source.content) for source in originals]
        other = [read(source.path, rewritten(source.content)) for source in originals]
        ids = [[item and item.id for item in mined(files, files[0])] for files in (plain, other)]
        assert any(ids[0])
        assert ids[0] == ids[1]
