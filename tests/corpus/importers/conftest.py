"""Files in the formats of other systems, written here, and an import that always checks its books."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from kdlib.config import Filters, ImportSource
from kdlib.corpus.importers.source import import_source
from kdlib.files import read_examples, read_json, read_jsonl
from kdlib.records import MARKER, Example

FOCAL = "public int size() {\n    return size;\n}"
TEST = f"@Test\npublic void grows() {{\n    list.add(1);\n    {MARKER}\n}}"
ASSERTION = "assertEquals(1, list.size());"


@dataclass(frozen=True)
class Imported:
    """What an import wrote."""

    examples: list[Example]
    report: dict
    rejected: list[dict]

    @property
    def reasons(self) -> list[str]:
        return [row["reason"] for row in self.rejected]


def load(form: str, path: Path, out: Path, name: str = "src", filters: Filters | None = None, **source: str):
    """Import and check what must hold for any input: every row is an example or rejected, and counted.

    A row of which a part cannot fail is both.
    """
    files = [out / name for name in ("e.parquet", "r.json", "x.jsonl")]
    entry = ImportSource(kind="import", format=form, path=str(path), **source)
    import_source(name, entry, filters or Filters(), *files)
    found = Imported(read_examples(files[0]), read_json(files[1]), list(read_jsonl(files[2])))
    places = {(w.path, w.start_byte, w.end_byte) for e in found.examples for w in e.occurrences}
    report = found.report
    whole = [reason for reason in found.reasons if reason != "cannot fail"]
    assert len(places) + len(whole) <= report["tests"] <= len(places) + len(found.rejected)
    assert report["examples"] == len(found.examples)
    assert report["assertions"] == len(found.examples) + len(found.rejected)
    assert sum(report["filtered"].values()) == len(found.rejected)
    assert sum(report["kinds"].values()) == sum(report["frameworks"].values()) == len(found.examples)
    for example in found.examples:
        assert example.masked_test.count(MARKER) == 1
        (where,) = example.occurrences
        assert (where.source, where.version, where.reason) == (name, report["version"], "given")
        assert all(text.strip() for text in (example.focal_method, *example.references, where.group))
    return found


def seed_row(**fields: object) -> dict:
    return {"focal_method": FOCAL, "test_method_masked": TEST, "assertions": [ASSERTION], **fields}


def write_seed(path: Path, rows: list[dict], header: dict | None = None) -> Path:
    lines = [{"header": header}, *rows] if header is not None else rows
    path.write_text("".join(json.dumps(row) + "\n" for row in lines))
    return path


def pair(focal: str, test: str, **fields: object) -> dict:
    """Return a pair of methods2test with the fields that its authors document."""
    return {
        "repository": {
            "repo_id": 7,
            "url": "https://example.org/shop",
            "language": "Java",
            "is_fork": False,
            "fork_count": 1,
            "stargazer_count": 2,
        },
        "focal_class": {"identifier": "Stack", "superclass": "", "interfaces": "", "file": "Stack.java"},
        "focal_method": {"identifier": "size", "parameters": "()", "modifiers": "public", "body": focal},
        "test_class": {
            "identifier": "StackTest",
            "superclass": "",
            "interfaces": "",
            "file": "t/StackTest.java",
        },
        "test_case": {"identifier": "grows", "parameters": "()", "body": test, "invocations": ["add"]},
        **fields,
    }


def write_csv(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_atlas(folder: Path, pairs: list[tuple[str, str]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, column in zip(("testMethods.txt", "assertLines.txt"), zip(*pairs, strict=True), strict=True):
        (folder / name).write_text("".join(line + "\n" for line in column))
    return folder


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
