from __future__ import annotations

import pytest

from kdlib.java.assertions import assertion_kind, framework_of
from kdlib.java.methods import read_unit
from kdlib.java.syntax import parse, parse_statements
from tests.java.shapes import shape_of


def kind(statement):
    (node,) = parse_statements(statement.encode())
    return assertion_kind(node)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("assertEquals(1, x);", "assertEquals"),
        ("Assert.assertTrue(x);", "assertTrue"),
        ("org.junit.jupiter.api.Assertions.assertNull(x);", "assertNull"),
        ("this.assertSame(a, b);", "assertSame"),
        ("fail();", "fail"),
        ("assertThrows(E.class, () -> { assertTrue(a); });", "assertThrows"),
        ("assertAll(() -> assertTrue(a), () -> assertTrue(b));", "assertAll"),
        ("assertThat(x, is(1));", "assertThat"),
        ("assertThat(x).isEqualTo(1);", "assertThat"),
        ("assertThat(x)\n  .map(y -> y.z())\n  .contains(1);", "assertThat"),
        ("Truth.assertThat(x).isTrue();", "assertThat"),
        ('assertWithMessage("m").that(x).isTrue();', "assertWithMessage"),
        ("assertThatThrownBy(() -> x()).hasMessage(y);", "assertThatThrownBy"),
        ("verify(x).assertEquals(1);", None),
        ("helper.assertEquals(1, 2);", None),
        ("TestUtils.assertEquals(1, 2);", None),
        ("assertTheWorldIsRound(x);", None),
        ("E e = assertThrows(E.class, () -> x());", "assertThrows"),
        ("e = assertThrows(E.class, () -> x());", "assertThrows"),
        ("E e = expectThrows(E.class, () -> x()).getCause();", "expectThrows"),
        ("var r = assertTimeout(limit, () -> x());", "assertTimeout"),
        ("Throwable t = catchThrowable(() -> x());", "catchThrowable"),
        ("boolean b = assertEquals(1, 2);", None),
        ("String s = name();", None),
        ("softly.assertThat(x).isTrue();", "assertThat"),
        ("assert_().that(x).isTrue();", "assert_"),
        ("assertAbout(things()).that(x).isTrue();", "assertAbout"),
        ("org.testng.Assert.assertEqualsNoOrder(a, b);", "assertEqualsNoOrder"),
        ("return;", None),
        ("assert x;", None),
        ("x.fail();", None),
        ("int y = 1;", None),
    ],
)
def test_kind(statement, expected):
    assert kind(statement) == expected


@pytest.mark.parametrize(
    ("imports", "expected"),
    [
        ("import org.junit.jupiter.api.Test; import static org.hamcrest.MatcherAssert.assertThat;", "junit5"),
        ("import org.junit.*;", "junit4"),
        ("import static org.junit.Assert.assertEquals;", "junit4"),
        ("import junit.framework.TestCase;", "junit3"),
        ("import org.testng.annotations.Test;", "testng"),
        ("import java.util.List;", "unknown"),
        ("import static org.assertj.core.api.Assertions.assertThat;", "unknown"),
    ],
)
def test_framework(imports, expected):
    assert framework_of(read_unit(parse(imports.encode()).root_node).imports) == expected


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "assertEquals(\"a b\", new Foo(-1.5, 'c').bar(x));",
            "assertEquals ( STR , new ID ( - NUM , CHR ) . ID ( ID ) ) ;",
        ),
        ("Assert.assertTrue(this.ok == true);", "ID . assertTrue ( this . ID == true ) ;"),
        ("assertNull((int[]) null);", "assertNull ( ( int [ ] ) null ) ;"),
        ("fail(fail);", "fail ( ID ) ;"),
        ("assertEquals(", "assertEquals ("),
        ("whatever", "ID"),
        ("", ""),
    ],
)
def test_a_shape_has_placeholders_for_names_and_values(statement, expected):
    assert shape_of(statement) == expected


def test_equal_shapes_are_equal():
    assert shape_of("assertEquals(3,a.size());") == shape_of("assertEquals( 0x1F , list . length ( ) );")
