"""CodeBLEU by hand, by sacrebleu and by loops; the published package speaks in test_codebleu_golden.py."""

from __future__ import annotations

import random

import numpy as np
import pytest
import sacrebleu

from kdlib.java.syntax import parse
from kdlib.metrics.codebleu import (
    CodeFeatures,
    codebleu_parts,
    codebleu_signature,
    codebleu_statistics,
    codebleu_values,
    read,
)

WORDS = ["assertEquals", "(", ")", ";", ",", "x", "1", "new", "."]
EQUAL = [
    "assertEquals(1, x.size());",
    "int x = y; use(x, x);",
    "fail();",
    "x",
    "",
    "// nothing",
    "((((",
    "def f(x): return x",
]
ANY = [
    *EQUAL,
    " \n\t ",
    "\x00\x01",
    "été = 'größe' + \"😀\";",
    "\ud800",
    '"',
    '"""',
    "/*",
    "}}}}{{{{",
    "# SELECT * FROM t WHERE a = a",
    "x" * 10_000,
    "(" * 10_000,
    ")" * 10_000,
    "{" * 10_000,
    "a(" * 3_300 + ")" * 3_300,
    "a(" * 5_000,
    "a<" * 5_000,
    "a=" * 5_000 + "1;",
    "a" + "+a" * 4_999,
    "".join(f"a{n}=" for n in range(1_700)) + "1;",
    "if(a)" * 2_000,
    "if(a)b=a;else " * 700,
    "while(a)" * 1_250 + "a=b;",
    "for(int a=b;;)" * 700,
    "for(A a:b)" * 1_000,
    "x->" * 3_300,
    "[" * 10_000,
    "assertEquals(0, 1, " * 520,
]


def row(prediction, *references):
    return codebleu_statistics([read(prediction)], [[read(text) for text in references]])


def parts(prediction, *references):
    return codebleu_parts(row(prediction, *references))[0]


def value(prediction, *references):
    return codebleu_values(row(prediction, *references))[0]


def test_by_hand():
    # Tokens of the candidate: new Foo ( a , a ) ; and of the reference: new Foo ( a , b ) ;
    ngram = ((7 / 8) * (5 / 7) * (3 / 6) * (2 / 5)) ** 0.25
    # `new` counts 5: 11 of 12 unigrams.
    weighted = ((11 / 12) * (5 / 7) * (3 / 6) * (2 / 5)) ** 0.25
    assert parts("new Foo(a, a);", "new Foo(a, b);") == pytest.approx([ngram, weighted, 1.0, 1.0])
    # Shorter by two tokens, all of them matched: c = 6, r = 8.
    ngram = np.exp(1 - 8 / 6) * ((6 / 6) * (4 / 5) * (2 / 4) * (1 / 3)) ** 0.25
    weighted = ((10 / 12) * (4 / 7) * (2 / 6) * (1 / 5)) ** 0.25
    assert parts("new Foo(a);", "new Foo(a, b);")[:2] == pytest.approx([ngram, weighted])


def test_syntax_by_hand():
    # Subtrees of the reference: program, statement, call f, its arguments, call g, its arguments, call h, its
    # arguments (). Those of g and h equal each other, and (1) of the candidate is another than ().
    assert row("f(g(1));", "f(g(), h());")[0, 18:20].tolist() == [0, 8]
    # One call g() matches both calls of the reference, and so do its arguments.
    assert row("g();", "f(g(), h());")[0, 18:20].tolist() == [4, 8]
    # Literals and names differ, the trees do not; fields do, though the same nodes stand in the same order.
    assert parts("a.b(1);", "c.d(2);")[2] == 1
    assert parts("for (a; ; ) b();", "for (; ; a) b();")[2] < 1


def sexpressions(node):
    own = [str(node)]
    for child in node.children:
        if child.children:
            own += sexpressions(child)
    return own


@pytest.mark.parametrize(
    ("prediction", "reference"),
    [
        ("assertEquals(a.b(), c);", "assertEquals(a.b(), c.d());"),
        ("for (int i = 0; i < n; i++) f(i);", "for (int i = 0; ; i++) { f(i, (byte) 1); }"),
        ("assertThat(x).isEqualTo(", "assertThat(x).isEqualTo(y);"),
        ("int f() { return 1; ", "int f() { return 1; }"),
    ],
)
def test_syntax_like_expressions_in_parentheses(prediction, reference):
    own = sexpressions(parse(prediction.encode()).root_node)
    theirs = sexpressions(parse(reference.encode()).root_node)
    matched = sum(tree in own for tree in theirs)
    assert 0 < matched < len(theirs)
    assert row(prediction, reference)[0, 18:20].tolist() == [matched, len(theirs)]


def test_comments_do_not_count():
    assert value("/* one */ f(x); // two", "f(x);") == 1
    assert value("f(x); /* { int y = x; } */", "/** y */ f(x);") == 1


@pytest.mark.parametrize("most", [1, 3])
def test_ngram_match_is_bleu_with_floor_smoothing(most):
    draw = random.Random(most)
    metric = sacrebleu.BLEU(tokenize="none", smooth_method="floor", smooth_value=0.1)
    compared = 0
    for _ in range(40):
        predictions = [draw.choices(WORDS, k=draw.randint(4, 12)) for _ in range(5)]
        references = [[draw.choices(WORDS, k=draw.randint(4, 12)) for _ in range(most)] for _ in range(5)]
        sums = codebleu_statistics(
            [CodeFeatures(own, [0], []) for own in predictions],
            [[CodeFeatures(one, [0], []) for one in own] for own in references],
        ).sum(axis=0, keepdims=True)
        columns = [[" ".join(own[at]) for own in references] for at in range(most)]
        expected = metric.corpus_score([" ".join(own) for own in predictions], columns).score / 100
        assert codebleu_parts(sums)[0, 0] == pytest.approx(expected, rel=1e-12)
        compared += sums[0, 2] > 0
    assert compared == 40


def test_references_share_recall_but_each_ngram_has_its_best():
    first, second = row("f(a);", "f(a);")[0], row("f(a);", "g(b, b);")[0]
    both = row("f(a);", "f(a);", "g(b, b);")[0]
    assert both[:10].tolist() == first[:10].tolist()
    assert both[10:].tolist() == (first + second)[10:].tolist()


@pytest.mark.parametrize("text", EQUAL)
def test_equal_texts_score_1(text):
    assert parts(text, text).tolist() == [1, 1, 1, 1]
    assert value(text, text) == 1


def test_without_data_flow_its_part_is_1():
    assert row("f(x, x);", "f(x);")[0, 20:].tolist() == [0, 0]
    assert parts("f(x, x);", "f(x);")[3] == 1
    # But with data flow in the reference, to find nothing of it is 0.
    assert parts("f(x);", "f(x, x);")[3] == 0
    # Over a corpus only references with data flow count.
    sums = row("f(x);", "f(x);") + row("f(x);", "f(x, x);") + row("f(y, y);", "f(x, x);")
    assert codebleu_parts(sums)[0, 3] == 0.5


@pytest.mark.parametrize("text", ANY, ids=lambda text: f"{text[:12]!r}-{len(text)}")
def test_any_text_is_scored(text):
    own, other = read(text), read("assertEquals(a, a);")
    statistics = codebleu_statistics([own, other, own], [[other], [own], [own]])
    all_parts, values = codebleu_parts(statistics), codebleu_values(statistics)
    assert ((all_parts >= 0) & (all_parts <= 1)).all()
    assert (values[:2] < 1).all()
    assert values[2] == 1


def test_value_is_the_mean_of_the_parts_of_every_corpus():
    texts = ["f(x);", "f(x, x);", "int y = x; f(y);", "new F(x);", "", "fail("]
    readings = [read(text) for text in texts]
    statistics = codebleu_statistics(
        [own for own in readings for _ in texts], [[own] for _ in texts for own in readings]
    )
    draws = np.random.default_rng(3).integers(len(statistics), size=(50, 20))
    sums = np.stack([statistics[draw].sum(axis=0) for draw in draws]).astype(np.float64)
    together = codebleu_parts(sums)
    assert together.shape == (50, 4)
    assert len(np.unique(together)) > 50
    for own, expected in zip(sums, together, strict=True):
        assert codebleu_parts(own[None])[0].tolist() == expected.tolist()
    assert codebleu_values(sums) == pytest.approx(together @ [0.25, 0.25, 0.25, 0.25])


def test_signature():
    one, other = read("f();"), read("g();")
    assert codebleu_signature([[one], [other]]).startswith("nrefs:1|tok:java|keywords:java8x5|smooth:add0.1|")
    assert codebleu_signature([[one], [one, other]]).startswith("nrefs:var|")
    assert "|tree-sitter-java:0." in codebleu_signature([[one]])


def test_no_rows_and_rows_without_reference():
    assert codebleu_statistics([], []).shape == (0, 22)
    with pytest.raises(ValueError, match="row 1 has none"):
        codebleu_statistics([read("a"), read("b")], [[read("a")], []])
