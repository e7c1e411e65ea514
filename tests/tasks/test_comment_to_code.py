from kdlib.java.javadoc import Javadoc, javadoc
from kdlib.tasks.comment_to_code import comment, comment_to_code

CODE = "int sum(int a, int b) {\n    return a + b;\n}"


def test_only_the_code_and_its_end_are_learned():
    made = comment_to_code(Javadoc("Adds two numbers.", ()), CODE, "<end>")
    assert made.text[: made.prefix_length] == "/**\n * Adds two numbers.\n */\n"
    assert made.text[made.prefix_length :] == CODE + "<end>"


def test_tags_that_tell_of_the_code_stay():
    tags = (
        ("author", "me"),
        ("param", "a one"),
        ("return", "the sum"),
        ("since", "1"),
        ("throws", "E if odd"),
    )
    text = comment(Javadoc("Adds.\n\nTwice.", tags))
    lines = ["/**", " * Adds.", " *", " * Twice.", " *", " * @param a one", " * @return the sum"]
    assert text.split("\n") == [*lines, " * @throws E if odd", " */", ""]


def test_empty_tags_are_left_out():
    assert comment(Javadoc("Adds.", (("return", ""),))) == "/**\n * Adds.\n */\n"


def test_an_entity_does_not_end_the_comment():
    doc = javadoc("/** Matches {@code a}*&#47; and *&#x2f; here. */")
    assert "*/" in doc.description
    assert comment(doc).count("*/") == 1


def test_what_is_written_reads_the_same():
    doc = javadoc("/** Adds <b>two</b> numbers.\n * <p>Twice.\n * @param a one\n * @throws E if\n *   odd */")
    assert javadoc(comment(doc).rstrip()) == doc
