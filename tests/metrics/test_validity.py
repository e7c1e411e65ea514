import pytest

from kdlib.metrics.validity import is_assertion


@pytest.mark.parametrize(
    "text",
    [
        "assertEquals(1, box.size());",
        "Assert.assertTrue(x);",
        "assertThat(list).hasSize(3).contains(1);",
        "var error = assertThrows(Exception.class, () -> box.open());",
    ],
)
def test_one_statement_of_a_known_api_is_valid(text):
    assert is_assertion(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";",
        "box.open();",  # asserts nothing
        "assertEquals(1, box.size())",  # no end
        "assertEquals(1, box.size();",
        "assertEquals(1, 2); assertEquals(2, 3);",  # two
        "{ assertEquals(1, 2); }",
        "if (x) assertTrue(y);",
        "int assertEquals = 3;",
    ],
)
def test_anything_else_is_not(text):
    assert not is_assertion(text)
