from __future__ import annotations

import pytest

from kdlib.java.assertions import APIS
from kdlib.metrics.validity import is_assertion

# What these APIs need to say after naming a subject; all else asserts by itself.
CHAINS = {
    "assertThat": "(x).isEqualTo(y)",
    "assertThatCode": "(() -> x()).doesNotThrowAnyException()",
    "assertThatException": "().isThrownBy(() -> x())",
    "assertThatExceptionOfType": "(E.class).isThrownBy(() -> x())",
    "assertThatIOException": "().isThrownBy(() -> x())",
    "assertThatIllegalArgumentException": "().isThrownBy(() -> x())",
    "assertThatIllegalStateException": "().isThrownBy(() -> x())",
    "assertThatNoException": "().isThrownBy(() -> x())",
    "assertThatNullPointerException": "().isThrownBy(() -> x())",
    "assertThatObject": "(x).isNull()",
    "assertThatRuntimeException": "().isThrownBy(() -> x())",
    "assertWithMessage": '("m").that(x).isTrue()',
    "assertAbout": "(boxes()).that(x).isEmpty()",
    "assert_": "().that(x).isTrue()",
}
STATEMENTS = [
    (api.name, name, name + CHAINS.get(name, "(x, y)")) for api in APIS for name in sorted(api.assertions)
]


@pytest.mark.parametrize(("api", "name", "call"), STATEMENTS)
def test_every_assertion_of_every_api_is_valid(api, name, call):
    (classes,) = [own.classes for own in APIS if own.name == api]
    qualifiers = ["", "this.", *(f"{own}." for own in classes), *(f"org.any.{own}." for own in classes)]
    for qualifier in qualifiers:
        assert is_assertion(f"{qualifier}{call};")
    assert not is_assertion(call)  # no end
    assert not is_assertion(f"helper.{call};")
    assert not is_assertion(f"{call.replace(name, name + 'Ish', 1)};")


@pytest.mark.parametrize(
    "call",
    [
        name + chain[: chain.index(")") + 1]
        for name, chain in CHAINS.items()
        if "->" not in chain.split(")")[0]
    ],
)
def test_a_subject_alone_asserts_nothing(call):
    assert not is_assertion(f"{call};")


@pytest.mark.parametrize(
    "text",
    [
        "assertEquals(1, box.size());",
        "Assert.assertTrue(x);",
        "Assert.assertEquals(\n    1,\n    x.f()\n);",
        "  assertTrue(x); // why",
        "/* why */ assertTrue(x);",
        'assertEquals("a; b", x);',
        'assertEquals("""\n  a\n  """, x);',
        "assertAll(() -> assertTrue(a), () -> { assertTrue(b); });",
        "assertThat(list).hasSize(3).contains(1);",
        "assertThat(x, is(1));",
        'assertThat("reason", x, hasItem(1));',
        'assertThat("reason", x /* a flag */);',
        "MatcherAssert.assertThat(x, not(empty()));",
        'assertThat(x).as("why").isTrue();',
        "assertThat(x).extracting(Box::size).isEqualTo(1);",
        'assertThatThrownBy(() -> x()).isInstanceOf(E.class).hasMessage("m");',
        "assertThatThrownBy(() -> x());",
        "softly.assertThat(x).isTrue();",
        'Truth.assertWithMessage("m").that(x).isTrue();',
        "fail();",
        "var error = assertThrows(Exception.class, () -> box.open());",
        "error = assertThrows(Exception.class, () -> box.open());",
        "E e = expectThrows(E.class, () -> x()).getCause();",
        "Throwable thrown = catchThrowable(() -> x());",
        "this.<String>assertEquals(a, b);",
    ],
)
def test_one_statement_of_a_known_api_is_valid(text):
    assert is_assertion(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        ";",
        "// assertTrue(x);",
        "box.open();",  # asserts nothing
        "assertEquals(1, box.size())",  # no end
        "assertEquals(1, box.size();",
        'assertEquals("a, 1);',
        "assertEquals(1, 2); assertEquals(2, 3);",  # two
        "assertEquals(1, 2);;",
        "{ assertEquals(1, 2); }",
        "if (x) assertTrue(y);",
        "() -> assertTrue(y);",
        "int assertEquals = 3;",
        "boolean b = assertTrue(x);",  # it returns nothing
        "assertEquals;",
        "void assertTrue(boolean x) {}",
        "@Test void t() { assertTrue(x); }",
        "} void t() { assertTrue(x);",
        "assert x;",  # the language's own is switched off by default
        "verify(box).open();",
        "assertThat(x)",
        "assertThat(x /* , is(1) */);",
        'assertThat(x).as("why");',
        'assertWithMessage("m").that(x);',
        "softly.assertThat(x);",
        "softly.assertAll();",
        "The answer is assertTrue(x);",
        "```java\nassertTrue(x);\n```",
        "self.assertEqual(1, x)",
    ],
)
def test_anything_else_is_not(text):
    assert not is_assertion(text)
