from kdlib.java.javadoc import javadoc
from kdlib.tasks.pairs import Pair, pair


def test_the_first_paragraph_answers_to_the_code():
    doc = javadoc("/** Adds two\n * numbers. Fast.\n * <p>Never fails.\n * @return the sum */")
    assert pair(doc, "int f() {}") == Pair("Adds two numbers. Fast.", "int f() {}")
