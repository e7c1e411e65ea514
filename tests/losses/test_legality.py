from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from kdlib.config import Filters, PathSource
from kdlib.corpus.mining.mining import mine_source
from kdlib.files import read_examples
from kdlib.java.legality import State
from kdlib.losses.legality import Legality, judge

SAMPLE = Path(__file__).resolve().parents[2] / "examples/sample-java"
# Padding, end, unknown, then text.
TEXTS = ["", "", "", "f", "(", ")", ");", ";", "}", "{", '"', "\n", " ", "));"]
END = 1
CPU = torch.device("cpu")
IDS = {text: token for token, text in enumerate(TEXTS) if text}


def ids(*texts):
    return [IDS[text] for text in texts] + [END]


def table(texts=TEXTS, **options):
    return Legality(texts, END, **options)


def rows(known, *targets):
    found = known.at(targets, CPU)
    return found.bank[found.situations]


def by_scanning(texts, target):
    """Each position's row by reading every token's text anew after the prefix's text."""
    prefix, expected = "", []
    for token in target:
        state = State().after(prefix)
        row = [not text or state.after(text) is None for text in texts]
        row[END] = not state.complete
        expected.append(row)
        prefix += texts[token]
    return expected


TARGETS = [
    ids("f", "(", "f", ");"),
    ids("f", "(", "f", "(", "));", " ", "\n"),
    ids("f", "(", '"', "}", ";", '"', ")", ";"),
    ids("f", "(", "{", "f", ";", "(", ";", ")", "}", ")", ";"),
    ids("{", "f", ";", "}", " "),
    [],
]


def test_rows_equal_those_by_scanning():
    known = table()
    expected = [row for target in TARGETS for row in by_scanning(TEXTS, target)]
    assert rows(known, *TARGETS).tolist() == expected
    assert rows(known, *TARGETS[::-1]).sum() == np.sum(expected)  # from the cache, in another order
    assert any(any(row) for row in expected)


def test_hand_case():
    impossible = [
        {TEXTS[token] for token in row.nonzero().squeeze(1).tolist()}
        for row in rows(table(), ids("f", "(", ");"))
    ]
    assert impossible[0] == {"", ")", ");", "));", "}"}
    assert impossible[1] == impossible[0]
    assert impossible[2] == {"", "));", ";", "}"}
    assert rows(table(), ids("f", ";"))[2].logical_not().nonzero().squeeze(1).tolist() == sorted(
        [END, IDS["\n"], IDS[" "]]
    )


def test_alike_prefixes_share_a_situation():
    found = table().at(2 * [ids("f", "f", "f")], CPU)
    bank, index = found.bank, found.situations
    assert bank.shape == (2, len(TEXTS))  # at the end token, which is wrong there, nothing is judged
    assert index.tolist() == 2 * [0, 0, 0, 1]
    assert not bank[1].any()


@pytest.mark.parametrize("target", [ids(")", "f", "("), [IDS["f"], 2, IDS["f"]], [END, IDS["f"]]])
def test_from_a_gold_token_that_contradicts_it_on_nothing_is_impossible(target):
    impossible = rows(table(), target)
    first = next(n for n, token in enumerate(target) if token in (2, END, IDS[")"]))
    assert not impossible[first:].any()
    assert impossible[:first].any() == (first > 0)


def test_examples_do_not_depend_on_each_other():
    together = rows(table(), *TARGETS).split([len(target) for target in TARGETS])
    for target, own in zip(TARGETS, together, strict=True):
        torch.testing.assert_close(rows(table(), target), own)


def test_the_cache_is_bounded_and_still_right():
    known = table(capacity=2)
    for _ in range(2):
        torch.testing.assert_close(rows(known, *TARGETS), rows(table(), *TARGETS))
    assert len(known._rows) == 2


def test_the_row_used_least_recently_is_dropped():
    known = table(capacity=2)
    for target in ([IDS["f"]], [IDS["{"], IDS["f"]], [IDS["f"]], [IDS[")"]]):  # start; brace; start; none
        rows(known, target)
    assert list(known._rows) == [State(), None]


@pytest.fixture(scope="module")
def references(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    source = PathSource(kind="path", path=str(SAMPLE))
    mine_source("sample", source, SAMPLE, Filters(), folder / "examples.parquet", folder / "report.json")
    mined = [text for example in read_examples(folder / "examples.parquet") for text in example.references]
    assert len(mined) > 300
    return mined


def assert_never_impossible(known, targets):
    flat = torch.tensor([token for target in targets for token in target])
    found = known.at(targets, CPU)
    bank, index = found.bank, found.situations
    assert not bank[index, flat].any()
    # A target that had lost the automaton would pass, too, but with nothing left to call impossible.
    assert bank[index].any(dim=1).all()
    assert len(bank) < len(flat) / 20


def test_no_reference_is_impossible_for_the_tokenizer_of_a_run(references, tokenizer):
    vocab = tokenizer.get_vocab().values()
    special = set(tokenizer.all_special_ids)
    texts = ["" if token in special else tokenizer.decode([token]) for token in range(max(vocab) + 1)]
    known = Legality(texts, tokenizer.eos_token_id)
    assert_never_impossible(known, [[*tokenizer.encode(text), tokenizer.eos_token_id] for text in references])


def test_no_reference_is_impossible_by_character(references):
    characters = ["", *sorted({char for text in references for char in text})]
    place = {char: token for token, char in enumerate(characters)}
    known = Legality(characters, end=0)
    assert_never_impossible(known, [[*map(place.get, text), 0] for text in references])


def test_targets_without_tokens_have_no_situations():
    found = table().at([[], []], CPU)
    assert found.bank.shape == (0, len(TEXTS))
    assert found.situations.shape == (0,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: table().at([[3], [-100]], CPU), "token -100 is outside the 14"),
        (lambda: Legality(["a"], 1), "end token 1 is outside the 1"),
        (lambda: Legality(["a", "</s>"], 1), "'</s>' is given"),
    ],
)
def test_wrong_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


PIECES = {0: "", 1: "", 2: "f(", 3: ")", 4: ";", 5: "(("}


def valid(tokens):
    return judge(lambda chosen: "".join(PIECES[token] for token in chosen), END)(tokens)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ([2, 3, 4, END], True),
        ([2, 3, 4, END, 5, 5], True),  # what follows the end is not read
        ([2, 3, 4], True),  # cut by its length
        ([2, 4, END], False),
        ([END, 2, 3, 4], False),  # nothing at all
    ],
)
def test_the_judge_reads_one_statement_up_to_the_end(ids, expected):
    assert valid(ids) is expected


def test_a_text_is_parsed_once():
    asked = []
    ask = judge(lambda ids: asked.append(ids) or "f();", END)
    assert [ask([2, END]), ask([2, END, 5]), ask([3, END])] == [True] * 3
    assert asked == [(2,), (3,)]
