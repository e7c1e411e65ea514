"""Conversions of JLS 21 §5.3 against tables written out by hand, and choices among overloads."""

from __future__ import annotations

import pytest

from kdlib.corpus.mining.overloads import LAMBDA, NULL, Value, fit, overload
from kdlib.corpus.mining.project import Declared, ProjectFile, index
from kdlib.java.methods import read_unit
from kdlib.java.syntax import parse

# §5.1.2 widening, §5.1.7 boxing, §5.1.8 unboxing, §4.10 subtypes. First what needs no boxing (§15.12.2.2).
ACCEPTED = {
    "byte": "byte short int long float double | Byte Number Comparable Serializable Object",
    "short": "short int long float double | Short Number Comparable Serializable Object",
    "char": "char int long float double | Character Comparable Serializable Object",
    "int": "int long float double | Integer Number Comparable Serializable Object",
    "long": "long float double | Long Number Comparable Serializable Object",
    "float": "float double | Float Number Comparable Serializable Object",
    "double": "double | Double Number Comparable Serializable Object",
    "boolean": "boolean | Boolean Comparable Serializable Object",
    "Byte": "Byte Number Comparable Serializable Object | byte short int long float double",
    "Short": "Short Number Comparable Serializable Object | short int long float double",
    "Character": "Character Comparable Serializable Object | char int long float double",
    "Integer": "Integer Number Comparable Serializable Object | int long float double",
    "Long": "Long Number Comparable Serializable Object | long float double",
    "Float": "Float Number Comparable Serializable Object | float double",
    "Double": "Double Number Comparable Serializable Object | double",
    "Boolean": "Boolean Comparable Serializable Object | boolean",
    "String": "String CharSequence Comparable Serializable Object |",
    "Class": "Class Serializable Object |",
}
TARGETS = sorted({name for row in ACCEPTED.values() for name in row.split() if name != "|"})


@pytest.mark.parametrize("given", ACCEPTED)
def test_an_argument_fits_what_it_converts_to_and_nothing_else(given):
    accepted = set(ACCEPTED[given].split()) - {"|"}
    assert {name for name in TARGETS if fit(name, given) >= 0} == accepted
    assert {name for name in TARGETS if fit(name, given) == 1} == {given}
    assert all(-1 <= fit(name, given) <= 1 for name in TARGETS)


@pytest.mark.parametrize("given", ACCEPTED)
def test_what_needs_no_boxing_fits_better(given):
    strict, loose = (part.split() for part in ACCEPTED[given].split("|"))
    assert min(fit(name, given) for name in strict) > max((fit(name, given) for name in loose), default=-1)


@pytest.mark.parametrize("given", ["byte", "short", "char", "int", "long", "float"])
def test_the_nearest_number_fits_best(given):
    wider = ACCEPTED[given].partition("|")[0].split()
    fits = [fit(name, given) for name in wider]
    assert fits == sorted(fits, reverse=True)
    assert len(set(fits)) == len(fits)


@pytest.mark.parametrize(
    ("written", "given", "expected"),
    [
        ("int[]", "int[]", "exact"),
        ("int[]", "int", "no"),
        ("int", "int[]", "no"),
        ("long[]", "int[]", "no"),
        ("Object[]", "int[]", "no"),
        ("T[]", "int[]", "no"),
        ("Object[]", "String[]", "perhaps"),
        ("T[]", "String[]", "perhaps"),
        ("Object", "int[]", "perhaps"),
        ("Serializable", "int[]", "perhaps"),
        ("Cloneable", "String[]", "perhaps"),
        ("T", "String[]", "perhaps"),
        ("String", "String[]", "no"),
        ("List<String[]>", "String[]", "no"),
        ("List<int[]>", "List", "exact"),
        ("java.util.List<?>", "List", "exact"),
        ("@Nullable String", "String", "exact"),
        ("Iterable<String>", "List", "perhaps"),
        ("String", "List", "no"),
        ("int", "List", "no"),
        ("T", "int", "perhaps"),
        ("K2", "String", "perhaps"),
        ("TEXT", "String", "no"),
        ("Integer", "Number", "no"),
        ("String", "Object", "no"),
    ],
)
def test_arrays_generics_and_foreign_types(written, given, expected):
    found = fit(written, given)
    assert (found == 1, 0 <= found < 1, found < 0) == tuple(
        expected == kind for kind in ("exact", "perhaps", "no")
    )


@pytest.mark.parametrize("primitive", ["boolean", "byte", "char", "double", "float", "int", "long", "short"])
def test_null_and_lambdas_are_no_primitives(primitive):
    assert fit(primitive, NULL) < 0
    assert fit(primitive, LAMBDA) < 0


@pytest.mark.parametrize("reference", ["String", "Integer", "Object", "T", "int[]", "Runnable", "Cart"])
def test_null_may_be_any_reference(reference):
    assert 0 <= fit(reference, NULL) < 1


@pytest.mark.parametrize("closed", ["String", "Integer", "Class", "int[]", "Runnable[]"])
def test_a_lambda_is_no_value(closed):
    assert fit(closed, LAMBDA) < 0
    assert fit("Runnable", LAMBDA) >= 0


def test_types_of_the_project_convert_to_their_supertypes_alone():
    above = frozenset({"Apple", "Fruit"})
    assert fit("Apple", "Apple", above, True) == 1
    assert 0 < fit("Fruit", "Apple", above, True) < 1
    assert fit("Stone", "Apple", above, True) < 0
    assert fit("Object", "Apple", above, True) >= 0
    assert fit("T", "Apple", above, True) >= 0
    assert fit("Stone", "List", frozenset(), True) < 0


JAVA = """
class Fruit { } class Apple extends Fruit { } class Stone { }
class Calls { %s }
"""


def chosen(methods, *arguments):
    """Return the parameters of the overload that is chosen among methods of one class."""
    content = (JAVA % " ".join(f"void f({parameters}) {{ }}" for parameters in methods)).encode()
    project = index([file := ProjectFile("Calls.java", content, read_unit(parse(content).root_node))])
    kinds = {kind.simple(): kind for kind in project.types_of(file)}
    candidates = [Declared(kinds["Calls"], method) for method in kinds["Calls"].declaration.methods]
    fitting = [found for found in candidates if found.method.takes(len(arguments))]
    values = [Value(kinds.get(name), certain=True, name=name) for name in arguments]
    method = overload(project, fitting, values).method
    return content[method.start : method.end].decode().removeprefix("void f(").removesuffix(") { }")


@pytest.mark.parametrize(
    ("arguments", "expected", "other"),
    [
        ("int", "int a", "long a"),
        ("short", "int a", "long a"),
        ("char", "int a", "short a"),
        ("int", "long a", "Integer a"),  # widening before boxing
        ("int", "double a", "Object a"),
        ("Integer", "Object a", "long a"),  # a supertype before unboxing
        ("int", "Integer a", "String a"),
        ("int", "Object a", "int... a"),  # boxing before any number of arguments
        ("int int", "int a, int b", "int... a"),
        ("int[]", "int... a", "int a"),
        ("String", "CharSequence a", "char[] a"),
        ("boolean", "boolean a", "int a"),
        ("Apple", "Apple a", "Fruit a"),
        ("Apple", "Fruit a", "Stone a"),
        ("Apple", "Fruit a", "Object a"),
        ("Apple", "Object a", "Stone a"),
        ("Stone", "Stone a", "Fruit a"),
        ("String Apple", "String a, Fruit b", "String a, Stone b"),
        ("null", "String a", "int a"),
        ("->", "Runnable a", "String a"),
    ],
)
def test_choices_do_not_depend_on_the_order_of_declarations(arguments, expected, other):
    assert chosen([expected, other], *arguments.split()) == expected
    assert chosen([other, expected], *arguments.split()) == expected


def test_the_first_is_taken_where_nothing_tells_them_apart():
    assert chosen(["Runnable a", "Supplier a"], "->") == "Runnable a"
    assert chosen(["Supplier a", "Runnable a"], "->") == "Supplier a"


def test_unknown_arguments_leave_the_choice_to_the_known_ones():
    methods = ["String a, int b", "String a, String b"]
    assert chosen(methods, "", "int") == "String a, int b"
    assert chosen(methods, "", "String") == "String a, String b"
    assert chosen(methods[::-1], "", "int") == "String a, int b"
