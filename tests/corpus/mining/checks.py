"""What is true of every mined example, and a guard against code that does not end."""

from __future__ import annotations

import signal
from contextlib import contextmanager

from kdlib.java.syntax import parse
from kdlib.records import MARKER, Example, example_id, normalise_whitespace

METHODS = {"method_declaration", "constructor_declaration", "compact_constructor_declaration"}


def check(example: Example, contents: dict[str, bytes]) -> None:
    """Assert what is true of every example of these files."""
    (where,) = example.occurrences
    (reference,) = example.references
    content = contents[where.path]
    marked = content[where.start_byte : where.end_byte].decode()
    assert normalise_whitespace(marked) == normalise_whitespace(reference)
    before, after = example.masked_test.split(MARKER)
    assert normalise_whitespace(content[: where.start_byte].decode()).endswith(normalise_whitespace(before))
    assert after.partition("\n")[0].strip() == ""
    assert is_method(before + reference + after), "the test is no method any more"
    assert example.id == example_id(example.focal_method, example.masked_test, [reference])
    focal = contents[where.focal_path][where.focal_start_byte : where.focal_end_byte].decode()
    assert normalise_whitespace(focal) == normalise_whitespace(example.focal_method)
    assert where.focal_name in focal or where.focal_class.endswith(where.focal_name)  # a constructor
    assert where.kind in reference
    assert where.test_method in example.masked_test


def is_method(text: str) -> bool:
    """Return whether a text is exactly one method."""
    root = parse(b"class C {\n" + text.encode() + b"\n}").root_node
    body = root.named_children[0].child_by_field_name("body")
    return not root.has_error and len([node for node in body.named_children if node.type in METHODS]) == 1


@contextmanager
def time_limit(seconds, name):
    """Raise TimeoutError when the block has taken that much processor time, whatever else runs."""

    def stop(number, frame):
        raise TimeoutError(f"no end within {seconds} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    except Exception as error:
        error.add_note(name)
        raise
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
