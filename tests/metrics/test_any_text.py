"""Whatever a model writes has a score: no text metric fails, or leaves its scale, on any text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdlib.java.tokens import code_tokens
from kdlib.java.validity import is_statement, is_statement_javalang
from kdlib.metrics.bleu import bleu_statistics, bleu_values
from kdlib.metrics.chrf import chrf_statistics, chrf_values
from kdlib.metrics.exact import exact_match
from kdlib.metrics.pans import pans
from kdlib.metrics.similarity import edit_similarity, token_accuracy, token_similarity
from kdlib.metrics.tokens import best_token_overlap
from kdlib.metrics.validity import is_assertion

REFERENCE = 'assertEquals("a b", box.get(0).size()); // why'
TEXTS = {
    "empty": "",
    "blank": " \n\t\r\f ",
    "comment": "// nothing",
    "open comment": "/* nothing",
    "unparsable": "assertEquals(1, x.f(;",
    "open string": 'assertEquals("a b, x);',
    "open annotation": "@A(x",
    "prose": "The test should check the size – see below.",
    "python": "self.assertEqual(f'{x!r}', [y for y in z])",
    "markdown": "```java\nassertTrue(x);\n```",
    "other script": "断言等于(一, 盒子.大小()); 🙂🙂",
    "replaced surrogates": "assertEquals(�, x�);",
    "lone surrogate": "assertEquals('\ud800', x);",
    "null character": "assertTrue(x);\0\0",
    "long name": "a" * 10_000,
    "long string": 'assertEquals("' + "a b " * 2500 + '", x);',
    "many tokens": "f ( 1 , " * 1250,
    "one token": ";" * 10_000,
    "many names": "".join(f"a{at} " for at in range(2000)),
    "deep brackets": "assertTrue(" + "(" * 5000 + "x" + ")" * 5000 + ");",
    "open brackets": "([{" * 3333,
    "quotes": "\"'" * 5000,
    "backslashes": "\\" * 10_000,
    "generics": "a<" * 5000,
    "lines": "x\n" * 5000,
    "slashes": "/*" * 5000,
}  # fmt: skip


def values(prediction, reference):
    """Every text metric of one pair, each on a scale 0..1."""
    own, gold = code_tokens(prediction), code_tokens(reference)
    found = {
        "exact_match": exact_match(prediction, [reference]),
        "token_f1": best_token_overlap(own, [gold]).f1,
        "token_similarity": token_similarity(own, [gold]),
        "token_accuracy": token_accuracy(own, [gold]),
        "edit_similarity": edit_similarity(prediction, [reference]),
        "pans": pans(own, [gold]),
        "bleu": bleu_values(bleu_statistics([own], [[gold]]))[0] / 100,
        "chrf": chrf_values(chrf_statistics([prediction], [[reference]]))[0] / 100,
    }
    assert all(
        isinstance(valid(prediction), bool) for valid in (is_statement, is_statement_javalang, is_assertion)
    )
    return found


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_any_prediction_has_a_score(text):
    for name, value in values(text, REFERENCE).items():
        assert 0 <= value < 1, name


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_any_text_equals_itself(text):
    found = values(text, text)
    # BLEU and chrF are counts of n-grams: a corpus without 4-grams has a BLEU of 0, as in sacrebleu.
    if len(" ".join(code_tokens(text)).split()) < 4:
        assert found.pop("bleu") == 0
    if not text.strip():
        assert found.pop("chrf") == 0
    assert found == pytest.approx(dict.fromkeys(found, 1), abs=1e-9)


@given(st.text(max_size=40), st.text(max_size=40))
def test_random_texts_stay_on_the_scale(prediction, reference):
    found = values(prediction, reference)
    assert all(np.isfinite(value) and 0 <= value <= 1 + 1e-12 for value in found.values())
    if found["exact_match"]:
        assert found["edit_similarity"] == 1
    if found["pans"] == 1:
        assert found["token_f1"] == found["token_similarity"] == found["token_accuracy"] == 1
