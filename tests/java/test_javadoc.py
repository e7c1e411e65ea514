import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdlib.java.javadoc import doc_comment, javadoc, word_count
from kdlib.java.syntax import captures, parse


def described(body):
    return javadoc(f"/** {body} */").description


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Plain text.", "Plain text."),
        ("{@code List<String>} stays, <i>emphasis</i> goes", "List<String> stays, emphasis goes"),
        ("{@code a {b} c} and {@literal <d> &amp;}", "a {b} c and <d> &amp;"),
        ("{@code int\n *     x}", "int x"),
        ("{@link Foo}, {@link Foo#bar}, {@link #bar(int, long)}", "Foo, Foo.bar, bar(int, long)"),
        ("{@link Foo#bar(int, long) the {@code bar}}, {@linkplain Foo it}", "the bar, it"),
        ("{@link\n * Foo}", "Foo"),
        ("{@link Map<K, List<V>> label}, {@link Map<K, V>#get(K)}", "label, Map<K, V>.get(K)"),
        ("{@return the <b>size</b>}", "Returns the size."),
        ("Up to {@value #MAX} or {@value}", "Up to MAX or"),
        ("{@inheritDoc}", ""),
        ("{@unknown some text}", "some text"),
        ("{@code never closed", "never closed"),
        ("a &lt; b &amp;&amp; c&nbsp;&gt; d", "a < b && c > d"),
        ("Map<Key, Value> is no HTML, 1 < 2", "Map<Key, Value> is no HTML, 1 < 2"),
        ("x<sup>2</sup><br/>y<sub>i</sub>", "x^2\nyi"),
        ('see <a href="{@docRoot}/x.html">there</a><!-- not\n * this -->', "see there"),
        ("One.\n * <p>\n * Two.\n * \n * \n * Three.", "One.\n\nTwo.\n\nThree."),
        ("Of <ul>\n * <li>one</li>\n * <li>two\n * </ul> end", "Of\n\n- one\n\n- two\n\nend"),
        ("a<table><tr><td>1</td><td>2</td></tr></table>", "a\n\n1 2"),
        ("\0un\1printable", "unprintable"),
    ],
)
def test_markup_becomes_text(body, text):
    assert described(body) == text


def test_lines_of_pre_stay():
    body = "Use:\n * <pre>{@code\n *   if (a < b) {\n *     c();\n *   }\n * }</pre>\n *   then   go"
    assert described(body) == "Use:\n\nif (a < b) {\n  c();\n}\n\nthen go"
    assert described("<PRE>\n *  a &lt; <b>b</b>\n *    c\n * </PRE>") == "a < b\n  c"


def test_block_tags_are_told_from_text():
    doc = javadoc(
        "/**\n * Adds. Mail me@home.\n * {@code\n * @Override}\n *\n * @param a the {@code a}\n"
        " *     and more\n *\t@return\n * @deprecated <b>Use</b> {@link B} */"
    )
    assert doc.description == "Adds. Mail me@home.\n@Override"
    assert doc.tags == (("param", "a the a\nand more"), ("return", ""), ("deprecated", "Use B"))


@pytest.mark.parametrize(
    "comment", ["/** */", "/***/", "/****/", "/** \n * \n **/", "/** {@inheritDoc}\n */"]
)
def test_nothing_is_nothing(comment):
    doc = javadoc(comment)
    assert (doc.description, doc.first_paragraph(), doc.tags) == ("", "", ())


def test_windows_line_breaks_and_missing_asterisks_do_not_matter():
    assert javadoc("/**\r\n * One\r\n * two.\r\n */") == javadoc("/**\n   One\n   two.\n*/")


def test_the_first_paragraph_is_one_line():
    assert javadoc("/** One\n * two.\n *\n * Three. */").first_paragraph() == "One two."


@given(st.text(st.sampled_from("ab {}@<>&;/*\n0pre"), max_size=40))
def test_any_comment_has_a_text(body):
    doc = javadoc(f"/**{body}*/")
    texts = [doc.description, *(text for _, text in doc.tags)]
    assert not any("\0" in text or "\1" in text or text != text.strip() for text in texts)


@pytest.mark.parametrize(
    ("before", "comment"),
    [
        ("/** a */", "/** a */"),
        ("/** a */ /* b */ // c\n", "/** a */"),
        ("/** a */ /** b */", "/** b */"),
        ("/* a */", None),
        ("/**/", None),
        ("/** of the field */ int x;", None),
        ("", None),
    ],
)
def test_the_comment_of_a_declaration(before, comment):
    root = parse(f"class A {{ {before} @Deprecated int f() {{ return 1; }} }}".encode()).root_node
    (method,) = captures(root, "(method_declaration) @method")["method"]
    assert doc_comment(method) == comment


def test_punctuation_is_no_word():
    assert word_count("Adds – (a), b: 12 größen! ...") == 5
