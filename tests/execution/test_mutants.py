from __future__ import annotations

import shutil

import pytest

from kdlib.execution.mutants import equivalent, mutants_of
from kdlib.java.compiler import compile_files, find_jdk
from kdlib.java.syntax import parse

CLASS = """package p;

class Lib {{
    {method}
}}
"""


def mutated(method, most=1000, seed=1):
    """Return (operator, the method with the mutant) of every mutant, and the file."""
    content = CLASS.format(method=method).encode()
    start = content.index(method.encode())
    found = mutants_of(content, start, start + len(method.encode()), most, seed)
    changed = []
    for mutant in found:
        file = mutant.applied("p/Lib", content)
        assert file.name == "p/Lib"
        assert file.content.count(b"\n") == content.count(b"\n")
        assert mutant.line == content[: mutant.start].count(b"\n") + 1
        changed.append((mutant.operator, file.content[start : len(file.content) - 3].decode()))
    return changed


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "if (a < b) go = a;",
            [("relational", "if (a <= b) go = a;"), ("negated_condition", "if (!(a < b)) go = a;")],
        ),
        ("if (a == b) go = a;", [("relational", "if (a != b) go = a;")]),
        ("c = a + b;", [("arithmetic", "c = a - b;")]),
        ("c = a % b;", [("arithmetic", "c = a * b;")]),
        ("c += a;", [("arithmetic", "c -= a;")]),
        ("c++;", [("arithmetic", "c--;")]),
        ('s = "a" + b + c;', []),
        ("d = x && y || z;", [("logical", "d = x && y && z;"), ("logical", "d = x || y || z;")]),
        ("c = 7;", [("boundary", "c = 8;"), ("boundary", "c = 6;")]),
        ("c = 0;", [("boundary", "c = 1;"), ("boundary", "c = (-1);")]),
        ("c = 0x1F_FL;", [("boundary", "c = 512L;"), ("boundary", "c = 510L;")]),
        ("c = 0xFFFFFFFF;", [("boundary", "c = 0;"), ("boundary", "c = (-2);")]),
        ("clear();", [("void_call", ";")]),
        ("if (x) clear();", [("negated_condition", "if (!(x)) clear();"), ("void_call", "if (x) ;")]),
        ("c = x ? a : b;", [("negated_condition", "c = !(x) ? a : b;")]),
        ("while (true) clear();", [("void_call", "while (true) ;")]),
        ("Supplier<A> s = () -> { return a; };", []),
    ],
)
def test_each_operator(body, expected):
    found = mutated(f"void m() {{ {body} }}")
    assert sorted(found) == sorted((name, f"void m() {{ {text} }}") for name, text in expected)


@pytest.mark.parametrize(
    ("result", "value", "expected"),
    [
        ("boolean", "a", "!(a)"),
        ("int", "a", "(int) 0"),
        ("long", "0L", "(long) 1"),
        ("String", "a", '""'),
        ("List<A>", "a", "null"),
        ("Object", "null", None),
    ],
)
def test_return_values(result, value, expected):
    found = dict(mutated(f"{result} m() {{ return {value}; }}"))
    assert found.get("return_value") == (expected and f"{result} m() {{ return {expected}; }}")


def test_lines_stay_where_they_are():
    found = mutated(
        "Object m() {\n        log(\n            1);\n        return new A(\n            b);\n    }"
    )
    assert [name for name, _ in found] == ["void_call", "boundary", "boundary", "return_value"]


def test_they_come_in_the_order_of_the_file_and_a_choice_keeps_it():
    method = "int m(int a) { " + " ".join(f"a += {number};" for number in range(10, 40)) + " return a; }"
    every = mutated(method)
    assert len(every) == 91
    some = mutated(method, most=10)
    assert len(some) == 10
    assert [pair for pair in every if pair in some] == some == mutated(method, most=10)
    assert mutated(method, most=10, seed=2) != some


def test_halves_do_not_depend_on_the_number_that_is_asked_for():
    method = "int m(int a) { " + " ".join(f"a += {number};" for number in range(10, 40)) + " return a; }"

    def halves(most, seed=1, before=""):
        content = CLASS.format(method=before + method).encode()
        start = content.index(method.encode())
        found = mutants_of(content, start, start + len(method.encode()), most, seed)
        return {(each.start - start, each.replacement): each.half for each in found}

    every = halves(1000)
    assert sorted(every.values()) == ["rank"] * 45 + ["score"] * 46
    for most in (0, 1, 2, 9, 20):
        some = halves(most)
        assert some.items() <= every.items()
        assert sorted(some.values()) == ["rank"] * (most // 2) + ["score"] * ((most + 1) // 2)
    assert halves(1000, before="int other; ") == every
    assert halves(1000, seed=2) != every


def test_what_is_no_method_with_a_body_has_none():
    content = b"abstract class Lib { abstract int m(); int x = 1 + 2; }"
    assert mutants_of(content, content.index(b"abstract int"), content.index(b";") + 1, 10, 1) == []
    assert mutants_of(content, content.index(b"int x"), len(content) - 2, 10, 1) == []
    assert mutants_of(b"", 0, 0, 10, 1) == []


def test_a_mutant_is_valid_java():
    loop = "for (int i = 0; i < a.length; i++) { if (a[i] > 3 && i != 2) return -a[i]; }"
    method = f"int m(int[] a) {{ {loop} return 0; }}"
    found = mutated(method)
    assert {name for name, _ in found} == {
        "relational",
        "arithmetic",
        "logical",
        "boundary",
        "negated_condition",
        "return_value",
    }
    for _, text in found:
        assert not parse(CLASS.format(method=text).encode()).root_node.has_error


@pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK")
def test_equal_classes_cannot_be_told_apart(tmp_path):
    def classes(name, body):
        file = tmp_path / name / "Lib.java"
        file.parent.mkdir()
        file.write_text(
            f"class Lib {{ static final int X = 2; int m(int a) {{ {body} }} class Inner {{ }} }}"
        )
        assert compile_files(find_jdk(), [file], [], tmp_path / name / "classes") is None
        return {path.name: path.read_bytes() for path in (tmp_path / name / "classes").glob("*.class")}

    original = classes("original", "return a * 2;")
    assert len(original) == 2
    assert equivalent(original, classes("same", "return a * X;"))
    assert not equivalent(original, classes("other", "return a / 2;"))
