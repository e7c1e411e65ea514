from __future__ import annotations

from kdlib.java.methods import Import, read_unit
from kdlib.java.syntax import parse

SOURCE = b"""package a.b;
import java.util.List;
import static org.junit.Assert.*;
import static x.Y.z;

public class Outer<T extends Number> extends Base<T> implements One, p.Two {
    private int count, other = 1;
    Outer(final int x, @N String... rest) {}
    /** Javadoc is not part of it. */
    @Test(expected = E.class) @p.Slow
    public List<T> find(int[] at, String name) throws E { class Local { void hidden() {} } return null; }
    Runnable r = new Runnable() { public void run() {} };
    enum Colour implements One { RED, GREEN { int k() { return 1; } }; int code; int k() { return 0; } }
    interface Shape extends One, Two { int SIDES = 4; double area(); default void draw() {} }
    record Point(int x, double y) { Point { } double norm() { return x; } }
    static class Inner { class Innermost {} }
}
class Second {}
"""


def unit():
    return read_unit(parse(SOURCE).root_node)


def named(name):
    return next(kind for kind in unit().types if kind.name == name)


def test_package_imports_and_names_of_types():
    assert unit().package == "a.b"
    assert unit().imports == (
        Import("java.util.List", False, False),
        Import("org.junit.Assert", True, True),
        Import("x.Y.z", True, False),
    )
    assert [kind.name for kind in unit().types] == [
        "Outer",
        "Outer.Colour",
        "Outer.Shape",
        "Outer.Point",
        "Outer.Inner",
        "Outer.Inner.Innermost",
        "Second",
    ]


def test_members_of_a_class():
    outer = named("Outer")
    assert outer.supertypes == ("Base<T>", "One", "p.Two")
    assert outer.fields == {"count": "int", "other": "int", "r": "Runnable"}
    assert [method.name for method in outer.methods] == ["find"], "local and anonymous classes are left out"
    (constructor,) = outer.constructors
    assert (constructor.name, constructor.parameters, constructor.variadic) == (
        "Outer",
        ("int", "String..."),
        True,
    )
    assert [constructor.takes(n) for n in range(4)] == [False, True, True, True]


def test_a_method_with_its_span():
    (find,) = named("Outer").methods
    assert (find.parameters, find.returns, find.annotations) == (
        ("int[]", "String"),
        "List<T>",
        ("Test", "Slow"),
    )
    source = SOURCE[find.start : find.end]
    assert source.startswith(b"@Test(expected")
    assert source.endswith(b"return null; }")
    assert [find.takes(n) for n in (1, 2, 3)] == [False, True, False]


def test_enums_interfaces_and_records():
    assert named("Outer.Colour").fields == {"RED": "Colour", "GREEN": "Colour", "code": "int"}
    assert [method.name for method in named("Outer.Colour").methods] == ["k"]
    shape = named("Outer.Shape")
    assert shape.supertypes == ("One", "Two")
    assert shape.fields == {"SIDES": "int"}
    assert [(method.name, method.has_body) for method in shape.methods] == [("area", False), ("draw", True)]
    point = named("Outer.Point")
    assert point.fields == {"x": "int", "y": "double"}
    assert point.constructors[0].parameters == ("int", "double")
