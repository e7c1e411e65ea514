"""CodeBLEU against the published package: equal on all pairs but those of a few kinds, told in the docs."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from kdlib.java.syntax import parse
from kdlib.java.tokens import code_tokens
from kdlib.metrics.codebleu import codebleu_parts, codebleu_statistics, codebleu_values, read
from kdlib.metrics.dataflow import can_flow, data_flow

LINES = (Path(__file__).parents[1] / "golden" / "codebleu.jsonl").read_text(encoding="utf-8").splitlines()
HEAD, *ROWS = map(json.loads, LINES)
NGRAM, WEIGHTED, SYNTAX, DATA_FLOW = range(4)
FLOWS = 21  # the statistic: data flows of the references


@pytest.fixture(scope="module")
def rows():
    """Kind: (row, statistics) of every row."""
    found = defaultdict(list)
    for row in ROWS:
        references = [read(text) for text in row["references"]]
        found[row["kind"]].append((row, codebleu_statistics([read(row["prediction"])], [references])))
    return found


def package(row, statistics):
    """The package's parts, but 1 where it reports 0 for references without data flow (and then counts 1)."""
    own = np.array(row["package"][:4])
    if statistics[0, FLOWS] == 0:
        assert own[DATA_FLOW] == 0
        own[DATA_FLOW] = 1
    return own


def differences(found):
    """Which parts differ in how many rows."""
    unequal = [~np.isclose(codebleu_parts(s)[0], package(r, s), rtol=0, atol=1e-12) for r, s in found]
    return np.sum(unequal, axis=0).tolist()


@pytest.mark.parametrize(("kind", "least"), [("corpus", 700), ("hand", 90)])
def test_equal_to_the_package(rows, kind, least):
    assert len(rows[kind]) >= least
    assert differences(rows[kind]) == [0, 0, 0, 0]
    # Not by emptiness: most pairs of either kind have something to match in every part.
    middle = [(0 < part < 1) for r, _ in rows[kind] for part in r["package"][:4]]
    assert sum(middle) > len(middle) / 2
    assert sum(s[0, FLOWS] > 0 for _, s in rows[kind]) > len(rows[kind]) / 2


def test_equal_over_the_corpus(rows):
    sums = np.concatenate([statistics for _, statistics in rows["corpus"]]).sum(axis=0, keepdims=True)
    assert codebleu_parts(sums)[0] == pytest.approx(HEAD["package"][:4], abs=1e-12)
    assert codebleu_values(sums)[0] == pytest.approx(HEAD["package"][4], abs=1e-12)


def test_equal_value_where_any_flow_matches_or_there_is_none(rows):
    compared = 0
    for row, statistics in rows["corpus"] + rows["hand"]:
        if row["package"][DATA_FLOW] > 0 or statistics[0, FLOWS] == 0:
            assert codebleu_values(statistics)[0] == pytest.approx(row["package"][4], abs=1e-12)
            compared += 1
    assert compared > 500


def test_no_flow_matched_is_1_in_the_package_and_0_here(rows):
    unmatched = [
        (row, statistics)
        for row, statistics in rows["corpus"] + rows["no_match"]
        if row["package"][DATA_FLOW] == 0 and statistics[0, FLOWS] > 0
    ]
    assert len(unmatched) > 20
    for row, statistics in unmatched:
        assert codebleu_parts(statistics)[0, DATA_FLOW] == 0
        assert row["package"][4] == pytest.approx(codebleu_values(statistics)[0] + 0.25)


def test_short_texts(rows):
    # To the package, orders without n-grams are orders without match, a weight below 1 is 1, and one token is
    # too short. Syntax and data flow know nothing of that.
    assert differences(rows["short"]) == [3, 7, 0, 0]
    for row, statistics in rows["short"]:
        if [row["prediction"]] == row["references"]:
            assert codebleu_values(statistics)[0] == 1
            assert row["package"][4] < 1


def test_words_that_the_parser_made_up(rows):
    (row, _) = rows["made_up"][0]
    root = parse(row["prediction"].encode()).root_node
    assert "MISSING" in str(root)
    assert differences(rows["made_up"]) == [0, 0, 0, 1]


def test_a_variable_of_the_name_identifier(rows):
    assert len(rows["named_identifier"]) == 4
    assert differences(rows["named_identifier"]) == [0, 0, 0, 4]
    for row, _ in rows["named_identifier"]:
        pair = [row["prediction"], *row["references"]]
        assert any("identifier" in code_tokens(text) for text in pair)
        # Under another name the package finds the flow that we find.
        other = [data_flow(parse(text.replace("identifier", "id").encode()).root_node) for text in pair]
        assert [data_flow(parse(text.encode()).root_node) for text in pair] == other


def test_columns_are_bytes(rows):
    assert differences(rows["not_ascii"]) == [0, 0, 0, 2]
    for _, statistics in rows["not_ascii"]:
        assert codebleu_parts(statistics)[0, DATA_FLOW] == 1


def test_the_package_depends_on_the_order_of_sets():
    varying = [row for row in ROWS if "data_flow" in row]
    assert len(varying) > 20
    assert HEAD["data_flow"]


def test_texts_that_cannot_flow_do_not():
    quick = 0
    for text in {text for row in ROWS for text in [row["prediction"], *row["references"]]}:
        root = parse(text.encode()).root_node
        if not root.has_error and not can_flow(code_tokens(text)):
            assert data_flow(root) == []
            quick += 1
    assert quick > 100
