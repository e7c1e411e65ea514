from kdlib.java.javadoc import javadoc
from kdlib.tasks.pairs import DocCodePair, pair


def test_the_first_paragraph_answers_to_the_code():
    doc = javadoc("/** Adds two\n * numbers. Fast.\n * <p>Never fails.\n * @return the sum */")
    assert pair(doc, "int f() {}") == DocCodePair("Adds two numbers. Fast.", "int f() {}")
