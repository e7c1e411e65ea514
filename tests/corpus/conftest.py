from __future__ import annotations

from pathlib import Path

import pytest

from kdlib.config import Filters, PathSource
from kdlib.corpus.mining.mining import mine_source
from kdlib.files import read_examples, read_json
from kdlib.records import Example, Occurrence, example_id

MONEY = """package shop;
/** An amount. */
public class Money {
    public final long cents;
    public static final Money ZERO = new Money(0);
    public Money(long cents) { this.cents = cents; }
    public static Money of(String text) { return new Money(Long.parseLong(text)); }
    public static Money of(long cents) { return new Money(cents); }
    /** The sum. */
    public Money plus(Money other) {
        return new Money(cents + other.cents);
    }
    public long cents() { return cents; }
}
"""


@pytest.fixture
def mine(tmp_path):
    """Mine files given as path -> text or bytes; returns the examples and the report."""

    def run(files, max_file_bytes=1_000_000, licence="MIT"):
        root = tmp_path / "source"
        for path, content in files.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        out, report = tmp_path / "examples.parquet", tmp_path / "report.json"
        source = PathSource(kind="path", path=str(root), licence=licence)
        mine_source("shop", source, root, Filters(max_file_bytes=max_file_bytes), out, report)
        return read_examples(out), read_json(report)

    return run


@pytest.fixture
def mine_test(mine):
    """Mine one JUnit 4 test class, given its members, beside the class ``Money``."""

    def run(members, imports="", **others):
        test = (
            "package shop;\nimport org.junit.Test;\nimport static org.junit.Assert.*;\n"
            f"{imports}\npublic class MoneyTest {{\n{members}\n}}\n"
        )
        files = {"src/main/java/shop/Money.java": MONEY, "src/test/java/shop/MoneyTest.java": test}
        return mine({**files, **others})

    return run


def an_example(number: int, **where: str) -> Example:
    """Return an example of its own text, in its own class unless told otherwise."""
    place = {
        "source": "s",
        "test_class": f"p.C{number}Test",
        "focal_class": f"p.C{number}",
        "group": f"p.C{number}",
        "path": f"C{number}Test.java",
        **where,
    }
    texts = (
        f"int f{number}() {{}}",
        f"void t{number}() {{\n// <ASSERTION_PLACEHOLDER>\n}}",
        (f"assertNull(x{number});",),
    )
    occurrence = Occurrence(
        version="1",
        file_sha256="0",
        start_byte=0,
        end_byte=1,
        test_method="t",
        focal_name="f",
        focal_path="",
        focal_start_byte=0,
        focal_end_byte=0,
        reason="inside",
        framework="junit4",
        kind="assertNull",
        licence="MIT",
        **place,
    )
    return Example(example_id(texts[0], texts[1], texts[2]), *texts, (occurrence,))


def files_under(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
